// Package check tells what a kernel and libbpf would refuse of the BTF in a
// file, and whether a module's BTF belongs to a base.
//
// Who asks for what is in [btf.Check]: the module loader, BPF_BTF_LOAD, which
// asks for more, and libbpf. The first rule broken of each is told, because that
// is where each of them stops.
//
// A module's BTF is looked at in the order of the kernel's btf_parse_module:
// its .BTF.base, if it has one; its .BTF on top of that or of the base;
// relocation to the base. Besides, names and types of the base are looked up
// through the module's references (base.go): the kernel does not notice it when
// these are other ones than meant, as long as they are there.
package check

import (
	"errors"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// File is what there is to look at in a file.
type File struct {
	BTF       []byte
	Distilled []byte // .BTF.base of a module, nil for none
	Linked    bool   // vmlinux or another file whose BTF stands alone
	WordSize  int    // of an address in bytes, 0 where it is not known
	Release   string // of the kernel that it is, or is a module for; empty where it is not known
}

// By says who refuses.
type By string

// Who refuses, besides the askers of package btf.
const (
	ByBase       By = "base"       // BTF and base do not belong together
	ByRelocation By = "relocation" // of a .BTF.base, by the module loader
)

// Finding is one reason for refusing a file's BTF.
type Finding struct {
	By      By     `json:"by"`
	Section string `json:"section"`
	Offset  uint64 `json:"offset"` // in the section, of what is at fault
	ID      btf.ID `json:"type_id,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Name    string `json:"name,omitempty"` // of the type

	// Item is the index of the member, enumerator, parameter or variable at
	// fault; nil for the type itself.
	Item *int `json:"item,omitempty"`

	Message string `json:"message"`

	// Log is what the kernel or libbpf writes about it, line by line. Without
	// it they say nothing but "invalid argument".
	Log []string `json:"log,omitempty"`
}

// Sections of a module.
const (
	sectionBTF  = ".BTF"
	sectionBase = ".BTF.base"
)

// Checker checks files against one base. Any number of goroutines may use it.
type Checker struct {
	rules   btf.Rules
	base    *btf.BTF // nil for none
	data    []byte   // of base
	release string   // of the base

	index func() (*splitdedup.Base, error)
}

// New returns a checker by the rules of a kernel (which askers is of no
// matter), and on top of a base unless that is nil. The findings are about the
// base; with any, there is no checker.
func New(base *File, rules btf.Rules) (*Checker, []Finding, error) {
	c := &Checker{rules: rules}
	if base == nil {
		return c, nil, nil
	}
	found := c.alone(base, base.BTF, sectionBTF)
	if len(found) > 0 {
		return nil, found, nil
	}
	b, err := btf.Parse(base.BTF, nil)
	if err != nil {
		return nil, nil, err
	}
	c.base, c.data, c.release = b, base.BTF, base.Release
	c.index = sync.OnceValues(func() (*splitdedup.Base, error) { return splitdedup.NewBase(&b.Types, b.Strs) })
	return c, nil, nil
}

// Check returns what is wrong with f, nothing if all is well.
func (c *Checker) Check(f *File) []Finding {
	switch {
	case f.Distilled != nil:
		return c.distilled(f)
	case f.Linked || string(f.BTF) == string(c.data):
		return c.alone(f, f.BTF, sectionBTF)
	case c.base == nil && btf.IsSplit(f.BTF):
		return []Finding{{By: ByBase, Section: sectionBTF, Message: "it is split BTF, and there is no base to have it on"}}
	case c.base == nil:
		return c.alone(f, f.BTF, sectionBTF)
	}
	return append(c.belongs(f), c.refused(f, f.BTF, c.base, sectionBTF)...)
}

// alone checks BTF without a base.
func (c *Checker) alone(f *File, data []byte, section string) []Finding {
	return c.refused(f, data, nil, section)
}

// refused returns the first rule that BTF breaks for each asker. What the module
// loader refuses nobody takes.
func (c *Checker) refused(f *File, data []byte, base *btf.BTF, section string) (all []Finding) {
	loader := c.rules
	loader.Load, loader.Libbpf, loader.PtrSize = false, false, f.wordSize(data, base)
	bpf, lib := loader, loader
	bpf.Load, lib.Libbpf = true, true
	if err := btf.Check(data, base, loader); err != nil {
		return []Finding{finding(err, section)}
	}
	for _, rules := range []btf.Rules{bpf, lib} {
		if err := btf.Check(data, base, rules); err != nil {
			all = append(all, finding(err, section))
		}
	}
	return all
}

// wordSize returns the size of an address in bytes, 0 where it cannot be told. Raw BTF
// does not say it, but a kernel's long is as wide.
func (f *File) wordSize(data []byte, base *btf.BTF) int {
	if f.WordSize != 0 {
		return f.WordSize
	}
	if base == nil {
		var err error
		if base, err = btf.Parse(data, nil); err != nil {
			return 0
		}
	}
	if size := btf.LongSize(base); size != 0 {
		return int(size)
	}
	return 0
}

// finding makes one of an error of btf.Check.
func finding(err error, section string) Finding {
	var h *btf.HeaderError
	if errors.As(err, &h) {
		return Finding{By: By(h.By.String()), Section: section, Offset: h.Offset, Message: h.Msg, Log: []string{h.Msg}}
	}
	var r *btf.RuleError
	if !errors.As(err, &r) {
		return Finding{By: By(btf.ModuleLoader.String()), Section: section, Message: err.Error()}
	}
	f := Finding{By: By(r.By.String()), Section: section, Offset: r.Offset, ID: r.ID, Kind: r.Kind.String(), Name: r.Name, Message: r.Msg, Log: r.Log}
	if r.Item >= 0 {
		f.Item = &r.Item
	}
	return f
}
