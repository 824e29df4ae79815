package main

import (
	"debug/elf"
	"fmt"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
)

// The .BTF_ids of a file hold type ids, which no two encoders number alike, and sets of them that
// are sorted by these numbers. So that two files can be compared, the section is written as text
// with the names of the types in place of their ids:
//
//	__BTF_ID__set8__tcp_bbr_check_kfunc_ids: 9 flags 0x0: FUNC 'bbr_init' 0x0, …
//	__BTF_ID__struct__task_struct__7: STRUCT 'task_struct'
//
// The layout is that of the kernel's include/linux/btf_ids.h: a set is its count and then ids, a
// set8 its count and flags and then pairs of id and flags, and the size of its symbol covers all.

const idPrefix = "__BTF_ID__"

// meaning returns what the .BTF_ids of an ELF file say when b is its BTF: empty without the
// section. A set that is not sorted by id is an error.
func meaning(path string, b *btf.BTF) (string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	sec := f.Section(".BTF_ids")
	if sec == nil {
		return "", nil
	}
	data, err := sec.Data()
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	r := &idReader{data: data, order: f.ByteOrder.Uint32, btf: b}
	for _, s := range symbols {
		if int(s.Section) < len(f.Sections) && f.Sections[s.Section] == sec && strings.HasPrefix(s.Name, idPrefix) {
			r.symbols = append(r.symbols, idSymbol{s.Name, s.Value - sec.Addr, s.Size})
		}
	}
	text, err := r.text()
	if err != nil {
		return "", fmt.Errorf("%s: .BTF_ids: %w", path, err)
	}
	return text, nil
}

type idSymbol struct {
	name      string
	off, size uint64
}

// words is how many words an entry of the set has, 0 for what is no set.
func (s idSymbol) words() uint64 {
	switch name := strings.TrimPrefix(s.name, idPrefix); {
	case strings.HasPrefix(name, "set8__"):
		return 2
	case strings.HasPrefix(name, "set__"):
		return 1
	}
	return 0
}

type idReader struct {
	data    []byte
	order   func([]byte) uint32
	btf     *btf.BTF
	symbols []idSymbol
	inSet   map[uint64]bool // offsets that a set covers
}

func (r *idReader) text() (string, error) {
	r.inSet = map[uint64]bool{}
	var lines []string
	for _, s := range r.symbols {
		if s.words() == 0 {
			continue
		}
		line, err := r.set(s)
		if err != nil {
			return "", fmt.Errorf("%s: %w", s.name, err)
		}
		lines = append(lines, line)
	}
	for _, s := range r.symbols {
		if s.words() == 0 && !r.inSet[s.off] {
			lines = append(lines, fmt.Sprintf("%s: %s", s.name, r.named(r.word(s.off))))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}

// set reads a set and takes its entries in the order of their names.
func (r *idReader) set(s idSymbol) (string, error) {
	n, entry := uint64(r.word(s.off)), s.words()*4
	if (n+1)*entry != s.size {
		return "", fmt.Errorf("%d entries in %d bytes", n, s.size)
	}
	var entries []string
	last := uint32(0)
	for off := s.off + entry; off < s.off+s.size; off += entry {
		r.inSet[off] = true
		id := r.word(off)
		if id < last {
			return "", fmt.Errorf("id %d after %d", id, last)
		}
		last = id
		text := r.named(id)
		if entry == 8 {
			text += fmt.Sprintf(" %#x", r.word(off+4))
		}
		entries = append(entries, text)
	}
	slices.Sort(entries)
	flags := ""
	if entry == 8 {
		flags = fmt.Sprintf(" flags %#x", r.word(s.off+4))
	}
	return fmt.Sprintf("%s: %d%s: %s", s.name, n, flags, strings.Join(entries, ", ")), nil
}

// word returns the word at off, all ones beyond the section.
func (r *idReader) word(off uint64) uint32 {
	if off+4 > uint64(len(r.data)) {
		return ^uint32(0)
	}
	return r.order(r.data[off:])
}

func (r *idReader) named(id uint32) string {
	row := r.btf.Row(btf.ID(id))
	switch {
	case id == 0:
		return "0"
	case row == nil:
		return fmt.Sprintf("no type %d", id)
	}
	return fmt.Sprintf("%s '%s'", row.Info.Kind(), r.btf.Name(btf.ID(id)))
}
