package cdump

import "github.com/gobtfenc/gobtfenc/btf"

// order lines up in d.queue the definitions that type id needs before it, and
// its own. It reports whether id, or what it is made of, is a strong link: the
// definition stands, or will stand, before what refers to it. throughPtr says
// that a pointer is on the way, so that a name is enough; a typedef that ends
// weakly there is left for later, when its own turn comes or a forward
// declaration is asked for.
//
// The answers are those of libbpf's btf_dump_order_type, the odd one for numbers
// and pointers included: not strong the first time, strong from then on.
func (d *dumper) order(id btf.ID, throughPtr bool) (strong bool) {
	if !d.enter(id) {
		return false
	}
	defer d.leave()
	s, r := &d.state[id], d.b.Row(id)
	kind := r.Info.Kind()
	switch s.order {
	case done:
		return true
	case underWay:
		if !throughPtr || r.Name == 0 {
			d.fail(id, "contains itself")
		}
		return false
	}
	switch kind {
	case btf.KindPtr:
		strong = d.order(btf.ID(r.Type), true)
		s.order = done
		return strong
	case btf.KindArray:
		return d.order(d.element(id), false)
	case btf.KindVolatile, btf.KindConst, btf.KindRestrict, btf.KindTypeTag:
		return d.order(btf.ID(r.Type), throughPtr)
	case btf.KindStruct, btf.KindUnion:
		return d.orderStruct(id, r, throughPtr)
	case btf.KindEnum, btf.KindEnum64, btf.KindFwd:
		if r.Name != 0 || !s.referenced {
			d.queue = append(d.queue, id)
		}
		s.order = done
		return true
	case btf.KindTypedef:
		if !d.order(btf.ID(r.Type), throughPtr) && throughPtr {
			return false
		}
		d.queue = append(d.queue, id)
		s.order = done
		return true
	case btf.KindFuncProto:
		strong = d.order(btf.ID(r.Type), throughPtr)
		for _, m := range d.b.ItemsOf(id) {
			if d.order(btf.ID(m.Type), throughPtr) {
				strong = true
			}
		}
		return strong
	}
	s.order = done
	return false
}

// orderStruct orders the members of a struct or union and it behind them. One
// with a name has time behind a pointer.
func (d *dumper) orderStruct(id btf.ID, r *btf.Row, throughPtr bool) (strong bool) {
	if throughPtr && r.Name != 0 {
		return false
	}
	d.state[id].order = underWay
	for _, m := range d.b.ItemsOf(id) {
		d.order(btf.ID(m.Type), false)
	}
	if r.Name != 0 {
		d.queue = append(d.queue, id)
	}
	d.state[id].order = done
	return true
}

// element returns what an array is of.
func (d *dumper) element(id btf.ID) btf.ID { return btf.ID(d.b.ItemsOf(id)[0].Type) }
