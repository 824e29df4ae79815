package encoder

import (
	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
)

// True signatures: a function whose parameters the compiler changed is left out
// by default, since its FUNC would promise those of the source. With
// FuncPolicy.TrueSignature it is there with the parameters that it has:
//
//	GCC    the symbol at its address is foo.isra.0: FUNC 'foo.isra.0' instead of 'foo'
//	clang  DW_CC_nocall: FUNC 'foo', the symbol has no suffix either
//
// Which parameters those are is the matter of dwarfconv.

// changed returns the first definition of a group that is at a symbol with a
// suffix and whose parameters are where the ABI has them, nil where there is
// none. What is known of a definition includes what is known of those before
// it, of the first one what is known of all: so does pahole's
// saved_functions_combine. Several addresses are no hindrance, the symbol has a
// name of its own.
func (fs *functions) changed(l *funcList) *funcState {
	const distrust = dwarfconv.FuncUnexpectedReg | dwarfconv.FuncUncertainLoc
	first := &fs.states[l.first]
	var all dwarfconv.FuncFlags
	for n := l.first; n >= 0; n = fs.states[n].next {
		all |= fs.states[n].flags
	}
	if fs.isChanged(first) && all&distrust == 0 {
		return first
	}
	before := first.flags
	for n := first.next; n >= 0; n = fs.states[n].next {
		s := &fs.states[n]
		if before |= s.flags; before&distrust != 0 {
			return nil
		}
		if fs.isChanged(s) {
			return s
		}
	}
	return nil
}

// isChanged reports whether s has a symbol that can name a FUNC.
func (fs *functions) isChanged(s *funcState) bool {
	return s.sym >= 0 && validName(fs.syms.syms[s.sym].full)
}

// nameOf returns the name of the FUNC of s.
func (fs *functions) nameOf(s *funcState) btf.StrOff {
	if s.sym < 0 {
		return s.name
	}
	return fs.strs.Intern(fs.syms.syms[s.sym].full)
}

// nameMembers names parameters of which one member is left: pair__first.
func (fs *functions) nameMembers(params []btf.Item) {
	for i := range params {
		p := &params[i]
		if p.Val == 0 {
			continue
		}
		name := append([]byte(nil), fs.strs.Bytes(btf.StrOff(p.Name))...)
		name = append(append(name, "__"...), fs.strs.Bytes(btf.StrOff(p.Val))...)
		p.Val = 0
		if validName(name) {
			p.Name = uint32(fs.strs.Intern(name))
		}
	}
}
