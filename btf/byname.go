package btf

import (
	"bytes"
	"cmp"
	"slices"
)

// OrderByName sorts ids of b as bpftool does for C since Linux 6.11, so that two
// dumps can be compared though the ids are others: enums, numbers, structs and
// unions, types of functions, then all else, each by name. A typedef stands with
// what it is of. What has the same names keeps the order of ids. Unlike the
// order of [SortByName], which kernels search, it is for people.
func OrderByName(b *BTF, ids []ID) {
	keys := make([]nameKey, b.NumTypes())
	for _, id := range ids {
		keys[id] = nameKeyOf(b, id)
	}
	slices.SortFunc(ids, func(x, y ID) int {
		return cmp.Or(keys[x].compare(keys[y]), cmp.Compare(x, y))
	})
}

// nameKey is what a type is sorted by.
type nameKey struct {
	rank   int
	target []byte // what it is of
	own    []byte
}

func (k nameKey) compare(o nameKey) int {
	return cmp.Or(cmp.Compare(k.rank, o.rank), bytes.Compare(k.target, o.target), bytes.Compare(k.own, o.own))
}

// nameRanks are those of kinds that have one, by themselves or behind a typedef.
var nameRanks = map[Kind]int{
	KindEnum:      1,
	KindEnum64:    1,
	KindInt:       2,
	KindFloat:     2,
	KindStruct:    3,
	KindUnion:     3,
	KindFuncProto: 4,
}

const (
	anonEnumRank = 0 // by their first enumerators
	lastRank     = 5
)

func nameKeyOf(b *BTF, id ID) nameKey {
	end := targetOf(b, id)
	k := nameKey{rank: lastRank, target: b.Name(end), own: b.Name(id)}
	rank, ranked := nameRanks[b.Row(end).Info.Kind()]
	switch {
	case !ranked:
	case len(k.own) > 0:
		k.rank = rank
	case id == end && rank == nameRanks[KindEnum]:
		k.rank = anonEnumRank
		if items := b.ItemsOf(id); len(items) > 0 {
			k.target, _ = b.Str(StrOff(items[0].Name))
		}
	}
	return k
}

// maxTargetSteps is how far a kernel follows references; hostile ones have no end.
const maxTargetSteps = 32

// targetOf follows typedefs, pointers, qualifiers, arrays and tags.
func targetOf(b *BTF, id ID) ID {
	for range maxTargetSteps {
		switch r := b.Row(id); r.Info.Kind() {
		case KindTypedef, KindPtr, KindConst, KindVolatile, KindRestrict, KindTypeTag, KindDeclTag:
			id = ID(r.Type)
		case KindArray:
			id = ID(b.ItemsOf(id)[0].Type)
		default:
			return id
		}
	}
	return id
}
