package encoder

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btfids"
)

// markArena returns the return type of kfunc g, marked if it is a pointer into
// an arena, and marks the types of params that are (btfids/arena.go). Only flags
// count, as for pahole.
func markArena(store typeStore, strs *btf.Strings, g *symGroup, ret btf.ID, params []btf.Item) (btf.ID, error) {
	mark := func(id btf.ID) (btf.ID, error) {
		return btfids.ArenaPointer(store, strs.Intern([]byte(btfids.AttrArena)), id)
	}
	if g.kflags&btfids.FlagArenaRet != 0 {
		id, err := mark(ret)
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
		id, err := mark(btf.ID(params[i].Type))
		if err != nil {
			return 0, fmt.Errorf("kfunc %s with KF_ARENA_ARG%d: parameter %w", g.name, i+1, err)
		}
		params[i].Type = uint32(id)
	}
	return ret, nil
}
