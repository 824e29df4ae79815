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
// find its CPU's copy, and with global_var those of every section. The DATASEC
// of a section says where each one lies:
//
//	DEFINE_PER_CPU(int, hits);     [7] VAR 'hits' type_id=1, linkage=global
//	                               [8] DATASEC '.data..percpu' size=20 vlen=1
//	                                       type_id=7 offset=16 size=4
//
// The rules are pahole's btf_encoder__encode_cu_variables, where version 1.24
// takes names and sizes from the symbols and HEAD from DWARF.

// variable is one entry of a DATASEC.
type variable struct {
	name     btf.StrOff
	typ      btf.ID // canonical
	section  int32  // index
	off      uint64 // in the section
	size     uint32 // 0: left out
	external bool
	declared bool  // see dwarfconv.Var
	tags     int32 // variables.tags[tags : tags+nTags]
	nTags    int32
}

// variables gathers the variables of a module. It is reused from module to
// module.
type variables struct {
	features Features
	syms     *symbols
	strs     *btf.Strings
	addrSize int

	vars  []variable
	tags  []dwarfconv.Tag
	order []int32 // of vars: by section and offset
}

func newVariables() *variables { return &variables{} }

// reset prepares for a module whose symbols are in syms, whose names are in
// strs and whose pointers have addrSize bytes.
func (vs *variables) reset(features Features, syms *symbols, strs *btf.Strings, addrSize int) {
	vs.features, vs.syms, vs.strs, vs.addrSize = features, syms, strs, addrSize
	vs.vars, vs.tags, vs.order = vs.vars[:0], vs.tags[:0], vs.order[:0]
}

// addUnit gathers the variables of one unit. canon has the canonical id of
// every row of u.Types. Names are looked at when all units are in.
func (vs *variables) addUnit(u *dwarfconv.Unit, canon []btf.ID) {
	if !vs.features.vars() {
		return
	}
	for i := range u.Vars {
		x := &u.Vars[i]
		p := &vs.syms.percpu
		if vs.features.Has(FeatureGlobalVar) {
			if p = vs.syms.places.find(x.Addr); p == nil {
				continue
			}
		}
		off, ok := p.has(x.Addr)
		if !ok || off > math.MaxUint32 {
			continue
		}
		v := variable{
			name: x.Name, typ: canon[x.Type], section: int32(p.index), off: off, external: x.External, declared: x.Declared, tags: int32(len(vs.tags)),
		}
		if vs.features.Has(FeatureDeclTag) {
			vs.tags = append(vs.tags, u.Tags[x.TagFirst:x.TagFirst+x.TagN]...)
		}
		v.nTags = int32(len(vs.tags)) - v.tags
		vs.vars = append(vs.vars, v)
	}
}

// notVariables are prefixes of names that the kernel's macros make up.
var notVariables = [][]byte{
	[]byte("__UNIQUE_ID"),
	[]byte("__tpstrtab_"),
	[]byte("__exitcall_"),
	[]byte("__gendwarfksyms_ptr_"),
	[]byte("__func_stack_frame_non_standard_"),
}

// admit decides about a variable and sets its size.
func (vs *variables) admit(store typeStore, v *variable) error {
	if vs.features.Compat124 {
		return vs.admit124(store, v)
	}
	name := vs.strs.Bytes(v.name)
	if len(name) == 0 || slices.ContainsFunc(notVariables, func(p []byte) bool { return bytes.HasPrefix(name, p) }) {
		return nil
	}
	// Variables of discarded sections have address 0 too.
	if v.off == 0 && !slices.ContainsFunc(vs.syms.objectsAt(v.section, 0), func(o objSym) bool { return bytes.Equal(o.name, name) }) {
		return nil
	}
	if err := vs.checkVar(v, "variable", name); err != nil {
		return vs.unlessForced(err)
	}
	if size := sizeOf(store, v.typ, vs.addrSize); size <= math.MaxUint32 {
		v.size = uint32(size)
	}
	return nil
}

// admit124 is admit by the rules of pahole 1.24: there is a symbol of some size
// at the offset, and its name and size count.
func (vs *variables) admit124(store typeStore, v *variable) error {
	objs := vs.syms.objectsAt(v.section, v.off)
	i := slices.IndexFunc(objs, func(o objSym) bool { return o.size != 0 && o.size <= math.MaxUint32 })
	if i < 0 {
		return nil
	}
	// At address 0, where variables of discarded sections seem to be, DWARF
	// must have the name of the symbol in the very DIE: GCC leaves it in the
	// declaration of an external variable, clang does not.
	if v.off == 0 && vs.syms.percpu.addr == 0 && (v.declared || !vs.names(objs, v.name)) {
		return nil
	}
	if err := vs.checkVar(v, "symbol", objs[i].name); err != nil {
		return vs.unlessForced(err)
	}
	if size := sizeOf(store, v.typ, vs.addrSize); size != 0 && size <= math.MaxUint32 {
		v.name, v.size = vs.strs.Intern(objs[i].name), uint32(objs[i].size)
	}
	return nil
}

// names reports whether one of objs is the symbol of a variable. That of a
// variable inside a function has a number behind its name: seq.12.
func (vs *variables) names(objs []objSym, name btf.StrOff) bool {
	b := vs.strs.Bytes(name)
	return slices.ContainsFunc(objs, func(o objSym) bool {
		rest, ok := bytes.CutPrefix(o.name, b)
		return ok && len(b) > 0 && (len(rest) == 0 || rest[0] == '.')
	})
}

// checkVar says what makes a variable one that BTF cannot have.
func (vs *variables) checkVar(v *variable, what string, name []byte) error {
	switch {
	case !validName(name):
		return fmt.Errorf("section %s: name of %s %q is no identifier", vs.syms.sectionName(v.section), what, name)
	case v.typ == 0:
		return fmt.Errorf("section %s: variable %q has no type", vs.syms.sectionName(v.section), name)
	}
	return nil
}

// unlessForced is nil where a variable that BTF cannot have is to be left out.
func (vs *variables) unlessForced(err error) error {
	if vs.features.Has(FeatureEncodeForce) {
		return nil
	}
	return err
}

// emit adds VARs, their decl tags and the DATASECs.
func (vs *variables) emit(store typeStore) error {
	for i := range vs.vars {
		v := &vs.vars[i]
		if err := vs.admit(store, v); err != nil {
			return err
		}
		if v.size != 0 {
			vs.order = append(vs.order, int32(i))
		}
	}
	slices.SortStableFunc(vs.order, func(a, b int32) int {
		x, y := &vs.vars[a], &vs.vars[b]
		return cmp.Or(cmp.Compare(x.section, y.section), cmp.Compare(x.off, y.off))
	})
	vs.dropOverlaps()
	ids := make([]btf.ID, len(vs.vars))
	for i := range vs.vars {
		if vs.vars[i].size == 0 {
			continue
		}
		var err error
		if ids[i], err = vs.addVar(store, &vs.vars[i]); err != nil {
			return err
		}
	}
	for len(vs.order) > 0 {
		section := vs.vars[vs.order[0]].section
		n := slices.IndexFunc(vs.order, func(i int32) bool { return vs.vars[i].section != section })
		if n < 0 {
			n = len(vs.order)
		}
		if err := vs.addDatasec(store, section, vs.order[:n], ids); err != nil {
			return err
		}
		vs.order = vs.order[n:]
	}
	return nil
}

// dropOverlaps leaves out every variable that begins before the one in front
// of it ends, which the kernel takes in no DATASEC. A weak variable and the
// strong one that the linker put in its place are such: DWARF has both, at the
// same address. The first one stays.
func (vs *variables) dropOverlaps() {
	section, end := int32(-1), uint64(0)
	vs.order = slices.DeleteFunc(vs.order, func(i int32) bool {
		v := &vs.vars[i]
		if v.section == section && v.off < end || v.off+uint64(v.size) > math.MaxUint32 {
			v.size = 0
			return true
		}
		section, end = v.section, v.off+uint64(v.size)
		return false
	})
}

// addDatasec adds the DATASEC of a section: vars are in order of offset, ids are
// those of all VARs.
func (vs *variables) addDatasec(store typeStore, section int32, vars []int32, ids []btf.ID) error {
	name := vs.syms.sectionName(section)
	infos := make([]btf.Item, 0, len(vars))
	for _, i := range vars {
		v := &vs.vars[i]
		infos = append(infos, btf.Item{Name: v.size, Type: uint32(ids[i]), Val: uint32(v.off)})
	}
	last := infos[len(infos)-1]
	_, err := store.Add(btf.Row{
		Name: vs.strs.Intern([]byte(name)), Info: btf.MakeInfo(btf.KindDatasec, len(infos), false), Type: last.Val + last.Name,
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
