// Package cdump writes BTF as C that a compiler takes: the vmlinux.h of BPF
// programs.
//
// BTF is a graph in which anything may refer to anything; C wants a type before
// it is used:
//
//	struct a { struct b *p; typedef_of_c x; };
//	struct b { struct a v; };
//
// A struct must be complete where it is a member, an element or a typedef's
// that is; behind a pointer its name is enough, if it has one. So each type
// that is asked for takes two steps:
//
//   - order.go finds the definitions that it needs and lines them up, what is
//     embedded before what embeds it;
//   - define.go writes each of them, and before it the forward declarations
//     of what it only points to. decl.go writes C's declarators, layout.go the
//     padding and attributes that make a compiler put members where BTF says,
//     names.go finds names that C has not seen yet.
//
// The text is that of bpftool btf dump format c, which is libbpf's btf_dump, but
// for what docs/differences.md lists. Which type comes first, and which of two
// equal names gets the suffix ___2, depends on the order in which types are met,
// so order.go and define.go meet them as libbpf does.
//
// A graph from outside can ask for much: a chain of a million pointers, nested
// anonymous structs each of which holds the next one twice. Recursion is at
// most maxDepth deep and the steps of a dump are counted.
package cdump

import (
	"fmt"
	"io"
	"iter"

	"github.com/gobtfenc/gobtfenc/btf"
)

const (
	// maxDepth bounds recursion. A kernel refuses BTF that resolves deeper than
	// 32, but a pointer to a typedef of a struct begins anew there and not here.
	maxDepth = 10000

	// minSteps and stepsPerRecord bound the work of a dump, in steps for all of
	// it and for a type or member. Debian's vmlinux takes 3.2 for one.
	minSteps       = 1 << 20
	stepsPerRecord = 64
)

// Options say what to write besides the types.
type Options struct {
	// Asserts appends static assertions that every struct and union has the
	// size that BTF says, and every member that is no bit-field the offset.
	Asserts bool
}

// An Error is a type that C cannot say, or that asks for too much.
type Error struct {
	ID  btf.ID
	Msg string
}

func (e *Error) Error() string { return fmt.Sprintf("btf types: type %d: %s", e.ID, e.Msg) }

// Dump writes the types ids of b, and what they need, as a C header. Functions,
// variables and tags of declarations are passed over, as are types without a
// name that another one holds. Errors are [*Error] and w's.
func Dump(w io.Writer, b *btf.BTF, ids iter.Seq[btf.ID], opts Options) error {
	d := newDumper(w, b)
	d.text(preamble)
	for id := range ids {
		d.dumpType(id)
		if d.err != nil {
			return d.err
		}
	}
	d.text(trailer)
	if opts.Asserts {
		d.asserts()
	}
	d.text(end)
	d.flush()
	return d.err
}

// IsType reports whether C has a definition or declaration for a kind.
func IsType(k btf.Kind) bool {
	switch k {
	case btf.KindStruct, btf.KindUnion, btf.KindEnum, btf.KindEnum64, btf.KindFwd, btf.KindTypedef:
		return true
	}
	return false
}

const (
	preamble = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

`
	trailer = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

`
	end = "#endif /* __VMLINUX_H__ */\n"
)

// dumper is a dump under way. Its slices are indexed by type id, the base's
// included.
type dumper struct {
	w   io.Writer
	buf []byte
	err error // the first one; nothing is written after it

	b       *btf.BTF
	ptrBits uint32

	state   []state
	queue   []btf.ID // definitions to write, in order
	decls   []btf.ID // of declarators being written: the types from name to innermost
	defined []btf.ID // structs and unions with names, and typedefs of those without, in order

	names  names
	aligns []uint32 // in bytes; 0 for not known yet

	depth, steps, maxSteps int
}

// state is what has become of a type.
type state struct {
	order      progress
	define     progress
	declared   bool // a forward declaration was written
	referenced bool // by another type
}

type progress uint8

const (
	untouched progress = iota
	underWay
	done
)

func newDumper(w io.Writer, b *btf.BTF) *dumper {
	n := b.NumTypes()
	d := &dumper{w: w, b: b, ptrBits: 64, state: make([]state, n), aligns: make([]uint32, n), names: newNames(n), maxSteps: minSteps}
	if size := btf.LongSize(b); size != 0 {
		d.ptrBits = 8 * size
	}
	d.state[0] = state{order: done, define: done}
	for o := b; o != nil; o = o.Base {
		d.maxSteps += stepsPerRecord * (len(o.Types.Rows) + len(o.Types.Items))
	}
	d.markReferenced()
	return d
}

// markReferenced finds the types that others refer to, since an anonymous enum
// stands on its own only if nothing holds it. What functions return is not
// looked at, as in libbpf's btf_dump_mark_referenced.
func (d *dumper) markReferenced() {
	for o := d.b; o != nil; o = o.Base {
		for i := range o.Types.Rows {
			r := &o.Types.Rows[i]
			kind := r.Info.Kind()
			shape := btf.Shapes[kind]
			if shape.TypeIsRef && kind != btf.KindFuncProto {
				d.state[r.Type].referenced = true
			}
			for _, m := range o.Types.ItemsOf(r) {
				if shape.ItemTypeRef {
					d.state[m.Type].referenced = true
				}
				if shape.ItemNameRef {
					d.state[m.Name].referenced = true
				}
			}
		}
	}
}

func (d *dumper) dumpType(id btf.ID) {
	d.queue = d.queue[:0]
	d.order(id, false)
	for _, id := range d.queue {
		d.emit(id, 0)
	}
}

// enter counts a step, and a level of recursion that leave ends. It reports
// false where either is too much, or something has failed already.
func (d *dumper) enter(id btf.ID) bool {
	if d.depth == maxDepth {
		d.fail(id, "nested deeper than %d", maxDepth)
	}
	d.depth++
	return d.step(id)
}

func (d *dumper) leave() { d.depth-- }

// step counts a step of work at type id.
func (d *dumper) step(id btf.ID) bool {
	if d.steps++; d.steps > d.maxSteps {
		d.fail(id, "needs far more C than there is BTF")
	}
	return d.err == nil
}

func (d *dumper) fail(id btf.ID, format string, args ...any) {
	if d.err == nil {
		d.err = &Error{id, fmt.Sprintf(format, args...)}
	}
}
