package diff

import (
	"strconv"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
)

const (
	// maxSteps bounds how many types go into one spelling: what a function takes
	// may be functions that take functions.
	maxSteps = 256

	// maxLength bounds a spelling in bytes, but for the name that is declared.
	maxLength = 1024

	// maxName bounds a name in bytes; a kernel's are shorter (KSYM_NAME_LEN).
	maxName = 512

	etc = "..."
)

// spell returns a type as C has it: "struct file *", "char [16]",
// "int (*)(struct inode *, bool)". What has no name is "struct { ... }".
func spell(b *btf.BTF, id btf.ID) string { return declare(b, id, "") }

// declare returns a declaration of name with a type.
func declare(b *btf.BTF, id btf.ID, name string) string {
	s := speller{b: b, left: maxSteps, room: maxLength}
	return s.declare(id, name)
}

type speller struct {
	b    *btf.BTF
	left int // types that may still be looked at
	room int // bytes that names may still take
}

// declare wraps inner, which is the declarator so far. BTF goes from the name to
// the innermost type, so that each step wraps what was there before.
func (s *speller) declare(id btf.ID, inner string) string {
	if s.left--; s.left < 0 {
		return spaced(etc, inner)
	}
	r := s.b.Row(id)
	next := btf.ID(r.Type)
	switch kind := r.Info.Kind(); kind {
	case btf.KindPtr:
		if s.isSuffixed(next) {
			return s.declare(next, "(*"+inner+")")
		}
		return s.declare(next, "*"+inner)
	case btf.KindTypeTag:
		return s.declare(next, spaced(typeTag(s.b, r), inner))
	case btf.KindConst, btf.KindVolatile, btf.KindRestrict:
		word := qualifiers[kind]
		switch target := s.b.Row(next); {
		case target.Info.Kind() == btf.KindPtr:
			return s.declare(next, spaced(word, inner))
		case target.Info.Kind() == btf.KindArray && s.element(next).Info.Kind() == kind:
			return s.declare(next, inner) // GCC has it of the array and of its element
		}
		return word + " " + s.declare(next, inner)
	case btf.KindArray:
		m := s.b.ItemsOf(id)[0]
		return s.declare(btf.ID(m.Type), inner+"["+strconv.FormatUint(uint64(m.Val), 10)+"]")
	case btf.KindFuncProto:
		return s.declare(next, inner+"("+s.params(s.b.ItemsOf(id), false)+")")
	case btf.KindFunc:
		return s.function(id, inner)
	}
	word := s.specifier(id, r)
	if s.room -= len(word); s.room < 0 {
		word = etc
	}
	return spaced(word, inner)
}

// function returns the prototype of a FUNC, parameters with their names.
func (s *speller) function(id btf.ID, name string) string {
	proto := btf.ID(s.b.Row(id).Type)
	r := s.b.Row(proto)
	if r.Info.Kind() != btf.KindFuncProto {
		return s.declare(proto, name)
	}
	return s.declare(btf.ID(r.Type), name+"("+s.params(s.b.ItemsOf(proto), true)+")")
}

func (s *speller) params(items []btf.Item, named bool) string {
	if len(items) == 0 {
		return "void"
	}
	var all []string
	for i, m := range items {
		switch {
		case s.left <= 0, s.room <= 0:
			return strings.Join(append(all, etc), ", ")
		case m.Type == 0 && i == len(items)-1:
			all = append(all, etc)
		case named:
			name := str(s.b, btf.StrOff(m.Name))
			s.room -= len(name)
			all = append(all, s.declare(btf.ID(m.Type), name))
		default:
			all = append(all, s.declare(btf.ID(m.Type), ""))
		}
	}
	return strings.Join(all, ", ")
}

// isSuffixed reports whether a pointer to id is written in parentheses.
func (s *speller) isSuffixed(id btf.ID) bool {
	k := s.b.Row(id).Info.Kind()
	return k == btf.KindArray || k == btf.KindFuncProto
}

// element returns what the array id is of.
func (s *speller) element(id btf.ID) *btf.Row { return s.b.Row(btf.ID(s.b.ItemsOf(id)[0].Type)) }

// specifier returns the innermost type.
func (s *speller) specifier(id btf.ID, r *btf.Row) string {
	kind := r.Info.Kind()
	switch {
	case id == 0:
		return "void"
	case kind == btf.KindVoid:
		return "unknown " + str(s.b, r.Name)
	case keyword(r) == "":
		return str(s.b, r.Name)
	case r.Name == 0:
		return keyword(r) + " " + braced(s.b, id)
	}
	return keyword(r) + " " + str(s.b, r.Name)
}

// braced stands for the name of a type that has none: what comes first in it is
// the best means to find it in the source.
func braced(b *btf.BTF, id btf.ID) string {
	items := b.ItemsOf(id)
	if len(items) == 0 || items[0].Name == 0 {
		return "{ " + etc + " }"
	}
	return "{ " + str(b, btf.StrOff(items[0].Name)) + ", " + etc + " }"
}

// keyword is what comes before a name in C.
func keyword(r *btf.Row) string {
	switch r.Info.Kind() {
	case btf.KindStruct:
		return "struct"
	case btf.KindUnion:
		return "union"
	case btf.KindEnum, btf.KindEnum64:
		return "enum"
	case btf.KindFwd:
		if r.Info.KindFlag() {
			return "union"
		}
		return "struct"
	}
	return ""
}

var qualifiers = map[btf.Kind]string{
	btf.KindConst:    "const",
	btf.KindVolatile: "volatile",
	btf.KindRestrict: "restrict",
}

// typeTag returns a tag as a kernel's source has it, where __user is
// BTF_TYPE_TAG(user).
func typeTag(b *btf.BTF, r *btf.Row) string {
	if r.Info.KindFlag() {
		return "__attribute__((" + str(b, r.Name) + "))"
	}
	return "__" + str(b, r.Name)
}

func spaced(word, inner string) string {
	if inner == "" {
		return word
	}
	return word + " " + inner
}

// str returns a name, cut where it is longer than any name of a kernel.
func str(b *btf.BTF, off btf.StrOff) string {
	s, _ := b.Str(off)
	if len(s) > maxName {
		return string(s[:maxName]) + etc
	}
	return string(s)
}
