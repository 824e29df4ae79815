package dwarfconv

import (
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
)

// Structs, unions and their members. A member's place is the offset of its
// lowest bit on little endian machines and of its highest on big endian ones,
// counted from the start of the struct (Documentation/bpf/btf.rst). DWARF 5
// and late DWARF 4 say just that in DW_AT_data_bit_offset. The older
// DW_AT_bit_offset counts from the highest bit of a storage unit instead,
// whose size is the member's DW_AT_byte_size or that of its type.

// oldBit is a bit-field given by DW_AT_bit_offset without DW_AT_byte_size on a
// little endian machine: its place is known when the size of its type is.
type oldBit struct {
	row, member uint32
}

func (c *Converter) composite(a *dwarf.Abbrev, off uint32) frame {
	name := c.nameOf(a)
	kind := btf.KindStruct
	if a.Class == clsUnion {
		kind = btf.KindUnion
	}
	c.spill()
	if c.bySignature(a, off) {
		return frame{ctx: ctxOther}
	}
	if c.value(a, slotDeclaration) != 0 {
		row := btf.Row{Name: name, Info: btf.MakeInfo(btf.KindFwd, 0, kind == btf.KindUnion)}
		if name == 0 {
			row.Info, c.aliases = 0, true
		}
		c.row(off, row)
		return frame{ctx: ctxOther}
	}
	f := frame{ctx: ctxStruct}
	f.row = c.row(off, btf.Row{Name: name, Info: btf.MakeInfo(kind, 0, false), Type: uint32(c.value(a, slotByteSize))})
	if name == 0 && a.Has>>slotSpec&1 != 0 {
		c.specs = append(c.specs, refPair{uint32(f.row), c.ref(slotSpec)})
	}
	c.gnuRef(a, tagType, f.row, -1)
	return f
}

// member adds the member just read to the struct of top. Static members of
// C++ (DWARF 4 has them as members that are declarations) take no place.
func (c *Converter) member(a *dwarf.Abbrev, top *frame) {
	if a.Has&(1<<slotDeclaration|1<<slotExternal) != 0 && c.value(a, slotDeclaration)|c.value(a, slotExternal) != 0 {
		return
	}
	it := btf.Item{Name: uint32(c.nameOf(a)), Type: c.refOf(a, slotType)}
	var bit uint64
	if a.Has>>slotMemberLoc&1 != 0 {
		if bit = c.r.V[slotMemberLoc]; c.r.K[slotMemberLoc] == dwarf.KindBlock {
			bit = c.memberExpr()
		}
		bit *= 8
	}
	if a.Has&(1<<slotDataBitOffset|1<<slotBitSize) != 0 {
		var bits uint64
		bit, bits = c.bitField(a, top, bit)
		if bits != 0 && (bits > 255 || bit > 0xffffff) {
			c.r.Fail(c.r.Pos, "bit-field of %d bits at bit %d is beyond what BTF can say", bits, bit)
			return
		}
		it.Val = uint32(bits) << 24
		top.kflag = top.kflag || bits != 0
	}
	if bit > 0xffffffff {
		c.r.Fail(c.r.Pos, "member at bit %#x is beyond what BTF can say", bit)
		return
	}
	it.Val |= uint32(bit)
	if uint32(bit) < top.last {
		top.unsorted = true
	}
	top.last = uint32(bit)
	if a.Has>>slotAnnotation&1 != 0 {
		c.gnuRef(a, tagType, top.row, top.n)
	}
	c.item(top, it)
}

// bitField returns place and size of a member that has one of the bit-field
// attributes; bit is the place of its storage unit.
func (c *Converter) bitField(a *dwarf.Abbrev, top *frame, bit uint64) (place, bits uint64) {
	bits = c.value(a, slotBitSize)
	if a.Has>>slotDataBitOffset&1 != 0 {
		return c.value(a, slotDataBitOffset), bits
	}
	if bits == 0 {
		return bit, 0
	}
	fromTop := c.value(a, slotBitOffset)
	if c.bigEndian {
		return bit + fromTop, bits
	}
	storage := c.value(a, slotByteSize) * 8
	if storage == 0 {
		c.oldBits = append(c.oldBits, oldBit{uint32(top.row), uint32(top.n)})
	}
	return (bit + storage - fromTop - bits) & 0xffffff, bits
}

// memberExpr returns the constant of DW_OP_plus_uconst or DW_OP_constu, the
// only expressions that compilers wrote for members (DWARF 2 and 3).
func (c *Converter) memberExpr() uint64 {
	const opConstu, opPlusUconst = 0x10, 0x23
	pos := int(c.r.V[slotMemberLoc])
	expr := c.info[pos : pos+int(c.r.Len[slotMemberLoc])]
	if len(expr) > 1 && (expr[0] == opConstu || expr[0] == opPlusUconst) {
		if v, _, ok := dwarf.Uleb(expr, 1); ok {
			return v
		}
	}
	c.r.Fail(pos, "location of a member is no constant")
	return 0
}

func (c *Converter) closeComposite(f *frame, row *btf.Row) {
	row.Info = btf.MakeInfo(row.Info.Kind(), int(f.n), f.kflag)
	if f.unsorted {
		c.unsorted = append(c.unsorted, uint32(f.row))
	}
}

// placeOldBits gives the bit-fields of oldBits their place. Types are
// resolved.
func (c *Converter) placeOldBits() {
	t := &c.unit.Types
	for _, o := range c.oldBits {
		row := &t.Rows[o.row]
		it := &t.Items[row.Aux+o.member]
		it.Val = it.Val&0xff000000 | (it.Val+uint32(c.sizeOf(btf.ID(it.Type)))*8)&0xffffff
		c.unsorted = append(c.unsorted, o.row)
	}
}

// sizeOf returns the size in bytes of a number, enum or composite behind
// typedefs and modifiers, 0 for anything else.
func (c *Converter) sizeOf(id btf.ID) uint32 {
	for range 64 {
		row := &c.unit.Types.Rows[id]
		switch row.Info.Kind() {
		case btf.KindInt, btf.KindEnum, btf.KindEnum64, btf.KindStruct, btf.KindUnion, btf.KindFloat:
			return row.Type
		case btf.KindTypedef, btf.KindConst, btf.KindVolatile, btf.KindRestrict, btf.KindTypeTag:
			id = btf.ID(row.Type)
		case btf.KindVoid:
			if id == 0 {
				return 0
			}
			id = btf.ID(row.Type)
		default:
			return 0
		}
	}
	return 0
}

// sortMembers puts members in order of their offset, as the kernel demands
// (btf_struct_check_meta); Rust declares them in source order, which is not
// the order of their places. Tags go with their members.
func (c *Converter) sortMembers() {
	t := &c.unit.Types
	var moved map[int32][]int32 // of a row: where its members have gone
	// Every old bit-field names its struct.
	slices.Sort(c.unsorted)
	c.unsorted = slices.Compact(c.unsorted)
	for _, r := range c.unsorted {
		row := &t.Rows[r]
		items := t.ItemsOf(row)
		mask := ^uint32(0)
		if row.Info.KindFlag() {
			mask = 0xffffff
		}
		byOffset := func(a, b btf.Item) int { return int(int64(a.Val&mask) - int64(b.Val&mask)) }
		if len(c.tagRefs) > 0 {
			if moved == nil {
				moved = map[int32][]int32{}
			}
			moved[int32(r)] = places(items, byOffset)
		}
		slices.SortStableFunc(items, byOffset)
	}
	if moved == nil {
		return
	}
	for i := range c.tagRefs {
		tag := &c.tagRefs[i]
		if to := moved[tag.index]; tag.owner == tagType && tag.component >= 0 && int(tag.component) < len(to) {
			tag.component = to[tag.component]
		}
	}
}

// places returns for each item where a stable sort will put it.
func places(items []btf.Item, compare func(a, b btf.Item) int) []int32 {
	order, to := make([]int32, len(items)), make([]int32, len(items))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return compare(items[a], items[b]) })
	for i, from := range order {
		to[from] = int32(i)
	}
	return to
}
