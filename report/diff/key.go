package diff

import (
	"strconv"

	"github.com/gobtfenc/gobtfenc/btf"
)

// key is what a type goes by in C, so that it is found again on the other side.
type key struct{ kind, name string }

// unnamed is the kind of what C has no word for, and goes by its spelling.
const unnamed = "type"

// kindOf returns the word for what a type with a name is; empty for what has
// none, and for tags of types, which are a part of what refers to them.
func kindOf(r *btf.Row) string {
	switch r.Info.Kind() {
	case btf.KindFunc:
		return "function"
	case btf.KindVar:
		return "variable"
	case btf.KindDatasec:
		return "section"
	case btf.KindDeclTag:
		return "tag"
	case btf.KindTypedef:
		return "typedef"
	case btf.KindInt, btf.KindFloat:
		return "number"
	case btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64, btf.KindFwd:
		if r.Name != 0 {
			return keyword(r)
		}
	}
	return ""
}

func isNamed(r *btf.Row) bool { return kindOf(r) != "" }

// keyOf returns the key of a type. What has no name goes by its spelling.
func keyOf(b *btf.BTF, id btf.ID) key {
	r := b.Row(id)
	switch kind := kindOf(r); kind {
	case "":
		if word := keyword(r); word != "" {
			return key{word, braced(b, id)}
		}
		return key{unnamed, spell(b, id)}
	case "tag":
		return key{kind, str(b, r.Name) + " of " + tagged(b, r)}
	default:
		return key{kind, str(b, r.Name)}
	}
}

// tagged names what a DECL_TAG is put on.
func tagged(b *btf.BTF, tag *btf.Row) string {
	target := b.Row(btf.ID(tag.Type))
	what := "a tag"
	switch kind := kindOf(target); kind {
	case "tag":
	case "":
		what = spell(b, btf.ID(tag.Type))
	default:
		what = key{kind, str(b, target.Name)}.String()
	}
	component := int32(tag.Aux)
	if component < 0 {
		return what
	}
	if target.Info.Kind() == btf.KindFunc {
		return "parameter " + strconv.Itoa(int(component)+1) + " of " + what
	}
	if items := b.ItemsOf(btf.ID(tag.Type)); int(component) < len(items) {
		return "member " + str(b, btf.StrOff(items[component].Name)) + " of " + what
	}
	return "component " + strconv.Itoa(int(component)) + " of " + what
}

// String returns what people call it.
func (k key) String() string {
	switch k.kind {
	case "function":
		return k.name + "()"
	case "number", unnamed:
		return k.name
	}
	return k.kind + " " + k.name
}

// describe returns what a type is, in the words of C and on one line.
func describe(b *btf.BTF, id btf.ID) string {
	r := b.Row(id)
	k := keyOf(b, id)
	switch r.Info.Kind() {
	case btf.KindFunc:
		return declare(b, id, k.name)
	case btf.KindVar:
		return declare(b, btf.ID(r.Type), k.name)
	case btf.KindTypedef:
		return "typedef " + declare(b, btf.ID(r.Type), k.name)
	case btf.KindFwd:
		return k.String() + ", only declared"
	case btf.KindStruct, btf.KindUnion, btf.KindDatasec, btf.KindInt, btf.KindFloat, btf.KindEnum, btf.KindEnum64:
		return k.String() + ", " + bytesText(r.Type)
	}
	return k.String()
}

func bytesText(n uint32) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.FormatUint(uint64(n), 10) + " bytes"
}
