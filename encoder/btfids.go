package encoder

import (
	"debug/elf"
	"errors"
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btfids"
	"github.com/gobtfenc/gobtfenc/elfio"
)

// The kernel's build calls resolve_btfids on every module and on vmlinux, most of
// which ask for no id. Such a file is done without a look at its BTF or at the
// base: whoever builds a driver against /sys/kernel/btf/vmlinux may have no
// vmlinux, and one call per module must cost nothing.

// IDs says what became of the .BTF_ids section of a file.
type IDs struct {
	None     bool // there is no such section, or nobody asks for an id in it
	Changed  bool
	Warnings []error // ids that are not certain, in resolve_btfids's words
}

// IDOptions say where ResolveIDs looks ids up.
type IDOptions struct {
	BTF  string // file with the BTF, raw or ELF; empty: the file with the ids
	Base string // file with the base, empty for none; not used where the BTF's file has .BTF.base

	// Fatal makes a warning an error.
	Fatal bool
}

// ErrWarnings is the error of a file with warnings where these are fatal. The
// file is as it was.
var ErrWarnings = errors.New("stopped at warnings")

// ErrStaleIDs is the warning of a file that got other BTF than its ids are of.
var ErrStaleIDs = errors.New("section " + btfids.SectionName + ": was filled in for other BTF, whose ids cannot stay")

// ResolveIDs fills in .BTF_ids of the ELF file at path. On error the file is as it
// was.
func ResolveIDs(path string, opts IDOptions) (*IDs, error) {
	var r elfio.Reader
	defer r.Close()
	f, ids, err := openIDs(&r, path)
	if err != nil {
		return nil, err
	}
	if ids == nil {
		return &IDs{None: true}, nil
	}
	b, err := loadForIDs(f, opts)
	if err != nil {
		return nil, err
	}
	if !ids.Restore(b) {
		restore(ids, f, b.Base) // it was filled in by the BTF that it has, not by b
	}
	data, warnings := ids.Patch(b)
	out := &IDs{Warnings: asErrors(warnings)}
	if opts.Fatal && len(warnings) > 0 {
		return out, fmt.Errorf("%s: %w", path, ErrWarnings)
	}
	out.Changed, err = elfio.ReplaceSections(path, elfio.WriteOptions{Expect: f.Stamp}, elfio.Patch{Name: btfids.SectionName, Data: data})
	if err != nil {
		return out, fmt.Errorf("%s: %w", path, plain(err))
	}
	return out, nil
}

func asErrors(warnings []btfids.Warning) []error {
	var out []error
	for _, w := range warnings {
		out = append(out, w)
	}
	return out
}

// openIDs opens the ELF file at path and reads its .BTF_ids, nil where it has none
// or nobody asks for an id.
func openIDs(r *elfio.Reader, path string) (*elfio.File, *btfids.Section, error) {
	f, err := r.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, refusal(path, err))
	}
	ids, err := readIDs(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, ids, nil
}

// readIDs reads .BTF_ids of f, nil where it has none or nobody asks for an id. A
// file with debug information only has the section without its contents.
func readIDs(f *elfio.File) (*btfids.Section, error) {
	index := f.Index(btfids.SectionName)
	if index == 0 || f.Sections[index].Type == elf.SHT_NOBITS {
		return nil, nil
	}
	table, err := f.Symbols()
	if errors.Is(err, elfio.ErrNoSection) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return idsOf(f, index, table)
}

// idsOf is readIDs with the section and the symbol table at hand.
func idsOf(f *elfio.File, index int, table *elfio.Symtab) (*btfids.Section, error) {
	addr := uint64(0) // values of symbols are relative to it
	if f.Type != elf.ET_REL {
		addr = f.Sections[index].Addr
	}
	var syms []btfids.Symbol
	for _, s := range table.All() {
		if s.Defined() && int(s.Section) == index && btfids.IsSymbol(string(s.Name)) {
			syms = append(syms, btfids.Symbol{Name: string(s.Name), Off: s.Value - addr, Size: s.Size})
		}
	}
	if err := table.Err(); err != nil || syms == nil {
		return nil, err
	}
	data, err := f.SectionData(index)
	if err != nil {
		return nil, fmt.Errorf("section %s: %w", btfids.SectionName, err)
	}
	return btfids.Parse(f.Order(), data, syms)
}

// readIDs reads what the module's .BTF_ids asks for, and marks the kfuncs that it
// lists.
//
// A module that was encoded before has been filled in, too, and the flags of its
// kfuncs are in the order of ids of the BTF that it still has.
func (w *worker) readIDs(f *elfio.File) (err error) {
	w.ids = nil
	kfuncs := w.opts.Features.FuncPolicy().Kfuncs
	if !kfuncs && !w.opts.ResolveIDs && !w.opts.EmptyIDs {
		return nil
	}
	if w.ids, err = readIDs(f); err != nil || w.ids == nil {
		return err
	}
	restore(w.ids, f, w.opts.Base.parsed())
	if kfuncs {
		w.syms.markKfuncs(w.ids.Kfuncs())
	}
	return nil
}

// restore undoes what filling in did to f before, if the BTF that it has tells: on
// top of its base, which is nil for none, or with that gone.
func restore(ids *btfids.Section, f *elfio.File, base *btf.BTF) {
	if ids == nil || !ids.Filled() {
		return
	}
	if old, err := shippedBTF(f, base); err == nil && ids.Restore(old) {
		return
	}
	data, err := sectionBytes(f, ".BTF")
	if err != nil || data == nil {
		return
	}
	if old, err := btf.ParseOrphan(data); err == nil {
		ids.RestoreOrphan(old)
	}
}

// shippedBTF returns the BTF that f has, on top of its own base or of the one given.
func shippedBTF(f *elfio.File, base *btf.BTF) (*btf.BTF, error) {
	file, err := sectionBTF(f)
	if err != nil {
		return nil, err
	}
	if file.distilled != nil {
		if base, err = parseFor(f, file.distilled, nil); err != nil {
			return nil, fmt.Errorf("section .BTF.base: %w", err)
		}
	}
	b, err := parseFor(f, file.data, base)
	if err != nil {
		return nil, fmt.Errorf("section .BTF: %w", err)
	}
	return b, nil
}

// fillIDs makes the module's .BTF_ids of its final BTF, or empties it, or where nothing
// is said takes ids out that are wrong now: whose flags are whose is known as long as
// the BTF is there that they are of.
func (w *worker) fillIDs(f *elfio.File, r *Result, made *btf.BTF) error {
	w.idData = nil
	var warnings []btfids.Warning
	switch {
	case !w.opts.inPlace():
	case !w.opts.ResolveIDs && !w.opts.EmptyIDs:
		ids, err := readIDs(f)
		if err != nil || ids == nil || !ids.Stale(made) {
			return nil // a section that is not understood is not worse than before
		}
		restore(ids, f, w.opts.Base.parsed())
		w.idData, warnings = ids.Unfilled()
		if err := w.warn(r, ErrStaleIDs); err != nil {
			return err
		}
	case w.ids == nil:
	case w.opts.ResolveIDs:
		w.idData, warnings = w.ids.Patch(made)
	default:
		w.idData, warnings = w.ids.Unfilled()
	}
	return w.warn(r, asErrors(warnings)...)
}

// warn warns about .BTF_ids. The error is there where warnings are fatal.
func (w *worker) warn(r *Result, warnings ...error) error {
	r.Warnings = append(r.Warnings, warnings...)
	if w.opts.FatalWarnings && len(warnings) > 0 {
		return ErrWarnings
	}
	return nil
}

// fillAlone fills in .BTF_ids of a module without DWARF, by the BTF that it has.
func (w *worker) fillAlone(f *elfio.File, r *Result) (err error) {
	if w.ids, err = readIDs(f); err != nil || w.ids == nil {
		return err
	}
	b, err := shippedBTF(f, w.opts.Base.parsed())
	if errors.Is(err, ErrNoBTF) {
		err = fmt.Errorf("section %s: neither DWARF nor .BTF to look its ids up in", btfids.SectionName)
	}
	if err == nil {
		err = w.fillIDs(f, r, b)
	}
	if err != nil {
		return err
	}
	r.Changed, err = elfio.ReplaceSections(r.Path, elfio.WriteOptions{Expect: f.Stamp, After: &r.Stamp}, elfio.Patch{Name: btfids.SectionName, Data: w.idData})
	return plain(err)
}

// loadForIDs reads the BTF in whose numbering the ids of f are.
func loadForIDs(f *elfio.File, opts IDOptions) (*btf.BTF, error) {
	path := opts.BTF
	if path == "" {
		path = f.Path()
	}
	file, err := readBTF(path)
	base, baseErr := loadIDBase(f, path, file, opts.Base)
	if baseErr != nil {
		return nil, baseErr
	}
	if err == nil {
		var b *btf.BTF
		if b, err = parseFor(f, file.data, base); err == nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("load BTF from %s: %w", path, plain(err))
}

// loadIDBase reads the base of the BTF of file, which is at path: the distilled one
// that comes with it, for the BTF continues that (a module of a kernel with .BTF.base:
// the kernel translates the ids when it loads it), else the one at base. file is nil
// where it could not be read.
func loadIDBase(f *elfio.File, path string, file *btfFile, base string) (b *btf.BTF, err error) {
	var data []byte
	switch {
	case file != nil && file.distilled != nil:
		base, data = path, file.distilled
	case base == "":
		return nil, nil
	default:
		if file, err = readBTF(base); err == nil {
			data = file.data
		}
	}
	if err == nil {
		b, err = parseFor(f, data, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("load base BTF from %s: %w", base, plain(err))
	}
	return b, nil
}

// parseFor parses BTF of f's byte order.
func parseFor(f *elfio.File, data []byte, base *btf.BTF) (*btf.BTF, error) {
	b, err := btf.Parse(data, base)
	if err == nil {
		err = checkOrder(b, f)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// checkOrder refuses BTF of another byte order than the file's.
func checkOrder(b *btf.BTF, f *elfio.File) error {
	if b.Order != f.Order() {
		return fmt.Errorf("%s, %s is %s", orderName(b.Order), f.Path(), orderName(f.Order()))
	}
	return nil
}
