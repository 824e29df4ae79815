// Package encoder turns modules into split BTF: one function that shows the
// passes of one module, and a pool that runs it over many.
package encoder

import (
	"debug/elf"
	"errors"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btfids"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/internal/phase"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// Result says what became of one file.
type Result struct {
	Path string
	Err  error

	Before  uint64 // bytes of .BTF that the file had, and of .BTF.base where one is made
	After   uint64 // bytes of BTF made; Before where the file was left alone
	Types   int    // types in it
	Changed bool   // the file, or the file in OutDir, was written
	NoDWARF bool   // nothing was converted: there is no DWARF, or the shipped BTF was asked for

	// BTF is what was made or read, for Options.Take only.
	BTF *btf.BTF

	// Stamp is what the file is left with in place, by this run and nobody
	// else; zero if that is not known, as after an error.
	Stamp elfio.Stamp

	// Others are files that were looked at besides this one: .dwo files, and the
	// supplementary file of dwz.
	Others []OtherFile

	// Warnings are what would be errors without Options.AllowMismatch or with
	// Options.FatalWarnings, and a base that seems to be of another build.
	Warnings []error

	DWARF   dwarfconv.Stats
	Skipped []Skipped // functions left out, in order of name

	// UnknownABI is the name of the file's machine if nothing is known of how it
	// passes parameters: functions are in the BTF as they are declared. It is
	// empty where there are none, or no rule looks at parameters.
	UnknownABI string

	// Kept are the types that are not in the distilled base but in full on
	// top of it, because a kernel might not find them again.
	Kept []splitdedup.Kept
}

// worker encodes one module after the other and keeps its memory between them.
type worker struct {
	opts  *Options
	clock *phase.Clock

	elf   elfio.Reader
	sup   elfio.Reader // the supplementary file
	strs  *btf.Strings
	units *pipeline
	types *splitdedup.Module
	syms  *symbols
	funcs *functions
	vars  *variables
	out   []byte
	base  []byte // distilled base, empty for none

	nested bool // arrays of several dimensions are arrays of arrays

	ids    *btfids.Section // nil: nobody asks for an id
	idData []byte          // of .BTF_ids, nil where it stays as it is
}

// newWorker returns a worker that converts so many units at once.
func newWorker(opts *Options, jobs int) *worker {
	w := &worker{
		opts:  opts,
		strs:  btf.NewStrings(nil),
		units: newPipeline(jobs),
		types: splitdedup.NewModule(),
		syms:  newSymbols(),
		funcs: newFunctions(),
		vars:  newVariables(),
	}
	if opts.Clock != nil {
		w.clock = new(phase.Clock)
	}
	return w
}

func (w *worker) close() {
	w.elf.Close()
	w.sup.Close()
}

// encodeModule is the life of one module.
func (w *worker) encodeModule(r *Result) error {
	ph := w.clock
	defer ph.Stop()

	// Open the file, and refuse early what could not be written in the end.
	ph.Start("open")
	if w.opts.Shipped {
		return w.takeShipped(r)
	}
	f, err := w.open(r.Path)
	if w.opts.Take != nil && errors.Is(err, elfio.ErrNotELF) {
		return w.takeShipped(r)
	}
	if err != nil {
		return refusal(r.Path, err)
	}

	// Read the debug sections and apply their relocations, and the symbols that
	// say which functions and variables there are.
	others := newElsewhere(r.Path)
	sec, err := w.readFile(f, others)

	// Convert unit by unit. Types become canonical at once, so that one unit
	// at a time is held; functions and variables wait until all are seen. The
	// base's types are not needed before the first unit is converted.
	admit := sync.OnceValue(func() error { return w.admit(f, r) })
	if err == nil {
		ph.Start("convert")
		err = w.convert(f, sec, admit)
	}
	ph.Start("wait")
	if err := admit(); err != nil { // it is told before all else
		return err
	}
	if errors.Is(err, errNoDWARF) {
		return w.encodeNothing(f, r)
	}
	if err != nil {
		return err
	}
	r.Others = others.files()

	// Choose functions and variables and add them to the types.
	ph.Start("select")
	if err := w.funcs.emit(w.types); err != nil {
		return err
	}
	if err := w.vars.emit(w.types); err != nil {
		return err
	}
	r.Skipped, r.UnknownABI = w.funcs.skips, w.unknownABI(f)
	// From here on no type is added.

	ph.Start("finish")
	split, err := w.types.Finish(w.strs)
	if err != nil {
		return err
	}
	if err := w.mismatch(r, w.opts.Base.checkStructModule(split)); err != nil {
		return err
	}

	if err := w.opts.Base.checkUnshared(split); err != nil && len(r.Warnings) == 0 {
		r.Warnings = append(r.Warnings, err)
	}

	made, err := w.describeKfuncs(r, w.opts.Base.made(f, split))
	if err != nil {
		return err
	}

	// Give the module a base of its own where it asks for one.
	ph.Start("distill")
	made, err = w.distill(r, made, w.kept(made))
	if err != nil {
		return err
	}
	if w.opts.Sort {
		ph.Start("sort")
		if made, err = btf.SortByName(made); err != nil {
			return err
		}
	}

	ph.Start("verify")
	if err := w.opts.Target.verify(made, f); err != nil {
		return err
	}
	w.out = w.opts.append(w.out[:0], made)
	if err := w.verifyBytes(f); err != nil {
		return err
	}
	r.Types, r.DWARF = len(made.Types.Rows), w.units.stats()
	// The BTF is final.

	// Tell the code the ids that it asks for.
	ph.Start("ids")
	if err := w.fillIDs(f, r, made); err != nil {
		return err
	}

	if w.opts.Take != nil {
		r.After = uint64(len(w.out) + len(w.base))
		w.take(r, made)
		return nil
	}
	ph.Start("write")
	return w.write(f, r)
}

// unknownABI is Result.UnknownABI.
func (w *worker) unknownABI(f *elfio.File) string {
	if w.opts.Features.Compat124 || w.funcs.Counts[ReasonNone] == 0 || !w.opts.Features.conversion(f, w.opts).ABI.Unknown {
		return ""
	}
	return machineName(f.Machine)
}

// readFile reads what conversion looks at.
func (w *worker) readFile(f *elfio.File, others *elsewhere) (*dwarfconv.Sections, error) {
	w.clock.Start("sections")
	sec, err := debugSections(f, others, &w.sup)
	if err != nil {
		return nil, err
	}
	w.clock.Start("symbols")
	w.syms.everySection = w.opts.Features.Has(FeatureGlobalVar)
	if err := w.syms.read(f, w.opts.Features.FuncPolicy()); err != nil {
		return nil, err
	}
	return sec, w.readIDs(f)
}

// admit waits for the base, notes what the file has and refuses it where writing
// could not work.
func (w *worker) admit(f *elfio.File, r *Result) error {
	if err := w.opts.Base.Wait(); err != nil {
		return err
	}
	if i := f.Index(".BTF"); i > 0 {
		r.Before = f.Sections[i].Size
	}
	if i := f.Index(".BTF.base"); i > 0 && w.opts.distills() {
		r.Before += f.Sections[i].Size
	}
	r.After = r.Before
	if err := w.opts.Base.checkMachine(f); err != nil {
		return err
	}
	if err := w.mismatch(r, w.opts.Base.checkRelease(f)); err != nil {
		return err
	}
	if !w.opts.inPlace() {
		return nil
	}
	signed, err := f.IsSigned()
	if err == nil && signed {
		err = elfio.ErrSigned
	}
	return err
}

// convert takes every unit through conversion and deduplication. Units are
// converted in parallel and added in their order (units.go).
// admit is called before the first is added.
func (w *worker) convert(f *elfio.File, sec *dwarfconv.Sections, admit func() error) error {
	base, features := w.opts.Base, w.opts.Features
	w.strs.Reset(base.strings())
	w.funcs.reset(features.FuncPolicy(), w.syms, w.strs)
	w.vars.reset(features, w.syms, w.strs, addrSize(f))
	if err := w.units.convs[0].Reset(sec, w.strs, features.conversion(f, w.opts)); err != nil {
		return err
	}
	begin := func() error {
		err := admit()
		if err == nil {
			w.types.Reset(base.types())
			w.types.TypedefGraphs = !features.Compat124
			w.nested = base.nestsArrays(features.Has(FeatureNestedArrays))
		}
		return err
	}
	return w.units.run(sec.InfoSize(), w.opts, w.clock, begin, w.addUnit)
}

// addUnit makes a unit part of the module.
func (w *worker) addUnit(u *dwarfconv.Unit, clock *phase.Clock) error {
	clock.Start("dedup")
	if w.nested {
		u.NestArrays()
	}
	var ids []btf.ID
	var err error
	if len(u.Starts) > 0 {
		ids, err = w.types.AddGroup(&u.Types, u.Starts)
	} else {
		ids, err = w.types.AddUnit(&u.Types)
	}
	if err != nil {
		return err
	}
	clock.Start("functions")
	w.funcs.addUnit(u, ids)
	w.vars.addUnit(u, ids)
	return nil
}

// encodeNothing is the outcome for an object without DWARF: made of assembly
// alone, or stripped. The kernel build asks for BTF of every module and must not
// stop here, so that in OutDir an empty BTF says that there is nothing, as libbpf
// writes it; the object itself is left alone, but for ids, which need no DWARF. A
// linked file (vmlinux) without DWARF cannot be meant.
func (w *worker) encodeNothing(f *elfio.File, r *Result) error {
	if w.opts.Take != nil {
		return w.takeSection(f, r)
	}
	if f.Type != elf.ET_REL {
		return errNoDWARF
	}
	r.NoDWARF = true
	if w.opts.inPlace() {
		r.Stamp = f.Stamp
		if w.opts.ResolveIDs {
			return w.fillAlone(f, r)
		}
		return nil
	}
	w.strs.Reset(w.opts.Base.strings())
	empty := &splitdedup.Result{Start: btf.ID(w.opts.Base.types().NumTypes()), Strings: w.strs.Own(), StrStart: w.strs.Start()}
	made, err := w.distill(r, w.opts.Base.made(f, empty), nil)
	if err != nil {
		return err
	}
	w.out = btf.Append(w.out[:0], &made.Types, made.Strs, made.Order)
	return w.write(f, r)
}

// write puts w.out where it belongs.
func (w *worker) write(f *elfio.File, r *Result) (err error) {
	switch {
	case w.opts.inPlace():
		r.Changed, err = w.inject(f, r)
	case w.opts.OutDir != "":
		r.Changed, err = w.writeRaw(r.Path)
	default:
		r.Changed, err = w.writeDetached(f)
	}
	if err != nil {
		return plain(err)
	}
	r.After = uint64(len(w.out) + len(w.base))
	return nil
}
