package dwarfconv

import (
	"math/bits"

	"github.com/go-delve/delve/pkg/dwarf/op"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Which prototype does a function have after the compiler changed it?
//
// clang marks such a function (DW_CC_nocall). Its DIE still has the parameters
// of the source; their locations at entry tell which of them arrive:
//
//	static long f(struct pair p, long gone, long n)     long f(long p__b, long n)
//
//	p     DW_OP_piece 8, DW_OP_reg5, DW_OP_piece 8      only bytes 8 to 15 of p, in the first register
//	gone  no location, or a constant                    not passed
//	n     DW_OP_reg4                                    the second register
//
// GCC does not mark. It gives the changed function a symbol with a suffix, which
// the caller compares, and lists the parameters in another order, those that are
// gone without location.
//
// With Options.TrueSignature a Func has the parameters that arrive. The rules
// are those of pahole's function__analyze_parameter_locations, but for two
// things: there a parameter is called p__b also where its type could not be
// changed to that of b, and tags of parameters keep the index that the parameter
// had in the source.

// pieces is what the locations of an aggregate of two registers say of its
// bytes.
type pieces struct {
	// fields has one bit per byte offset at which a described piece begins,
	// relative to the start of each register.
	fields [2]uint64

	// member is the name of the only member that arrives, where that was found.
	member btf.StrOff
}

func (p *pieces) any() bool { return p.fields[0]|p.fields[1] != 0 }

// whole reports whether both registers are used.
func (p *pieces) whole() bool { return p.fields[0] != 0 && p.fields[1] != 0 }

// only returns the offset of the only piece, in bytes.
func (p *pieces) only(addrSize int) (off int, ok bool) {
	for i, f := range p.fields {
		if other := p.fields[1-i]; f != 0 && f&(f-1) == 0 && other == 0 {
			return i*addrSize + bits.TrailingZeros64(f), true
		}
	}
	return 0, false
}

// scan adds the pieces of one expression, which can be read to its end.
func (p *pieces) scan(expr []byte, u *rawUnit, addrSize int) {
	c := exprCursor{b: expr}
	off := uint64(0)
	for c.at < len(expr) {
		first := c.at == 0
		o := c.u8()
		if o != byte(op.DW_OP_piece) {
			c.skipOperands(o, u)
			continue
		}
		size := min(c.uleb(), maxPiece)
		// A piece that begins the expression is one without location.
		if !first {
			p.mark(off, uint64(addrSize))
		}
		off += size
	}
}

// maxPiece is more than the bytes of any two registers.
const maxPiece = 1 << 16

// mark notes that a piece begins at off.
func (p *pieces) mark(off, addrSize uint64) {
	i := 0
	if off >= addrSize {
		i, off = 1, off-addrSize
	}
	if off < 64 {
		p.fields[i] |= 1 << off
	}
}

// matchChanged finds out which parameters of a changed function arrive: those
// that do not become optimized, those of which one member arrives get its type.
// params begins at index first of f.params.
func (f *funcConverter) matchChanged(params []paramState, first int32) {
	next := 0
	for i := range params {
		p := &params[i]
		next = f.abi.start(next, int(p.size))
		left := next < f.abi.NumRegs
		slots := f.abi.slots(int(p.size))
		// behind is where the next parameter is if this one still takes its
		// registers, used or not.
		behind := next + slots
		switch {
		case !p.hasLoc && left && f.startsAt(params[i+1:], behind):
			next = behind
			continue
		case !p.hasLoc || p.loc.isConst:
			p.optimized = true
			continue
		case !left || p.loc.onStack && p.inMemory:
			continue
		case p.loc.onStack, p.loc.reg == noReg, f.abi.Regs[next] >= 0 && f.abi.Regs[next] != p.loc.reg:
			p.badPlace = true
		default:
			q := &f.pieces[int(first)+i]
			switch {
			case !q.any():
			case q.whole() || f.startsAt(params[i+1:], behind):
				next = behind
				continue
			case f.reduce(p, q, &f.raw.params[int(first)+i]):
				next++
				continue
			}
		}
		if p.inMemory {
			next++
		} else {
			next = behind
		}
	}
}

// startsAt reports whether the first of params is known to be in register
// number reg.
func (f *funcConverter) startsAt(params []paramState, reg int) bool {
	return len(params) > 0 && reg < f.abi.NumRegs && params[0].loc.reg != noReg && params[0].loc.reg == f.abi.Regs[reg]
}

// reduce makes p the one member of its struct that arrives, and reports
// whether there is such a one. A parameter of a concrete instance, whose name
// and type are its origin's, stays what it is.
func (f *funcConverter) reduce(p *paramState, q *pieces, r *rawParam) bool {
	off, ok := q.only(f.abi.AddrSize)
	s := f.lay.strip(p.typ)
	if !ok || s == nil || s.Info.Kind() != btf.KindStruct || r.name == 0 || r.typ == 0 {
		return false
	}
	items := f.lay.types.ItemsOf(s)
	for i := range items {
		it := &items[i]
		start := it.Val
		if s.Info.KindFlag() {
			start &= 0xffffff
		}
		if start != uint32(off)*8 {
			continue
		}
		if it.Name == 0 || it.Type == 0 {
			return false
		}
		p.typ, q.member = btf.ID(it.Type), btf.StrOff(it.Name)
		return true
	}
	return false
}

// isGone reports whether a parameter of s does not arrive.
func (s *subState) isGone(p *paramState) bool {
	return s.flags&FuncReorderedParams != 0 && (!p.hasLoc || p.optimized) ||
		s.flags&FuncSignatureChanged != 0 && p.optimized
}

// emitTrue appends the parameters of a subprogram that arrive, and the tags that
// are theirs or the function's, to u and fn.
func (f *funcConverter) emitTrue(u *Unit, fn *Func, r *subprogram, s *subState) {
	fn.N, fn.TagN = 0, 0
	params := f.params[r.first : r.first+r.n]
	for i := range params {
		p := &params[i]
		if s.isGone(p) {
			p.idx = -1
			continue
		}
		p.idx = fn.N
		fn.N++
		u.Params = append(u.Params, Param{Name: p.name, Type: p.typ, Member: f.pieces[int(r.first)+i].member})
	}
	for _, t := range f.raw.tags[r.tag : r.tag+r.tags] {
		component := t.component
		if component >= 0 && int(component) < len(params) {
			if component = params[component].idx; component < 0 {
				continue
			}
		}
		u.Tags = append(u.Tags, Tag{Value: t.value, Component: component})
		fn.TagN++
	}
}
