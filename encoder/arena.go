package encoder

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btfids"
)

// Pointers into an arena: a kfunc may take and return pointers into a
// BPF_MAP_TYPE_ARENA, which programs see as another address space. Its flags in
// .BTF_ids say which (the kernel's include/linux/btf.h), and the BTF of its
// prototype says it to who generates the declaration:
//
//	void __arena *bpf_arena_alloc_pages(void *map, ...)      KF_ARENA_RET
//	FUNC_PROTO → PTR → TYPE_TAG 'address_space(1)' with kind_flag → void
//
// kind_flag makes the tag an attribute (Documentation/bpf/btf.rst): it is
// __attribute__((address_space(1))) rather than a btf_type_tag of that value.
// Linux 6.15 is the first that takes it.

// markArena returns the return type of kfunc g, marked if it is a pointer into
// an arena, and marks the types of params that are.
func markArena(store typeStore, strs *btf.Strings, g *symGroup, ret btf.ID, params []btf.Item) (btf.ID, error) {
	if g.kflags&btfids.FlagArenaRet != 0 {
		id, err := arenaPointer(store, strs, ret)
		if err != nil {
			return 0, fmt.Errorf("kfunc %s with KF_ARENA_RET: return value %w", g.name, err)
		}
		ret = id
	}
	for i, flag := range [...]uint32{btfids.FlagArenaArg1, btfids.FlagArenaArg2} {
		if g.kflags&flag == 0 {
			continue
		}
		if i >= len(params) {
			return 0, fmt.Errorf("kfunc %s with KF_ARENA_ARG%d: there is no such parameter", g.name, i+1)
		}
		id, err := arenaPointer(store, strs, btf.ID(params[i].Type))
		if err != nil {
			return 0, fmt.Errorf("kfunc %s with KF_ARENA_ARG%d: parameter %w", g.name, i+1, err)
		}
		params[i].Type = uint32(id)
	}
	return ret, nil
}

// arenaPointer returns a pointer to the target of pointer id in the arena's
// address space.
func arenaPointer(store typeStore, strs *btf.Strings, id btf.ID) (btf.ID, error) {
	if id == 0 {
		return 0, fmt.Errorf("is void, not a pointer")
	}
	r := store.Row(id)
	if k := r.Info.Kind(); k != btf.KindPtr {
		return 0, fmt.Errorf("is %s, not a pointer", k)
	}
	target := r.Type
	tag, err := store.Add(btf.Row{
		Name: strs.Intern([]byte(btfids.AttrArena)), Info: btf.MakeInfo(btf.KindTypeTag, 0, true), Type: target,
	}, nil)
	if err != nil {
		return 0, err
	}
	return store.Add(btf.Row{Info: btf.MakeInfo(btf.KindPtr, 0, false), Type: uint32(tag)}, nil)
}
