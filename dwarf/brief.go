package dwarf

import "encoding/binary"

// Half of all DIEs are members of structs, and most of the others in a list of
// siblings are enumerators and parameters:
//
//	DW_TAG_member       name strp, decl_file …, type ref4, data_member_location data1
//
// Every attribute has a size that its form tells, so name, type and value stand
// at distances from the code that the abbreviation knows: three loads read the
// DIE, without a step per attribute, and a run of them is read in one loop. What
// has a string in place, a bit-field or a LEB128 is not brief, and Read reads it.

// Brief is what a brief DIE says.
type Brief struct {
	Name uint32 // offset in .debug_str plus 1, 0 where there is none
	Type uint32 // DIE referred to, as in Reader.V, 0 where there is none
	Val  uint64 // of the slot that Selection.Brief names, 0 where there is none
}

// BriefSlots are the slots that a brief DIE fills; -1 for none.
type BriefSlots struct{ Name, Type, Val int }

// brief says where a DIE has its attributes. Distances count from behind the
// code. What is absent is masked out.
type brief struct {
	class     uint8 // 0: not brief
	name, typ uint16
	val, size uint16 // size of all attributes
	nameMask  uint32
	typeMask  uint32
	valMask   uint64
	valConst  uint64
}

// briefSlack is how many bytes behind a brief DIE may be loaded with it.
const briefSlack = 8

// setBrief makes a brief where its attributes, at the places of ops, allow it.
func (a *Abbrev) setBrief(ops []op, slots BriefSlots) {
	if a.Children || a.Class == 0 || a.min > 1<<12 {
		return
	}
	b := brief{class: a.Class, size: uint16(a.min)}
	at := 0
	for i := range ops {
		o := &ops[i]
		at += int(o.skip)
		mask, ok := briefMask(o.code)
		switch slot := int(o.slot); {
		case !ok:
			return
		case slot == slots.Name && o.kind == KindStr && o.code == opU4:
			b.name, b.nameMask = uint16(at), uint32(mask)
		case slot == slots.Type && o.kind == KindRef && o.code == opU4 && o.rel == 1:
			b.typ, b.typeMask = uint16(at), uint32(mask)
		case slot == slots.Val && (o.kind == KindConst || o.kind == KindSigned):
			b.val, b.valMask, b.valConst = uint16(at), mask, uint64(o.value)
		default:
			return
		}
		at += int(minSize[o.code])
	}
	a.brief = b
}

// briefMask returns the bits of 8 bytes, little endian, that an op reads.
func briefMask(code opcode) (mask uint64, ok bool) {
	switch code {
	case opConst:
		return 0, true
	case opU1, opU2, opU3, opU4:
		return 1<<(8*minSize[code]) - 1, true
	case opU8:
		return ^uint64(0), true
	}
	return 0, false
}

// ReadBriefs reads DIEs into out as long as they are brief and of one class, and
// returns how many. It leaves out those that need a second look: the next one may
// be of the class and brief, and is malformed or stands near the end of the unit.
func (r *Reader) ReadBriefs(class uint8, out []Brief) int {
	info, p, dense := r.info, r.Pos, r.table.dense
	for n := range out {
		if p >= len(info) {
			r.Pos = p
			return n
		}
		code := info[p]
		if code >= 0x80 || uint(code)-1 >= uint(len(dense)) {
			r.Pos = p
			return n
		}
		b := &dense[code-1].brief
		d := info[p+1:]
		if b.class != class || len(d) < int(b.size)+briefSlack {
			r.Pos = p
			return n
		}
		name := binary.LittleEndian.Uint32(d[b.name:]) & b.nameMask
		typ := uint64(binary.LittleEndian.Uint32(d[b.typ:])&b.typeMask) + r.base[1]&uint64(b.typeMask)
		if name >= 1<<31 || typ >= uint64(len(info)) {
			r.Pos = p
			return n
		}
		out[n] = Brief{name + b.nameMask&1, uint32(typ), binary.LittleEndian.Uint64(d[b.val:])&b.valMask + b.valConst}
		p += 1 + int(b.size)
	}
	r.Pos = p
	return len(out)
}
