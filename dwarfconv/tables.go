package dwarfconv

import "github.com/gobtfenc/gobtfenc/dwarf"

// tableCache keeps compiled abbreviation tables as long as a unit still needs
// them. In a linked file most units have a table of their own, so keeping all
// would take more memory than everything else; a file of few tables for many
// units compiles each once.
type tableCache struct {
	tables map[tableKey]*dwarf.AbbrevTable
	users  map[tableKey]int
	free   []*dwarf.AbbrevTable
	seen   map[uint64]bool // offsets that findGroup has looked at
	budget int             // bytes that may still be read
}

// abbrevBudget is how often each byte of .debug_abbrev may be read in the
// mean. Tables do not overlap in real files, and each is read twice or, with
// walks repeated, four times; a made-up file could let every unit point to
// another offset of one long table.
const abbrevBudget = 16

type tableKey struct {
	off      uint64
	version  uint16
	addrSize uint8
	is64     bool
}

func keyOf(u *dwarf.Unit) tableKey {
	return tableKey{u.AbbrevOff, u.Version, u.AddrSize, u.Is64}
}

// reset counts the users of each table.
func (t *tableCache) reset(heads []dwarf.Unit, abbrev []byte) {
	if t.users == nil {
		t.users, t.tables, t.seen = map[tableKey]int{}, map[tableKey]*dwarf.AbbrevTable{}, map[uint64]bool{}
	}
	t.budget = abbrevBudget * len(abbrev)
	for _, table := range t.tables {
		t.free = append(t.free, table)
	}
	clear(t.users)
	clear(t.tables)
	clear(t.seen)
	for i := range heads {
		t.users[keyOf(&heads[i])]++
	}
}

func (t *tableCache) get(abbrev []byte, u *dwarf.Unit, enc dwarf.Encoding) (*dwarf.AbbrevTable, error) {
	key := keyOf(u)
	if table := t.tables[key]; table != nil {
		return table, nil
	}
	table := new(dwarf.AbbrevTable)
	if n := len(t.free); n > 0 {
		table, t.free = t.free[n-1], t.free[:n-1]
	}
	if err := table.Compile(abbrev, u.AbbrevOff, enc, &selection); err != nil {
		return nil, err
	}
	if err := t.spend(u, table.Size); err != nil {
		return nil, err
	}
	t.tables[key] = table
	return table, nil
}

// put tells that a unit is done. A unit walked again keeps its count.
func (t *tableCache) put(u *dwarf.Unit, again bool) {
	key := keyOf(u)
	if !again {
		t.users[key]--
	}
	if t.users[key] <= 0 {
		t.free = append(t.free, t.tables[key])
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
