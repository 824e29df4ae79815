// SPDX-License-Identifier: BSD-2-Clause

package encoder

import (
	"debug/elf"
	"io"
	"os"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/internal/basecache"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

func loadBaseCached(path string, cache *basecache.Cache, early func(*btf.StrIndex)) (*Base, error) {
	b, keep, err := loadBaseToKeep(path, cache, early)
	if err == nil {
		keep()
	}
	return b, err
}

// loadBaseToKeep is loadBaseCached that leaves it to the caller to put into the cache
// what belongs there.
func loadBaseToKeep(path string, cache *basecache.Cache, early func(*btf.StrIndex)) (b *Base, keep func(), err error) {
	if b := cachedBase(path, cache, early); b != nil {
		return b, func() {}, nil
	}
	b, err = loadBase(path, early)
	return b, func() { b.keep(cache) }, err
}

// cachedBase returns the base at path if the cache has it, and nil otherwise,
// whatever the reason: then the file is read, and what is wrong with it is told.
// early may have been called nevertheless.
func cachedBase(path string, cache *basecache.Cache, early func(*btf.StrIndex)) *Base {
	if !cache.Has(path) {
		return nil
	}
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var r elfio.Reader
	defer r.Close()
	file, section := plainBTF(path, f, st.Size(), &r)
	if file == nil {
		return nil
	}
	e := cache.Lookup(path, section, early)
	if e == nil {
		return nil
	}
	if after, err := os.Stat(path); err != nil || !elfio.StampOf(st).Equal(elfio.StampOf(after)) {
		return nil
	}
	b, err := btf.Restore(e.BTF, e.Types)
	if err != nil {
		return nil
	}
	d, err := splitdedup.RestoreBase(&b.Types, b.Strs, &e.Index)
	if err != nil {
		return nil
	}
	file.data = e.BTF
	return baseOf(path, file, b, d)
}

// plainBTF returns where in f, which is at path, the BTF stands as it is, and what
// else the file says; nil where it does not.
func plainBTF(path string, f *os.File, size int64, r *elfio.Reader) (*btfFile, *io.SectionReader) {
	var head [8]byte
	n, _ := f.ReadAt(head[:], 0)
	switch magic := string(head[:n]); {
	case isRawBTF(magic) && size <= maxBase:
		return new(btfFile), io.NewSectionReader(f, 0, size)
	case strings.HasPrefix(magic, elf.ELFMAG):
		e, err := r.Open(path)
		if err != nil {
			return nil, nil
		}
		i := e.Index(".BTF")
		if i <= 0 || e.Sections[i].Type != elf.SHT_PROGBITS {
			return nil, nil
		}
		if section, err := e.PlainSection(".BTF"); err == nil && section != nil {
			return describe(e), section
		}
	}
	return nil, nil
}

// keep puts what is known of b into the cache, if that is of any use.
func (b *Base) keep(cache *basecache.Cache) {
	if !cache.Wants(b.Path) {
		return
	}
	if x, ok := b.dedup.Index(); ok {
		cache.Store(b.Path, &basecache.Entry{BTF: b.data, Types: b.BTF.Types, Index: *x})
	}
}
