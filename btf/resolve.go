package btf

import "math"

// Resolving follows each type to what it is made of, and checks by the way
// that sizes exist where they are needed and that nothing contains itself.
//
//	STRUCT a { STRUCT b x; }   STRUCT b { STRUCT a y; }     a loop by value
//	PTR -> TYPEDEF t -> PTR ...                             a loop of pointers
//	STRUCT list { PTR -> STRUCT list next; }                no loop
//
// The last one shows that by value and through a pointer are two walks. Which
// of them a walk is follows from the first pointer, struct or array in it: by
// value it ends at pointers, among pointers it ends at everything that is
// neither pointer nor modifier. A type that has been walked once is not
// walked again.
//
// The walk has its own stack, at most maxDepth deep; the kernel refuses what
// is deeper.

// maxDepth is how deep the kernel resolves.
const maxDepth = 32

type walk uint8

const (
	walkOpen    walk = iota // nothing in it that decides
	walkPtr                 // among pointers
	walkByValue             // among structs and arrays
)

type resolver struct {
	*validator
	state  []visit // of own types
	target []ID    // of resolved own modifiers: the first type that is none
	size   []uint32
	stack  []frame
	mode   walk
}

type visit uint8

const (
	unseen visit = iota
	onStack
	resolved
)

// frame is a type whose children are being resolved.
type frame struct {
	id    ID
	child int  // the child that comes next
	seen  bool // it has been resolved and needs its checks only
}

func (v *validator) resolveAll() {
	n := len(v.b.Types.Rows)
	r := &resolver{validator: v, state: make([]visit, n), target: make([]ID, n), size: make([]uint32, n)}
	v.own(func(id ID, row *Row) {
		if needsResolve(row.Info.Kind()) {
			r.resolve(id)
		} else if row.Info.Kind() == KindFuncProto {
			r.checkProto(id, row)
		}
	})
}

// resolve walks from an own or a base type, of which the latter is done.
func (r *resolver) resolve(root ID) bool {
	if !r.open(root) {
		return true
	}
	r.stack, r.mode = r.stack[:0], walkOpen
	ok := r.push(root, root)
	for ok && len(r.stack) > 0 {
		f := &r.stack[len(r.stack)-1]
		var child ID
		if child, ok = r.next(f); ok && child != 0 {
			ok = r.push(root, child)
		} else if ok {
			r.state[f.id-r.b.Start] = resolved
			r.stack = r.stack[:len(r.stack)-1]
		}
	}
	// What a fault leaves behind is not to be found at fault again.
	for _, f := range r.stack {
		r.state[f.id-r.b.Start] = resolved
	}
	return ok
}

// push enters a type.
func (r *resolver) push(root, id ID) bool {
	switch {
	case len(r.stack) == maxDepth:
		r.fail(root, "Exceeded max resolving depth:%d", maxDepth)
		return false
	case r.state[id-r.b.Start] == onStack:
		r.fail(root, "Loop detected")
		return false
	}
	r.state[id-r.b.Start] = onStack
	r.stack = append(r.stack, frame{id: id})
	if r.mode == walkOpen {
		switch r.kind(id) {
		case KindPtr:
			r.mode = walkPtr
		case KindStruct, KindUnion, KindArray:
			r.mode = walkByValue
		}
	}
	return true
}

// next returns the next child of f that must be resolved before f goes on, 0
// if f is done. It reports false after a fault.
func (r *resolver) next(f *frame) (child ID, ok bool) {
	row := r.b.Row(f.id)
	switch row.Info.Kind() {
	case KindTypedef, KindVolatile, KindConst, KindRestrict, KindTypeTag, KindPtr, KindVar:
		return r.nextOfRef(f, row)
	case KindArray:
		return r.nextOfArray(f, row)
	case KindStruct, KindUnion:
		return r.nextOfStruct(f, row)
	case KindDatasec:
		return r.nextOfDatasec(f, row)
	case KindFunc:
		return 0, r.checkFunc(f.id, row)
	case KindDeclTag:
		return r.nextOfDeclTag(f, row)
	}
	return 0, true
}

// nextOfRef: a modifier, a pointer, a variable.
func (r *resolver) nextOfRef(f *frame, row *Row) (ID, bool) {
	to, kind := ID(row.Type), row.Info.Kind()
	if f.child == 0 {
		if !r.has(to) || isSourceOnly(r.kind(to)) {
			return r.bad(f.id, "Invalid type_id")
		}
		f.child = 1
		if r.wants(to) {
			return to, true
		}
	}
	last, found := r.skipModifiers(to)
	if f.child == 1 {
		f.child = 2
		// Modifiers walked by value end at a pointer. Among pointers the walk
		// must go on behind it, or it misses a loop.
		if !isModifier(kind) && found && last != to && r.kind(last) == KindPtr && r.wants(last) {
			return last, true
		}
	}
	if !found {
		return r.bad(f.id, "Invalid type_id")
	}
	if _, sized := r.sizeOf(last); !sized {
		if r.kind(last) == KindFunc && r.isDone(last) {
			// So the kernel has it: of a FUNC that it has been to before it
			// only sees the prototype.
			last = ID(r.b.Row(last).Type)
		}
		switch k := r.kind(last); {
		case kind != KindVar && (k == KindVoid || k == KindFwd || k == KindFuncProto):
		default:
			return r.bad(f.id, "Invalid type_id")
		}
	}
	r.target[f.id-r.b.Start] = last
	return 0, true
}

func (r *resolver) nextOfArray(f *frame, row *Row) (ID, bool) {
	m := r.b.ItemsOf(f.id)[0]
	children := [...]struct {
		id  ID
		msg string
	}{{ID(m.Name), "Invalid index"}, {ID(m.Type), "Invalid elem"}}
	for ; f.child < len(children); f.child, f.seen = f.child+1, false {
		c := children[f.child]
		if !f.seen {
			if !r.has(c.id) || isSizeless(r.kind(c.id)) || isSourceOnly(r.kind(c.id)) {
				return r.bad(f.id, c.msg)
			}
			if f.seen = true; r.wants(c.id) {
				return c.id, true
			}
		}
		last, _ := r.skipModifiers(c.id)
		size, sized := r.sizeOf(last)
		isInt := r.kind(last) == KindInt
		switch regular := isInt && r.isRegularInt(last); {
		case !sized, f.child == 0 && !regular:
			return r.bad(f.id, c.msg)
		case isInt && !regular:
			return r.bad(f.id, "Invalid array of int")
		case f.child == 1 && uint64(size)*uint64(m.Val) > math.MaxUint32:
			return r.bad(f.id, "Array size overflows U32_MAX")
		case f.child == 1:
			r.size[f.id-r.b.Start] = size * m.Val
		}
	}
	return 0, true
}

func (r *resolver) nextOfStruct(f *frame, row *Row) (ID, bool) {
	items := r.b.ItemsOf(f.id)
	for ; f.child < len(items); f.child, f.seen = f.child+1, false {
		m := items[f.child]
		to := ID(m.Type)
		if !f.seen {
			if !r.has(to) || isSizeless(r.kind(to)) || isSourceOnly(r.kind(to)) {
				r.failItem(f.id, f.child, invalidMember)
				return 0, false
			}
			if f.seen = true; r.wants(to) {
				return to, true
			}
		}
		switch msg := r.memberFault(row, m); msg {
		case "":
		case invalidMember:
			r.failItem(f.id, f.child, invalidMember)
			return 0, false
		default:
			r.report(f.id, f.child, logBareItem, "%s", msg)
			return 0, false
		}
	}
	return 0, true
}

const invalidMember = "Invalid member"

// memberFault says what is wrong with a member whose type is resolved.
func (r *resolver) memberFault(row *Row, m Item) string {
	to, _ := r.skipModifiers(ID(m.Type))
	size, sized := r.sizeOf(to)
	if !sized {
		return invalidMember
	}
	start, width := MemberBits(row.Info, m.Val)
	kind, flag := r.kind(to), row.Info.KindFlag()
	off, bits, align := uint64(start), uint64(size)*8, uint64(8)
	switch kind {
	case KindInt:
		t := r.b.Row(to)
		if flag && !r.isRegularInt(to) {
			return "Invalid member base type"
		}
		switch bits = uint64(t.Aux & 0xff); {
		case !flag:
			off, align = off+uint64(t.Aux>>16&0xff), 1
		case width != 0 && uint64(width) > bits:
			return "Invalid member bitfield_size"
		case width != 0:
			bits, align = uint64(width), 1
		case off%8 != 0:
			return "Invalid member offset"
		}
		if bits+off%8 > 128 {
			return "nr_copy_bits exceeds 128"
		}
	case KindEnum, KindEnum64:
		switch {
		case width > 32:
			return "Invalid member bitfield_size"
		case width != 0:
			bits, align = uint64(width), 1
		case flag:
			bits = 32
		}
	case KindFloat:
		if a := uint64(max(1, min(r.rules.ptrSize(), size))) * 8; off%a != 0 {
			return "Member is not properly aligned"
		}
	}
	switch {
	case width != 0 && kind != KindInt && kind != KindEnum && kind != KindEnum64:
		return "Invalid member bitfield_size"
	case off%align != 0:
		return "Member is not byte aligned"
	case bytesOf(off+bits) > uint64(row.Type):
		return "Member exceeds struct_size"
	}
	return ""
}

// nextOfDatasec checks the size of every variable but those that are met here
// for the first time, because they come after their DATASEC: so does the kernel.
func (r *resolver) nextOfDatasec(f *frame, row *Row) (ID, bool) {
	items := r.b.ItemsOf(f.id)
	r.mode = walkOpen // each variable is a walk of its own
	for ; f.child < len(items); f.child++ {
		m := items[f.child]
		to := ID(m.Type)
		if !r.has(to) || r.kind(to) != KindVar {
			r.failItem(f.id, f.child, "Not a VAR kind member")
			return 0, false
		}
		if r.wants(to) {
			f.child++
			return to, true
		}
		last, _ := r.skipModifiers(ID(r.b.Row(to).Type))
		size, sized := r.sizeOf(last)
		switch {
		case !sized:
			r.failItem(f.id, f.child, "Invalid type")
			return 0, false
		case m.Name < size:
			r.failItem(f.id, f.child, "Invalid size")
			return 0, false
		}
	}
	return 0, true
}

func (r *resolver) nextOfDeclTag(f *frame, row *Row) (ID, bool) {
	to := ID(row.Type)
	if f.child == 0 {
		if !r.has(to) || !isDeclTagTarget(r.kind(to)) {
			return r.bad(f.id, "Invalid type_id")
		}
		if f.child = 1; r.wants(to) {
			return to, true
		}
	}
	if !hasComponent(r.b, row) {
		return r.bad(f.id, "Invalid component_idx")
	}
	return 0, true
}

// checkFunc checks a function's prototype: every parameter has a name, but for
// the type 0 of a variable argument list.
func (r *resolver) checkFunc(id ID, row *Row) bool {
	to := ID(row.Type)
	if !r.has(to) || r.kind(to) != KindFuncProto {
		r.fail(id, "Invalid type_id")
		return false
	}
	for i, m := range r.b.ItemsOf(to) {
		if m.Name == 0 && m.Type != 0 {
			r.fail(id, "Invalid arg#%d", i+1)
			return false
		}
	}
	return true
}

// checkProto checks that what a function returns and takes has a size.
func (r *resolver) checkProto(id ID, row *Row) {
	if ret := ID(row.Type); ret != 0 {
		if !r.has(ret) || isSourceOnly(r.kind(ret)) {
			r.fail(id, "Invalid return type")
			return
		}
		if !r.resolve(ret) {
			return
		}
		if !r.isSized(ret) {
			r.fail(id, "Invalid return type")
			return
		}
	}
	params := r.b.ItemsOf(id)
	if n := len(params); n > 0 && params[n-1].Type == 0 {
		if params[n-1].Name != 0 {
			r.fail(id, "Invalid arg#%d", n)
			return
		}
		params = params[:n-1]
	}
	for i, m := range params {
		to := ID(m.Type)
		if !r.has(to) || isSourceOnly(r.kind(to)) || !r.paramNameOK(m.Name) {
			r.fail(id, "Invalid arg#%d", i+1)
			return
		}
		if !r.resolve(to) {
			return
		}
		if !r.isSized(to) {
			r.fail(id, "Invalid arg#%d", i+1)
			return
		}
	}
}

func (r *resolver) paramNameOK(off uint32) bool { return off == 0 || r.hasStr(off) && r.isIdent(off) }

func (r *resolver) bad(id ID, msg string) (ID, bool) {
	r.fail(id, "%s", msg)
	return 0, false
}

func (r *resolver) kind(id ID) Kind   { return r.b.Row(id).Info.Kind() }
func (r *resolver) isOwn(id ID) bool  { return id >= r.b.First() }
func (r *resolver) isDone(id ID) bool { return !r.isOwn(id) || r.state[id-r.b.Start] == resolved }

// open reports whether id needs a walk that it has not had.
func (r *resolver) open(id ID) bool { return needsResolve(r.kind(id)) && !r.isDone(id) }

// wants reports whether the walk goes into id.
func (r *resolver) wants(id ID) bool {
	k := r.kind(id)
	switch {
	case !r.open(id):
		return false
	case r.mode == walkPtr:
		return isModifier(k) || k == KindPtr
	case r.mode == walkByValue:
		return isModifier(k) || k == KindStruct || k == KindUnion || k == KindArray
	}
	return true
}

// maxSteps bounds what is followed without having been resolved, which is a
// base's types. It is more than two valid chains.
const maxSteps = 3 * maxChain

// skipModifiers returns the first type that is not a modifier, from id on.
func (r *resolver) skipModifiers(id ID) (ID, bool) {
	for range maxSteps {
		row := r.b.Row(id)
		if row == nil || !isModifier(row.Info.Kind()) {
			return id, row != nil
		}
		if r.isOwn(id) && r.isDone(id) {
			return r.target[id-r.b.Start], true
		}
		id = ID(row.Type)
	}
	return id, false
}

func (r *resolver) isSized(id ID) bool {
	last, found := r.skipModifiers(id)
	_, sized := r.sizeOf(last)
	return found && sized
}

// sizeOf returns the size of a type that is not a modifier; false for kinds
// without one. An own array that is not resolved has size 0.
func (r *resolver) sizeOf(id ID) (uint32, bool) {
	row := r.b.Row(id)
	if row == nil {
		return 0, false
	}
	switch row.Info.Kind() {
	case KindInt, KindStruct, KindUnion, KindEnum, KindEnum64, KindFloat, KindDatasec:
		return row.Type, true
	case KindPtr:
		return r.rules.ptrSize(), true
	case KindArray:
		if r.isOwn(id) {
			return r.size[id-r.b.Start], true
		}
		return r.baseArraySize(id), true
	}
	return 0, false
}

// baseArraySize returns the size of a base's array, which may have arrays as
// elements.
func (r *resolver) baseArraySize(id ID) uint32 {
	n := uint64(1)
	for range maxSteps {
		items := r.b.ItemsOf(id)
		if r.kind(id) != KindArray || len(items) == 0 {
			size, _ := r.sizeOf(id)
			return uint32(min(n*uint64(size), math.MaxUint32))
		}
		n = min(n*uint64(items[0].Val), math.MaxUint32)
		id, _ = r.skipModifiers(ID(items[0].Type))
	}
	return 0
}

// isRegularInt reports whether an INT fills 1, 2, 4, 8 or 16 bytes.
func (r *resolver) isRegularInt(id ID) bool {
	row := r.b.Row(id)
	if row.Aux>>16&0xff != 0 {
		return false
	}
	switch row.Aux & 0xff {
	case 8, 16, 32, 64, 128:
		return true
	}
	return false
}

func needsResolve(k Kind) bool {
	switch k {
	case KindPtr, KindArray, KindStruct, KindUnion, KindVar, KindDatasec, KindFunc, KindDeclTag:
		return true
	}
	return isModifier(k)
}

// isSourceOnly: kinds that refer to others and that nothing but a DATASEC or a
// DECL_TAG refers to.
func isSourceOnly(k Kind) bool { return k == KindVar || k == KindDatasec || k == KindDeclTag }

func isSizeless(k Kind) bool {
	return k == KindVoid || k == KindFwd || k == KindFunc || k == KindFuncProto
}

func isDeclTagTarget(k Kind) bool {
	switch k {
	case KindStruct, KindUnion, KindFunc, KindVar, KindTypedef:
		return true
	}
	return false
}
