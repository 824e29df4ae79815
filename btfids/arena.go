package btfids

import (
	"errors"
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
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
//
// It is written by pahole (feature attributes, the encoder's arena.go) or by
// resolve_btfids (transform.go), and they differ in what they take for such a pointer.

// AttrArena is the value of the type tag on what an arena pointer points to.
const AttrArena = "address_space(1)"

// Store is BTF that types are added to.
type Store interface {
	Row(btf.ID) *btf.Row // valid until Add
	Add(row btf.Row, items []btf.Item) (btf.ID, error)
}

// ArenaPointer returns a pointer to the target of pointer id in the arena's address
// space. attr is the offset of AttrArena. The error says what id is instead.
func ArenaPointer(s Store, attr btf.StrOff, id btf.ID) (btf.ID, error) {
	if id == 0 {
		return 0, errors.New("is void, not a pointer")
	}
	r := s.Row(id)
	if k := r.Info.Kind(); k != btf.KindPtr {
		return 0, fmt.Errorf("is %v, not a pointer", k)
	}
	tag, err := s.Add(btf.Row{Name: attr, Info: btf.MakeInfo(btf.KindTypeTag, 0, true), Type: r.Type}, nil)
	if err != nil {
		return 0, err
	}
	return s.Add(btf.Row{Info: btf.MakeInfo(btf.KindPtr, 0, false), Type: uint32(tag)}, nil)
}
