package dwarfconv

import (
	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
)

// The walk goes over the DIEs of a unit once, in order, and appends a row per
// type DIE. A reference is not known when it is met, as most point forward or
// to types whose ids are not counted yet: it stays a DIE offset in Row.Type
// and Item.Type until resolve turns it into an id.
//
// A frame per open DIE says what children mean. Members, enumerators and
// parameters become items, which must lie together, but types may be declared
// between the members of another (clang writes C's nested structs so). The
// items of the type that is interrupted then move to a side stack until it is
// closed.

// context is what kind of DIE a frame belongs to.
type context uint8

const (
	ctxOther context = iota // children count as themselves
	ctxTop                  // the unit DIE
	ctxStruct
	ctxEnum
	ctxArray
	ctxProto
	ctxSub
	ctxParam    // of a subprogram
	ctxMember   // of a struct
	ctxPointer  //
	ctxTypedef  //
	ctxVariable // of Unit.Vars
)

// frame is a DIE whose children are being walked.
type frame struct {
	ctx      context
	spilled  bool // items are on walk.side, from first on
	kflag    bool // a bit-field was seen (ctxStruct), varargs (ctxProto)
	unsorted bool // members are not in order of offset
	negative bool // ctxEnum: an enumerator below 0
	wide     bool // ctxEnum: an enumerator that 32 bits do not hold
	dims     uint8
	noType   bool   // ctxEnum: no DW_AT_type
	row      int32  // in Types.Rows; for ctxSub, ctxParam and ctxVariable in their tables
	first    int32  // first item, in Types.Items or walk.side
	n        int32  // items so far
	last     uint32 // ctxStruct: offset of the last member; ctxMember, ctxParam: its index
	nelems   uint32 // ctxArray: product of the dimensions
}

// maxDepth bounds the stack of frames. Deeply nested blocks of real code stay
// below 100.
const maxDepth = 1 << 11

// maxDIEs bounds the rows and items of a group, whose indexes have 32 bits.
// vmlinux has 18 million DIEs.
const maxDIEs = 1 << 29

type walk struct {
	stack []frame
	side  []btf.Item
	open  int32 // frame with items at the end of Types.Items, -1 for none

	intName   btf.StrOff // "int"
	intRow    uint32     // first base type of that name, 0 for none
	jumped    bool       // a subtree was left out
	noJump    bool       // leave none out
	plain     bool       // read no DIEs in runs
	batch     [32]dwarf.Brief
	dangling  int
	groupDIEs int
	late      int // calls of lateParam

	voids    []uint32  // offsets of unspecified types
	arrays   bool      // there is an array
	aliases  bool      // there are rows without a kind
	remap    []btf.ID  // ids behind the removal of those, nil for none
	oldBits  []oldBit  // bit-fields whose place depends on their type's size
	unsorted []uint32  // rows of structs whose members need sorting
	enum64s  []refPair // ENUM64 rows and their underlying type
	specs    []refPair // nameless types and what they specify
	varSpecs []refPair // variables and what they specify
	decls    []varDecl // variable declarations
	tagRefs  []tagRef  // uses of annotations
	gnuTags  []gnuTag  // DW_TAG_GNU_annotation
}

// refPair is an index and the DIE that it depends on.
type refPair struct{ index, off uint32 }

// begin prepares for a group of n bytes.
func (c *Converter) begin(n int) {
	c.unit.Types.Reset()
	c.unit.Starts = c.unit.Starts[:0]
	c.unit.Types.Rows = append(c.unit.Types.Rows, btf.Row{})
	c.unit.Funcs, c.unit.Params = c.unit.Funcs[:0], c.unit.Params[:0]
	c.unit.Vars, c.unit.Tags, c.unit.Dims = c.unit.Vars[:0], c.unit.Tags[:0], c.unit.Dims[:0]
	c.raw.reset()
	c.ids.reset(n)
	c.funcs.loc.begin(c.info)
	c.side, c.voids, c.oldBits, c.unsorted = c.side[:0], c.voids[:0], c.oldBits[:0], c.unsorted[:0]
	c.enum64s, c.specs, c.varSpecs = c.enum64s[:0], c.specs[:0], c.varSpecs[:0]
	c.decls, c.tagRefs, c.gnuTags = c.decls[:0], c.tagRefs[:0], c.gnuTags[:0]
	c.intRow, c.jumped, c.arrays, c.aliases = 0, false, false, false
	c.dangling, c.groupDIEs, c.late, c.plain = 0, 0, 0, false
	c.remap = nil
	if c.intName == 0 {
		c.intName = c.names.strs.Intern([]byte("int"))
	}
}

// walkUnit walks the children of the unit DIE, which has been read.
func (c *Converter) walkUnit() {
	r := &c.r
	c.stack = append(c.stack[:0], frame{ctx: ctxTop})
	c.open = -1
	dies := 0
	for len(c.stack) > 0 && c.groupDIEs+dies < maxDIEs {
		if top := &c.stack[len(c.stack)-1]; briefClass[top.ctx] != 0 && !c.plain {
			dies += c.briefs(top)
		}
		pos := r.Pos
		a, ok := r.Next()
		if !ok {
			// Some producers leave out the null entries at the end.
			for r.Err() == nil && len(c.stack) > 0 {
				c.pop()
			}
			break
		}
		if a == nil {
			c.pop()
			continue
		}
		dies++
		c.die(a, uint32(pos))
	}
	if c.groupDIEs += dies; c.groupDIEs >= maxDIEs {
		r.Fail(r.Pos, "%d DIEs are too many", c.groupDIEs)
	}
	c.stats.DIEs += dies
}

// die converts the DIE at off, whose attributes come next.
func (c *Converter) die(a *dwarf.Abbrev, off uint32) {
	r := &c.r
	top := &c.stack[len(c.stack)-1]
	f := frame{ctx: ctxOther}
	switch a.Class {
	case clsSkip:
		r.Skip(a)
	case clsJump:
		c.jump(a)
		return
	case clsMember:
		if top.ctx != ctxStruct {
			r.Skip(a)
			break
		}
		if r.Read(a) {
			f.ctx, f.row, f.last = ctxMember, top.row, uint32(top.n)
			c.member(a, top)
		}
	case clsPointer:
		if r.Read(a) {
			f.ctx, f.row = ctxPointer, c.row(off, btf.Row{Info: btf.MakeInfo(btf.KindPtr, 0, false), Type: c.refOf(a, slotType)})
			c.gnuRef(a, tagPointer, f.row, -1)
		}
	case clsConst, clsVolatile, clsRestrict, clsAlias:
		if r.Read(a) {
			c.aliases = c.aliases || a.Class == clsAlias
			c.row(off, btf.Row{Info: btf.MakeInfo(modifierKind[a.Class], 0, false), Type: c.refOf(a, slotType)})
		}
	case clsTypedef:
		if r.Read(a) {
			f.ctx, f.row = ctxTypedef, c.typedef(a, off)
		}
	case clsParam:
		switch top.ctx {
		case ctxProto:
			if r.Read(a) {
				c.item(top, btf.Item{Name: uint32(c.nameOf(a)), Type: c.refOf(a, slotType)})
			}
		case ctxSub:
			if r.Read(a) {
				f.ctx, f.row, f.last = ctxParam, top.row, uint32(top.n)
				c.param(a, top, off)
			}
		default:
			r.Skip(a)
		}
	case clsSubprogram:
		if r.Read(a) {
			f.ctx, f.row = ctxSub, c.subprogram(a, top, off)
		}
	case clsVariable:
		f.ctx, f.row = c.variable(a, top, off)
	case clsEnumerator:
		if top.ctx != ctxEnum {
			r.Skip(a)
		} else if r.Read(a) {
			c.enumerator(a, top)
		}
	case clsStruct, clsUnion:
		if r.Read(a) {
			f = c.composite(a, off)
		}
	case clsEnum:
		if r.Read(a) {
			f = c.enum(a, off)
		}
	case clsArray:
		if r.Read(a) {
			f = c.array(a, off)
		}
	case clsSubrange:
		if top.ctx != ctxArray {
			r.Skip(a)
		} else if r.Read(a) {
			c.subrange(a, top)
		}
	case clsProto:
		if r.Read(a) {
			c.spill()
			f = frame{ctx: ctxProto, first: int32(len(c.unit.Types.Items))}
			f.row = c.row(off, btf.Row{Info: btf.MakeInfo(btf.KindFuncProto, 0, false), Type: c.refOf(a, slotType)})
		}
	case clsVarargs:
		r.Skip(a)
		switch top.ctx {
		case ctxProto:
			top.kflag = true
		case ctxSub:
			c.raw.subs[top.row].flags |= subVariadic
		}
	case clsBase:
		if r.Read(a) {
			c.base(a, off)
		}
	case clsVoid:
		r.Skip(a)
		if c.names.foreign {
			// decltype(nullptr), which members can have.
			c.row(off, btf.Row{Info: btf.MakeInfo(btf.KindPtr, 0, false)})
			break
		}
		c.voids = append(c.voids, off)
	case clsLLVMAnnotation, clsGNUAnnotation:
		if r.Read(a) {
			c.annotation(a, top, off)
		}
	default:
		r.Skip(a)
	}
	if a.Children {
		c.push(f)
	} else if f.ctx >= ctxStruct && f.ctx <= ctxSub {
		c.close(&f)
	}
}

var modifierKind = [...]btf.Kind{
	clsConst: btf.KindConst, clsVolatile: btf.KindVolatile, clsRestrict: btf.KindRestrict, clsAlias: btf.KindVoid,
}

// jump goes to the sibling of a DIE whose subtree is not wanted.
func (c *Converter) jump(a *dwarf.Abbrev) {
	if !c.r.Read(a) || !a.Children {
		return
	}
	if a.Has>>slotSibling&1 == 0 || c.noJump {
		c.push(frame{ctx: ctxOther})
		return
	}
	c.jumped = true
	c.r.Seek(int(c.ref(slotSibling)))
}

func (c *Converter) push(f frame) {
	if len(c.stack) >= maxDepth {
		c.r.Fail(c.r.Pos, "DIEs are nested deeper than %d", maxDepth)
		return
	}
	c.stack = append(c.stack, f)
}

func (c *Converter) pop() {
	n := len(c.stack) - 1
	if f := &c.stack[n]; f.ctx >= ctxStruct && f.ctx <= ctxSub {
		c.close(f)
		if c.open == int32(n) {
			c.open = -1
		}
	}
	c.stack = c.stack[:n]
}

// row appends a row for the type DIE at off and returns its index.
func (c *Converter) row(off uint32, r btf.Row) int32 {
	c.ids.add(off)
	c.unit.Types.Rows = append(c.unit.Types.Rows, r)
	return int32(len(c.unit.Types.Rows) - 1)
}

// item appends an item to the type of the top frame.
func (c *Converter) item(top *frame, it btf.Item) {
	top.n++
	if top.spilled {
		c.side = append(c.side, it)
		return
	}
	if top.n == 1 {
		top.first = int32(len(c.unit.Types.Items))
	}
	c.open = int32(len(c.stack) - 1)
	c.unit.Types.Items = append(c.unit.Types.Items, it)
}

// spill moves the items of the type that is being written out of the way of a
// type declared inside it.
func (c *Converter) spill() {
	if c.open < 0 {
		return
	}
	f := &c.stack[c.open]
	first := int32(len(c.side))
	c.side = append(c.side, c.unit.Types.Items[f.first:]...)
	c.unit.Types.Items = c.unit.Types.Items[:f.first]
	f.first, f.spilled, c.open = first, true, -1
}

// close finishes a type whose children are done.
func (c *Converter) close(f *frame) {
	if f.ctx == ctxSub {
		return
	}
	t := &c.unit.Types
	if f.ctx == ctxArray {
		c.closeArray(f)
		return
	}
	if f.ctx == ctxProto && f.kflag {
		if f.n++; f.spilled {
			c.side = append(c.side, btf.Item{})
		} else {
			t.Items = append(t.Items, btf.Item{})
			f.first = int32(len(t.Items)) - f.n
		}
	}
	if f.spilled {
		side := c.side[f.first : f.first+f.n]
		c.side = c.side[:f.first]
		f.first = int32(len(t.Items))
		t.Items = append(t.Items, side...)
	} else if f.n == 0 {
		f.first = int32(len(t.Items))
	}
	row := &t.Rows[f.row]
	row.Aux = uint32(f.first)
	switch f.ctx {
	case ctxStruct:
		c.closeComposite(f, row)
	case ctxEnum:
		c.closeEnum(f, row)
	case ctxProto:
		row.Info = btf.MakeInfo(btf.KindFuncProto, int(f.n), false)
	}
	if f.n > btf.MaxWideVlen {
		c.r.Fail(c.r.Pos, "type has %d items, BTF takes %d", f.n, btf.MaxWideVlen)
	}
}

// nameOf returns the name of the DIE just read, 0 for none.
func (c *Converter) nameOf(a *dwarf.Abbrev) btf.StrOff {
	if a.Has>>slotName&1 == 0 {
		return 0
	}
	return c.name(slotName)
}

// bySignature adds a row for a declaration of a type that a type unit has, if
// the DIE just read is one: it stands for that.
func (c *Converter) bySignature(a *dwarf.Abbrev, off uint32) bool {
	if a.Has>>slotSignature&1 == 0 {
		return false
	}
	c.aliases = true
	c.row(off, btf.Row{Type: c.ref(slotSignature)})
	return true
}

// refOf returns the reference in a slot as an offset in the group, 0 for none.
func (c *Converter) refOf(a *dwarf.Abbrev, slot int) uint32 {
	if a.Has>>slot&1 == 0 {
		return 0
	}
	return c.ref(slot)
}

func (c *Converter) ref(slot int) uint32 {
	if v := c.r.V[slot]; c.r.K[slot] == dwarf.KindRef && v < uint64(len(c.ids.words))<<6 {
		return uint32(v)
	}
	return c.badRef(slot)
}

func (c *Converter) badRef(slot int) uint32 {
	switch c.r.K[slot] {
	case dwarf.KindRef:
		c.r.Fail(c.r.Pos, "reference %#x leads out of the unit", c.r.V[slot])
	case dwarf.KindRefSig:
		if off, ok := c.sigs[c.r.V[slot]]; ok {
			return off
		}
		c.r.Fail(c.r.Pos, "no unit has the type of signature %#x", c.r.V[slot])
	case dwarf.KindRefSup:
		if off, ok := c.supRef(c.r.V[slot]); ok {
			return off
		}
		if c.sec.Sup == nil && c.sec.SupName != "" {
			c.r.Fail(c.r.Pos, "reference %#x to the supplementary file %s", c.r.V[slot], c.sec.SupName)
			return 0
		}
		c.r.Fail(c.r.Pos, "reference %#x to no DIE of a supplementary file", c.r.V[slot])
	default:
		c.r.Fail(c.r.Pos, "attribute that should be a reference has another form")
	}
	return 0
}
