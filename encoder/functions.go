package encoder

import (
	"bytes"
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btfids"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
)

// Which functions get a FUNC, and with which prototype?
//
// A FUNC is a promise: a tracer that reads the first parameter finds it where
// the ABI says, and there is one function of that name. A module may define one
// name several times (static functions of different files, inline functions
// with an out-of-line copy in each), and every definition may have been
// changed by the optimizer. All definitions of a name are gathered over the
// units; when the last unit is done one of them is taken, or none, with a reason.
//
// The rules are pahole's (btf_encoder__add_saved_funcs); those of version 1.24
// are one line: the first definition of a name wins.

// Reason says why a function has no FUNC.
type Reason uint8

const (
	ReasonNone         Reason = iota
	ReasonNoName              // DWARF gives it no name
	ReasonNoSymbol            // no function symbol: all copies are inlined, or the code is not in this file
	ReasonUnnamedParam        // a parameter has no name
	ReasonInvalidName         // the kernel would refuse the name, and the module with it
	ReasonTooManyParams
	ReasonUnexpectedReg
	ReasonInconsistent
	ReasonUncertainLoc
	ReasonReordered
	ReasonSuffixed // only copies with changed parameters are left
	ReasonOptimized
	ReasonAmbiguous
	ReasonRepeated // another definition of the name was taken (pahole 1.24)
	numReasons
)

var reasonWords = [numReasons]string{
	ReasonNone:          "emitted",
	ReasonNoName:        "no name",
	ReasonNoSymbol:      "no function symbol of that name",
	ReasonUnnamedParam:  "parameter without name",
	ReasonInvalidName:   "name is no identifier",
	ReasonTooManyParams: "too many parameters",
	ReasonUnexpectedReg: "parameter in an unexpected register",
	ReasonInconsistent:  "definitions with different prototypes",
	ReasonUncertainLoc:  "uncertain place of a parameter (packed struct on the stack)",
	ReasonReordered:     "reordered parameters",
	ReasonSuffixed:      "symbols with .isra or .constprop only",
	ReasonOptimized:     "optimized parameters",
	ReasonAmbiguous:     "several addresses",
	ReasonRepeated:      "defined before",
}

// String returns the reason in words.
func (r Reason) String() string {
	if r < numReasons {
		return reasonWords[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// Skipped is a function that a module's symbol table has and its BTF has not.
type Skipped struct {
	Name   string
	Reason Reason
}

// typeStore is the module's canonical types, as splitdedup.Module keeps them.
type typeStore interface {
	// Row returns the row of a canonical id, the base's included.
	Row(btf.ID) *btf.Row

	// ItemsOf returns the items of a canonical id.
	ItemsOf(btf.ID) []btf.Item

	// Add returns the canonical id of a type whose references are canonical.
	Add(row btf.Row, items []btf.Item) (btf.ID, error)
}

// funcState is one definition of a function.
type funcState struct {
	name      btf.StrOff
	ret       btf.ID // canonical
	params    int32  // functions.params[params : params+n], varargs included
	n         int32
	tags      int32 // functions.tags[tags : tags+nTags]
	nTags     int32
	next      int32 // of the group, -1 behind the last
	sym       int32 // FuncPolicy.TrueSignature: its symbol with a suffix, -1 for none
	addr      uint64
	flags     dwarfconv.FuncFlags
	optimized bool // its symbol has a suffix that tells of changed parameters
}

// funcList is the definitions of one group, in the order of units and DIEs.
type funcList struct {
	first, last int32  // -1 for none
	reason      Reason // of a definition that was not even gathered
}

// functions gathers the functions of a module. It is reused from module to
// module. Type ids in it are canonical.
type functions struct {
	policy FuncPolicy
	syms   *symbols
	strs   *btf.Strings

	states []funcState
	params []btf.Item // Val is Param.Member until the function is added
	tags   []dwarfconv.Tag
	lists  []funcList // by group of syms
	loose  []int32    // states that belong to no group: files without function symbols, 1.24

	kfuncTypes []btf.ID // FUNC and DECL_TAG of the kfuncs emitted

	// groupOf remembers the group of a name, -1 for none.
	groupOf map[btf.StrOff]int32

	// Counts says of how many definitions each reason held, those of
	// ReasonNone being functions emitted.
	Counts [numReasons]int

	skips []Skipped
}

func newFunctions() *functions {
	return &functions{groupOf: map[btf.StrOff]int32{}}
}

// reset prepares for a module whose symbols are in syms and whose names are in
// strs.
func (fs *functions) reset(policy FuncPolicy, syms *symbols, strs *btf.Strings) {
	fs.policy, fs.syms, fs.strs = policy, syms, strs
	fs.states, fs.params, fs.tags, fs.loose = fs.states[:0], fs.params[:0], fs.tags[:0], fs.loose[:0]
	fs.lists, fs.kfuncTypes = fs.lists[:0], fs.kfuncTypes[:0]
	for range syms.groups {
		fs.lists = append(fs.lists, funcList{first: -1, last: -1})
	}
	clear(fs.groupOf)
	fs.Counts = [numReasons]int{}
	fs.skips = nil
}

// addUnit gathers the functions of one unit. canon has the canonical id of
// every row of u.Types.
func (fs *functions) addUnit(u *dwarfconv.Unit, canon []btf.ID) {
	for i := range u.Funcs {
		f := &u.Funcs[i]
		group, reason := fs.admit(f)
		if reason != ReasonNone {
			fs.Counts[reason]++
			if group >= 0 && fs.lists[group].reason == ReasonNone {
				fs.lists[group].reason = reason
			}
			continue
		}
		n := int32(len(fs.states))
		fs.add(u, f, canon)
		if group < 0 {
			fs.loose = append(fs.loose, n)
			continue
		}
		if l := &fs.lists[group]; l.first < 0 {
			l.first, l.last = n, n
		} else {
			fs.states[l.last].next, l.last = n, n
		}
		if s := &fs.states[n]; f.HasAddr && f.Addr != 0 {
			s.optimized = fs.syms.at(&fs.syms.groups[group], f.Addr, true) != nil
			if fs.policy.TrueSignature {
				s.sym = fs.syms.suffixed(&fs.syms.groups[group], f.Addr)
			}
		}
	}
}

// admit decides about a definition by itself: its group, -1 for none, and the
// reason where it is not to be gathered.
func (fs *functions) admit(f *dwarfconv.Func) (group int32, reason Reason) {
	if f.Name == 0 {
		return -1, ReasonNoName
	}
	group = fs.group(f.Name)
	unnamed := f.Flags&dwarfconv.FuncUnnamedParam != 0
	switch {
	case group < 0 && !(fs.policy.Compat124 && len(fs.syms.groups) == 0 && f.External):
		// pahole 1.24 takes the external functions of a file that has no
		// function symbol at all.
		return -1, ReasonNoSymbol
	case unnamed:
		return group, ReasonUnnamedParam
	case int(f.N) >= btf.MaxVlen:
		return group, ReasonTooManyParams
	case fs.policy.Compat124 && group >= 0 && fs.lists[group].first >= 0:
		return group, ReasonRepeated
	case !validName(fs.strs.Bytes(f.Name)):
		return group, ReasonInvalidName
	}
	return group, ReasonNone
}

// group returns the symbols of a name, -1 where there are none.
func (fs *functions) group(name btf.StrOff) int32 {
	g, ok := fs.groupOf[name]
	if !ok {
		g = fs.syms.find(fs.strs.Bytes(name))
		fs.groupOf[name] = g
	}
	return g
}

// add appends a state for f.
func (fs *functions) add(u *dwarfconv.Unit, f *dwarfconv.Func, canon []btf.ID) {
	s := funcState{
		name: f.Name, ret: canon[f.Ret], next: -1, sym: -1, addr: f.Addr, flags: f.Flags,
		params: int32(len(fs.params)), tags: int32(len(fs.tags)),
	}
	for _, p := range u.Params[f.First : f.First+f.N] {
		fs.params = append(fs.params, btf.Item{Name: uint32(p.Name), Type: uint32(canon[p.Type]), Val: uint32(p.Member)})
	}
	if f.Variadic {
		fs.params = append(fs.params, btf.Item{})
	}
	if fs.policy.DeclTags {
		fs.tags = append(fs.tags, u.Tags[f.TagFirst:f.TagFirst+f.TagN]...)
	}
	s.n, s.nTags = int32(len(fs.params))-s.params, int32(len(fs.tags))-s.tags
	fs.states = append(fs.states, s)
}

// paramsOf returns the parameters of s as items of a FUNC_PROTO.
func (fs *functions) paramsOf(s *funcState) []btf.Item {
	return fs.params[s.params : s.params+s.n]
}

// emit adds FUNC_PROTO, FUNC and decl tags of the functions that are taken, in
// the order of their names, and records the reasons for the others.
func (fs *functions) emit(store typeStore) error {
	for _, n := range fs.loose {
		if err := fs.addFunc(store, &fs.states[n], nil); err != nil {
			return err
		}
	}
	for _, g := range fs.syms.sorted {
		l, group := &fs.lists[g], &fs.syms.groups[g]
		if l.first < 0 {
			if l.reason != ReasonNone {
				fs.skip(group, l.reason)
			}
			continue
		}
		s, reason := fs.choose(store, l, group)
		if reason != ReasonNone {
			fs.Counts[reason]++
			fs.skip(group, reason)
			continue
		}
		if err := fs.addFunc(store, s, group); err != nil {
			return err
		}
	}
	return nil
}

func (fs *functions) skip(g *symGroup, reason Reason) {
	fs.skips = append(fs.skips, Skipped{Name: string(g.name), Reason: reason})
}

// choose returns the definition of a group that stands for it, and the reason
// where none may. Of several reasons pahole names the last in this order.
func (fs *functions) choose(store typeStore, l *funcList, g *symGroup) (*funcState, Reason) {
	first := &fs.states[l.first]
	if fs.policy.Compat124 {
		return first, ReasonNone
	}
	if fs.policy.TrueSignature {
		if s := fs.changed(l); s != nil {
			return s, ReasonNone
		}
	}
	flags, consistent := fs.combine(store, first)
	s := fs.canonical(l, g)
	reason := ReasonNone
	if flags&dwarfconv.FuncUnexpectedReg != 0 {
		reason = ReasonUnexpectedReg
	}
	if !consistent && fs.policy.Consistent {
		reason = ReasonInconsistent
	}
	if flags&dwarfconv.FuncUncertainLoc != 0 {
		reason = ReasonUncertainLoc
	}
	if flags&dwarfconv.FuncReorderedParams != 0 {
		reason = ReasonReordered
	}
	if !fs.policy.Optimized && g.optimized {
		reason = ReasonSuffixed
	}
	if fs.changedABI(s) {
		reason = ReasonOptimized
	}
	if g.ambiguous {
		reason = ReasonAmbiguous
	}
	if s.sym >= 0 && !fs.isChanged(s) {
		reason = ReasonInvalidName
	}
	return s, reason
}

// combine returns the flags of all definitions together and whether their
// prototypes agree with the first one's. Prototypes are not compared once
// parameters are known to be in wrong places.
func (fs *functions) combine(store typeStore, first *funcState) (flags dwarfconv.FuncFlags, consistent bool) {
	const wrong = dwarfconv.FuncUnexpectedReg | dwarfconv.FuncReorderedParams
	flags, consistent = first.flags, true
	for n := first.next; n >= 0; n = fs.states[n].next {
		s := &fs.states[n]
		flags |= s.flags
		if consistent && flags&wrong == 0 {
			consistent = fs.sameProto(store, first, s)
		}
	}
	return flags, consistent
}

// changedABI reports whether a parameter is gone and the callers know it.
// Without the second the function can still be called as its prototype says,
// with true signatures it is called as that says.
func (fs *functions) changedABI(s *funcState) bool {
	return !fs.policy.TrueSignature && s.flags&dwarfconv.FuncOptimizedParams != 0 &&
		(s.optimized || s.flags&dwarfconv.FuncSignatureChanged != 0)
}

// canonical returns the definition that is emitted: one at the address of a
// symbol, which tells the strong definition from the weak ones, and rather one
// whose parameters are intact.
func (fs *functions) canonical(l *funcList, g *symGroup) *funcState {
	first := &fs.states[l.first]
	if first.next < 0 {
		return first
	}
	var found *funcState
	for n := l.first; n >= 0; n = fs.states[n].next {
		s := &fs.states[n]
		if fs.syms.at(g, s.addr, false) == nil {
			continue
		}
		if !fs.changedABI(s) {
			return s
		}
		if found == nil {
			found = s
		}
	}
	if found != nil {
		return found
	}
	return first
}

// addFunc adds the types of one function. g is nil for a function without
// symbol.
func (fs *functions) addFunc(store typeStore, s *funcState, g *symGroup) error {
	fs.Counts[ReasonNone]++
	params := fs.paramsOf(s)
	fs.nameMembers(params)
	ret := s.ret
	// No program calls a kfunc by the name of a changed copy.
	kfunc := g != nil && g.kfunc && s.sym < 0
	if kfunc && fs.policy.Attributes {
		var err error
		if ret, err = markArena(store, fs.strs, g, ret, params); err != nil {
			return err
		}
	}
	proto, err := store.Add(btf.Row{Info: btf.MakeInfo(btf.KindFuncProto, len(params), false), Type: uint32(ret)}, params)
	if err != nil {
		return err
	}
	// All functions are static to pahole, whatever their symbols say.
	id, err := store.Add(btf.Row{Name: fs.nameOf(s), Info: btf.MakeInfo(btf.KindFunc, btf.LinkageStatic, false), Type: uint32(proto)}, nil)
	if err != nil {
		return err
	}
	for _, t := range fs.tags[s.tags : s.tags+s.nTags] {
		if err := addDeclTag(store, id, t.Value, t.Component); err != nil {
			return err
		}
	}
	if !kfunc || !fs.policy.DeclTags {
		return nil
	}
	return fs.tagKfunc(store, id, g.kflags)
}

// tagKfunc tags a kfunc as such.
func (fs *functions) tagKfunc(store typeStore, id btf.ID, flags uint32) error {
	fs.kfuncTypes = append(fs.kfuncTypes, id)
	values := []string{btfids.TagKfunc, btfids.TagFastcall}
	if flags&btfids.FlagFastcall == 0 {
		values = values[:1]
	}
	for _, value := range values {
		tag, err := store.Add(declTag(id, fs.strs.Intern([]byte(value)), -1), nil)
		if err != nil {
			return err
		}
		fs.kfuncTypes = append(fs.kfuncTypes, tag)
	}
	return nil
}

// addDeclTag tags a type, or its component with that index unless it is -1. A
// tag without value is none: the kernel refuses it.
func addDeclTag(store typeStore, id btf.ID, value btf.StrOff, component int32) error {
	if value == 0 {
		return nil
	}
	_, err := store.Add(declTag(id, value, component), nil)
	return err
}

func declTag(id btf.ID, value btf.StrOff, component int32) btf.Row {
	return btf.Row{Name: value, Info: btf.MakeInfo(btf.KindDeclTag, 0, false), Type: uint32(id), Aux: uint32(component)}
}

// maxName is the longest name that every kernel takes: KSYM_NAME_LEN was 128,
// NUL included, before Linux 6.1, and pahole still takes it as the limit.
const maxName = 127

// validName reports whether the kernel takes b for an identifier
// (kernel/bpf/btf.c, btf_name_valid_identifier).
func validName(b []byte) bool {
	if len(b) == 0 || len(b) > maxName || '0' <= b[0] && b[0] <= '9' {
		return false
	}
	return bytes.IndexFunc(b, func(r rune) bool {
		return !(r == '_' || r == '.' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
	}) < 0
}
