package elfio

// Where everything goes, and the bytes of the new headers.

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"math"
)

// span is bytes at an offset.
type span struct {
	off  uint64
	data []byte
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
		}
		flags := elf.SectionFlag(f.word(h[8:], 0, 0)) &^ elf.SHF_COMPRESSED
		if !t.loaded {
			flags &^= elf.SHF_ALLOC
			f.put32(h[4:], uint32(elf.SHT_PROGBITS))
			f.putWord(h[8:], 1, 0) // sh_addr
		}
		f.putWord(h[8:], 0, uint64(flags))
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
