package encoder

import (
	"fmt"
	"os"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btfids"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/internal/basecache"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// From the encoder's BTF to the kernel's.
//
// Up to Linux 6.18 the build put pahole's BTF into a module as it was. Since then
// scripts/gen-btf.sh has pahole write it to a file and resolve_btfids make of that
// what is loaded:
//
//	pahole                x.ko → x.ko.BTF.1
//	resolve_btfids --btf  x.ko.BTF.1 → x.ko.BTF, x.ko.BTF_ids, x.ko.BTF.base
//	objcopy               .BTF and .BTF.base into x.ko
//	resolve_btfids --patch_btfids  x.ko.BTF_ids into x.ko
//
// The second line is done here, in this order: what the flags of kfuncs say, once
// more deduplication, the distilled base, the order of names, and ids last, since
// they are numbers of all that. x.ko itself is read only.

// FinalizeOptions say what becomes of a file's BTF.
type FinalizeOptions struct {
	BTF     string // file with the encoder's BTF, raw or ELF; empty: the file itself
	Base    string // file with the base, empty for none
	Distill bool   // give it a base of its own, made from Base
	Fatal   bool   // make a warning an error

	Cache *basecache.Cache // of bases, nil for none
}

// The files that Finalize writes beside a file.
const (
	suffixBTF  = ".BTF"
	suffixBase = ".BTF.base"
	suffixIDs  = ".BTF_ids"
)

// Finalize makes the BTF that is loaded of the encoder's for the ELF file at path,
// and writes it to path.BTF, its distilled base to path.BTF.base, and the ids that
// the file asks for to path.BTF_ids. Each is written as a whole, and none where
// anything is wrong with what is read or one cannot be written.
func Finalize(path string, opts FinalizeOptions) (*IDs, error) {
	var r elfio.Reader
	defer r.Close()
	f, ids, err := openIDs(&r, path)
	if err != nil {
		return nil, err
	}
	in, err := loadEncoded(f, opts)
	if err != nil {
		return nil, err
	}
	restore(ids, f, in.base.parsed())
	out := &IDs{None: ids == nil}
	made, warnings, err := in.finalize(ids, opts.Distill)
	out.Warnings = asErrors(warnings)
	if err != nil {
		return out, fmt.Errorf("%s: %w", path, err)
	}
	var idData []byte
	if ids != nil {
		idData, warnings = ids.Patch(made)
		out.Warnings = append(out.Warnings, asErrors(warnings)...)
	}
	if opts.Fatal && len(out.Warnings) > 0 {
		return out, fmt.Errorf("%s: %w", path, ErrWarnings)
	}
	out.Changed, err = in.write(path, made, idData)
	return out, err
}

// encoded is the encoder's BTF and what it stands on.
type encoded struct {
	btf    *btf.BTF
	base   *Base // nil for none
	layout bool  // it has a layout section
}

// loadEncoded reads the encoder's BTF for f.
func loadEncoded(f *elfio.File, opts FinalizeOptions) (*encoded, error) {
	in := new(encoded)
	if opts.Base != "" {
		var err error
		if in.base, err = loadBaseCached(opts.Base, opts.Cache, nil); err == nil {
			err = checkOrder(in.base.BTF, f)
		}
		if err != nil {
			return nil, fmt.Errorf("load base BTF from %s: %w", opts.Base, plain(err))
		}
	}
	path := opts.BTF
	if path == "" {
		path = f.Path()
	}
	file, err := readBTF(path)
	if err == nil {
		err = in.read(path, file, f)
	}
	if err != nil {
		return nil, fmt.Errorf("load BTF from %s: %w", path, plain(err))
	}
	return in, nil
}

// read reads the encoder's BTF, which is in the file at path.
func (in *encoded) read(path string, file *btfFile, f *elfio.File) (err error) {
	if in.btf, err = in.parse(path, file); err != nil {
		return err
	}
	if err := btf.CheckCycles(in.btf); err != nil {
		return err
	}
	if n := in.btf.Opaque; n > 0 {
		return fmt.Errorf("%d types are of unknown kinds, which cannot be put in order", n)
	}
	in.layout = btf.HasLayout(file.data)
	return checkOrder(in.btf, f)
}

// parse parses the BTF of a file on top of the base. BTF that has a base of its own is
// taken to the other one, as libbpf does (btf_parse_elf), or stays on it where there is
// no other.
func (in *encoded) parse(path string, file *btfFile) (b *btf.BTF, err error) {
	switch {
	case file.distilled != nil && in.base != nil:
		return readDistilled(file, in.base)
	case file.distilled != nil:
		if in.base, err = newBase(path, &btfFile{data: file.distilled}); err != nil {
			return nil, fmt.Errorf("section .BTF.base: %w", err)
		}
	case in.base == nil:
		return btf.Parse(file.data, nil)
	}
	return btf.Parse(file.data, in.base.BTF)
}

// finalize returns the BTF that is loaded. ids are nil where nobody asks for one.
func (in *encoded) finalize(ids *btfids.Section, distill bool) (*btf.BTF, []btfids.Warning, error) {
	var kfuncs []btfids.Kfunc
	if ids != nil {
		kfuncs = ids.Kfuncs()
	}
	made, warnings, err := rewrite(in.base, in.btf, kfuncs)
	if err != nil {
		return nil, warnings, err
	}
	if distill {
		if made, _, err = in.base.distill(made, asked(ids, made)); err != nil {
			return nil, warnings, err
		}
	}
	if made, err = btf.SortByName(made); err != nil {
		return nil, warnings, err
	}
	err = btf.Validate(made, btf.Rules{Libbpf: true})
	if err == nil {
		err = btf.CheckDeclTags(made)
	}
	if err != nil {
		return nil, warnings, fmt.Errorf("a kernel would refuse the BTF: %w", err)
	}
	return made, warnings, nil
}

// rewrite gives kfuncs the BTF that their flags ask for and deduplicates what is
// there then: the result is minimal whichever encoder b is from.
func rewrite(base *Base, b *btf.BTF, kfuncs []btfids.Kfunc) (*btf.BTF, []btfids.Warning, error) {
	out, warnings, err := btfids.Transform(b, kfuncs)
	if err != nil {
		return nil, warnings, err
	}
	types := btf.Types{Rows: append([]btf.Row(nil), out.Types.Rows...), Items: append([]btf.Item(nil), out.Types.Items...)}
	strs := btf.NewStrings(base.strings())
	internNames(out, &types, strs)
	m := splitdedup.NewModule()
	m.Reset(base.types())
	m.TypedefGraphs = true
	if _, err := m.AddSplit(&types, out.Start); err != nil {
		return nil, warnings, err
	}
	split, err := m.Finish(strs)
	if err != nil {
		return nil, warnings, err
	}
	made := &btf.BTF{Types: split.Types, Start: split.Start, Strs: split.Strings, StrStart: split.StrStart, Base: b.Base, Order: b.Order}
	return made, warnings, nil
}

// describeKfuncs is rewrite for a module whose ids are filled in for a kernel whose
// own build does it.
func (w *worker) describeKfuncs(r *Result, made *btf.BTF) (*btf.BTF, error) {
	if !w.opts.ResolveIDs || !w.opts.Target.Sorts() || w.ids == nil {
		return made, nil
	}
	kfuncs := w.ids.Kfuncs()
	if len(kfuncs) == 0 {
		return made, nil
	}
	out, warnings, err := rewrite(w.opts.Base, made, kfuncs)
	if fatal := w.warn(r, asErrors(warnings)...); err == nil {
		err = fatal
	}
	return out, err
}

// internNames gives the names of types, which are b's, offsets of strs.
func internNames(b *btf.BTF, types *btf.Types, strs *btf.Strings) {
	intern := func(off btf.StrOff) btf.StrOff {
		s, _ := b.Str(off)
		return strs.Intern(s)
	}
	for i := range types.Rows {
		r := &types.Rows[i]
		r.Name = intern(r.Name)
		if !btf.Shapes[r.Info.Kind()].ItemNameStr {
			continue
		}
		items := types.ItemsOf(r)
		for j := range items {
			items[j].Name = uint32(intern(btf.StrOff(items[j].Name)))
		}
	}
}

// asked returns what the base has of the types and kfuncs that ids ask for. Of kfuncs
// it is those that b has none of the name of itself.
func asked(ids *btfids.Section, b *btf.BTF) []btf.ID {
	if ids == nil || b.Base == nil {
		return nil
	}
	wanted := map[string]bool{}
	for _, k := range ids.Kfuncs() {
		wanted[k.Name] = k.Name != ""
	}
	named := func(b *btf.BTF) (ids []btf.ID) {
		for i := range b.Types.Rows {
			if id := b.Start + btf.ID(i); b.Types.Rows[i].Info.Kind() == btf.KindFunc && wanted[string(b.Name(id))] {
				ids = append(ids, id)
			}
		}
		return ids
	}
	for _, id := range named(b) {
		wanted[string(b.Name(id))] = false
	}
	return append(named(b.Base), ids.BaseTypes(b)...)
}

// write writes what was made beside the file at path. The base comes first and the
// ids last: a run that is killed in between leaves no BTF whose base is not there,
// and no ids of BTF that is not there.
func (in *encoded) write(path string, made *btf.BTF, idData []byte) (changed bool, err error) {
	var files []elfio.NewFile
	add := func(suffix string, data []byte) {
		files = append(files, elfio.NewFile{Path: path + suffix, Data: data})
	}
	if made.Base != in.btf.Base {
		add(suffixBase, btf.Append(nil, &made.Base.Types, made.Base.Strs, made.Base.Order))
	}
	if made.Base == nil && in.layout {
		add(suffixBTF, btf.AppendLayout(nil, &made.Types, made.Strs, made.Order))
	} else {
		add(suffixBTF, btf.Append(nil, &made.Types, made.Strs, made.Order))
	}
	if idData != nil {
		add(suffixIDs, idData)
	}
	return replaceFiles(files...)
}

// PatchIDs puts the ids in the file at idPath, which Finalize wrote, into .BTF_ids of
// the ELF file at path.
func PatchIDs(path, idPath string) (*IDs, error) {
	var r elfio.Reader
	defer r.Close()
	f, err := r.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, refusal(path, err))
	}
	section := f.Section(btfids.SectionName)
	if section == nil {
		return nil, fmt.Errorf("section %s not found in %s", btfids.SectionName, path)
	}
	st, err := os.Stat(idPath)
	if err == nil && uint64(st.Size()) != section.Size {
		return nil, fmt.Errorf("size mismatch - %s section in %s is %d bytes, %s is %d bytes", btfids.SectionName, path, section.Size, idPath, st.Size())
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(idPath)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", idPath, plain(err))
	}
	changed, err := elfio.ReplaceSections(path, elfio.WriteOptions{Expect: f.Stamp}, elfio.Patch{Name: btfids.SectionName, Data: data})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, plain(err))
	}
	return &IDs{Changed: changed}, nil
}
