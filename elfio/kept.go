package elfio

// What an injection must leave alone: headers, segments, sections, and bytes
// that nothing speaks of.

import (
	"bytes"
	"debug/elf"
	"math"
)

// region is a range of bytes of a file.
type region struct{ off, size uint64 }

func (r region) end() uint64 { return r.off + r.size }

func (r region) overlaps(s region) bool {
	return r.size > 0 && s.size > 0 && r.off < s.end() && s.off < r.end()
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

// isKept reports whether r touches bytes that must stay.
func (p *plan) isKept(r region) bool {
	for _, k := range p.kept {
		if k.overlaps(r) {
			return true
		}
	}
	return false
}
