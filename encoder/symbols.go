package encoder

import (
	"bytes"
	"cmp"
	"debug/elf"
	"errors"
	"hash/maphash"
	"slices"

	"github.com/gobtfenc/gobtfenc/btfids"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// Which functions exist in the code? The symbol table says.
//
// DWARF describes foo; the code may have foo, foo.isra.0 (parameters changed),
// foo.cold (a part of foo that is no function of its own), or several functions
// foo (static ones of different files). A key is the name up to the first dot;
// all symbols of one key form a group, and a function of DWARF belongs to the
// group of its name or does not exist.

// funcSym is one function symbol.
type funcSym struct {
	value     uint64
	section   uint32 // its index; 0: not defined here
	optimized bool   // the suffix has .isra or .constprop
	next      int32  // of the group, -1 behind the last
	full      []byte // the name with its suffix, where symbols.full is on and it has one
}

// symGroup is all symbols of one key.
type symGroup struct {
	name        []byte // the key, in symbols.arena
	first, last int32  // in symbols.syms
	n           int32

	ambiguous bool // at different addresses
	optimized bool // every symbol of it is
	kfunc     bool
	kflags    uint32 // KF_* of the kfunc
}

// objSym is a symbol of a variable.
type objSym struct {
	name    []byte
	section int32
	value   uint64 // relative to its section
	size    uint64
}

// symbols is what a module's symbol table says of functions and of variables.
// It copies what it keeps of the file, and is reused from module to module.
type symbols struct {
	// everySection: variables are looked for in all sections, not only in
	// .data..percpu. It is set before read.
	everySection bool

	groups []symGroup // in the order of the table; sorted says that of names
	sorted []int32
	syms   []funcSym
	index  map[uint64]int32 // hash of the key → group; see find
	seed   maphash.Seed
	arena  []byte
	full   bool // keep names with suffixes

	percpu  place
	places  places   // with everySection
	objects []objSym // STT_OBJECT, those of percpu or those at offset 0, by section and value
	names   []string // of sections, by index

	// relocatable: addresses in DWARF are not comparable with values of
	// symbols, which are relative to sections.
	relocatable bool
}

func newSymbols() *symbols {
	return &symbols{index: map[uint64]int32{}, seed: maphash.MakeSeed()}
}

// percpuSection is where the kernel's per-CPU variables are.
const percpuSection = ".data..percpu"

// read fills s from the symbol table of f. A file without one has no functions.
func (s *symbols) read(f *elfio.File, policy FuncPolicy) error {
	s.reset()
	s.full = policy.TrueSignature
	s.relocatable = f.Type == elf.ET_REL
	if i := f.Index(percpuSection); i > 0 {
		s.percpu = place{index: i, addr: f.Addr(i), size: f.Sections[i].Size}
	}
	if s.everySection {
		s.places.read(f)
	}
	for i := range f.Sections {
		s.names = append(s.names, f.Sections[i].Name)
	}
	table, err := f.Symbols()
	if errors.Is(err, elfio.ErrNoSection) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, sym := range table.All() {
		switch sym.Type {
		case elf.STT_FUNC:
			s.addFunc(sym, !policy.Compat124)
		case elf.STT_OBJECT:
			if sym.Defined() {
				s.addObject(f, sym)
			}
		}
	}
	if err := table.Err(); err != nil {
		return err
	}
	s.finish()
	return nil
}

func (s *symbols) reset() {
	s.groups, s.sorted, s.syms, s.arena = s.groups[:0], s.sorted[:0], s.syms[:0], s.arena[:0]
	s.objects, s.names = s.objects[:0], s.names[:0]
	s.places.reset()
	s.percpu, s.relocatable = place{}, false
	clear(s.index)
}

// addFunc adds a function symbol; suffixes says whether what follows a dot is a
// suffix rather than a part of the name.
func (s *symbols) addFunc(from *elfio.Symbol, suffixes bool) {
	name, sym := from.Name, funcSym{value: from.Value, section: from.Section, next: -1}
	if i := bytes.IndexByte(name, '.'); i >= 0 && suffixes {
		if bytes.Contains(name[i:], []byte(".cold")) || bytes.Contains(name[i:], []byte(".part")) {
			return
		}
		sym.optimized = bytes.Contains(name[i:], []byte(".isra")) || bytes.Contains(name[i:], []byte(".constprop"))
		if s.full {
			sym.full = s.keep(name)
		}
		name = name[:i]
	}
	g := s.intern(name)
	n := int32(len(s.syms))
	s.syms = append(s.syms, sym)
	if g.n++; g.n == 1 {
		g.first, g.optimized = n, sym.optimized
	} else {
		s.syms[g.last].next = n
		g.optimized = g.optimized && sym.optimized
	}
	g.last = n
}

// addObject adds the symbol of a variable, where it is of use.
func (s *symbols) addObject(f *elfio.File, sym *elfio.Symbol) {
	value := sym.Value
	if !s.relocatable {
		value -= f.Sections[sym.Section].Addr
	}
	if int(sym.Section) != s.percpu.index && (!s.everySection || value != 0) {
		return
	}
	s.objects = append(s.objects, objSym{name: s.keep(sym.Name), section: int32(sym.Section), value: value, size: sym.Size})
}

// keep copies b into the arena.
func (s *symbols) keep(b []byte) []byte {
	if len(s.arena)+len(b) > cap(s.arena) {
		s.arena = make([]byte, 0, max(1<<16, 2*cap(s.arena), len(b)))
	}
	n := len(s.arena)
	s.arena = append(s.arena, b...)
	return s.arena[n:len(s.arena):len(s.arena)]
}

// objectsAt returns the symbols at an offset in a section.
func (s *symbols) objectsAt(section int32, off uint64) []objSym {
	at := objSym{section: section, value: off}
	first, _ := slices.BinarySearchFunc(s.objects, at, compareObjects)
	end := first
	for end < len(s.objects) && compareObjects(s.objects[end], at) == 0 {
		end++
	}
	return s.objects[first:end]
}

func compareObjects(a, b objSym) int {
	return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.value, b.value))
}

// sectionName returns the name of a section of the file.
func (s *symbols) sectionName(index int32) string { return s.names[index] }

// find returns the index of the group of a key, -1 where there is none. Keys
// of one hash take the following slots.
func (s *symbols) find(name []byte) int32 {
	for h := maphash.Bytes(s.seed, name); ; h++ {
		g, ok := s.index[h]
		if !ok {
			return -1
		}
		if bytes.Equal(s.groups[g].name, name) {
			return g
		}
	}
}

// intern returns the group of a key, a new one where there is none.
func (s *symbols) intern(name []byte) *symGroup {
	if g := s.find(name); g >= 0 {
		return &s.groups[g]
	}
	h := maphash.Bytes(s.seed, name)
	for _, taken := s.index[h]; taken; _, taken = s.index[h] {
		h++
	}
	s.index[h] = int32(len(s.groups))
	s.groups = append(s.groups, symGroup{name: s.keep(name)})
	return &s.groups[len(s.groups)-1]
}

// finish sorts groups by name and objects by place, and finds the ambiguous
// groups.
func (s *symbols) finish() {
	slices.SortStableFunc(s.objects, compareObjects)
	for i := range s.groups {
		s.sorted = append(s.sorted, int32(i))
	}
	slices.SortFunc(s.sorted, func(a, b int32) int { return bytes.Compare(s.groups[a].name, s.groups[b].name) })
	// pahole settles a group when it meets the next one, so it never settles
	// the last; functions of that name are in its BTF, and here too.
	for _, i := range s.sorted[:max(len(s.sorted)-1, 0)] {
		s.groups[i].ambiguous = s.isAmbiguous(&s.groups[i])
	}
}

// isAmbiguous reports whether symbols of g are at different places. In a
// relocatable file two statics of one name may both be at 0, one in .text and
// one in .init.text, so sections count. pahole's
// elf_function__has_ambiguous_address compares values only and takes a leading
// 0 for none; no module of Debian's 6.12 kernel shows the difference.
func (s *symbols) isAmbiguous(g *symGroup) bool {
	var first *funcSym
	for i := g.first; i >= 0; i = s.syms[i].next {
		sym := &s.syms[i]
		switch {
		case sym.section == 0:
		case first == nil:
			first = sym
		case sym.section != first.section || sym.value != first.value:
			return true
		}
	}
	return false
}

// at returns the symbol of g at an address of DWARF, nil where there is none.
// optimized asks for one whose suffix says that its parameters changed.
//
// In a relocatable file there is none: pahole compares the address, for which
// libdwfl has laid out the sections, with the bare value of the symbol.
func (s *symbols) at(g *symGroup, addr uint64, optimized bool) *funcSym {
	if s.relocatable {
		return nil
	}
	for i := g.first; i >= 0; i = s.syms[i].next {
		if sym := &s.syms[i]; sym.value == addr && (sym.optimized || !optimized) {
			return sym
		}
	}
	return nil
}

// suffixed returns the index of the first symbol of g at an address of DWARF
// whose name has a suffix, -1 where there is none, as in a relocatable file.
func (s *symbols) suffixed(g *symGroup, addr uint64) int32 {
	if s.relocatable {
		return -1
	}
	for i := g.first; i >= 0; i = s.syms[i].next {
		if sym := &s.syms[i]; sym.value == addr && sym.full != nil {
			return i
		}
	}
	return -1
}

// markKfuncs marks the groups of functions that BPF programs may call.
func (s *symbols) markKfuncs(kfuncs []btfids.Kfunc) {
	for _, k := range kfuncs {
		if g := s.find([]byte(k.Name)); g >= 0 {
			s.groups[g].kfunc, s.groups[g].kflags = true, k.Flags
		}
	}
}
