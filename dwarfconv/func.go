package dwarfconv

import "github.com/gobtfenc/gobtfenc/btf"

// Which prototype does a function have, and can a tracer trust it?
//
// The compiler describes one function by up to three DIEs:
//
//	abstract instance   name, parameters with names and types, DW_AT_inline
//	concrete instance   DW_AT_abstract_origin, DW_AT_low_pc, parameters that point
//	                    at those of the abstract instance and have a location
//	declaration         DW_AT_declaration, pointed at by DW_AT_specification
//
// A concrete instance takes what it lacks from its origin, and hands to the
// origin's parameters what it knows of locations: the abstract instance is
// judged as well, and both become a Func. Declarations become none.
//
// The work has three passes over flat arrays that are reused from unit to unit:
// decode (names, types, sizes, locations), inherit (what comes from origins, and
// what is shared with them), judge (flags). The rules are those of pahole's
// ftype__recode_dwarf_types, cu__resolve_func_ret_types_optimized and
// ftype__has_uncertain_arg_loc, but for one thing: there a parameter whose origin
// follows it (clang writes such) and was not inlined before becomes void.

// dwCCNocall is DW_CC_nocall (DWARF 5 §7.15): the function obeys no calling
// convention that a debugger could know. clang marks changed signatures so.
const dwCCNocall = 3

// unitFacts is what the conversion of functions asks the walk for.
type unitFacts interface {
	// typeAt returns the local id of the type whose DIE is at off; 0 for void
	// and for what is no type.
	typeAt(off uint32) btf.ID

	// isClang reports whether the producer of a unit is clang.
	isClang(unit int32) bool
}

// paramState is what is known of one rawParam, at the same index.
type paramState struct {
	name btf.StrOff
	typ  btf.ID
	size int32 // of the type, see layout.paramSize
	idx  int32 // position among the parameters of its subprogram
	loc  location

	hasLoc, hasConst    bool
	inMemory            bool
	optimized, badPlace bool
}

// subState is what is known of one subprogram, at the same index.
type subState struct {
	name  btf.StrOff
	ret   btf.ID
	flags FuncFlags
}

// funcConverter turns the raw rows of functions into Funcs. It is reused.
type funcConverter struct {
	abi    ABI
	loc    locator
	raw    *rawFuncs
	facts  unitFacts
	lay    layout
	subs   []subState
	params []paramState
	hint   int // where the previous origin was found in raw.params

	// trueSig asks for the parameters that arrive; pieces is then parallel to
	// params.
	trueSig bool
	pieces  []pieces
}

// reset prepares for the units of another module.
func (f *funcConverter) reset(abi ABI, s *Sections, trueSig bool) {
	f.abi, f.trueSig = abi, trueSig
	f.loc.reset(abi, s)
}

// convert appends the functions of raw to u, whose Types are complete.
func (f *funcConverter) convert(raw *rawFuncs, facts unitFacts, u *Unit) {
	f.raw, f.facts, f.hint = raw, facts, 0
	f.lay = layout{types: &u.Types, addrSize: f.abi.AddrSize}
	f.decode()
	f.inherit()
	f.judge()
	f.emit(u)
}

// decode fills the states with what a DIE says itself.
func (f *funcConverter) decode() {
	f.subs = resize(f.subs, len(f.raw.subs))
	f.params = resize(f.params, len(f.raw.params))
	if f.trueSig {
		f.pieces = resize(f.pieces, len(f.raw.params))
		clear(f.pieces)
	}
	for i := range f.raw.subs {
		s := &f.raw.subs[i]
		f.subs[i] = subState{name: s.name}
		if s.typ != 0 {
			f.subs[i].ret = f.facts.typeAt(s.typ)
		}
		for j := s.first; j < s.first+s.n; j++ {
			if f.trueSig {
				f.loc.pieces = &f.pieces[j]
			}
			f.decodeParam(&f.params[j], &f.raw.params[j], &f.raw.units[s.unit], j-s.first)
		}
	}
}

func (f *funcConverter) decodeParam(p *paramState, r *rawParam, u *rawUnit, idx int32) {
	*p = paramState{name: r.name, idx: idx, loc: location{reg: noReg}, hasConst: r.constValue, hasLoc: r.form != locNone}
	if r.typ != 0 {
		p.typ = f.facts.typeAt(r.typ)
	}
	// The size is that of the origin's type even where there is one here too.
	typ := p.typ
	if r.origin != 0 {
		typ = 0
		if o := f.origin(r.origin); o >= 0 && f.raw.params[o].typ != 0 {
			typ = f.facts.typeAt(f.raw.params[o].typ)
		}
	}
	if typ != 0 {
		p.size = int32(f.lay.paramSize(typ))
		p.inMemory = f.abi.inMemory(int(p.size))
	}
	if p.hasLoc {
		p.loc = f.loc.locate(r, u, int(p.size))
	}
}

// origin returns the index of the parameter whose DIE is at off, -1 where
// there is none. Origins of consecutive parameters are consecutive.
func (f *funcConverter) origin(off uint32) int {
	if h := f.hint; h < len(f.raw.params) && f.raw.params[h].off == off {
		f.hint++
		return h
	}
	i := f.raw.paramAt(off)
	if i >= 0 {
		f.hint = i + 1
	}
	return i
}

// inherit takes names and types from origins and shares locations with them.
func (f *funcConverter) inherit() {
	for i := range f.raw.subs {
		r, s := &f.raw.subs[i], &f.subs[i]
		for up, n := r, 0; s.name == 0 && up != nil && n < maxNesting; n++ {
			if up = f.above(up); up != nil {
				s.name = up.name
			}
		}
		for j := r.first; j < r.first+r.n; j++ {
			if p := &f.raw.params[j]; p.typ == 0 && p.origin != 0 {
				f.inheritParam(&f.params[j], p.origin, s)
			}
		}
	}
}

// above returns the abstract origin of r, else its specification, nil where
// there is neither.
func (f *funcConverter) above(r *subprogram) *subprogram {
	for _, off := range [...]uint32{r.origin, r.spec} {
		if off == 0 {
			continue
		}
		if i := f.raw.subAt(off); i >= 0 {
			return &f.raw.subs[i]
		}
	}
	return nil
}

// inheritParam completes a parameter of s without type from its origin at off,
// which may have an origin itself.
func (f *funcConverter) inheritParam(p *paramState, off uint32, s *subState) {
	i := f.origin(off)
	if i < 0 {
		return
	}
	o := &f.params[i]
	if p.idx != o.idx {
		s.flags |= FuncReorderedParams
	}
	o.share(p)
	p.name, p.typ = o.name, o.typ
	for n := 0; n < maxNesting && (p.name == 0 || p.typ == 0); n++ {
		r := &f.raw.params[i]
		if r.origin == 0 {
			return
		}
		if i = f.origin(r.origin); i < 0 {
			return
		}
		if p.name == 0 {
			p.name = f.raw.params[i].name
		}
		if p.typ == 0 {
			p.typ = f.params[i].typ
		}
	}
}

// share gives the origin o what a concrete instance p of it knows. Of several
// instances the last one's register and size stay.
func (o *paramState) share(p *paramState) {
	o.hasLoc = o.hasLoc || p.hasLoc
	o.hasConst = o.hasConst || p.hasConst
	o.loc.isConst = o.loc.isConst || p.loc.isConst
	o.loc.onStack = o.loc.onStack || p.loc.onStack
	o.inMemory = o.inMemory || p.inMemory
	if p.loc.reg != noReg {
		o.loc.reg = p.loc.reg
	}
	if p.size != 0 {
		o.size = p.size
	}
}

// judge sets the flags of every function and the return types that only the
// origin has.
func (f *funcConverter) judge() {
	for i := range f.raw.subs {
		r, s := &f.raw.subs[i], &f.subs[i]
		if r.flags&subDeclaration != 0 && r.n == 0 {
			continue
		}
		params := f.params[r.first : r.first+r.n]
		clang := f.facts.isClang(r.unit)
		if clang && f.signatureChanged(r) {
			s.flags |= FuncSignatureChanged
		}
		switch changed := s.flags&FuncSignatureChanged != 0; {
		case changed && f.trueSig:
			f.matchChanged(params, r.first)
		case clang && !changed:
			f.matchWindows(params)
		default:
			f.matchRegs(params, clang)
		}
		s.flags |= f.verdict(params)
		if r.inline != 0 {
			s.flags |= FuncInline
		}
		if s.ret == 0 && r.origin != 0 {
			if o := f.raw.subAt(r.origin); o >= 0 {
				s.ret = f.subs[o].ret
			}
		}
	}
}

// signatureChanged reports clang's mark, which stands on the abstract origin
// where there is one.
func (f *funcConverter) signatureChanged(r *subprogram) bool {
	if r.inline != 0 {
		return false
	}
	if r.origin == 0 {
		return r.cc == dwCCNocall
	}
	o := f.raw.subAt(r.origin)
	return o >= 0 && f.raw.subs[o].cc == dwCCNocall
}

// matchRegs compares each parameter's register with the ABI's, as for GCC and
// for changed signatures.
func (f *funcConverter) matchRegs(params []paramState, clang bool) {
	next := 0
	for i := range params {
		p := &params[i]
		next = f.abi.start(next, int(p.size))
		left := next < f.abi.NumRegs
		switch {
		case p.hasLoc && !left:
			continue
		case p.hasLoc && p.loc.reg == noReg:
			p.optimized = true
		case p.hasLoc:
			p.badPlace = f.abi.Regs[next] >= 0 && f.abi.Regs[next] != p.loc.reg
		case p.hasConst && !clang:
			p.optimized = true
		}
		if p.inMemory {
			next++
		} else {
			next += f.abi.slots(int(p.size))
		}
	}
}

// matchWindows compares each known register with all that the parameter could
// take, as for clang's unchanged signatures.
func (f *funcConverter) matchWindows(params []paramState) {
	next := 0
	for i := range params {
		p := &params[i]
		if p.inMemory {
			continue
		}
		if next = f.abi.start(next, int(p.size)); next >= f.abi.NumRegs {
			return
		}
		end := next + f.abi.slots(int(p.size))
		if p.loc.reg != noReg {
			p.badPlace = true
			for _, reg := range f.abi.Regs[next:min(end, f.abi.NumRegs)] {
				if reg < 0 || reg == p.loc.reg {
					p.badPlace = false
				}
			}
		}
		next = end
	}
}

// verdict condenses the parameters' facts into the function's flags.
func (f *funcConverter) verdict(params []paramState) (flags FuncFlags) {
	hasStruct := false
	for i := range params {
		p := &params[i]
		if p.name == 0 {
			flags |= FuncUnnamedParam
		}
		if p.optimized || !p.hasLoc {
			flags |= FuncOptimizedParams
		}
		if p.badPlace {
			flags |= FuncUnexpectedReg
		}
		hasStruct = hasStruct || f.isStruct(p.typ)
	}
	if hasStruct {
		// A struct may take several registers, so that counting them went wrong.
		flags &^= FuncUnexpectedReg
	}
	if f.hasUncertainLoc(params) {
		flags |= FuncUncertainLoc
	}
	return flags
}

// isStruct reports whether id is a struct (or the declaration of one), through
// const and typedef.
func (f *funcConverter) isStruct(id btf.ID) bool {
	for range maxNesting {
		if id == 0 || int(id) >= len(f.lay.types.Rows) {
			return false
		}
		r := &f.lay.types.Rows[id]
		switch r.Info.Kind() {
		case btf.KindStruct:
			return true
		case btf.KindFwd:
			return !r.Info.KindFlag()
		case btf.KindConst, btf.KindTypedef:
			id = btf.ID(r.Type)
		default:
			return false
		}
	}
	return false
}

// hasUncertainLoc reports whether a packed struct is passed by value behind
// the register parameters.
func (f *funcConverter) hasUncertainLoc(params []paramState) bool {
	if len(params) < f.abi.NumRegs {
		return false
	}
	for _, p := range params[f.abi.NumRegs:] {
		if int(p.typ) >= len(f.lay.types.Rows) {
			continue
		}
		r := &f.lay.types.Rows[p.typ]
		if r.Info.Kind() == btf.KindStruct && r.Name != 0 && f.lay.isPacked(r) {
			return true
		}
	}
	return false
}

// emit appends every subprogram that is no declaration.
func (f *funcConverter) emit(u *Unit) {
	for i := range f.raw.subs {
		r, s := &f.raw.subs[i], &f.subs[i]
		if r.flags&subDeclaration != 0 {
			continue
		}
		fn := Func{
			Name: s.name, Ret: s.ret, Flags: s.flags,
			First: int32(len(u.Params)), N: r.n,
			Variadic: r.flags&subVariadic != 0,
			External: r.flags&subExternal != 0,
			HasAddr:  r.flags&subHasLowPC != 0,
			TagFirst: int32(len(u.Tags)), TagN: r.tags,
		}
		if fn.HasAddr {
			fn.Addr = r.lowPC
		}
		if f.trueSig {
			f.emitTrue(u, &fn, r, s)
			u.Funcs = append(u.Funcs, fn)
			continue
		}
		for _, p := range f.params[r.first : r.first+r.n] {
			u.Params = append(u.Params, Param{Name: p.name, Type: p.typ})
		}
		for _, t := range f.raw.tags[r.tag : r.tag+r.tags] {
			u.Tags = append(u.Tags, Tag{Value: t.value, Component: t.component})
		}
		u.Funcs = append(u.Funcs, fn)
	}
}

// resize returns a slice of length n that reuses the memory of s. Its
// elements are not cleared.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
