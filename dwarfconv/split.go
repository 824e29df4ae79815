// SPDX-License-Identifier: BSD-2-Clause

package dwarfconv

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/dwarf"
)

// Split DWARF: with -gsplit-dwarf an object has only a skeleton of each unit,
// which names the .dwo file that has the unit itself. Addresses stay in the
// object, since they need relocation; the unit has indices into .debug_addr,
// and the skeleton says where in it they count from (DWARF 5 §3.1.3). GCC and
// clang wrote the same before version 5 under names of their own, with a
// DW_TAG_compile_unit as skeleton.
//
// A split unit refers to nothing but its own file, so that it is converted as
// a module of one group. Its sections are read when its turn comes.

// SplitRef is what a skeleton unit says of its .dwo file.
type SplitRef struct {
	Name string // DW_AT_dwo_name
	Dir  string // DW_AT_comp_dir, what Name is relative to
	ID   uint64 // both units have it
}

// skeleton is a skeleton unit.
type skeleton struct {
	SplitRef
	found    bool
	addr     []byte // .debug_addr
	addrBase uint64
	met      bool // the unit with its ID
}

// isSkeleton notes a skeleton unit.
func (c *Converter) isSkeleton(u *dwarf.Unit, a *dwarf.Abbrev) bool {
	named := a.Has>>slotDwoName&1 != 0
	if a.Class != clsSkeleton && (c.split != nil || !named) {
		return false
	}
	c.skel = skeleton{found: true, addr: c.sec.Addr, addrBase: c.addrBase, SplitRef: SplitRef{ID: c.splitID(u, a)}}
	for _, s := range []struct {
		slot int
		to   *string
	}{{slotDwoName, &c.skel.Name}, {slotCompDir, &c.skel.Dir}} {
		if a.Has>>s.slot&1 == 0 {
			continue
		}
		b, ok := c.stringAt(c.r.K[s.slot], c.r.V[s.slot])
		if !ok {
			c.r.Fail(c.r.Pos, "%s %#x does not lead to a string", stringPlace(c.r.K[s.slot]), c.r.V[s.slot])
		}
		*s.to = string(b)
	}
	return true
}

// splitID is what a skeleton and its split unit have in common. Version 5 has
// it in the header.
func (c *Converter) splitID(u *dwarf.Unit, a *dwarf.Abbrev) uint64 {
	if u.Version >= 5 {
		return u.Signature
	}
	return c.value(a, slotDwoID)
}

// isOurSplit tells of a unit whether the skeleton stands for it, or has types
// for that one. Where there is no skeleton all units are ours.
func (c *Converter) isOurSplit(u *dwarf.Unit, a *dwarf.Abbrev) bool {
	if c.split == nil || u.Type == dwarf.UnitTypes || u.Type == dwarf.UnitSplitType {
		return true
	}
	if c.splitID(u, a) != c.split.ID {
		return false
	}
	c.split.met = true
	return true
}

// splitBases sets what a split unit cannot say, as it has no relocations: its
// tables are the only ones of its file, behind a header.
func (c *Converter) splitBases(header uint64) {
	c.addrBase = c.split.addrBase
	switch header {
	case 8:
		c.loclistsBase = 12
	case 16:
		c.loclistsBase = 20
	}
}

// convertSplit converts the unit that the skeleton of heads stands for.
func (c *Converter) convertSplit(heads []head) (bool, error) {
	fail := func(format string, args ...any) (bool, error) {
		return false, &dwarf.DecodeError{Section: ".debug_info", Offset: uint64(heads[0].Off), Msg: fmt.Sprintf(format, args...)}
	}
	switch {
	case len(heads) > 1:
		return fail("skeleton unit (-gsplit-dwarf) in a file whose units refer to each other")
	case c.split != nil:
		return fail("skeleton unit in a .dwo file")
	case c.sec.OpenSplit == nil:
		return fail("skeleton unit of %s: split DWARF is not read here", c.skel.Name)
	}
	skel, outer := c.skel, c.module
	sec, done, err := c.sec.OpenSplit(skel.SplitRef)
	if err != nil {
		return false, err
	}
	defer done()
	sec.Addr = skel.addr
	if err := c.dwo.reset(sec, c.strs, c.opts); err != nil {
		return false, fmt.Errorf("%s: %w", skel.Name, err)
	}
	c.dwo.parts[0].section, c.dwo.parts[0].file = ".debug_info.dwo", skel.Name
	c.dwo.group, c.dwo.split = true, &skel
	c.enter(&c.dwo)
	defer c.enter(outer)
	if len(c.dwo.heads) == 0 {
		return false, nil
	}
	ok, err := c.convertGroup(c.dwo.heads)
	if err == nil && !skel.met {
		return fail("%s is of another compilation: it has no unit with ID %#x", skel.Name, skel.ID)
	}
	return ok, err
}
