package check

import (
	"errors"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// distilled checks a module that has a base of its own, and whether a kernel
// with our base can take it there.
func (c *Checker) distilled(f *File) []Finding {
	if found := c.alone(f, f.Distilled, sectionBase); len(found) > 0 {
		return found
	}
	own, err := btf.Parse(f.Distilled, nil)
	if err != nil {
		return []Finding{finding(err, sectionBase)}
	}
	if err := btf.CheckDistilled(own); err != nil {
		return []Finding{finding(err, sectionBase)}
	}
	found := append(c.wrongRelease(f), c.refused(f, f.BTF, own, sectionBTF)...)
	if len(found) > 0 || c.base == nil {
		return found
	}
	return c.relocate(f, own)
}

// relocate takes a module's BTF to the base.
func (c *Checker) relocate(f *File, own *btf.BTF) []Finding {
	split, err := btf.Parse(f.BTF, own)
	if err != nil {
		return []Finding{finding(err, sectionBTF)}
	}
	index, err := c.index()
	if err != nil {
		return []Finding{{By: ByBase, Section: sectionBase, Message: err.Error()}}
	}
	_, _, err = splitdedup.Relocate(index, split)
	if err == nil {
		return nil
	}
	lost := Finding{By: ByRelocation, Section: sectionBase, Message: err.Error()}
	var stub *splitdedup.RelocateError
	if errors.As(err, &stub) {
		lost.ID, lost.Kind, lost.Name = stub.ID, stub.Kind.String(), stub.Name
	}
	return []Finding{lost}
}
