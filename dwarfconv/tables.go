package dwarfconv

import (
	"fmt"
	"sync"

	"github.com/gobtfenc/gobtfenc/dwarf"
)

// tableCache keeps compiled abbreviation tables as long as a unit still needs
// them. In a linked file most units have a table of their own, so keeping all
// would take more memory than everything else; a file of few tables for many
// units compiles each once. The Converters of a module share it.
type tableCache struct {
	seen map[uint64]bool // offsets that findGroup has looked at

	mu     sync.Mutex
	tables map[tableKey]tableUse
	users  map[tableKey]int // units to come
	free   []*dwarf.AbbrevTable
	budget int // bytes that may still be read
	live   int // abbreviations of tables
}

// tableUse is a compiled table and how many walks are reading it.
type tableUse struct {
	table *dwarf.AbbrevTable
	walks int
}

// abbrevBudget is how often each byte of .debug_abbrev may be read in the
// mean. Tables do not overlap in real files, and each is read twice or, with
// walks repeated, four times; a made-up file could let every unit point to
// another offset of one long table.
const abbrevBudget = 16

type tableKey struct {
	sup      bool // of the supplementary file
	off      uint64
	version  uint16
	addrSize uint8
	is64     bool
}

func keyOf(u *head) tableKey {
	return tableKey{u.sup, u.AbbrevOff, u.Version, u.AddrSize, u.Is64}
}

// reset counts the users of each table.
func (t *tableCache) reset(heads []head, abbrevSize int) {
	if t.users == nil {
		t.users, t.tables, t.seen = map[tableKey]int{}, map[tableKey]tableUse{}, map[uint64]bool{}
	}
	t.budget, t.live = abbrevBudget*abbrevSize, 0
	for _, use := range t.tables {
		t.free = append(t.free, use.table)
	}
	clear(t.users)
	clear(t.tables)
	clear(t.seen)
	for i := range heads {
		t.users[keyOf(&heads[i])]++
	}
}

// get returns the table of u for one walk, which ends with put.
func (t *tableCache) get(abbrev []byte, u *head, enc dwarf.Encoding) (*dwarf.AbbrevTable, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := keyOf(u)
	use := t.tables[key]
	if use.table == nil {
		table, err := t.compile(abbrev, u, enc)
		if err != nil {
			return nil, err
		}
		use.table = table
		t.live += table.Len()
	}
	use.walks++
	t.tables[key] = use
	return use.table, nil
}

func (t *tableCache) compile(abbrev []byte, u *head, enc dwarf.Encoding) (*dwarf.AbbrevTable, error) {
	table := new(dwarf.AbbrevTable)
	if n := len(t.free); n > 0 {
		table, t.free = t.free[n-1], t.free[:n-1]
	}
	if err := table.Compile(abbrev, u.AbbrevOff, enc, &selection); err != nil {
		return nil, err
	}
	if t.live+table.Len() > dwarf.MaxAbbrevs {
		return nil, &dwarf.DecodeError{Section: ".debug_abbrev", Offset: u.AbbrevOff, Msg: fmt.Sprintf("tables in use have more than %d abbreviations", dwarf.MaxAbbrevs)}
	}
	return table, t.spend(&u.Unit, table.Size)
}

// put tells that a unit is walked. A unit walked again keeps its count.
func (t *tableCache) put(u *head, again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := keyOf(u)
	if !again {
		t.users[key]--
	}
	use := t.tables[key]
	use.walks--
	t.tables[key] = use
	if t.users[key] <= 0 && use.walks == 0 {
		t.free = append(t.free, use.table)
		t.live -= use.table.Len()
		delete(t.tables, key)
	}
}

// spend counts size bytes that were read for u.
func (t *tableCache) spend(u *dwarf.Unit, size int) error {
	if t.budget -= size; t.budget < 0 {
		return &dwarf.DecodeError{Section: ".debug_abbrev", Offset: u.AbbrevOff, Msg: "tables overlap too much"}
	}
	return nil
}
