package encoder

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
)

// Which variables get a VAR? Those of .data..percpu, so that a BPF program can
// find its CPU's copy. The section's DATASEC says where each one lies:
//
//	DEFINE_PER_CPU(int, hits);     [7] VAR 'hits' type_id=1, linkage=global
//	                               [8] DATASEC '.data..percpu' size=20 vlen=1
//	                                       type_id=7 offset=16 size=4
//
// The rules are pahole's btf_encoder__encode_cu_variables, where version 1.24
// takes names and sizes from the symbols and HEAD from DWARF.

// variable is one entry of the DATASEC.
type variable struct {
	name     btf.StrOff
	typ      btf.ID // canonical
	off      uint32 // in the section
	size     uint32 // of the symbol (1.24), 0: that of the type
	external bool
	tags     int32 // variables.tags[tags : tags+nTags]
	nTags    int32
}

// variables gathers the per-CPU variables of a module. It is reused from
// module to module.
type variables struct {
	features Features
	syms     *symbols
	strs     *btf.Strings
	addrSize int

	vars []variable
	tags []dwarfconv.Tag
	err  error // the first variable that makes the module fail
}

func newVariables() *variables { return &variables{} }

// reset prepares for a module whose symbols are in syms, whose names are in
// strs and whose pointers have addrSize bytes.
func (vs *variables) reset(features Features, syms *symbols, strs *btf.Strings, addrSize int) {
	vs.features, vs.syms, vs.strs, vs.addrSize = features, syms, strs, addrSize
	vs.vars, vs.tags, vs.err = vs.vars[:0], vs.tags[:0], nil
}

// addUnit gathers the variables of one unit. canon has the canonical id of
// every row of u.Types.
func (vs *variables) addUnit(u *dwarfconv.Unit, canon []btf.ID) {
	if !vs.features.Has(FeatureVar) || vs.syms.percpu.index == 0 {
		return
	}
	for i := range u.Vars {
		x := &u.Vars[i]
		v := variable{name: x.Name, typ: canon[x.Type], external: x.External}
		off, ok := vs.offset(x)
		if !ok || !vs.admit(&v, off, x) {
			continue
		}
		v.off, v.tags = uint32(off), int32(len(vs.tags))
		if vs.features.Has(FeatureDeclTag) {
			vs.tags = append(vs.tags, u.Tags[x.TagFirst:x.TagFirst+x.TagN]...)
		}
		v.nTags = int32(len(vs.tags)) - v.tags
		vs.vars = append(vs.vars, v)
	}
}

// offset returns where in the per-CPU section a variable lies, if it does.
func (vs *variables) offset(x *dwarfconv.Var) (off uint64, ok bool) {
	sec := &vs.syms.percpu
	if sec.addr == 0 && vs.syms.relocatable {
		// All sections begin at 0 here, so the address may belong to any of
		// them: the symbol decides.
		return x.Addr, vs.symbol(x.Addr, x.Name) != nil
	}
	off = x.Addr - sec.addr
	return off, x.Addr >= sec.addr && off < sec.size
}

// symbol returns the symbol of a variable at an offset, nil where there is
// none. The symbol of a variable inside a function has a number behind its
// name: seq.12.
func (vs *variables) symbol(off uint64, name btf.StrOff) *objSym {
	b := vs.strs.Bytes(name)
	objs := vs.syms.objectsAt(off)
	for i := range objs {
		if rest, ok := bytes.CutPrefix(objs[i].name, b); ok && len(b) > 0 && (len(rest) == 0 || rest[0] == '.') {
			return &objs[i]
		}
	}
	return nil
}

// notVariables are prefixes of names that the kernel's macros make up.
var notVariables = [][]byte{
	[]byte("__UNIQUE_ID"),
	[]byte("__tpstrtab_"),
	[]byte("__exitcall_"),
	[]byte("__gendwarfksyms_ptr_"),
	[]byte("__func_stack_frame_non_standard_"),
}

// admit decides about a variable at an offset in the section and completes v.
func (vs *variables) admit(v *variable, off uint64, x *dwarfconv.Var) bool {
	if off > math.MaxUint32 {
		return false
	}
	if vs.features.Compat124 {
		return vs.admit124(v, off, x)
	}
	name := vs.strs.Bytes(v.name)
	if len(name) == 0 || slices.ContainsFunc(notVariables, func(p []byte) bool { return bytes.HasPrefix(name, p) }) {
		return false
	}
	// Variables of discarded sections have address 0 too.
	if off == 0 && !slices.ContainsFunc(vs.syms.objects, func(o objSym) bool { return bytes.Equal(o.name, name) }) {
		return false
	}
	if !validName(name) {
		return vs.refuse("name of variable %q is no identifier", name)
	}
	if v.typ == 0 {
		return vs.refuse("variable %q has no type", name)
	}
	return true
}

// admit124 is admit by the rules of pahole 1.24: there is a symbol of some size
// at the offset, and its name and size count.
func (vs *variables) admit124(v *variable, off uint64, x *dwarfconv.Var) bool {
	objs := vs.syms.objectsAt(off)
	i := slices.IndexFunc(objs, func(o objSym) bool { return o.size != 0 && o.size <= math.MaxUint32 })
	if i < 0 {
		return false
	}
	// At address 0, where variables of discarded sections seem to be, DWARF
	// must have the name of the symbol in the very DIE: an external variable
	// has it in its declaration.
	if x.Addr == 0 && !vs.syms.relocatable && (x.External || vs.symbol(off, x.Name) == nil) {
		return false
	}
	if !validName(objs[i].name) {
		return vs.refuse("name of symbol %q is no identifier", objs[i].name)
	}
	if v.typ == 0 {
		return vs.refuse("variable %q has no type", objs[i].name)
	}
	v.name, v.size = vs.strs.Intern(objs[i].name), uint32(objs[i].size)
	return true
}

// refuse leaves a variable out, which makes the module fail unless it is to be
// encoded by force.
func (vs *variables) refuse(format string, name []byte) bool {
	if vs.err == nil && !vs.features.Has(FeatureEncodeForce) {
		vs.err = fmt.Errorf("section %s: "+format, percpuSection, name)
	}
	return false
}

// emit adds VARs, their decl tags and the DATASEC.
func (vs *variables) emit(store typeStore) error {
	if vs.err != nil {
		return vs.err
	}
	var infos []btf.Item
	for i := range vs.vars {
		v := &vs.vars[i]
		size := sizeOf(store, v.typ, vs.addrSize)
		if size == 0 || size > math.MaxUint32 {
			continue
		}
		if v.size != 0 {
			size = uint64(v.size)
		}
		id, err := vs.addVar(store, v)
		if err != nil {
			return err
		}
		infos = append(infos, btf.Item{Name: uint32(size), Type: uint32(id), Val: v.off})
	}
	if len(infos) == 0 {
		return nil
	}
	if len(infos) > btf.MaxVlen {
		return fmt.Errorf("section %s: %d variables are more than a DATASEC holds", percpuSection, len(infos))
	}
	slices.SortStableFunc(infos, func(a, b btf.Item) int { return cmp.Compare(a.Val, b.Val) })
	last := infos[len(infos)-1]
	_, err := store.Add(btf.Row{
		Name: vs.strs.Intern([]byte(percpuSection)), Info: btf.MakeInfo(btf.KindDatasec, len(infos), false), Type: last.Val + last.Name,
	}, infos)
	return err
}

// addVar adds the VAR and its tags.
func (vs *variables) addVar(store typeStore, v *variable) (btf.ID, error) {
	linkage := uint32(btf.LinkageStatic)
	if v.external {
		linkage = btf.LinkageGlobal
	}
	id, err := store.Add(btf.Row{Name: v.name, Info: btf.MakeInfo(btf.KindVar, 0, false), Type: uint32(v.typ), Aux: linkage}, nil)
	if err != nil {
		return 0, err
	}
	for _, t := range vs.tags[v.tags : v.tags+v.nTags] {
		if err := addDeclTag(store, id, t.Value, t.Component); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// maxTypeDepth bounds the chain from a variable's type to one with a size.
const maxTypeDepth = 64

// sizeOf is sizeof of a canonical type, 0 where it is not known.
func sizeOf(store typeStore, id btf.ID, addrSize int) uint64 {
	n := uint64(1)
	for range maxTypeDepth {
		if id == 0 {
			return 0
		}
		r := store.Row(id)
		switch r.Info.Kind() {
		case btf.KindInt, btf.KindFloat, btf.KindEnum, btf.KindEnum64:
			return n * uint64(r.Type)
		case btf.KindStruct, btf.KindUnion:
			if r.Type == 1 && r.Info.Vlen() == 0 {
				return 0 // an empty class of C++
			}
			return n * uint64(r.Type)
		case btf.KindPtr, btf.KindFuncProto:
			return n * uint64(addrSize)
		case btf.KindArray:
			it := store.ItemsOf(id)[0]
			if n *= uint64(it.Val); n > math.MaxUint32 {
				return n
			}
			id = btf.ID(it.Type)
		case btf.KindTypedef, btf.KindConst, btf.KindVolatile, btf.KindRestrict, btf.KindTypeTag:
			id = btf.ID(r.Type)
		default:
			return 0
		}
	}
	return 0
}
