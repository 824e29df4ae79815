package btf

import "math"

// CheckDeclTags returns an error, a [*RuleError], about the first of b's own DECL_TAGs
// on a member or parameter that its target has not (kernel/bpf/btf.c,
// btf_decl_tag_resolve). Only BPF_BTF_LOAD asks for it. A module loads with such a tag,
// and whoever looks up what is said of that parameter reads beyond the prototype. What
// b refers to must exist.
func CheckDeclTags(b *BTF) error {
	for i := range b.Types.Rows {
		r := &b.Types.Rows[i]
		if r.Info.Kind() == KindDeclTag && !hasComponent(b, r) {
			id := b.Start + ID(i)
			return &RuleError{ID: id, Kind: KindDeclTag, Name: string(b.Name(id)), Item: -1, Msg: "Invalid component_idx"}
		}
	}
	return nil
}

// hasComponent reports whether the target of tag has the component that it is on. The
// whole target, -1, is one.
func hasComponent(b *BTF, tag *Row) bool {
	if tag.Aux == math.MaxUint32 {
		return true
	}
	n := 0
	switch t := b.Row(ID(tag.Type)); t.Info.Kind() {
	case KindStruct, KindUnion:
		n = t.Info.Vlen()
	case KindFunc:
		n = len(b.ItemsOf(ID(t.Type)))
	}
	return uint64(tag.Aux) < uint64(n)
}
