package encoder

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btfids"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// distills reports whether every file gets a distilled base.
func (o *Options) distills() bool { return o.Features.Has(FeatureDistilledBase) }

// kept returns types of the base that a distilled one must not do without. kfuncs
// stay in the module's own BTF even where the base has the same ones: it is only
// there that a kernel looks for what a module registers.
func (w *worker) kept(made *btf.BTF) []btf.ID {
	if !w.opts.distills() || !w.opts.ResolveIDs || w.ids == nil {
		return w.funcs.kfuncTypes
	}
	return append(asked(w.ids, made), w.funcs.kfuncTypes...)
}

// distill gives made a base of its own, if the features say so, and returns what
// is on top of that. keep are types of the base that it is to have.
func (w *worker) distill(r *Result, made *btf.BTF, keep []btf.ID) (*btf.BTF, error) {
	w.base = w.base[:0]
	if !w.opts.distills() {
		return made, nil
	}
	out, kept, err := w.opts.Base.distill(made, keep)
	if err != nil {
		return nil, err
	}
	w.base = btf.Append(w.base, &out.Base.Types, out.Base.Strs, out.Base.Order)
	r.Kept = kept
	return out, nil
}

// distill parts made from b and returns it on a base of its own; it is known to
// relocate to b. keep are types of b that it is to have itself.
func (b *Base) distill(made *btf.BTF, keep []btf.ID) (*btf.BTF, []splitdedup.Kept, error) {
	split := splitdedup.Result{Types: made.Types, Start: made.Start, Strings: made.Strs, StrStart: made.StrStart}
	d, err := splitdedup.Distill(b.dedup, &split, keep)
	if err != nil {
		return nil, nil, err
	}
	own := &btf.BTF{Types: d.Base.Types, Strs: d.Base.Strings, Order: made.Order}
	if err := btf.CheckDistilled(own); err != nil {
		return nil, nil, fmt.Errorf("a kernel would refuse the distilled base: %w", err)
	}
	out := &btf.BTF{Types: d.Split.Types, Start: d.Split.Start, Strs: d.Split.Strings, StrStart: d.Split.StrStart, Base: own, Order: made.Order}
	// What a kernel does when it loads the module is tried here, with the one
	// base that there is: better now than at boot.
	if _, _, err := splitdedup.Relocate(b.dedup, out); err != nil {
		return nil, nil, fmt.Errorf("does not relocate to the base that it was distilled from: %w", err)
	}
	return out, d.Kept, nil
}

// errStaleBase refuses a file whose .BTF.base would outlive the .BTF that it
// was made for: a kernel that finds one takes it for the base.
var errStaleBase = errors.New("section .BTF.base: is there, for the .BTF that would be replaced: encode with feature distilled_base again, or remove it first (objcopy --remove-section .BTF.base)")

// inject puts the BTF and what was made of it into the file.
func (w *worker) inject(f *elfio.File, r *Result) (changed bool, err error) {
	patches := []elfio.Patch{{Name: ".BTF", Data: w.out}}
	if w.opts.distills() {
		patches = append(patches, elfio.Patch{Name: ".BTF.base", Data: w.base})
	} else if f.Index(".BTF.base") > 0 {
		return false, errStaleBase
	}
	if w.idData != nil {
		patches = append(patches, elfio.Patch{Name: btfids.SectionName, Data: w.idData})
	}
	return elfio.ReplaceSections(r.Path, elfio.WriteOptions{Expect: f.Stamp, After: &r.Stamp}, patches...)
}

// writeRaw writes the BTF of a file to the folder for it. The base comes first: a
// run that is killed between the two leaves BTF that has none, or that of the run
// before.
func (w *worker) writeRaw(path string) (changed bool, err error) {
	var files []elfio.NewFile
	if w.opts.distills() {
		files = append(files, elfio.NewFile{Path: filepath.Join(w.opts.OutDir, OutBaseName(path)), Data: w.base})
	}
	files = append(files, elfio.NewFile{Path: filepath.Join(w.opts.OutDir, OutName(path)), Data: w.out})
	return replaceFiles(files...)
}

// OutBaseName returns the name of the distilled base of a file: x.base.btf for
// a/b/x.ko.
func OutBaseName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), ".ko") + ".base.btf"
}
