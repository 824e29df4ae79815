package btfids

import (
	"bytes"
	"maps"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Ids of a base that is gone.
//
// When vmlinux is linked anew and a module is not, the module still has its old
// BTF, whose base was overwritten. A function there says where its name is,
// counted from the beginning of the lost base's names, and which one it is of the
// module's own types. Two numbers are not known: how many names and how many types
// the base had. But a set has several functions, and one pair of numbers must
// explain all of their names and ids:
//
//	own names   … foo at 10 … bar at 30         FUNC #4 name 5010   FUNC #7 name 5030
//	set         ids 104, 107                    5000 bytes of names, 100 types

// RestoreOrphan is Restore by BTF without its base, as btf.ParseOrphan reads it. Sets
// that more than one pair of numbers explains stay as they are.
func (s *Section) RestoreOrphan(b *btf.BTF) bool { return s.restoreOrphan(b, maxWork) }

// maxWork bounds the look-ups that are tried for a section, far above the few per
// function of a real module.
const maxWork = 1 << 22

func (s *Section) restoreOrphan(b *btf.BTF, work int) bool {
	o := &orphan{funcs: map[btf.StrOff]btf.ID{}, offs: s.nameOffsets(b.Strs), work: work}
	for i := range b.Types.Rows {
		r := &b.Types.Rows[i]
		if _, ok := o.funcs[r.Name]; !ok && r.Info.Kind() == btf.KindFunc {
			o.funcs[r.Name] = btf.ID(i)
		}
	}
	o.names = slices.Sorted(maps.Keys(o.funcs))
	return s.restoreAll(func(t *set) names { return o.explain(s, t) })
}

// orphan is BTF without its base.
type orphan struct {
	funcs map[btf.StrOff]btf.ID // indexes by name, the first of each, as Patch takes it
	names []btf.StrOff          // of funcs, ascending: where the work ends is the same each time
	offs  map[string]btf.StrOff // of names that the section asks for, in the own ones, + 1
	work  int                   // look-ups left
}

// nameOffsets returns where in strs the names of functions are that s asks for.
func (s *Section) nameOffsets(strs []byte) map[string]btf.StrOff {
	offs := map[string]btf.StrOff{}
	for _, x := range s.ids {
		if x.kind == btf.KindFunc {
			offs[x.name] = 0
		}
	}
	for at, name := range splitNames(strs) {
		if _, ok := offs[string(name)]; ok {
			offs[string(name)] = btf.StrOff(at) + 1 // 0 is for none
		}
	}
	return offs
}

// splitNames gives the strings of a section and their offsets.
func splitNames(strs []byte) func(func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		for at := 0; at < len(strs); {
			n := bytes.IndexByte(strs[at:], 0)
			if n < 0 || !yield(at, strs[at:at+n]) {
				return
			}
			at += n + 1
		}
	}
}

// explain finds the two numbers for a set. The result knows no id where it does not
// find them.
func (o *orphan) explain(s *Section, t *set) names {
	unknown := func(uint32) (string, bool) { return "", false }
	var list []string // names that the old BTF has
	for _, x := range t.ids {
		if x.kind == btf.KindFunc && o.offs[x.name] != 0 {
			list = append(list, x.name)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	ids := s.idsOf(t)
	if len(list) < 2 || len(list) != len(ids) {
		return unknown
	}
	var found map[uint32]string
	for _, off := range o.names {
		start := off - (o.offs[list[0]] - 1) // names of the base, if list[0] is there
		lacks := slices.IndexFunc(list, func(name string) bool { _, ok := o.funcs[start+o.offs[name]-1]; return !ok })
		tried := lacks + 1
		if lacks < 0 {
			tried = len(list) + len(ids)
		}
		if o.work -= tried; o.work < 0 {
			return unknown
		}
		if lacks >= 0 {
			continue
		}
		byID := o.explainFrom(start, list, ids)
		if byID != nil && found != nil {
			return unknown
		}
		if byID != nil {
			found = byID
		}
	}
	return func(id uint32) (string, bool) {
		name, ok := found[id]
		return string(key(nil, btf.KindFunc, []byte(name))), ok
	}
}

// idsOf returns the ids of a set, without 0, each once and ascending.
func (s *Section) idsOf(t *set) []uint32 {
	var ids []uint32
	for _, p := range s.pairs(t) {
		if p.id != 0 {
			ids = append(ids, p.id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// explainFrom returns which name each id is of, if the base's names ended at start,
// where all of list are; nil where that explains not all of the ids.
func (o *orphan) explainFrom(start btf.StrOff, list []string, ids []uint32) map[uint32]string {
	byIndex := make(map[uint32]string, len(list))
	lowest := ^uint32(0)
	for _, name := range list {
		i := o.funcs[start+o.offs[name]-1]
		byIndex[uint32(i)] = name
		lowest = min(lowest, uint32(i))
	}
	shift := ids[0] - lowest // types of the base
	byID := make(map[uint32]string, len(list))
	for _, id := range ids {
		name, ok := byIndex[id-shift]
		if !ok {
			return nil
		}
		byID[id] = name
	}
	return byID
}
