// SPDX-License-Identifier: BSD-2-Clause

package dwarfconv

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/dwarf"
)

// Units that are not in .debug_info, and references that are no offsets in it.
//
// A type unit has one type, which other units ask for by a 64-bit signature
// (DW_FORM_ref_sig8) and declare with DW_AT_signature. DWARF 5 has them among
// the other units, DWARF 4 in .debug_types (-fdebug-types-section).
//
// dwz moves what several files have into a supplementary file, and what they
// refer to there has forms of its own: DW_FORM_GNU_ref_alt, DW_FORM_GNU_strp_alt
// and those of DWARF 5 §7.3.6.
//
// Both are laid behind .debug_info in memory, so that an offset in the group is
// enough to name any DIE, and all units are then one group.

// part is a section of units. Positions are those in module.joined.
type part struct {
	sec     *Sections // what its units refer to
	section string    // for errors
	start   int       // where it begins
	refs    int       // where what DW_FORM_ref_addr counts from begins
	sup     bool      // is of the supplementary file
	file    string    // its name, empty for the module's
}

// blame says which file an error is about.
func (p *part) blame(err error) error {
	if err == nil || p.file == "" {
		return err
	}
	return fmt.Errorf("%s: %w", p.file, err)
}

// addParts reads the headers of .debug_types and of the supplementary file.
func (m *module) addParts() error {
	sec := m.sec
	end := sec.InfoSize()
	if n := len(sec.Types); n > 0 {
		m.parts = append(m.parts, part{sec: sec, section: ".debug_types", start: end})
		end += n
	}
	if sec.Sup != nil {
		m.parts = append(m.parts, part{sec: sec.Sup, section: ".debug_info", start: end, refs: end, sup: true, file: sec.SupName})
		end += len(sec.Sup.Info)
	}
	if len(m.parts) == 1 {
		return nil
	}
	if uint64(end) >= 1<<32 {
		return &dwarf.DecodeError{Section: ".debug_info", Msg: fmt.Sprintf("sections of %#x bytes refer to each other, the limit is 4 GiB", end)}
	}
	m.group = true
	m.joined = make([]byte, end)
	if sec.InfoFile == nil {
		copy(m.joined, sec.Info)
	} else if err := sec.readInfo(m.joined[:sec.InfoSize()], 0); err != nil {
		return err
	}
	for i := 1; i < len(m.parts); i++ {
		if err := m.addPart(int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// addPart reads the headers of a part.
func (m *module) addPart(i int32) error {
	p := &m.parts[i]
	info, read := m.sec.Types, dwarf.ReadTypeUnit
	if p.sup {
		info, read = p.sec.Info, dwarf.ReadUnit
	}
	copy(m.joined[p.start:], info)
	for off := 0; off < len(info); {
		u, err := read(info, off, p.sec.Order)
		if err != nil {
			return p.blame(err)
		}
		off = u.End
		u.Off, u.Root, u.End = u.Off+p.start, u.Root+p.start, u.End+p.start
		m.heads = append(m.heads, head{u, i, p.sup})
	}
	return nil
}

// abbrevSize is the size of .debug_abbrev, of all files.
func (m *module) abbrevSize() int {
	n := len(m.sec.Abbrev)
	if m.sec.Sup != nil {
		n += len(m.sec.Sup.Abbrev)
	}
	return n
}

// findSignatures notes where the types of type units are. Of several units of
// one signature, which linkers fold but for "ld -r --unique" and the like, the
// first one counts.
func (m *module) findSignatures() error {
	clear(m.sigs)
	for i := range m.heads {
		u := &m.heads[i]
		if u.Type != dwarf.UnitTypes && u.Type != dwarf.UnitSplitType {
			continue
		}
		if m.sigs == nil {
			m.sigs = map[uint64]uint32{}
		}
		m.group = true
		at := uint64(u.Off) + u.TypeOff
		if at >= 1<<32 {
			return &dwarf.DecodeError{Section: ".debug_info", Offset: uint64(u.Off), Msg: "type unit lies behind 4 GiB"}
		}
		if _, ok := m.sigs[u.Signature]; !ok {
			m.sigs[u.Signature] = uint32(at)
		}
	}
	return nil
}

// supRef returns the offset in the group of a DIE at off of the supplementary
// file.
func (m *module) supRef(off uint64) (uint32, bool) {
	p := &m.parts[len(m.parts)-1]
	if !p.sup || off >= uint64(len(p.sec.Info)) {
		return 0, false
	}
	return uint32(p.start) + uint32(off), true
}

// enterPart makes units of p the ones that are walked.
func (c *Converter) enterPart(p *part) {
	if c.part != nil && c.part.sec != p.sec {
		c.names.forget() // offsets are another section's
	}
	c.part, c.unitSec = p, p.sec
}

// openUnit points c.r at u, which is in a group that begins at base, calls f and
// returns the error that c.r met. last tells that u will not be opened again.
func (c *Converter) openUnit(u *head, base int, last bool, f func()) error {
	if p := &c.parts[u.part]; p != c.part {
		c.enterPart(p)
	}
	enc := u.Encoding(c.unitSec.Order)
	table, err := c.tables.get(c.unitSec.Abbrev, u, enc)
	if err != nil {
		return c.part.blame(err)
	}
	c.r.Reset(c.info, &u.Unit, base, enc, table)
	if len(c.parts) > 1 || c.split != nil {
		c.r.Place(c.part.section, c.part.start, c.part.refs)
	}
	c.unit64, c.version, c.addrSize = u.Is64, u.Version, u.AddrSize
	f()
	c.tables.put(u, !last)
	return c.part.blame(c.r.Err())
}
