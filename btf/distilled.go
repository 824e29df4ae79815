package btf

import "fmt"

// CheckDistilled returns the first rule of a distilled base (.BTF.base) that b
// breaks, in the words of the kernel where it has some
// (btf_relocate_validate_distilled_base). What holds for every base is
// [Check]'s.
func CheckDistilled(b *BTF) error {
	if b.Base != nil {
		return &HeaderError{Msg: "a distilled base stands alone"}
	}
	if b.NumOwn() == 0 {
		// Void comes into being with the first type of a base
		// (btf_add_type), so the ids of the split BTF would begin at 0
		// and all be one too low.
		return &HeaderError{Msg: "a distilled base without types shifts the ids of the kernel"}
	}
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		if msg := distilledFault(b.Row(id), id); msg != "" {
			return &RuleError{ID: id, Kind: b.Row(id).Info.Kind(), Name: string(b.Name(id)), Item: -1, Msg: msg}
		}
	}
	return nil
}

// distilledFault says what forbids a type in a distilled base, empty for
// nothing.
func distilledFault(r *Row, id ID) string {
	switch k := r.Info.Kind(); k {
	case KindInt, KindFloat, KindEnum, KindStruct, KindUnion, KindFwd:
		if r.Name == 0 {
			return fmt.Sprintf("type [%d], kind [%d] is invalid for distilled base BTF; it is anonymous", id, k)
		}
		return ""
	default:
		return fmt.Sprintf("type [%d] in distilled based BTF has unexpected kind [%d]", id, k)
	}
}
