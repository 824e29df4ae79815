package check

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Whether split BTF belongs to a base.
//
// On top of another base than its own, split BTF still has ids and string
// offsets, and a kernel takes them if they exist. But an offset names the begin
// of a string: whoever makes split BTF looks up whole strings. On top of another
// base, one whose strings are in another order or which has one more, nearly all
// offsets are within strings, those of the own strings too, as they count from
// the base's end.
//
//	base  \0 i n t \0 u n s i g n e d   i n t \0
//	         ^ 1       ^ 5       ^ 11: within "unsigned int"
//
// libbpf and pahole, whose strings these are, never refer to the end of a string;
// nor does any of the 1,138 modules of Debian's kernel.

// belongs says whether and where f and the base do not go together.
func (c *Checker) belongs(f *File) []Finding {
	found := c.wrongRelease(f)
	split, err := btf.ParseOn(f.BTF, c.base)
	if err != nil {
		return found // the kernel's rules tell
	}
	if split.Order != c.base.Order {
		return append(found, Finding{By: ByBase, Section: sectionBTF, Message: fmt.Sprintf("the byte order is %v, that of the base %v", split.Order, c.base.Order)})
	}
	r := refs{b: split}
	for id := split.First(); int(id) < split.NumTypes(); id++ {
		r.look(id)
	}
	if r.off == 0 {
		return found
	}
	first := r.first
	first.Message = fmt.Sprintf("%d of %d references to names and types do not fit the base; the first: %s", r.off, r.all, first.Message)
	return append(found, first)
}

// wrongRelease compares the releases of a module and of the base.
func (c *Checker) wrongRelease(f *File) []Finding {
	if c.release == "" || f.Release == "" || c.release == f.Release {
		return nil
	}
	return []Finding{{By: ByBase, Section: ".modinfo", Message: fmt.Sprintf("vermagic is of %s, the base of %s", f.Release, c.release)}}
}

// refs counts references and those that fit nothing.
type refs struct {
	b        *btf.BTF
	all, off int
	first    Finding
}

// look counts those of type id.
func (r *refs) look(id btf.ID) {
	row := r.b.Row(id)
	s := btf.Shapes[row.Info.Kind()]
	r.str(id, -1, uint32(row.Name))
	if s.TypeIsRef {
		r.typ(id, -1, row.Type)
	}
	for i, m := range r.b.ItemsOf(id) {
		if s.ItemNameStr {
			r.str(id, i, m.Name)
		}
		if s.ItemNameRef {
			r.typ(id, i, m.Name)
		}
		if s.ItemTypeRef {
			r.typ(id, i, m.Type)
		}
	}
}

// str counts a reference to a string.
func (r *refs) str(id btf.ID, item int, off uint32) {
	if off == 0 {
		return
	}
	r.all++
	owner := r.b
	for off < uint32(owner.StrStart) {
		owner = owner.Base
	}
	at := off - uint32(owner.StrStart)
	switch {
	case uint64(off) >= owner.StrEnd():
		r.bad(id, item, "name offset %#x is beyond the strings, which end at %#x", off, owner.StrEnd())
	case at > 0 && owner.Strs[at-1] != 0:
		r.bad(id, item, "name offset %#x is within %q", off, around(owner.Strs, at))
	}
}

// typ counts a reference to a type.
func (r *refs) typ(id btf.ID, item int, to uint32) {
	if to == 0 {
		return
	}
	r.all++
	if uint64(to) >= uint64(r.b.NumTypes()) {
		r.bad(id, item, "type id %d is beyond the types, which end at %d", to, r.b.NumTypes()-1)
	}
}

// bad counts a reference that fits nothing.
func (r *refs) bad(id btf.ID, item int, format string, args ...any) {
	if r.off++; r.off > 1 {
		return
	}
	r.first = Finding{By: ByBase, Section: sectionBTF, ID: id, Kind: r.b.Row(id).Info.Kind().String(), Message: fmt.Sprintf(format, args...)}
	if item >= 0 {
		r.first.Item = &item
	}
}

// maxShown is how much is shown of a string, in bytes.
const maxShown = 80

// around returns the string around at.
func around(strs []byte, at uint32) []byte {
	begin, end := at, at
	for begin > 0 && strs[begin-1] != 0 && at-begin < maxShown {
		begin--
	}
	for int(end) < len(strs) && strs[end] != 0 && end-begin < maxShown {
		end++
	}
	return strs[begin:end]
}
