// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"debug/elf"
	"encoding/binary"
)

var le = binary.LittleEndian

// section is one of an object that is made here, with a header that may lie.
type section struct {
	name       string
	typ        elf.SectionType
	flags      elf.SectionFlag
	link, info uint32
	ent        uint64
	data       []byte
	size       uint64 // that the header says, 0: the right one
}

func debug(name string, data []byte) section {
	return section{name: name, typ: elf.SHT_PROGBITS, data: data}
}

// object lays out a relocatable file for x86-64: the header, the sections, their
// names, the table.
func object(sections ...section) []byte {
	names := []byte{0}
	out := make([]byte, 64)
	table := make([]byte, 64, 64*(len(sections)+2))
	at := map[string]int{}
	for _, s := range append(sections, section{name: ".shstrtab", typ: elf.SHT_STRTAB}) {
		off, ok := at[s.name]
		if !ok {
			off = len(names)
			at[s.name] = off
			names = append(append(names, s.name...), 0)
		}
		if s.name == ".shstrtab" {
			s.data = names
		}
		h := make([]byte, 64)
		le.PutUint32(h, uint32(off))
		le.PutUint32(h[4:], uint32(s.typ))
		le.PutUint64(h[8:], uint64(s.flags))
		le.PutUint64(h[24:], uint64(len(out)))
		size := uint64(len(s.data))
		if s.size != 0 {
			size = s.size
		}
		le.PutUint64(h[32:], size)
		le.PutUint32(h[40:], s.link)
		le.PutUint32(h[44:], s.info)
		le.PutUint64(h[48:], 1)
		le.PutUint64(h[56:], s.ent)
		table = append(table, h...)
		out = append(out, s.data...)
	}
	for len(out)%8 != 0 {
		out = append(out, 0)
	}
	copy(out, "\x7fELF\x02\x01\x01")
	le.PutUint16(out[16:], uint16(elf.ET_REL))
	le.PutUint16(out[18:], uint16(elf.EM_X86_64))
	le.PutUint32(out[20:], 1)
	le.PutUint64(out[40:], uint64(len(out)))
	le.PutUint16(out[52:], 64)
	le.PutUint16(out[58:], 64)
	num := len(table) / 64
	if num < 0xff00 {
		le.PutUint16(out[60:], uint16(num))
		le.PutUint16(out[62:], uint16(num-1))
	} else { // in the header of section 0
		le.PutUint64(table[32:], uint64(num))
		le.PutUint32(table[40:], uint32(num-1))
		le.PutUint16(out[62:], uint16(elf.SHN_XINDEX))
	}
	return append(out, table...)
}

// Numbers of DWARF 5, section 7.5.
const (
	tagArray, tagEnum, tagParam, tagBlock, tagMember, tagPointer, tagUnit = 0x01, 0x04, 0x05, 0x0b, 0x0d, 0x0f, 0x11
	tagStruct, tagSubroutine, tagTypedef, tagSubrange, tagBase, tagConst  = 0x13, 0x15, 0x16, 0x21, 0x24, 0x26
	tagEnumerator, tagFunc, tagVar, tagVolatile, tagPartial, tagImported  = 0x28, 0x2e, 0x34, 0x35, 0x3c, 0x3d
	tagSkeleton                                                           = 0x4a

	atLocation, atName, atByteSize, atLowpc, atHighpc, atLanguage = 0x02, 0x03, 0x0b, 0x11, 0x12, 0x13
	atImport, atConstValue, atPrototyped, atOrigin, atCount       = 0x18, 0x1c, 0x27, 0x31, 0x37
	atMemberLoc, atEncoding, atExternal, atSpec, atType, atRanges = 0x38, 0x3e, 0x3f, 0x47, 0x49, 0x55
	atDwoName                                                     = 0x76

	formAddr, formData2, formData4, formData8, formString, formData1 = 0x01, 0x05, 0x06, 0x07, 0x08, 0x0b
	formStrp, formRefAddr, formRef4, formSecOffset, formExprloc      = 0x0e, 0x10, 0x13, 0x17, 0x18
	formPresent                                                      = 0x19
)

// dwarf is the debug sections of an object in the making. Abbreviations are 1, 2, 3
// and so on, of one table unless others are asked for.
type dwarf struct {
	info, abbrev, str []byte
	more              []section
	codes             int
	unitAt            int
}

func newDwarf() *dwarf {
	d := &dwarf{str: []byte{0}}
	d.decl(tagUnit, true)
	return d
}

// decl declares an abbreviation with pairs of attribute and form, and returns its
// code.
func (d *dwarf) decl(tag int, children bool, pairs ...int) byte {
	d.codes++
	d.abbrev = binary.AppendUvarint(d.abbrev, uint64(d.codes))
	d.abbrev = binary.AppendUvarint(d.abbrev, uint64(tag))
	c := byte(0)
	if children {
		c = 1
	}
	d.abbrev = append(d.abbrev, c)
	for _, p := range pairs {
		d.abbrev = binary.AppendUvarint(d.abbrev, uint64(p))
	}
	d.abbrev = append(d.abbrev, 0, 0)
	return byte(d.codes)
}

// unit begins a unit with its root, whose abbreviation is 1.
func (d *dwarf) unit(abbrev uint32) {
	d.unitAt = len(d.info)
	d.info = le.AppendUint32(append(d.info, 0, 0, 0, 0, 5, 0, 1, 8), abbrev)
	d.info = append(d.info, 1)
}

// done ends the children of the root, and the unit.
func (d *dwarf) done() {
	d.info = append(d.info, 0)
	d.length()
}

func (d *dwarf) length() { le.PutUint32(d.info[d.unitAt:], uint32(len(d.info)-d.unitAt-4)) }

// pos is where the next DIE will be in the unit.
func (d *dwarf) pos() uint32 { return uint32(len(d.info) - d.unitAt) }

func (d *dwarf) b(b ...byte) *dwarf { d.info = append(d.info, b...); return d }
func (d *dwarf) u4(v uint32) *dwarf { d.info = le.AppendUint32(d.info, v); return d }
func (d *dwarf) u8(v uint64) *dwarf { d.info = le.AppendUint64(d.info, v); return d }

// name interns a string.
func (d *dwarf) name(s string) uint32 {
	off := len(d.str)
	d.str = append(append(d.str, s...), 0)
	return uint32(off)
}

// int adds the base type int, and returns where it is. Its abbreviation is code.
func (d *dwarf) int(code byte) uint32 {
	at := d.pos()
	d.b(code).u4(d.name("int")).b(4, 5)
	return at
}

func (d *dwarf) declInt() byte {
	return d.decl(tagBase, false, atName, formStrp, atByteSize, formData1, atEncoding, formData1)
}

func (d *dwarf) object() []byte {
	return object(append([]section{
		debug(".debug_info", d.info), debug(".debug_abbrev", append(d.abbrev, 0)), debug(".debug_str", d.str),
	}, d.more...)...)
}
