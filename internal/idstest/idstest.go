// Package idstest reads the .BTF_ids sections of real files for tests, by the
// standard library's ELF reader and with nothing of package btfids, which it is
// there to judge.
//
// No file that a distribution ships has the section as the compiler left it:
// resolve_btfids has been there. Empty takes that back, so that it can be done
// again and compared byte for byte.
package idstest

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Section is .BTF_ids of a file.
type Section struct {
	Data []byte
	Off  int64 // of Data in the file

	order   binary.ByteOrder
	symbols []symbol
}

// ReadBTF reads a section of an ELF file as BTF, or with section "" a file of raw
// BTF.
func ReadBTF(path, section string, base *btf.BTF) (*btf.BTF, error) {
	if section == "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return btf.Parse(data, base)
	}
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := f.Section(section)
	if s == nil {
		return nil, fmt.Errorf("%s: no section %s", path, section)
	}
	data, err := s.Data()
	if err != nil {
		return nil, err
	}
	return btf.Parse(data, base)
}

// symbol is a symbol of the section: __BTF_ID__WORD__NAME.
type symbol struct {
	word, name string
	off, size  int
}

// Read reads the section, nil where the file has none.
func Read(path string) (*Section, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	index := slices.IndexFunc(f.Sections, func(s *elf.Section) bool { return s.Name == ".BTF_ids" })
	if index < 0 {
		return nil, nil
	}
	in := f.Sections[index]
	s := &Section{Off: int64(in.Offset), order: f.ByteOrder}
	if s.Data, err = in.Data(); err != nil {
		return nil, err
	}
	symbols, err := f.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, err
	}
	for _, sym := range symbols {
		rest, ok := strings.CutPrefix(sym.Name, "__BTF_ID__")
		if !ok || int(sym.Section) != index {
			continue
		}
		word, name, _ := strings.Cut(rest, "__")
		if !strings.HasPrefix(word, "set") {
			name = name[:strings.LastIndex(name, "__")]
		}
		s.symbols = append(s.symbols, symbol{word, name, int(sym.Value - in.Addr), int(sym.Size)})
	}
	return s, nil
}

// width is how many bytes a member of a set takes.
func (set symbol) width() int {
	if set.word == "set8" {
		return 8
	}
	return 4
}

// member is a member of a set.
type member struct {
	name  string // of the type, empty for none
	flags uint32
}

// members returns what a set holds by the ids of b.
func (s *Section) members(b *btf.BTF, set symbol) []member {
	width := set.width()
	var out []member
	for off := set.off + width; off < set.off+set.size; off += width {
		m := member{name: s.named(b, off)}
		if width == 8 {
			m.flags = s.order.Uint32(s.Data[off+4:])
		}
		out = append(out, m)
	}
	return out
}

// named returns kind and name of the type whose id is at off, empty for id 0.
func (s *Section) named(b *btf.BTF, off int) string {
	id := btf.ID(s.order.Uint32(s.Data[off:]))
	if id == 0 {
		return ""
	}
	row := b.Row(id)
	if row == nil {
		return fmt.Sprintf("no type %d", id)
	}
	return strings.ToLower(row.Info.Kind().String()) + " " + string(b.Name(id))
}

// Empty returns the section as it was before it was filled in with the ids of b:
// without ids and counts, and with every function's flags behind its symbol.
func (s *Section) Empty(b *btf.BTF) ([]byte, error) {
	out := slices.Clone(s.Data)
	flags := map[string]uint32{}
	for _, set := range s.symbols {
		if set.word != "set8" {
			continue
		}
		for _, m := range s.members(b, set) {
			key := set.name + " " + m.name
			if old, ok := flags[key]; ok && old != m.flags {
				return nil, fmt.Errorf("set %s: %s has two flags", set.name, m.name)
			}
			flags[key] = m.flags
		}
	}
	for _, set := range s.symbols {
		if strings.HasPrefix(set.word, "set") {
			s.order.PutUint32(out[set.off:], 0)
		}
		if set.word != "set8" {
			continue
		}
		for _, x := range s.symbols {
			if x.off <= set.off || x.off >= set.off+set.size {
				continue
			}
			f, ok := flags[set.name+" "+x.word+" "+x.name]
			if !ok {
				f, ok = flags[set.name+" "] // an id that was not found
			}
			if !ok {
				return nil, fmt.Errorf("set %s: no flags of %s %s", set.name, x.word, x.name)
			}
			s.order.PutUint32(out[x.off+4:], f)
		}
	}
	for _, x := range s.symbols {
		s.order.PutUint32(out[x.off:], 0)
	}
	return out, nil
}

// Meaning says line by line what the section says by the ids of b: the type
// of every id that is not in a set, and the members of every set, which are in
// order of their ids, by name.
func (s *Section) Meaning(b *btf.BTF) []string {
	var out []string
	for _, x := range s.symbols {
		if !strings.HasPrefix(x.word, "set") {
			if !s.inSet(x.off) {
				out = append(out, fmt.Sprintf("%s %s = %s", x.word, x.name, s.named(b, x.off)))
			}
			continue
		}
		members := s.members(b, x)
		if n := s.order.Uint32(s.Data[x.off:]); int(n) != len(members) {
			out = append(out, fmt.Sprintf("%s: count %d, has %d members", x.name, n, len(members)))
		}
		if !s.sorted(x) {
			out = append(out, x.name+": not sorted")
		}
		for _, m := range members {
			out = append(out, fmt.Sprintf("%s: %s flags %#x", x.name, m.name, m.flags))
		}
	}
	slices.Sort(out)
	return out
}

func (s *Section) inSet(off int) bool {
	return slices.ContainsFunc(s.symbols, func(x symbol) bool {
		return strings.HasPrefix(x.word, "set") && x.off <= off && off < x.off+x.size
	})
}

func (s *Section) sorted(set symbol) bool {
	width := set.width()
	last := uint32(0)
	for off := set.off + width; off < set.off+set.size; off += width {
		id := s.order.Uint32(s.Data[off:])
		if id < last {
			return false
		}
		last = id
	}
	return true
}

// Write puts data where the section is in the file at path.
func (s *Section) Write(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, s.Off)
	return errors.Join(err, f.Close())
}
