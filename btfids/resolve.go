package btfids

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Which id has a name?
//
// The first type of that kind and name, in the order of ids, the base's first.
// Where there are more, which of them was meant is anybody's guess, and a
// warning says so. The kernel's build can be told to stop at warnings, so there
// is to be one where resolve_btfids has one, and no more: it stops looking for a
// kind as soon as it has found as many names as symbols ask for that kind, and
// sees second types only until then.

// Warning is something that the section asks for and that has no certain answer, in
// resolve_btfids's words, which prints WARN: before them.
type Warning string

func (w Warning) Error() string { return string(w) }

// wanted is a name that is looked for.
type wanted struct {
	kind btf.Kind
	name string
	id   btf.ID
}

// resolver looks names up.
type resolver struct {
	byName map[string]int // kind and name → index in list
	list   []wanted       // in the order of symbols
	left   [btf.NumKinds]int
	warned []Warning
}

// key is the key of a name in byName. Bytes are appended to buf.
func key(buf []byte, kind btf.Kind, name []byte) []byte {
	return append(append(buf, byte(kind)), name...)
}

// resolve returns the ids of all names that s asks for.
func (s *Section) resolve(b *btf.BTF) *resolver {
	r := &resolver{byName: make(map[string]int, len(s.ids))}
	for _, x := range s.ids {
		k := string(key(nil, x.kind, []byte(x.name)))
		if _, ok := r.byName[k]; !ok {
			r.byName[k] = len(r.list)
			r.list = append(r.list, wanted{kind: x.kind, name: x.name})
		}
		r.left[x.kind]++
	}
	if len(s.ids) > 0 {
		r.walk(b)
	}
	for i := range r.list {
		if w := &r.list[i]; w.id == 0 {
			r.warned = append(r.warned, Warning("resolve_btfids: unresolved symbol "+w.name))
		}
	}
	return r
}

// walk goes through the types of b, those of its base first.
func (r *resolver) walk(b *btf.BTF) {
	if b.Base != nil {
		r.walk(b.Base)
	}
	var buf []byte
	for i := range b.Types.Rows {
		row := &b.Types.Rows[i]
		kind := row.Info.Kind()
		if r.left[kind] == 0 {
			continue
		}
		id := b.Start + btf.ID(i)
		buf = key(buf[:0], kind, b.Name(id))
		n, ok := r.byName[string(buf)]
		if !ok {
			continue
		}
		w := &r.list[n]
		if w.id != 0 {
			r.warned = append(r.warned, Warning(fmt.Sprintf("multiple IDs found for '%s': %d, %d - using %d", w.name, w.id, id, w.id)))
			continue
		}
		w.id = id
		r.left[kind]--
	}
}

// id returns the id of a name, 0 where there is none.
func (r *resolver) id(kind btf.Kind, name string) btf.ID {
	return r.list[r.byName[string(key(nil, kind, []byte(name)))]].id
}

// BaseTypes returns the types of b's base that the section asks for, functions
// aside: what a distilled base has to have for their ids to be told.
func (s *Section) BaseTypes(b *btf.BTF) []btf.ID {
	var out []btf.ID
	for _, w := range s.resolve(b).list {
		if w.id != 0 && w.id < b.Start && w.kind != btf.KindFunc {
			out = append(out, w.id)
		}
	}
	return out
}
