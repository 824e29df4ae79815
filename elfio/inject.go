package elfio

// Injection of sections into a finished ELF file.
//
// A section that is not loaded, such as .BTF, can be put into a file without
// moving anything else: its bytes go behind everything that stays, followed by
// the section names and the section header table, which linkers put there too.
//
//	before  header | sections ........ | .shstrtab | table
//	after   header | sections ........ | .BTF | .shstrtab' | table'
//	                                   ^ keepEnd
//
// All bytes below keepEnd stay as they are. A new section gets the last index,
// so no index in symbols, links or groups changes. Section 0 and the ELF
// header take the new count by the rules of the gABI for many sections.
//
// A section that is there already is overwritten where it stands if it fits
// there. A .BTF that objcopy put in front of the symbol table is such a case:
// whatever remains of its place is zeroed and serves a later, longer one. If
// it does not fit, it moves behind everything, once: what lies above keepEnd
// is laid out anew each time, so injecting twice gives the bytes that the
// second injection alone would have given.
//
// Bytes that no header speaks of are kept too, unless they are padding (zero)
// or were left over by a change in place that was killed; see write.go.
//
// Section alignment is 1, as objcopy --add-section leaves it: the kernel and
// libbpf copy a .BTF before they read it. Where a section is replaced it keeps
// its alignment.

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"strings"
)

// ErrSigned says that a module has a signature appended, which any change
// would make void: sign after injection, as Kbuild does.
var ErrSigned = errors.New("module is signed; changing it would make the signature void")

// Patch is the name and the new content of a section.
type Patch struct {
	Name string
	Data []byte
}

// target is one section to be written.
type target struct {
	index  int // in the new table
	patch  Patch
	align  uint64
	old    region // where it was; size 0 for a new section
	loaded bool   // SHF_ALLOC, not empty: only its bytes change
	fixed  bool   // stays where it is: it is loaded, or it fits there
	off    uint64 // where it goes
}

// plan is a change of a file, worked out before anything is written.
type plan struct {
	f       *File
	targets []target
	kept    []region // what must not be touched
	table   []byte   // old section headers

	names      []byte   // new section names, nil where they stay as they are
	newNames   []uint32 // name offsets of the new sections, in order
	tableStays bool

	keepEnd   uint64 // bytes up to here are the old ones, but for spans and zeros
	spans     []span // changes below keepEnd
	zeros     []region
	tail      []byte // bytes from keepEnd on
	header    []byte // ELF header of the result
	oldHeader []byte
	stale     bool // a killed change left bytes behind
}

// size is the size of the result.
func (p *plan) size() uint64 { return p.keepEnd + uint64(len(p.tail)) }

// Inject returns the ELF file src with patches put in. The result is src
// itself where nothing changes. Errors are [ErrSigned], [FormatError] and
// those that say why a section cannot be changed.
func Inject(src []byte, patches ...Patch) ([]byte, error) {
	var r Reader
	f, err := r.OpenBytes("", src)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	p, err := newPlan(f, patches)
	if err != nil || p == nil {
		return src, err
	}
	out := make([]byte, p.size())
	copy(out, src[:p.keepEnd])
	for _, s := range p.spans {
		copy(out[s.off:], s.data)
	}
	for _, z := range p.zeros {
		clear(out[z.off:z.end()])
	}
	copy(out[p.keepEnd:], p.tail)
	copy(out, p.header)
	return out, nil
}

// newPlan works out how to put patches into f, nil where they are there.
func newPlan(f *File, patches []Patch) (*plan, error) {
	if signed, err := f.IsSigned(); err != nil {
		return nil, err
	} else if signed {
		return nil, ErrSigned
	}
	if f.hdr.shnum == 0 || f.hdr.shstrndx == 0 {
		return nil, &FormatError{Msg: "no section headers or no section names"}
	}
	p := &plan{f: f, table: f.r.table, oldHeader: make([]byte, f.ehdrSize())}
	if err := f.readAt(p.oldHeader, 0); err != nil {
		return nil, err
	}
	if err := p.findTargets(patches); err != nil {
		return nil, err
	}
	if err := p.findKept(); err != nil {
		return nil, err
	}
	if same, err := p.isDone(); err != nil || same {
		return nil, err
	}
	if err := p.place(); err != nil {
		return nil, err
	}
	return p, p.render()
}

// findTargets finds the sections that the patches name.
func (p *plan) findTargets(patches []Patch) error {
	next := len(p.f.Sections)
	for n, patch := range patches {
		if name := patch.Name; name == "" || len(name) >= maxName || strings.IndexByte(name, 0) >= 0 {
			return fmt.Errorf("section name %q: empty, too long or with a NUL", name)
		}
		for _, earlier := range patches[:n] {
			if earlier.Name == patch.Name {
				return fmt.Errorf("section %s: given twice", patch.Name)
			}
		}
		t := target{patch: patch, align: 1}
		t.index = p.f.Index(patch.Name)
		if t.index == 0 {
			t.index = next
			next++
		} else if err := p.checkTarget(&t); err != nil {
			return err
		}
		p.targets = append(p.targets, t)
	}
	return nil
}

// checkTarget checks that an existing section can be replaced.
func (p *plan) checkTarget(t *target) error {
	s := &p.f.Sections[t.index]
	fail := func(format string, args ...any) error {
		return fmt.Errorf("section %s: %s", s.Name, fmt.Sprintf(format, args...))
	}
	// lld keeps an output section that its script names, loaded and empty: nothing
	// is at its address, so it can become one that is not loaded.
	t.loaded = s.Flags&elf.SHF_ALLOC != 0 && s.Size > 0
	for i := range p.f.Sections {
		o := &p.f.Sections[i]
		switch {
		case i > t.index && o.Name == s.Name:
			return fail("is there twice, index %d and %d", t.index, i)
		case (o.Type == elf.SHT_REL || o.Type == elf.SHT_RELA || o.Type == shtCREL) && int(o.Info) == t.index && !t.loaded:
			return fail("has relocations in %s", o.Name)
		}
	}
	if s.Flags&elf.SHF_GROUP != 0 {
		return fail("is a member of a section group")
	}
	if uint32(t.index) == p.f.hdr.shstrndx {
		return fail("holds the section names")
	}
	if t.loaded {
		if s.Type == elf.SHT_NOBITS || uint64(len(t.patch.Data)) != s.Size {
			return fail("is loaded (SHF_ALLOC), its size %#x cannot become %#x", s.Size, len(t.patch.Data))
		}
		t.fixed = true
	}
	t.old, t.off = region{s.Off, s.fileSize()}, s.Off
	if s.Align > 1 {
		t.align = s.Align
	}
	if t.align&(t.align-1) != 0 || t.align > 1<<16 {
		return &FormatError{Section: s.Name, Off: s.Off, Msg: "alignment", Val: t.align}
	}
	return nil
}

// isTarget reports whether section i gets replaced.
func (p *plan) isTarget(i int) bool {
	for k := range p.targets {
		if p.targets[k].index == i {
			return true
		}
	}
	return false
}

// isDone reports whether the file has all patches.
func (p *plan) isDone() (bool, error) {
	if p.stale || len(p.newNames) > 0 {
		return false, nil
	}
	for i := range p.targets {
		t := &p.targets[i]
		s := &p.f.Sections[t.index]
		if s.Type != elf.SHT_PROGBITS && !t.loaded || s.Flags&elf.SHF_COMPRESSED != 0 || s.Size != uint64(len(t.patch.Data)) {
			return false, nil
		}
		b, err := p.f.sectionData(s)
		if err != nil {
			return false, err
		}
		same := bytes.Equal(b, t.patch.Data)
		p.f.r.arena.giveBack(b)
		if !same {
			return false, nil
		}
	}
	return true, nil
}
