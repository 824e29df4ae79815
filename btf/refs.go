package btf

import "fmt"

// checkRefs checks that what own types refer to exists, as libbpf does when it
// opens BTF (btf_validate_type). It looks at names, too, and at those of kinds
// other than FUNC_PROTO the kernel has done so before.
func (v *validator) checkRefs() {
	v.own(func(id ID, r *Row) {
		if msg := v.danglingRef(r); msg != "" {
			v.report(id, -1, logLibbpf, "%s", msg)
		}
	})
}

// danglingRef says what r refers to that does not exist, empty for nothing.
func (v *validator) danglingRef(r *Row) string {
	s := Shapes[r.Info.Kind()]
	if s.TypeIsRef && !v.has(ID(r.Type)) {
		return noType(r.Type)
	}
	for _, m := range v.b.Types.ItemsOf(r) {
		switch {
		case s.ItemNameStr && !v.hasStr(m.Name):
			// Of others the kernel has looked at the names.
			return fmt.Sprintf("invalid param name (string offset %d)", m.Name)
		case s.ItemTypeRef && !v.has(ID(m.Type)):
			return noType(m.Type)
		case s.ItemNameRef && !v.has(ID(m.Name)):
			return noType(m.Name)
		}
	}
	if r.Info.Kind() == KindFunc && v.b.Row(ID(r.Type)).Info.Kind() != KindFuncProto {
		return fmt.Sprintf("referenced type [%d] is not FUNC_PROTO", r.Type)
	}
	return ""
}

func noType(id uint32) string { return fmt.Sprintf("invalid referenced type ID %d", id) }

func (v *validator) has(id ID) bool { return int(id) < v.b.NumTypes() }
