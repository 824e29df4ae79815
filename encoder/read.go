package encoder

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// ReadSplit reads the BTF of path; with a base it is split BTF on top of it. A
// module that carries a distilled base (.BTF.base) is read on top of that one,
// or with a base relocated to it as the kernel does.
func ReadSplit(path, base string) (*btf.BTF, error) {
	file, err := readBTF(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, plain(err))
	}
	if file.distilled != nil {
		var onto *Base
		if base != "" {
			onto, err = LoadBase(base)
		}
		var out *btf.BTF
		if err == nil {
			out, err = readDistilled(file, onto)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return out, nil
	}
	var b *btf.BTF
	if base != "" {
		data, err := readBTF(base)
		if err != nil {
			return nil, fmt.Errorf("%s: base: %w", base, plain(err))
		}
		if b, err = btf.Parse(data.data, nil); err != nil {
			return nil, fmt.Errorf("%s: base: %w", base, err)
		}
	}
	out, err := parseSplit(file.data, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// ReadOn is ReadSplit for many files on one base, nil for none. It also returns
// the length of the file's BTF.
func ReadOn(path string, base *Base) (b *btf.BTF, size uint64, err error) {
	file, err := readBTF(path)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, plain(err))
	}
	if b, err = readOn(file, base); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return b, uint64(len(file.data)), nil
}

func readOn(file *btfFile, base *Base) (*btf.BTF, error) {
	if file.distilled != nil {
		return readDistilled(file, base)
	}
	return parseSplit(file.data, base.parsed())
}

func parseSplit(data []byte, base *btf.BTF) (*btf.BTF, error) {
	b, err := btf.Parse(data, base)
	if err != nil && base == nil {
		err = fmt.Errorf("%w; is it split BTF, which needs its base?", err)
	}
	return b, err
}

// Sections are the BTF of a file and what the file says of its kernel.
type Sections struct {
	BTF       []byte
	Distilled []byte // .BTF.base, nil for none
	Linked    bool   // an ELF file that is no module: vmlinux
	WordSize  int    // of an address in bytes, 0 for raw BTF
	Release   string // of the kernel that it is or is a module for, empty where it is not known
}

// ReadSections reads a raw BTF file or an ELF file, either of which may be
// compressed. The BTF may be anything. The error is [ErrNoBTF] for an ELF file
// without a .BTF section.
func ReadSections(path string) (*Sections, error) {
	s, err := readSections(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, plain(err))
	}
	return s, nil
}

// ReadBaseSections is ReadSections for a file that is to be a base.
func ReadBaseSections(path string) (*Sections, error) {
	s, err := readSections(path)
	if err != nil {
		return nil, baseError(path, err)
	}
	return s, nil
}

func readSections(path string) (*Sections, error) {
	f, err := readBTF(path)
	if err != nil {
		return nil, err
	}
	s := &Sections{BTF: f.data, Distilled: f.distilled, Linked: f.linked, WordSize: f.wordSize, Release: f.vermagic}
	if s.Release == "" {
		s.Release = f.release(path)
	}
	return s, nil
}

// readDistilled reads BTF that has a base of its own, and takes it to another one
// unless that is nil.
func readDistilled(file *btfFile, onto *Base) (*btf.BTF, error) {
	own, err := btf.Parse(file.distilled, nil)
	if err != nil {
		return nil, fmt.Errorf("section .BTF.base: %w", err)
	}
	split, err := btf.Parse(file.data, own)
	if err != nil || onto == nil {
		return split, err
	}
	r, _, err := splitdedup.Relocate(onto.dedup, split)
	if err != nil {
		return nil, fmt.Errorf("%s does not fit: %w", onto.Path, err)
	}
	return &btf.BTF{Types: r.Types, Start: r.Start, Strs: r.Strings, StrStart: r.StrStart, Base: onto.BTF, Order: split.Order}, nil
}
