package dwarfconv

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
)

// Sections are the bytes of one module's debugging information, uncompressed
// and with relocations applied. Absent sections are nil. A Converter only
// reads them.
type Sections struct {
	Info, Abbrev, Str, LineStr, StrOffsets, Addr, Loclists, Loc, Types []byte

	// InfoFile, where it is not nil, is .debug_info instead of Info. It is
	// read unit by unit, so that the largest section is never held: vmlinux
	// has 209 MB of it, and its units have 72 kB in the mean.
	InfoFile *io.SectionReader

	Order binary.ByteOrder

	Split bool // the sections are those of a .dwo file

	// Sup has the sections of the supplementary file that dwz made, nil for
	// none; SupName is its name for errors, and is there without it too where
	// the file was not found. Sup has Info, not InfoFile.
	Sup     *Sections
	SupName string

	// OpenSplit reads the .dwo file that a skeleton unit names. done is called
	// when nothing refers to the sections any more. Several goroutines call it.
	OpenSplit func(SplitRef) (sec *Sections, done func(), err error)
}

// Options say which parts of the DWARF become types, and how.
type Options struct {
	// LangExclude lists languages whose units are left out
	// (pahole --lang_exclude).
	LangExclude []dwarf.Lang

	// LangOnly, where it is not empty, lists the languages whose units are
	// taken (pahole --lang).
	LangOnly []dwarf.Lang

	// NamePrefix, where it is not empty, is the whole of every name that begins
	// with it (pahole --kabi_prefix). RHEL's kernels hide members behind names
	// such as __UNIQUE_ID_rh_kabi_hide117, whose number differs from unit to
	// unit, so that one struct would be as many as there are units.
	NamePrefix string

	Floats  bool // FLOAT; without it floating point types become INT
	Enum64  bool // ENUM64; without it 64 bit enumerators are cut to 32 bits
	DeclTag bool // DECL_TAG and Unit.Tags
	TypeTag bool // TYPE_TAG
	Vars    bool // Unit.Vars

	// TrueSignature gives functions whose signature the compiler changed the
	// parameters that arrive, instead of those of the source.
	TrueSignature bool

	ABI ABI // where parameters are passed
}

// takes reports whether units of a language are wanted.
func (o *Options) takes(lang dwarf.Lang) bool {
	if slices.Contains(o.LangExclude, lang) {
		return false
	}
	return len(o.LangOnly) == 0 || slices.Contains(o.LangOnly, lang)
}

// Stats counts what a Converter met since Reset.
type Stats struct {
	Units    int // converted
	Excluded int // left out by language, or without types of their own
	DIEs     int // visited, null entries and jumped-over subtrees left out
	Dangling int // references to something that is no type; void stands there
}

// Converter turns the units of a module into flat types. It keeps its memory
// from unit to unit and module to module and is not safe for concurrent use;
// several Converters may share a module.
//
// Units are converted one at a time, in the order of .debug_info, unless they
// refer to each other (DW_FORM_ref_addr, which link time optimisation and dwz
// produce): then all units of the module form one group and are converted at
// once. All DIE offsets inside the package count from the first unit header
// of the group.
type Converter struct {
	*module
	own   module // what module points to, unless it is shared
	dwo   module // of the split unit at hand
	stats Stats
	next  int // group

	r     dwarf.Reader
	names names
	ids   idMap
	unit  Unit
	raw   rawFuncs
	funcs funcConverter

	bigEndian bool
	info      []byte // of the group
	window    []byte // memory of info where it is read from a file

	// The unit being walked.
	part           *part
	unitSec        *Sections // part.sec
	skel           skeleton
	members        []membership // of the group, empty where all units are taken
	unit64         bool
	version        uint16
	addrSize       uint8
	strOffsetsBase uint64
	addrBase       uint64
	loclistsBase   uint64

	walk
}

// NewConverter returns a Converter that needs a Reset.
func NewConverter() *Converter { return &Converter{} }

// Stats returns the counts since Reset or Share.
func (c *Converter) Stats() Stats { return c.stats }

// Reset points c at the sections of a module, whose names go to strs. It reads
// all unit headers; an error is about those or about .debug_abbrev.
func (c *Converter) Reset(sec *Sections, strs *btf.Strings, opts Options) error {
	err := c.own.reset(sec, strs, opts)
	c.Share(c)
	return err
}

// Share points c at the module that Reset has pointed o at. Both may be used at
// the same time until the next Reset of o.
func (c *Converter) Share(o *Converter) {
	c.stats, c.next, c.intName = Stats{}, 0, 0
	c.enter(&o.own)
}

// enter makes m the module whose units are converted.
func (c *Converter) enter(m *module) {
	c.module = m
	c.part, c.unitSec = nil, m.sec
	c.names.reset(m)
	c.funcs.reset(m.opts.ABI, m.sec, m.opts.TrueSignature)
	c.bigEndian = m.sec.Order.Uint16([]byte{0, 1}) == 1
}

// Groups is how many groups of units the module has.
func (c *Converter) Groups() int { return c.groups() }

// Next converts the next unit, or all units of a module whose units refer to
// each other. It returns nil, nil behind the last one. Units of excluded
// languages and skeleton units are passed over. The result is valid until the
// next call of Next or Reset.
func (c *Converter) Next() (*Unit, error) {
	for c.next < c.groups() {
		c.next++
		done, err := c.convert(c.headsOf(c.next - 1))
		if err != nil {
			return nil, err
		}
		if done {
			return &c.unit, nil
		}
	}
	return nil, nil
}

// Convert converts group i, which is below Groups, into u and its memory. It
// reports false, and u is to be passed over, where all units are of excluded
// languages or skeletons. If several Converters share a module, the offsets of
// its names differ from run to run.
func (c *Converter) Convert(i int, u *Unit) (bool, error) {
	c.unit, *u = *u, c.unit
	done, err := c.convert(c.headsOf(i))
	c.unit, *u = *u, c.unit
	return done, err
}

// convert converts a group, or the split unit that its skeleton stands for. It
// reports false where all units were excluded.
func (c *Converter) convert(heads []head) (bool, error) {
	c.skel = skeleton{}
	done, err := c.convertGroup(heads)
	if err != nil || !c.skel.found {
		return done, err
	}
	return c.convertSplit(heads)
}

func (c *Converter) convertGroup(heads []head) (bool, error) {
	base := heads[0].Off
	size := heads[len(heads)-1].End - base
	if uint64(size) >= 1<<32 {
		return false, &dwarf.DecodeError{Section: ".debug_info", Offset: uint64(base), Msg: fmt.Sprintf("units of %#x bytes refer to each other, the limit is 4 GiB", size)}
	}
	var err error
	if c.joined != nil {
		c.info = c.joined
	} else if c.info, c.window, err = c.sec.window(c.window, base, base+size); err != nil {
		return false, err
	}
	if err := c.reach(heads); err != nil {
		return false, err
	}
	stats := c.stats
	if err := c.walkGroup(heads, base, size); err != nil {
		return false, err
	}
	if c.dangling > 0 && c.jumped {
		// The type may be in a subtree that no compiler is known to put
		// types into.
		c.stats, c.noJump = stats, true
		err := c.walkGroup(heads, base, size)
		c.noJump = false
		if err != nil {
			return false, err
		}
	}
	c.stats.Dangling += c.dangling
	if err := c.finish(); err != nil {
		return false, err
	}
	return len(c.raw.units) > 0, nil
}

// walkGroup walks the units of a group and resolves names and references.
func (c *Converter) walkGroup(heads []head, base, size int) error {
	c.begin(size)
	for i := range heads {
		u := &heads[i]
		m := membership{taken: true}
		if len(c.members) > 0 {
			if m = c.members[i]; m.partial && !m.taken {
				c.stats.Excluded++
				continue
			}
		}
		if len(heads) > 1 {
			c.unit.Starts = append(c.unit.Starts, int32(len(c.unit.Types.Rows)))
		}
		err := c.openUnit(u, base, !c.noJump, func() {
			if c.rootDIE(&u.Unit, base, m) {
				c.walkUnit()
			}
		})
		if err != nil {
			return err
		}
	}
	if len(heads) > 1 {
		c.unit.Starts = append(c.unit.Starts, int32(len(c.unit.Types.Rows)))
	}
	if c.names.strs.Full() {
		return &dwarf.DecodeError{
			Section: ".debug_info", Offset: uint64(base), Msg: fmt.Sprintf("names up to this unit have more than %d bytes", c.names.strs.Limit),
		}
	}
	c.resolve()
	return nil
}

// rootDIE reads the unit DIE and reports whether its children are wanted.
func (c *Converter) rootDIE(u *dwarf.Unit, base int, m membership) bool {
	off := c.r.Pos
	a, ok := c.r.Next()
	if !ok || a == nil || !c.r.Read(a) {
		return false
	}
	c.stats.DIEs++
	if a.Class != clsUnit && a.Class != clsSkeleton {
		c.r.Fail(off, "unit begins with tag %#x", uint16(a.Tag))
		return false
	}
	// The bases come first: strings and addresses of this very DIE may be
	// indices that need them.
	c.setBases(u, a)
	if c.isSkeleton(u, a) || !c.isOurSplit(u, a) {
		return false
	}
	lang := cmp.Or(dwarf.Lang(c.value(a, slotLanguage)), m.lang)
	if !c.opts.takes(lang) {
		c.stats.Excluded++
		return false
	}
	c.names.setLanguage(lang)
	ru := rawUnit{
		off: uint32(u.Off - base), lang: uint16(lang), version: uint8(u.Version), addrSize: u.AddrSize,
		dwarf64: u.Is64, addrBase: c.addrBase,
	}
	if a.Has>>slotLowPC&1 != 0 {
		ru.base, _ = c.address(c.r.K[slotLowPC], c.r.V[slotLowPC])
	}
	ru.clang = m.clang || c.byClang(a)
	c.raw.units = append(c.raw.units, ru)
	c.stats.Units++
	return a.Children
}

// setBases notes where the unit's tables begin in their sections.
func (c *Converter) setBases(u *dwarf.Unit, a *dwarf.Abbrev) {
	header := uint64(8)
	if u.Is64 {
		header = 16
	}
	if u.Version < 5 {
		header = 0
	}
	c.strOffsetsBase, c.addrBase, c.loclistsBase = header, header, 0
	if c.split != nil {
		c.splitBases(header)
	}
	if a.Has>>slotStrOffsetsBase&1 != 0 {
		c.strOffsetsBase = c.r.V[slotStrOffsetsBase]
	}
	if a.Has>>slotAddrBase&1 != 0 {
		c.addrBase = c.r.V[slotAddrBase]
	}
	if a.Has>>slotLoclistsBase&1 != 0 {
		c.loclistsBase = c.r.V[slotLoclistsBase]
	}
}

// value returns the number in a slot, 0 where the DIE has no such attribute or
// it is no constant.
func (c *Converter) value(a *dwarf.Abbrev, slot int) uint64 {
	if a.Has>>slot&1 == 0 {
		return 0
	}
	switch c.r.K[slot] {
	case dwarf.KindConst, dwarf.KindSigned:
		return c.r.V[slot]
	}
	return 0
}

// address returns an address of either form.
func (c *Converter) address(kind dwarf.Kind, v uint64) (uint64, bool) {
	switch kind {
	case dwarf.KindAddr:
		return v, true
	case dwarf.KindAddrx:
		return c.addrAt(c.addrBase, v)
	}
	return 0, false
}

// addrAt returns entry index of the table at base of .debug_addr (DWARF 5
// §7.27).
func (c *Converter) addrAt(base, index uint64) (uint64, bool) {
	b, size := c.sec.Addr, uint64(c.addrSize)
	pos := base + index*size
	if index > uint64(len(b)) || pos < base || pos > uint64(len(b)) || uint64(len(b))-pos < size {
		return 0, false
	}
	return readAddr(b[pos:], c.sec.Order, c.addrSize), true
}

// readAddr reads an address of size bytes, which b has.
func readAddr(b []byte, order binary.ByteOrder, size uint8) uint64 {
	switch size {
	case 8:
		return order.Uint64(b)
	case 4:
		return uint64(order.Uint32(b))
	case 2:
		return uint64(order.Uint16(b))
	}
	return uint64(b[0])
}
