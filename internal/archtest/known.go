// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// Known differences.
//
// A unit that only declares a struct which the module and the base have in two shapes fits both:
//
//	cxgb4_main.c:  struct sched_class { … };  // the module's; cxgb4_fcoe.c has only task_struct,
//	               struct task_struct { … };  // which reaches a sched_class that is only declared
//
// What else of such a unit reaches that struct is then the module's or the base's, struct by struct,
// and pahole and gobtfenc come to different ones (docs/differences.md). Such a module passes if that
// is all that differs, which is looked at so: where that struct is only declared, in the base and in
// both encodings, its shapes are one, and nothing is missing or extra any more.

// disputed are structs that a module has in another shape than the base, by the module's file name.
var disputed = map[string]string{"cxgb4.ko": "sched_class"}

// knowns is the known differences of modules on one base.
type knowns struct {
	base     *btf.BTF
	declared map[string]*btf.BTF // the base by the struct that is only declared in it
	referee  *btftest.Referee
}

// explain returns why what a module differs in is no known difference, nil if it is one.
func (k *knowns) explain(module string, want, got *btf.BTF, d btftest.Diff) error {
	name, ok := disputed[filepath.Base(module)]
	if !ok {
		return fmt.Errorf("no difference is known of it")
	}
	if len(d.Dup)+len(d.DupInBase) > 0 {
		return fmt.Errorf("types are there twice")
	}
	if len(d.Extra) >= len(d.Missing) {
		return fmt.Errorf("it has no fewer types")
	}
	// Who refers to them differs, but not the structs themselves.
	for _, l := range slices.Concat(d.Missing, d.Extra) {
		switch kind, _ := btftest.KindAndName(l); kind {
		case "PTR", "ARRAY", "FUNC_PROTO", "FUNC", "TYPEDEF", "CONST", "VOLATILE":
		default:
			return fmt.Errorf("a %s differs", kind)
		}
	}
	if k.declared[name] == nil {
		b, n := onlyDeclared(k.base, nil, name)
		if n != 1 {
			return fmt.Errorf("the base has %d structs %s", n, name)
		}
		k.declared[name] = b
	}
	w, inWant := onlyDeclared(want, k.declared[name], name)
	g, inGot := onlyDeclared(got, k.declared[name], name)
	if inWant != 1 || inGot != 1 {
		return fmt.Errorf("%d and %d structs %s of its own", inWant, inGot, name)
	}
	if d := k.referee.Compare(w, g); len(d.Missing)+len(d.Extra) > 0 {
		return fmt.Errorf("with struct %s only declared missing=%d extra=%d", name, len(d.Missing), len(d.Extra))
	}
	return nil
}

// onlyDeclared returns b on top of base, with forward declarations in the place of its structs of a
// name, and how many those are.
func onlyDeclared(b, base *btf.BTF, name string) (*btf.BTF, int) {
	c, n := *b, 0
	c.Base, c.Types.Rows = base, slices.Clone(b.Types.Rows)
	for i := range c.Types.Rows {
		r := &c.Types.Rows[i]
		if s, _ := b.Str(r.Name); r.Info.Kind() == btf.KindStruct && string(s) == name {
			*r = btf.Row{Name: r.Name, Info: btf.MakeInfo(btf.KindFwd, 0, false)}
			n++
		}
	}
	return &c, n
}
