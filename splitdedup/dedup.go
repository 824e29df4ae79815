// Package splitdedup makes types canonical: the types of a module, unit by
// unit, against the types of an immutable base.
//
// # The problem
//
// Every unit of a module declares the kernel's headers anew, so one struct is
// converted hundreds of times. Two types are the same when they look the same
// and refer to the same types, cycles taken coinductively (a list_head is the
// same as another one although each is reached only through itself):
//
//	struct a { struct b *next; };    // unit 1, and again in unit 2
//	struct b { struct a *prev; };
//
// Merging them one reference at a time never starts, because each waits for
// the other; comparing two graphs for each pair of types walks the same
// thousands of types again and again.
//
// # The rule used
//
// In C a cycle always passes through something with a name, so names are where
// the graph is cut. A cut type is a named struct or union, a FWD, or a named
// enum. All other types (pointers, arrays, prototypes, typedefs, anonymous
// structs, …) are trees whose leaves are cut types.
//
//  1. Find candidates for every cut type: structs and unions of the base by name,
//     all else by signature, a hash of a type's tree in which a leaf counts by its
//     name only (signature.go). That finds candidates, nothing more.
//  2. Pair the cut type with each candidate and compare the two trees once. Where
//     the trees are equal the pair stands if each pair of leaves stands: these are
//     its obligations (pairs.go).
//  3. Refute: a pair with an obligation that does not stand falls, until none
//     falls any more. What remains is the greatest bisimulation, that is,
//     coinductive equality, in time linear in the obligations.
//  4. Cut types without a standing pair are new. New ones of one unit that are
//     the same by the same rules are merged (twins.go).
//  5. With all cut types canonical, trees are interned bottom-up by comparing
//     canonical references (intern.go).
//
// Forward declarations stand for complete types while units are added, as in
// libbpf's dedup (fwd.go). When all units are in, they are resolved, and the
// module's own types go once more through the same steps, strictly
// (finish.go): the result is minimal.
//
// # What it does not do
//
// It takes no part in what a unit declares: every type that a unit has gets a
// canonical one. VAR and DATASEC are never merged.
package splitdedup

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/bigmem"
)

// local marks an ID that names a type of the unit in work, not a canonical
// one. Canonical ids are far below (btf.MaxID).
const local btf.ID = 1 << 31

// Module collects the types of one module on top of a base. It is reused from
// module to module and is not safe for concurrent use; the Base is shared.
type Module struct {
	base  *Base
	first btf.ID // id of own.Rows[0]; ids below are the base's

	own   btf.Types
	sigs  []uint64 // by own index
	index table    // own types by signature
	named nameSet  // of own structs and unions

	resolved idMap // FWD (see fwdKey) or enum FWD → the complete type
	baseFwd  idMap // own FWD → the base's of the same name and kind

	// TypedefGraphs compares typedefs with the base as a whole where the unit
	// completes a base FWD, like structs: libbpf since 1.7 (37027144).
	TypedefGraphs bool

	enums   map[btf.StrOff]enumNames // own named enums; not kept in strict mode
	pending []btf.ID                 // keys in resolved whose type has no canonical id yet

	meaning map[btf.ID]btf.ID // for oneMeaning: FWD → the first local that completes it

	strict  bool // a FWD stands only for itself
	collide bool // all signatures equal: for tests

	unit   unit
	cyclic []bool // by own index, as far as types are cut although their kind is not

	single     btf.Types // for Add
	singleRefs []btf.ID

	finals    [2]*Module // for Finish
	gathered  btf.Types
	number    []btf.ID // by own index: id in gathered, 0 for a resolved FWD
	givenIDs  []btf.ID
	givenBase map[btf.ID]uint32
	result    Result
	strs      []byte
}

// NewModule returns a Module without types; call Reset before use.
func NewModule() *Module {
	return &Module{meaning: map[btf.ID]btf.ID{}, enums: map[btf.StrOff]enumNames{}, givenBase: map[btf.ID]uint32{}}
}

// Reset empties m and puts it on top of base.
func (m *Module) Reset(base *Base) {
	m.base, m.first, m.unit.seed = base, btf.ID(len(base.types.Rows)), base.seed
	m.own.Reset()
	m.sigs = m.sigs[:0]
	m.index.reset(1024)
	m.resolved.reset(m.first)
	clear(m.enums)
	m.baseFwd.reset(m.first)
	m.pending = m.pending[:0]
	m.strict, m.collide = false, base.collide
	m.cyclic = m.cyclic[:0]
	m.index.first = m.first
	clear(m.named[:])
}

// unit is the working state for one unit; its memory is reused.
type unit struct {
	types    *btf.Types
	fixed    int      // locals from here on are given: canon is set
	seed     uint64   // of the base's signatures
	sigs     []uint64 // signature
	refs     []uint64 // what a reference to the type contributes
	depth    []uint16 // of the tree; 0 while unsigned
	cut      []bool   // what the trees of other types end at
	cyclic   []bool   // cut although its kind is not; nil where there are none
	found    []uint32 // what peek said of the base's index
	canon    []btf.ID // result
	cuts     []btf.ID // named structs and unions, ascending
	leaves   []btf.ID // FWDs and named enums, ascending
	fwds     int      // how many FWDs are among them
	fresh    []btf.ID // cut types without a canonical type
	admitted []btf.ID // fresh ones that got an id of their own

	pairs []pair
	head  []int32 // first pair of a local, -1 for none
	obls  []obligation
	memo  []memo

	inOrder   bool                  // chosen by chooseInOrder
	whole     map[btf.StrOff]btf.ID // the last complete enum of each name; see completeEnum
	asked     bool                  // whole is filled
	late      []int                 // own items whose index type is not canonical yet
	tangled   bool                  // too many pairs or obligations: see maxPairs
	tries     int                   // see maxTries
	isBase    bool                  // the types are a base's: see signCut
	completes bool                  // an obligation met a FWD that the unit completes
	alike     bool                  // new types of one signature were not the same
	stack     []int32
	epoch     int32
}

// AddUnit adds the types of one unit. t.Rows[0] is void and references are
// indexes into t.Rows. It returns the canonical id of every row, valid until
// the next call. Ids of new types are provisional until Finish.
func (m *Module) AddUnit(t *btf.Types) ([]btf.ID, error) {
	m.unit.reset(t, len(t.Rows))
	return m.add()
}

func (m *Module) add() ([]btf.ID, error) {
	u := &m.unit
	if err := m.pairAll(); err != nil {
		return nil, err
	}
	m.refute(0)
	m.oneMeaning()
	m.choose()
	m.mergeTwins()
	if u.tangled {
		return nil, errTangled
	}
	m.admit()
	// From here on every cut type of the unit has its canonical id.
	m.internTrees()
	m.fillAdmitted()
	m.resolveForwards()
	if n := uint64(m.first) + uint64(len(m.own.Rows)); n > uint64(local) {
		return nil, fmt.Errorf("%d types are too many", n)
	}
	return u.canon, nil
}

// pairAll makes leaves canonical and pairs the cut types. A signature takes a walk
// over all items, and most types are found without: a cut type by its name, and
// the trees below it by what they are compared with. The others are signed, which
// also finds types that refer to each other in a circle.
func (m *Module) pairAll() error {
	u := &m.unit
	// Among canonical types that are cut because they are part of a circle, the
	// trees of the unit might have no end.
	if circles := m.base.cyclic != nil || len(m.cyclic) > 0; !circles && !m.collide {
		m.scan()
		m.internLeaves()
		err := m.pairUp()
		if err == nil {
			err = u.signUnmatched()
		}
		if err != errCycle {
			return err
		}
		u.forget()
	}
	if err := m.sign(); err != nil {
		return err
	}
	m.internLeaves()
	return m.pairUp()
}

// forget undoes scan, internLeaves and pairUp, except for what is given.
func (u *unit) forget() {
	u.tangled = false
	clear(u.canon[:u.fixed])
	clear(u.depth)
	clear(u.memo)
	u.cuts, u.leaves, u.fwds = u.cuts[:0], u.leaves[:0], 0
	u.pairs, u.obls = u.pairs[:0], u.obls[:0]
}

func (u *unit) reset(t *btf.Types, fixed int) {
	n := len(t.Rows)
	u.completes, u.alike, u.tangled, u.tries, u.isBase, u.late = false, false, false, 0, false, u.late[:0]
	u.types, u.fixed, u.cyclic = t, fixed, nil
	u.sigs, u.refs = resize(u.sigs, n), resize(u.refs, n)
	u.depth, u.canon = resize(u.depth, n), resize(u.canon, n)
	u.cut, u.found = resize(u.cut, n), resize(u.found, n)
	u.head, u.memo = resize(u.head, n), resize(u.memo, n)
	u.asked = false
	clear(u.depth)
	clear(u.canon)
	clear(u.memo)
	u.cuts, u.leaves, u.fwds = u.cuts[:0], u.leaves[:0], 0
	u.fresh, u.admitted = u.fresh[:0], u.admitted[:0]
	u.pairs, u.obls = u.pairs[:0], u.obls[:0]
}

// resize returns s with length n; its contents are arbitrary.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return bigmem.First[T](n + n/4)[:n]
	}
	return s[:n]
}

// Row returns the row of a canonical id, the base's included. It is valid
// until the next type is added.
func (m *Module) Row(id btf.ID) *btf.Row {
	if id < m.first {
		return &m.base.types.Rows[id]
	}
	return &m.own.Rows[id-m.first]
}

// ItemsOf returns the items of a canonical id, valid until the next type is
// added.
func (m *Module) ItemsOf(id btf.ID) []btf.Item {
	if id < m.first {
		return m.base.types.ItemsOf(&m.base.types.Rows[id])
	}
	return m.own.ItemsOf(&m.own.Rows[id-m.first])
}

// Len returns the number of canonical ids in use, the base's included.
func (m *Module) Len() int { return int(m.first) + len(m.own.Rows) }

// row is Row that knows the locals of the unit in work too.
func (m *Module) row(id btf.ID) *btf.Row {
	switch {
	case id < m.first:
		return &m.base.types.Rows[id]
	case id < local:
		return &m.own.Rows[id-m.first]
	}
	return &m.unit.types.Rows[id&^local]
}

// items returns the items of r, the row of id.
func (m *Module) items(id btf.ID, r *btf.Row) []btf.Item {
	switch {
	case id < m.first:
		return m.base.types.ItemsOf(r)
	case id < local:
		return m.own.ItemsOf(r)
	}
	return m.unit.types.ItemsOf(r)
}
