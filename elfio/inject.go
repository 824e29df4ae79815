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
	"encoding/binary"
	"errors"
	"fmt"
	"math"
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

// region is a range of bytes of a file.
type region struct{ off, size uint64 }

func (r region) end() uint64 { return r.off + r.size }

func (r region) overlaps(s region) bool {
	return r.size > 0 && s.size > 0 && r.off < s.end() && s.off < r.end()
}

// span is bytes at an offset.
type span struct {
	off  uint64
	data []byte
}

// target is one section to be written.
type target struct {
	index  int // in the new table
	patch  Patch
	align  uint64
	old    region // where it was; size 0 for a new section
	loaded bool   // SHF_ALLOC: only its bytes change
	fixed  bool   // stays where it is: it is loaded, or it fits there
	off    uint64 // where it goes
}

// plan is a change of a file, worked out before anything is written.
type plan struct {
	f       *File
	targets []target
	kept    []region // what must not be touched
	table   []byte   // old section headers

	names      []byte // new section names, nil where they stay as they are
	namesOff   uint64
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
	for i := range p.f.Sections {
		o := &p.f.Sections[i]
		switch {
		case i > t.index && o.Name == s.Name:
			return fail("is there twice, index %d and %d", t.index, i)
		case (o.Type == elf.SHT_REL || o.Type == elf.SHT_RELA || o.Type == shtCREL) && int(o.Info) == t.index && s.Flags&elf.SHF_ALLOC == 0:
			return fail("has relocations in %s", o.Name)
		}
	}
	if s.Flags&elf.SHF_GROUP != 0 {
		return fail("is a member of a section group")
	}
	if uint32(t.index) == p.f.hdr.shstrndx {
		return fail("holds the section names")
	}
	if s.Flags&elf.SHF_ALLOC != 0 {
		if s.Type == elf.SHT_NOBITS || uint64(len(t.patch.Data)) != s.Size {
			return fail("is loaded (SHF_ALLOC), its size %#x cannot become %#x", s.Size, len(t.patch.Data))
		}
		t.loaded, t.fixed = true, true
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

// findKept collects what must stay: headers, segments, and all sections but
// the targets, the section names and the section header table.
func (p *plan) findKept() error {
	f := p.f
	p.kept = append(p.kept, region{0, uint64(f.ehdrSize())})
	if err := p.keepSegments(); err != nil {
		return err
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		if n := s.fileSize(); n > 0 && !p.isTarget(i) && uint32(i) != f.hdr.shstrndx {
			p.kept = append(p.kept, region{s.Off, n})
		}
	}
	for i := range p.targets {
		// A loaded section lies in a segment, if there are segments, and must
		// not be written where another section shows its bytes.
		t := &p.targets[i]
		if !t.fixed {
			continue
		}
		for j := range f.Sections {
			s := &f.Sections[j]
			if j != t.index && t.old.overlaps(region{s.Off, s.fileSize()}) {
				return &FormatError{Section: t.patch.Name, Off: t.old.off, Msg: "section overlaps section", Val: s.label(j)}
			}
		}
		p.kept = append(p.kept, t.old)
	}
	for _, r := range p.kept {
		p.keepEnd = max(p.keepEnd, r.end())
	}
	if err := p.planNames(); err != nil {
		return err
	}
	p.planTable()
	return p.keepUnnamed()
}

// keepSegments keeps the program headers and what they map. In the debug half
// of a stripped file they speak of bytes that are in the other half.
func (p *plan) keepSegments() error {
	f := p.f
	if f.hdr.phnum == 0 || f.hdr.phoff == 0 {
		return nil
	}
	ent := uint64(f.phdrSize())
	if f.hdr.phentsize != ent {
		return &FormatError{Off: f.hdr.phoff, Msg: "program header size", Val: f.hdr.phentsize}
	}
	if f.hdr.phoff > f.size || f.hdr.phnum > (f.size-f.hdr.phoff)/ent {
		return &FormatError{Off: f.hdr.phoff, Msg: "program header table ends beyond the file, entries", Val: f.hdr.phnum}
	}
	b := make([]byte, f.hdr.phnum*ent)
	if err := f.readAt(b, f.hdr.phoff); err != nil {
		return err
	}
	p.kept = append(p.kept, region{f.hdr.phoff, uint64(len(b))})
	for ; len(b) > 0; b = b[ent:] {
		off, size := f.word(b, 0, 1), f.word(b, 0, 4)
		if f.Class64 {
			off, size = f.u64(b[8:]), f.u64(b[32:])
		}
		if off < f.size && size > 0 && elf.ProgType(f.u32(b)) != elf.PT_NULL {
			p.kept = append(p.kept, region{off, min(size, f.size-off)})
		}
	}
	return nil
}

// planNames finds or adds the names of new sections. The names move behind
// everything if they grow or are there already.
func (p *plan) planNames() error {
	f := p.f
	s := &f.Sections[f.hdr.shstrndx]
	old, err := f.sectionData(s)
	if err != nil {
		return err
	}
	names := bytes.Clone(old)
	f.r.arena.giveBack(old)
	for i := range p.targets {
		t := &p.targets[i]
		if t.index < len(f.Sections) {
			continue
		}
		want := append([]byte(t.patch.Name), 0)
		off := bytes.Index(names, want)
		if off < 0 {
			off = len(names)
			names = append(names, want...)
		}
		p.newNames = append(p.newNames, uint32(off))
	}
	grows := uint64(len(names)) != s.Size
	if !grows && s.Off < p.keepEnd {
		p.kept = append(p.kept, region{s.Off, s.Size})
		p.keepEnd = max(p.keepEnd, s.Off+s.Size)
		return nil
	}
	if s.Flags&elf.SHF_ALLOC != 0 {
		return &FormatError{Section: s.Name, Off: s.Off, Msg: "section names are loaded (SHF_ALLOC) and cannot grow, flags", Val: uint64(s.Flags)}
	}
	if uint64(len(names)) > math.MaxUint32 {
		return &FormatError{Section: s.Name, Off: s.Off, Msg: "section names too large", Val: len(names)}
	}
	p.names = names
	return nil
}

// planTable keeps a section header table in the midst of the file in its
// place if it need not grow.
func (p *plan) planTable() {
	f := p.f
	r := region{f.hdr.shoff, uint64(len(p.table))}
	if len(p.newNames) == 0 && r.off < p.keepEnd {
		p.tableStays = true
		p.kept = append(p.kept, r)
		p.keepEnd = max(p.keepEnd, r.end())
	}
}

// movable returns what has a name but need not stay where it is.
func (p *plan) movable() []region {
	f := p.f
	var rs []region
	if !p.tableStays {
		rs = append(rs, region{f.hdr.shoff, uint64(len(p.table))})
	}
	if p.names != nil {
		s := &f.Sections[f.hdr.shstrndx]
		rs = append(rs, region{s.Off, s.Size})
	}
	for i := range p.targets {
		if t := &p.targets[i]; !t.fixed && t.old.size > 0 {
			rs = append(rs, t.old)
		}
	}
	return rs
}

// maxUnnamed bounds how many bytes that no header speaks of are looked at.
const maxUnnamed = 1 << 30

// keepUnnamed raises keepEnd above all bytes that are neither named nor zero.
func (p *plan) keepUnnamed() error {
	gaps := []region{{p.keepEnd, p.f.size - p.keepEnd}}
	for _, m := range p.movable() {
		gaps = subtract(gaps, m)
	}
	end, buf := p.keepEnd, make([]byte, 0, 64<<10)
	limit := uint64(math.MaxUint64) // what lies above was left by a killed change
	total := uint64(0)
	for _, g := range gaps {
		if total += g.size; total > maxUnnamed {
			return &FormatError{Off: g.off, Msg: "too many bytes that no header speaks of, size", Val: g.size}
		}
		for off := g.off; off < g.end(); {
			// Chunks overlap by a marker, so none is cut in two.
			b := buf[:min(uint64(cap(buf)), g.end()-off)]
			if err := p.f.readAt(b, off); err != nil {
				return err
			}
			if from, ok := findMarker(b); ok && from >= p.keepEnd {
				limit = min(limit, from)
			}
			for i := len(b) - 1; i >= 0; i-- {
				if b[i] != 0 {
					end = max(end, off+uint64(i)+1)
					break
				}
			}
			if off += uint64(len(b)); off < g.end() {
				off -= markerSize
			}
		}
	}
	p.stale = limit != math.MaxUint64
	p.keepEnd = max(p.keepEnd, min(end, limit))
	return nil
}

// subtract takes r out of the sorted, disjoint gaps.
func subtract(gaps []region, r region) []region {
	var out []region
	for _, g := range gaps {
		if !g.overlaps(r) {
			out = append(out, g)
			continue
		}
		if r.off > g.off {
			out = append(out, region{g.off, r.off - g.off})
		}
		if r.end() < g.end() {
			out = append(out, region{r.end(), g.end() - r.end()})
		}
	}
	return out
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

// place gives each target its offset and lays out the tail.
func (p *plan) place() error {
	for i := range p.targets {
		t := &p.targets[i]
		if t.fixed || t.old.off >= p.keepEnd || t.old.size == 0 {
			continue
		}
		fits, err := p.fits(t)
		if err != nil {
			return err
		}
		t.fixed = fits
		n := uint64(len(t.patch.Data))
		switch {
		case fits && n < t.old.size:
			p.zeros = append(p.zeros, region{t.old.off + n, t.old.size - n})
		case !fits && !p.isKept(t.old):
			p.zeros = append(p.zeros, region{t.old.off, min(t.old.size, p.keepEnd-t.old.off)})
		}
	}
	return nil
}

// isKept reports whether r touches bytes that must stay.
func (p *plan) isKept(r region) bool {
	for _, k := range p.kept {
		if k.overlaps(r) {
			return true
		}
	}
	return false
}

// fits reports whether t can be written where it stands: its place and the
// zeros behind it are large enough.
func (p *plan) fits(t *target) (bool, error) {
	r := region{t.old.off, max(uint64(len(t.patch.Data)), t.old.size)}
	if r.end() > p.keepEnd || p.isKept(r) {
		return false, nil
	}
	if !p.tableStays && r.overlaps(region{p.f.hdr.shoff, uint64(len(p.table))}) {
		return false, nil
	}
	if s := &p.f.Sections[p.f.hdr.shstrndx]; r.overlaps(region{s.Off, s.Size}) {
		return false, nil
	}
	for i := range p.targets {
		if o := &p.targets[i]; o != t && (r.overlaps(o.old) || o.fixed && r.overlaps(region{o.off, uint64(len(o.patch.Data))})) {
			return false, nil
		}
	}
	slack := make([]byte, r.size-t.old.size)
	if err := p.f.readAt(slack, t.old.end()); err != nil {
		return false, err
	}
	return len(bytes.Trim(slack, "\x00")) == 0, nil
}

// layout is where the movable parts of a file go.
type layout struct {
	bytes []byte // everything from its start on
	offs  []uint64
	names uint64
	table uint64
}

// layOut puts the targets that have no fixed place (all if all is set), the
// names and the table one behind the other, from start on.
func (p *plan) layOut(start uint64, head []byte, all bool) layout {
	l := layout{bytes: head, offs: make([]uint64, len(p.targets))}
	put := func(b []byte, align uint64) uint64 {
		end := start + uint64(len(l.bytes))
		pad := -end & (align - 1)
		l.bytes = append(l.bytes, make([]byte, pad)...)
		l.bytes = append(l.bytes, b...)
		return end + pad
	}
	for i := range p.targets {
		t := &p.targets[i]
		l.offs[i] = t.off
		if all || !t.fixed {
			l.offs[i] = put(t.patch.Data, t.align)
		}
	}
	l.names = p.f.Sections[p.f.hdr.shstrndx].Off
	if p.names != nil {
		l.names = put(p.names, max(1, p.namesAlign()))
	}
	l.table = p.f.hdr.shoff
	if all || !p.tableStays {
		l.table = put(nil, uint64(p.f.wordSize()))
		l.bytes = append(l.bytes, p.newTable(l)...)
	}
	return l
}

// namesAlign is the alignment of the section names, 1 where it makes no sense.
func (p *plan) namesAlign() uint64 {
	a := p.f.Sections[p.f.hdr.shstrndx].Align
	if a == 0 || a&(a-1) != 0 || a > 1<<16 {
		return 1
	}
	return a
}

// newTable returns the section header table for a layout.
func (p *plan) newTable(l layout) []byte {
	f, ent := p.f, p.f.shdrSize()
	b := append(bytes.Clone(p.table), make([]byte, len(p.newNames)*ent)...)
	added := 0
	for i := range p.targets {
		t := &p.targets[i]
		h := b[t.index*ent:]
		if t.index >= len(f.Sections) {
			f.put32(h, p.newNames[added])
			f.putWord(h[8:], pick(f.Class64, 5, 6), t.align) // sh_addralign, behind two 32-bit fields
			added++
		} else {
			f.putWord(h[8:], 0, uint64(f.Sections[t.index].Flags&^elf.SHF_COMPRESSED))
		}
		if !t.loaded {
			f.put32(h[4:], uint32(elf.SHT_PROGBITS))
		}
		f.putWord(h[8:], 2, l.offs[i])
		f.putWord(h[8:], 3, uint64(len(t.patch.Data)))
	}
	if p.names != nil {
		h := b[int(f.hdr.shstrndx)*ent:]
		f.putWord(h[8:], 2, l.names)
		f.putWord(h[8:], 3, uint64(len(p.names)))
	}
	if n := len(b) / ent; n >= int(elf.SHN_LORESERVE) {
		f.putWord(b[8:], 3, uint64(n)) // sh_size of section 0
	}
	return b
}

// newHeader returns the ELF header for a layout.
func (p *plan) newHeader(l layout) []byte {
	f := p.f
	b := bytes.Clone(p.oldHeader)
	f.putWord(b[24:], 2, l.table)
	n := len(f.Sections) + len(p.newNames)
	if n >= int(elf.SHN_LORESERVE) {
		n = 0
	}
	f.put16(b[24+3*f.wordSize()+12:], uint16(n))
	return b
}

// render turns the plan into bytes.
func (p *plan) render() error {
	l := p.layOut(p.keepEnd, nil, false)
	p.tail = l.bytes
	if !p.f.Class64 && p.size() > math.MaxUint32 {
		return &FormatError{Msg: "ELF32 file would become too large, size", Val: p.size()}
	}
	p.header = p.newHeader(l)
	for i := range p.targets {
		if t := &p.targets[i]; t.fixed {
			p.spans = append(p.spans, span{t.off, t.patch.Data})
		}
	}
	if p.tableStays {
		p.spans = append(p.spans, span{l.table, p.newTable(l)})
	}
	// What the names and the table leave behind below keepEnd.
	for _, m := range p.movable() {
		if m.end() <= p.keepEnd && !p.isKept(m) && !p.isTargetPlace(m) {
			p.zeros = append(p.zeros, m)
		}
	}
	return nil
}

// isTargetPlace reports whether r touches the place of a target, old or new.
func (p *plan) isTargetPlace(r region) bool {
	for i := range p.targets {
		t := &p.targets[i]
		if t.old.overlaps(r) || t.fixed && r.overlaps(region{t.off, uint64(len(t.patch.Data))}) {
			return true
		}
	}
	return false
}

func (f *File) put16(b []byte, v uint16) {
	if f.Big {
		binary.BigEndian.PutUint16(b, v)
	} else {
		binary.LittleEndian.PutUint16(b, v)
	}
}

func (f *File) put32(b []byte, v uint32) {
	if f.Big {
		binary.BigEndian.PutUint32(b, v)
	} else {
		binary.LittleEndian.PutUint32(b, v)
	}
}

// putWord writes the idx'th of the class-sized words that begin at b.
func (f *File) putWord(b []byte, idx int, v uint64) {
	switch {
	case !f.Class64:
		f.put32(b[4*idx:], uint32(v))
	case f.Big:
		binary.BigEndian.PutUint64(b[8*idx:], v)
	default:
		binary.LittleEndian.PutUint64(b[8*idx:], v)
	}
}
