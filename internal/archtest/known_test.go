// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// Of a module with a struct sched_class of its own, each unit has a function for a task; that of the second
// only declares sched_class.
const (
	knownBase = `
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT 'sched_class' size=4 vlen=1
	'a' type_id=1 bits_offset=0
[3] PTR '(anon)' type_id=2
[4] STRUCT 'task_struct' size=8 vlen=1
	'c' type_id=3 bits_offset=0
[5] PTR '(anon)' type_id=4
[6] FUNC_PROTO '(anon)' ret_type_id=0 vlen=1
	't' type_id=5
[7] PTR '(anon)' type_id=6
`
	knownOwn = `
[8] STRUCT 'sched_class' size=4 vlen=1
	'own' type_id=1 bits_offset=0
[9] PTR '(anon)' type_id=8
[10] STRUCT 'task_struct' size=8 vlen=1
	'c' type_id=9 bits_offset=0
[11] PTR '(anon)' type_id=10
[12] FUNC_PROTO '(anon)' ret_type_id=0 vlen=1
	't' type_id=11
[13] FUNC 'first' type_id=12 linkage=static
`
	// pahole has taken the base's task_struct, and left a pointer to a prototype with the module's behind,
	// as a struct that such a pointer is in was the base's, too.
	knownWant = knownOwn + `
[14] FUNC 'second' type_id=6 linkage=static
[15] PTR '(anon)' type_id=12
`
	knownGot = knownOwn + `
[14] FUNC 'second' type_id=12 linkage=static
`
)

// TestKnown: what is known of a module passes, and nothing besides.
func TestKnown(t *testing.T) {
	replace := func(text, old, by string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(text, old, by, 1)
	}
	for _, c := range []struct {
		what, module, base, want, got string
		wrong                         string // empty if it is known
	}{
		{"the difference", "cxgb4.ko", knownBase, knownWant, knownGot, ""},
		{"another module", "cxgb3.ko", knownBase, knownWant, knownGot, "no difference is known of it"},
		{"the other way round", "cxgb4.ko", knownBase, knownGot, knownWant, "it has no fewer types"},
		{"a type twice", "cxgb4.ko", knownBase, knownWant, knownGot + "[15] PTR '(anon)' type_id=10\n", "types are there twice"},
		{"a struct that is missing", "cxgb4.ko", knownBase, knownWant + "[16] STRUCT 'x' size=0 vlen=0\n", knownGot, "a STRUCT differs"},
		{
			"a function that is missing", "cxgb4.ko", knownBase, knownWant, replace(knownGot, "'second'", "'third'"),
			"with struct sched_class only declared missing=1 extra=1",
		},
		{
			"a pointer to something else", "cxgb4.ko", knownBase, knownWant + "[16] PTR '(anon)' type_id=1\n", knownGot,
			"with struct sched_class only declared missing=1 extra=0",
		},
		{
			"nothing disputed in the base", "cxgb4.ko", replace(knownBase, "'sched_class'", "'other'"), knownWant, knownGot,
			"the base has 0 structs sched_class",
		},
		{
			"nothing disputed in the module", "cxgb4.ko", knownBase, replace(knownWant, "'sched_class'", "'other'"),
			replace(knownGot, "'sched_class'", "'other'"), "0 and 0 structs sched_class of its own",
		},
	} {
		base := btftest.MustParse(t, c.base, nil)
		want, got := btftest.MustParse(t, c.want, base), btftest.MustParse(t, c.got, base)
		referee := btftest.NewReferee()
		k := &knowns{base: base, declared: map[string]*btf.BTF{}, referee: referee}
		d := referee.Compare(want, got)
		if d.Empty() {
			t.Errorf("%s: no difference", c.what)
		}
		said := ""
		if err := k.explain("/kernel/"+c.module, want, got, d); err != nil {
			said = err.Error()
		}
		if said != c.wrong {
			t.Errorf("%s: said %q, want %q\n%s", c.what, said, c.wrong, d)
		}
	}
}
