package encoder_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
)

// wantFile is one testdata/kernel/want/NAME.want; the README there has the form
// of its lines and of the bodies.
type wantFile struct {
	count  int                 // types of its own; -1 where the file does not say
	has    []string            // "KIND NAME" or "KIND NAME = BODY"
	hasNot []string            // "KIND NAME"
	shared []string            // those of hasNot that the base must have
	open   map[string]struct{} // "KIND NAME" that may be there or not
}

func readWant(t *testing.T, path string) *wantFile {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w := &wantFile{count: -1, open: map[string]struct{}{}}
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		mark, claim, ok := strings.Cut(line, " ")
		what, reason, _ := strings.Cut(claim, ": ")
		switch {
		case ok && mark == "=":
			if w.count, err = strconv.Atoi(claim); err != nil {
				t.Fatalf("%s:%d: %v", path, i+1, err)
			}
		case ok && mark == "+":
			w.has = append(w.has, claim)
		case ok && mark == "-":
			w.hasNot = append(w.hasNot, what)
			if reason == "shared" {
				w.shared = append(w.shared, what)
			}
		case ok && mark == "?":
			w.open[what] = struct{}{}
		default:
			t.Fatalf("%s:%d: no claim: %q", path, i+1, line)
		}
	}
	return w
}

// check compares the own types of b with the claims.
func (w *wantFile) check(t *testing.T, b *btf.BTF) {
	t.Helper()
	if w.count >= 0 && b.NumOwn() != w.count {
		t.Errorf("%d types of its own, want %d", b.NumOwn(), w.count)
	}
	left := namedTypes(b) // what no claim has taken yet
	names := map[string]bool{}
	for _, n := range left {
		name, _, _ := strings.Cut(n, " = ")
		names[name] = true
	}
	for _, claim := range w.has {
		exact := strings.Contains(claim, " = ")
		i := 0
		for i < len(left) && left[i] != claim && (exact || !strings.HasPrefix(left[i], claim+" = ")) {
			i++
		}
		if i == len(left) {
			t.Errorf("missing: %s", claim)
			continue
		}
		left = append(left[:i], left[i+1:]...)
	}
	for _, n := range left {
		name, _, _ := strings.Cut(n, " = ")
		if _, ok := w.open[name]; !ok {
			t.Errorf("not expected: %s", n)
		}
	}
	for _, name := range w.hasNot {
		if names[name] {
			t.Errorf("%s is the module's own, and must not be", name)
		}
	}
	if len(w.shared) == 0 {
		return
	}
	inBase := map[string]bool{}
	for _, n := range namedTypes(b.Base) {
		name, _, _ := strings.Cut(n, " = ")
		inBase[name] = true
	}
	for _, name := range w.shared {
		if !inBase[name] {
			t.Errorf("%s is said to be shared, and the base does not have it", name)
		}
	}
}

// namedTypes renders every own type of b that has a name, "KIND NAME = BODY" in
// order of ids, but for TYPE_TAGs, which are seen where they are used.
func namedTypes(b *btf.BTF) []string {
	var out []string
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		kind, name := b.Row(id).Info.Kind(), b.Name(id)
		if len(name) == 0 || kind == btf.KindTypeTag {
			continue
		}
		r := renderer{b: b}
		out = append(out, fmt.Sprintf("%v %s = %s", kind, name, r.body(id)))
	}
	return out
}

// renderer writes types without ids, so that two encodings of one module read
// the same. A type is read from left to right: "char const * [4]".
type renderer struct {
	b     *btf.BTF
	depth int
}

func (r *renderer) str(off btf.StrOff) string {
	s, _ := r.b.Str(off)
	return string(s)
}

// ref is the type as another type has it: by name where it has one.
func (r *renderer) ref(id btf.ID) string {
	if id == 0 {
		return "void"
	}
	// Nameless types form no cycle of their own; one that does is broken.
	if r.depth++; r.depth > 32 {
		return "?"
	}
	defer func() { r.depth-- }()
	row, name := r.b.Row(id), string(r.b.Name(id))
	switch kind := row.Info.Kind(); kind {
	case btf.KindInt, btf.KindFloat, btf.KindTypedef:
		return name
	case btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64:
		word := map[btf.Kind]string{btf.KindStruct: "struct ", btf.KindUnion: "union "}[kind]
		if word == "" {
			word = "enum "
		}
		if name == "" {
			return word + r.body(id)
		}
		return word + name
	case btf.KindFwd:
		return r.body(id) + " " + name
	case btf.KindPtr:
		return r.ref(btf.ID(row.Type)) + " *"
	case btf.KindConst, btf.KindVolatile, btf.KindRestrict:
		return r.ref(btf.ID(row.Type)) + " " + strings.ToLower(kind.String())
	case btf.KindTypeTag:
		if row.Info.KindFlag() {
			return fmt.Sprintf("%s attr(%s)", r.ref(btf.ID(row.Type)), name)
		}
		return fmt.Sprintf("%s tag(%s)", r.ref(btf.ID(row.Type)), name)
	case btf.KindArray:
		a := r.b.ItemsOf(id)[0]
		return fmt.Sprintf("%s [%d]", r.ref(btf.ID(a.Type)), a.Val)
	case btf.KindFuncProto:
		return r.body(id)
	default:
		return "?" + kind.String()
	}
}

// body is what a type is but for its kind and name.
func (r *renderer) body(id btf.ID) string {
	row := r.b.Row(id)
	flag := row.Info.KindFlag()
	switch kind := row.Info.Kind(); kind {
	case btf.KindInt:
		enc, ok := map[uint32]string{0: "none", btf.IntSigned: "SIGNED", btf.IntChar: "CHAR", btf.IntBool: "BOOL"}[row.Aux>>24]
		if !ok {
			enc = strconv.Itoa(int(row.Aux >> 24))
		}
		return fmt.Sprintf("size=%d bits=%d %s", row.Type, row.Aux&0xff, enc)
	case btf.KindFloat:
		return fmt.Sprintf("size=%d", row.Type)
	case btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64, btf.KindDatasec:
		return r.items(id)
	case btf.KindFwd:
		if flag {
			return "union"
		}
		return "struct"
	case btf.KindFuncProto:
		return r.proto(id)
	case btf.KindVar:
		return [...]string{"static", "global", "extern"}[row.Aux] + " " + r.ref(btf.ID(row.Type))
	case btf.KindDeclTag:
		return r.target(row)
	default: // TYPEDEF and FUNC
		return r.ref(btf.ID(row.Type))
	}
}

func (r *renderer) items(id btf.ID) string {
	row := r.b.Row(id)
	flag := row.Info.KindFlag()
	sep, head := "; ", ""
	var parts []string
	for _, m := range r.b.ItemsOf(id) {
		switch row.Info.Kind() {
		case btf.KindStruct, btf.KindUnion:
			off, bits := btf.MemberBits(row.Info, m.Val)
			p := strings.TrimSuffix(r.ref(btf.ID(m.Type))+" "+r.str(btf.StrOff(m.Name)), " ") + " @" + strconv.Itoa(int(off))
			if bits != 0 {
				p += ":" + strconv.Itoa(int(bits))
			}
			parts = append(parts, p)
		case btf.KindDatasec:
			parts = append(parts, fmt.Sprintf("%s @%d+%d", r.b.Name(btf.ID(m.Type)), m.Val, m.Name))
		default:
			sep, head = ", ", map[bool]string{false: "unsigned ", true: "signed "}[flag]
			parts = append(parts, r.str(btf.StrOff(m.Name))+"="+enumerator(row.Info, m))
		}
	}
	if k := row.Info.Kind(); len(parts) == 0 && (k == btf.KindEnum || k == btf.KindEnum64) {
		head = map[bool]string{false: "unsigned ", true: "signed "}[flag]
	}
	return fmt.Sprintf("%d %s{%s}", row.Type, head, strings.Join(parts, sep))
}

func enumerator(info btf.Info, m btf.Item) string {
	v, wide := uint64(m.Val), info.Kind() == btf.KindEnum64
	if wide {
		v |= uint64(m.Type) << 32
	}
	switch {
	case !info.KindFlag():
		return strconv.FormatUint(v, 10)
	case wide:
		return strconv.FormatInt(int64(v), 10)
	default:
		return strconv.Itoa(int(int32(m.Val)))
	}
}

func (r *renderer) proto(id btf.ID) string {
	var params []string
	for _, p := range r.b.ItemsOf(id) {
		if p.Type == 0 {
			params = append(params, "...")
			continue
		}
		params = append(params, strings.TrimSuffix(r.ref(btf.ID(p.Type))+" "+r.str(btf.StrOff(p.Name)), " "))
	}
	return fmt.Sprintf("%s (%s)", r.ref(btf.ID(r.b.Row(id).Type)), strings.Join(params, ", "))
}

// target is what a DECL_TAG is on, with the member or parameter if it is on one.
func (r *renderer) target(tag *btf.Row) string {
	id := btf.ID(tag.Type)
	s := fmt.Sprintf("%v %s", r.b.Row(id).Info.Kind(), r.b.Name(id))
	if int32(tag.Aux) < 0 {
		return s
	}
	if r.b.Row(id).Info.Kind() == btf.KindFunc {
		id = btf.ID(r.b.Row(id).Type)
	}
	return s + "." + r.str(btf.StrOff(r.b.ItemsOf(id)[tag.Aux].Name))
}
