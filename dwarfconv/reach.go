// SPDX-License-Identifier: BSD-2-Clause

package dwarfconv

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/gobtfenc/gobtfenc/dwarf"
)

// Which partial units belong to a module?
//
// dwz moves what several units have into partial units, which those import:
//
//	partial_unit                        no language, no producer
//	  structure_type "list_head"
//	compile_unit language=C11
//	  imported_unit import=<the partial unit>
//
// A partial unit counts as a part of what imports it, or refers to it: it is of
// that language, and of no use if nothing does that is converted. So a struct of
// Rust alone is left out with Rust, and of a supplementary file, which has the
// types of many modules, only those of this one are taken.

// membership is what is known of a unit of a group before it is walked.
type membership struct {
	lang    dwarf.Lang // of itself, or of the first unit found to reach it
	clang   bool       // likewise
	partial bool
	taken   bool
}

// reach fills c.members for a group, and leaves it empty where no unit is
// partial.
func (c *Converter) reach(heads []head) error {
	c.members = c.members[:0]
	if len(heads) < 2 {
		return nil
	}
	partial, excluded := false, false
	var todo []int
	for i := range heads {
		m, err := c.memberOf(&heads[i])
		if err != nil {
			return err
		}
		if m.taken {
			todo = append(todo, i)
		}
		partial = partial || m.partial
		excluded = excluded || !m.partial && !m.taken
		c.members = append(c.members, m)
	}
	if !partial {
		c.members = c.members[:0]
		return nil
	}
	if err := c.reachFrom(heads, todo); err != nil || excluded {
		return err
	}
	// Nobody can be left out whose partial unit it is.
	todo = todo[:0]
	for i := range heads {
		if m := &c.members[i]; !m.taken && !heads[i].sup {
			m.taken = true
			todo = append(todo, i)
		}
	}
	return c.reachFrom(heads, todo)
}

// reachFrom takes the partial units that those in todo need.
func (c *Converter) reachFrom(heads []head, todo []int) error {
	for len(todo) > 0 {
		from := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		err := c.references(&heads[from], func(off uint64) {
			i, found := slices.BinarySearchFunc(heads, off, func(h head, off uint64) int { return int(int64(h.Off) - int64(off)) })
			if !found {
				i--
			}
			if i < 0 || !c.members[i].partial || c.members[i].taken {
				return
			}
			m := &c.members[i]
			m.taken = true
			if m.lang == 0 {
				m.lang, m.clang = c.members[from].lang, c.members[from].clang
			}
			todo = append(todo, i)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// memberOf reads the unit DIE of u. Units that are not partial are taken by
// their language alone.
func (c *Converter) memberOf(u *head) (m membership, err error) {
	err = c.openUnit(u, 0, false, func() {
		a, ok := c.r.Next()
		if !ok || a == nil || !c.r.Read(a) {
			return
		}
		c.setBases(&u.Unit, a)
		m.lang, m.clang = dwarf.Lang(c.value(a, slotLanguage)), c.byClang(a)
		m.partial = a.Tag == dwarf.TagPartialUnit || u.sup
		m.taken = !m.partial && c.opts.takes(m.lang)
	})
	return m, err
}

// references calls found with the offset of every DIE of another unit that u
// imports or refers to.
func (c *Converter) references(u *head, found func(off uint64)) error {
	return c.openUnit(u, 0, false, func() {
		for {
			a, ok := c.r.Next()
			if !ok {
				return
			}
			if a == nil {
				continue
			}
			if !c.r.Read(a) {
				return
			}
			for has := a.Has; has != 0; has &= has - 1 {
				slot := bits.TrailingZeros32(has)
				off := c.r.V[slot]
				switch c.r.K[slot] {
				case dwarf.KindRef:
				case dwarf.KindRefSup:
					at, ok := c.supRef(off)
					if !ok {
						continue // the walk says so
					}
					off = uint64(at)
				default:
					continue
				}
				if off < uint64(u.Off) || off >= uint64(u.End) {
					found(off)
				}
			}
		}
	})
}

// byClang tells whether the unit DIE just read says that clang made it.
func (c *Converter) byClang(a *dwarf.Abbrev) bool {
	if a.Has>>slotProducer&1 == 0 {
		return false
	}
	s, _ := c.stringAt(c.r.K[slotProducer], c.r.V[slotProducer])
	return bytes.Contains(s, []byte("clang"))
}
