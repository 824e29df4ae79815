package dwarfconv

import (
	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
)

// varDecl is a variable's declaration, which a definition elsewhere may
// complete (DW_AT_specification). Its name is read when one does. Rows are in
// ascending order of off.
type varDecl struct {
	off      uint32
	typ      uint32
	name     uint64
	nameKind dwarf.Kind // KindConst: name is a btf.StrOff
	external bool
}

// variable reads a variable. Of those inside functions only declarations are
// of use, so their many attributes are stepped over.
func (c *Converter) variable(a *dwarf.Abbrev, top *frame, off uint32) (context, int32) {
	const wanted = 1<<slotLocation | 1<<slotDeclaration
	if !c.opts.Vars || a.Has&wanted == 0 || top.ctx != ctxTop && a.Has>>slotDeclaration&1 == 0 {
		c.r.Skip(a)
		return ctxOther, 0
	}
	if !c.r.Read(a) {
		return ctxOther, 0
	}
	if c.value(a, slotDeclaration) != 0 {
		d := varDecl{off: off, typ: c.refOf(a, slotType), external: c.value(a, slotExternal) != 0}
		if a.Has>>slotName&1 != 0 {
			d.name, d.nameKind = c.lateName(slotName)
		}
		c.decls = append(c.decls, d)
		return ctxOther, 0
	}
	if top.ctx != ctxTop || a.Has>>slotLocation&1 == 0 || c.value(a, slotArtificial) != 0 {
		return ctxOther, 0
	}
	addr, ok := c.staticAddr()
	if !ok {
		return ctxOther, 0
	}
	i := int32(len(c.unit.Vars))
	v := Var{Addr: addr, External: c.value(a, slotExternal) != 0, Type: btf.ID(c.refOf(a, slotType))}
	if a.Has>>slotSpec&1 != 0 {
		c.varSpecs = append(c.varSpecs, refPair{uint32(i), c.ref(slotSpec)})
	}
	v.Name = c.nameOf(a)
	c.unit.Vars = append(c.unit.Vars, v)
	c.gnuRef(a, tagVariable, i, -1)
	return ctxVariable, i
}

// lateName returns the string in a slot as it can be read when the walk is over
// and other units of the group have come: an index is one of its own unit's.
func (c *Converter) lateName(slot int) (v uint64, kind dwarf.Kind) {
	v, kind = c.r.V[slot], c.r.K[slot]
	if len(c.parts) > 1 {
		return uint64(c.name(slot)), dwarf.KindConst
	}
	if kind == dwarf.KindStrx {
		if off, ok := c.strx(v); ok {
			return off, dwarf.KindStr
		}
	}
	return v, kind
}

// staticAddr returns the address in slotLocation: DW_OP_addr or DW_OP_addrx,
// and DW_OP_plus_uconst behind it, which LLVM's GlobalMerge writes.
func (c *Converter) staticAddr() (uint64, bool) {
	const opAddr, opPlusUconst, opAddrx, opGNUAddrIndex = 0x03, 0x23, 0xa1, 0xfb
	if c.r.K[slotLocation] != dwarf.KindBlock || c.r.Len[slotLocation] == 0 {
		return 0, false
	}
	pos := int(c.r.V[slotLocation])
	expr := c.info[pos : pos+int(c.r.Len[slotLocation])]
	var addr uint64
	switch expr[0] {
	case opAddr:
		if len(expr) < 1+int(c.addrSize) {
			return 0, false
		}
		addr = readAddr(expr[1:], c.sec.Order, c.addrSize)
		expr = expr[1+int(c.addrSize):]
	case opAddrx, opGNUAddrIndex:
		index, n, ok := dwarf.Uleb(expr, 1)
		if !ok {
			return 0, false
		}
		if addr, ok = c.addrAt(c.addrBase, index); !ok {
			return 0, false
		}
		expr = expr[n:]
	default:
		return 0, false
	}
	if len(expr) > 1 && expr[0] == opPlusUconst {
		if plus, n, ok := dwarf.Uleb(expr, 1); ok && n == len(expr) {
			addr += plus
		}
	}
	return addr, true
}

// completeVars takes name, type and linkage of a variable from what it
// specifies, and turns types into ids.
func (c *Converter) completeVars() error {
	for _, p := range c.varSpecs {
		d := c.declAt(p.off)
		if d == nil {
			continue
		}
		v := &c.unit.Vars[p.index]
		v.Type, v.External, v.Declared, v.Name = btf.ID(d.typ), d.external, true, 0
		switch d.nameKind {
		case dwarf.KindNone:
		case dwarf.KindConst:
			v.Name = btf.StrOff(d.name)
		default:
			v.Name = c.nameNow(d.nameKind, d.name)
		}
	}
	for i := range c.unit.Vars {
		v := &c.unit.Vars[i]
		v.Type = btf.ID(c.resolveRef(uint32(v.Type)))
	}
	return c.r.Err()
}

func (c *Converter) declAt(off uint32) *varDecl {
	lo, hi := 0, len(c.decls)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); c.decls[mid].off < off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(c.decls) && c.decls[lo].off == off {
		return &c.decls[lo]
	}
	return nil
}
