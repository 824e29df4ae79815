package dwarfconv

import (
	"fmt"
	"io"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
)

// module is what the Converters of one module share. Except for tables, which
// lock, it is not written to behind reset.
type module struct {
	sec  *Sections
	strs *btf.Strings
	opts Options

	heads  []head
	group  bool // all units form one group
	tables tableCache

	parts  []part // sections of units, .debug_info first
	joined []byte // their bytes one after the other, nil if there is only one
	sigs   map[uint64]uint32
	split  *skeleton // the unit that m belongs to, nil for what no unit refers to
}

// head is a unit header; offsets count from the start of the first part.
type head struct {
	dwarf.Unit
	part int32 // index in module.parts
	sup  bool  // part.sup
}

// reset reads the unit headers.
func (m *module) reset(sec *Sections, strs *btf.Strings, opts Options) error {
	m.sec, m.strs, m.opts, m.group, m.split = sec, strs, opts, false, nil
	m.heads, m.joined = m.heads[:0], nil
	m.parts = append(m.parts[:0], part{sec: sec, section: ".debug_info"})
	r, size := headReader{sec: sec}, sec.InfoSize()
	for off := 0; off < size; {
		u, err := r.unit(off, size)
		if err != nil {
			return err
		}
		m.heads = append(m.heads, head{Unit: u})
		off = u.End
	}
	if err := m.addParts(); err != nil {
		return err
	}
	m.tables.reset(m.heads, m.abbrevSize())
	if err := m.findSignatures(); err != nil || m.group {
		return err
	}
	return m.findGroup()
}

// findGroup looks for references across units in the abbreviations.
func (m *module) findGroup() error {
	for i := range m.heads {
		u := &m.heads[i].Unit
		if m.tables.seen[u.AbbrevOff] {
			continue
		}
		m.tables.seen[u.AbbrevOff] = true
		refers, size, err := dwarf.HasForm(m.sec.Abbrev, u.AbbrevOff, dwarf.FormRefAddr, wantsAcross)
		if err == nil {
			err = m.tables.spend(u, size)
		}
		if err != nil {
			return err
		}
		if refers {
			m.group = true
			return nil
		}
	}
	return nil
}

// groups is how many groups there are.
func (m *module) groups() int {
	if m.group && len(m.heads) > 0 {
		return 1
	}
	return len(m.heads)
}

// headsOf returns the units of group i.
func (m *module) headsOf(i int) []head {
	if m.group {
		return m.heads
	}
	return m.heads[i : i+1]
}

// wantsAcross tells whether an attribute of a tag matters if it refers to
// another unit.
func wantsAcross(tag dwarf.Tag, attr dwarf.Attr) bool {
	slot := slotOf(attr)
	_, want := ruleOf(tag)
	return slot > 0 && want>>slot&1 != 0
}

// InfoSize is the size of .debug_info in bytes.
func (s *Sections) InfoSize() int {
	if s.InfoFile != nil {
		return int(s.InfoFile.Size())
	}
	return len(s.Info)
}

// headReader reads unit headers, of a file some pages at a time: a file of
// nothing but tiny units must not cost a system call for each.
type headReader struct {
	sec *Sections
	buf [8 << 10]byte
	off int // of buf
	n   int // bytes in it
}

// unit reads the unit header at off.
func (r *headReader) unit(off, size int) (dwarf.Unit, error) {
	s := r.sec
	if s.InfoFile == nil {
		return dwarf.ReadUnit(s.Info, off, s.Order)
	}
	if end := min(size, off+dwarf.MaxHeader); off < r.off || end > r.off+r.n {
		r.off, r.n = off, min(len(r.buf), size-off)
		if err := s.readInfo(r.buf[:r.n], off); err != nil {
			return dwarf.Unit{}, err
		}
	}
	return dwarf.ReadUnitHeader(r.buf[off-r.off:r.n], off, size, s.Order)
}

// window returns the bytes of .debug_info from off to end, in memory of its
// own or in buf, which it returns for the next call.
func (s *Sections) window(buf []byte, off, end int) (info, newBuf []byte, err error) {
	if s.InfoFile == nil {
		return s.Info[off:end], buf, nil
	}
	buf = resize(buf, end-off)
	return buf, buf, s.readInfo(buf, off)
}

func (s *Sections) readInfo(b []byte, off int) error {
	n, err := s.InfoFile.ReadAt(b, int64(off))
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf(".debug_info: offset %#x: read %#x bytes: %w", off, len(b), err)
}
