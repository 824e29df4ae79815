package encoder_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	ebpfbtf "github.com/cilium/ebpf/btf"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// distilling returns options with the feature on top of base.
func distilling(t testing.TB, base *encoder.Base) encoder.Options {
	t.Helper()
	opts := options(t)
	opts.Base = base
	var err error
	if opts.Features, err = encoder.ParseFeatures([]string{"+distilled_base"}, encoder.FeaturesStrict); err != nil {
		t.Fatal(err)
	}
	return opts
}

// encodeDistilled encodes a file to a folder and returns its BTF on top of its
// distilled base, both checked by the kernel's rules.
func encodeDistilled(t testing.TB, opts encoder.Options, path string) *btf.BTF {
	t.Helper()
	opts.OutDir = t.TempDir()
	results, err := encoder.Run(context.Background(), []string{path}, opts)
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		t.Fatal(err)
	}
	data := readFile(t, filepath.Join(opts.OutDir, encoder.OutName(path)))
	base := readFile(t, filepath.Join(opts.OutDir, encoder.OutBaseName(path)))
	if got := uint64(len(data) + len(base)); results[0].After != got {
		t.Errorf("%d bytes in the result, %d in the files", results[0].After, got)
	}
	own := parse(t, base, nil)
	split := parse(t, data, own)
	if err := btf.CheckDistilled(own); err != nil {
		t.Error(err)
	}
	rules := btf.Rules{Libbpf: true, NarrowInfo: true}
	for _, err := range []error{btf.Check(base, nil, rules), btf.Check(data, own, rules)} {
		if err != nil {
			t.Error(err)
		}
	}
	return split
}

// relocate takes split to base as a kernel does.
func relocate(t testing.TB, base *splitdedup.Base, under, split *btf.BTF) *btf.BTF {
	t.Helper()
	r, _, err := splitdedup.Relocate(base, split)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, btf.Append(nil, &r.Types, r.Strings, under.Order), under)
}

func newBase(t testing.TB, b *btf.BTF) *splitdedup.Base {
	t.Helper()
	base, err := splitdedup.NewBase(&b.Types, b.Strs)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// TestDistilledCorpus: what a real module is with a base of its own, relocated
// to its kernel in another order, is what pahole makes of it without.
func TestDistilledCorpus(t *testing.T) {
	base, referee := corpusBase(t), btftest.NewReferee()
	opts := distilling(t, base)
	other := btftest.Shuffle(base.BTF, rand.New(rand.NewPCG(7, 1)))
	on := newBase(t, other)
	for _, o := range corpusObjects(t) {
		t.Run(o.name, func(t *testing.T) {
			got := relocate(t, on, other, encodeDistilled(t, opts, o.path))
			want := parse(t, corpusFile(t, o.name+".head.btf"), base.BTF)
			// Types without a name of their own are in the module again.
			if d := referee.Compare(want, got); len(d.Missing)+len(d.Extra)+len(d.Dup) > 0 {
				t.Error(d)
			}
		})
	}
}

// TestDistilledAsPahole compares with what pahole distils: from its own split
// BTF type by type, and in size where ours is smaller to begin with.
func TestDistilledAsPahole(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(corpusDir(t), "features/*.distilled.btf.zst"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no distilled BTF in the corpus", err)
	}
	base := corpusBase(t)
	on := newBase(t, base.BTF)
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".distilled.btf.zst")
		t.Run(name, func(t *testing.T) {
			wantBase, wantSplit := corpusFile(t, "features/"+name+".distilled.base.btf"), corpusFile(t, "features/"+name+".distilled.btf")
			want := parse(t, wantSplit, parse(t, wantBase, nil))
			split := parse(t, corpusFile(t, name+".head.btf"), base.BTF)
			d, err := splitdedup.Distill(on, &splitdedup.Result{Types: split.Types, Start: split.Start, Strings: split.Strs, StrStart: split.StrStart}, nil)
			if err != nil {
				t.Fatal(err)
			}
			gotBase := btf.Append(nil, &d.Base.Types, d.Base.Strings, binary.LittleEndian)
			gotSplit := btf.Append(nil, &d.Split.Types, d.Split.Strings, binary.LittleEndian)
			got := parse(t, gotSplit, parse(t, gotBase, nil))
			sameDistilled(t, want, got, d.Kept)
			if len(gotBase) > len(wantBase) || len(gotBase)+len(gotSplit) > len(wantBase)+len(wantSplit) {
				t.Errorf("%d and %d bytes, pahole's are %d and %d", len(gotBase), len(gotSplit), len(wantBase), len(wantSplit))
			}
		})
	}
}

// sameDistilled compares with pahole's; declarations are its base's there, and
// the module's own here.
func sameDistilled(t *testing.T, want, got *btf.BTF, kept []splitdedup.Kept) {
	t.Helper()
	d := btftest.Compare(want, got)
	fwds := 0
	for _, k := range kept {
		if k.Kind != btf.KindFwd {
			t.Errorf("%v %s is kept: %s", k.Kind, k.Name, k.Reason)
			continue
		}
		fwds++
		d.Extra = slices.DeleteFunc(d.Extra, func(line string) bool { return strings.Contains(line, "FWD '"+k.Name+"'") })
	}
	if len(d.Missing)+len(d.Extra) > 0 {
		t.Error(d)
	}
	if got.NumOwn() != want.NumOwn()+fwds || got.Base.NumOwn() != want.Base.NumOwn()-fwds {
		t.Errorf("%d types on top of %d, pahole's are %d and %d, with %d declarations", got.NumOwn(), got.Base.NumOwn(), want.NumOwn(), want.Base.NumOwn(), fwds)
	}
	d = btftest.Compare(want.Base, got.Base)
	d.Missing = slices.DeleteFunc(d.Missing, func(line string) bool { return strings.Contains(line, "] FWD ") })
	if !d.Empty() {
		t.Errorf("distilled base: %v", d)
	}
}

// TestDistilledTree: every module of the small tree, relocated to its base in
// another order, is what it is without the feature; also if its types are
// sorted.
func TestDistilledTree(t *testing.T) {
	base := treeBase(t)
	plain, opts := options(t), distilling(t, base)
	plain.Base = base
	sorted := opts
	sorted.Sort = true
	other := btftest.Shuffle(base.BTF, rand.New(rand.NewPCG(7, 2)))
	on := newBase(t, other)
	for _, o := range treeObjects(t) {
		if o.alone {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			want := parse(t, encode(t, plain, o.path), base.BTF)
			for _, opts := range []encoder.Options{opts, sorted} {
				got := relocate(t, on, other, encodeDistilled(t, opts, o.path))
				if d := btftest.Compare(want, got); len(d.Missing)+len(d.Extra)+len(d.Dup) > 0 {
					t.Errorf("sorted %v: %v", opts.Sort, d)
				}
				for id := got.First(); opts.Sort && int(id)+1 < got.NumTypes(); id++ {
					if bytes.Compare(got.Name(id), got.Name(id+1)) > 0 {
						t.Errorf("type %d is before %d", id, id+1)
					}
				}
			}
		})
	}
}

// TestReadersOfDistilled has both parts read by cilium/ebpf and by bpftool, and
// the distilled base by the kernel where it may be asked.
func TestReadersOfDistilled(t *testing.T) {
	for _, s := range sets {
		t.Run(s.name, func(t *testing.T) {
			opts := distilling(t, s.base(t))
			for _, o := range s.objects(t) {
				if o.alone {
					continue
				}
				t.Run(o.name, func(t *testing.T) {
					b := encodeDistilled(t, opts, o.path)
					base := btf.Append(nil, &b.Base.Types, b.Base.Strs, b.Order)
					spec, err := ebpfbtf.LoadSpecFromReader(bytes.NewReader(base))
					if err != nil {
						t.Fatal(err)
					}
					data := btf.Append(nil, &b.Types, b.Strs, b.Order)
					readByCilium(t, data, spec, b)
					path := filepath.Join(t.TempDir(), "x.base.btf")
					if err := os.WriteFile(path, base, 0o644); err != nil {
						t.Fatal(err)
					}
					readByBpftool(t, data, path, b)
					if err := loadIntoKernel(base); err != nil && !isDenied(err) {
						t.Errorf("kernel: %+v", err)
					}
				})
			}
		})
	}
}

// TestDistilledInPlace: both sections get in together, a second run finds
// nothing to do, and none stays behind when the feature is gone.
func TestDistilledInPlace(t *testing.T) {
	base := treeBase(t)
	opts := distilling(t, base)
	for _, name := range []string{"kinds", "split", "plain/gcc5"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(kernelTree, "obj", name+".ko")
			file := copyOf(t, path)
			before := sectionsOf(t, file)
			r := encodeInPlace(t, opts, file)
			want := encodeDistilled(t, opts, path)
			after := sectionsOf(t, file)
			own := parse(t, after[".BTF.base"], nil)
			if got := parse(t, after[".BTF"], own); btftest.Text(own) != btftest.Text(want.Base) || btftest.Text(got) != btftest.Text(want) {
				t.Error("the sections are not what is written to files of their own")
			}
			if !r.Changed || r.After != uint64(len(after[".BTF"])+len(after[".BTF.base"])) {
				t.Errorf("changed %v, %d bytes", r.Changed, r.After)
			}
			for name, data := range before {
				if name != ".BTF" && name != ".shstrtab" && name != ".strtab" && !bytes.Equal(after[name], data) {
					t.Errorf("section %s changed", name)
				}
			}
			checkUntouched(t, opts, file)
			checkStale(t, base, file)
		})
	}
}

// checkStale encodes a file with .BTF.base without the feature.
func checkStale(t *testing.T, base *encoder.Base, file string) {
	t.Helper()
	opts := options(t)
	opts.Base = base
	data := readFile(t, file)
	results, err := encoder.Run(context.Background(), []string{file}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := results[0].Err; err == nil || !strings.Contains(err.Error(), "section .BTF.base: is there") {
		t.Errorf("error %v, want one about .BTF.base", err)
	}
	if !bytes.Equal(readFile(t, file), data) {
		t.Error("the file was changed")
	}
	encode(t, opts, file) // to a folder it may go
}

// TestDistilledKfuncs: a module whose kfuncs the base has as well keeps them in
// its own BTF, tags and all. Without the feature there is nothing of its own.
func TestDistilledKfuncs(t *testing.T) {
	path := filepath.Join(kernelTree, "obj/kfunc.ko")
	alone := encode(t, options(t), path)
	file := filepath.Join(t.TempDir(), "base.btf")
	if err := os.WriteFile(file, alone, 0o644); err != nil {
		t.Fatal(err)
	}
	base := loadBase(t, file)
	plain := options(t)
	plain.Base = base
	tagged := func(b *btf.BTF) (names []string) {
		for id := b.First(); int(id) < b.NumTypes(); id++ {
			r := b.Row(id)
			if r.Info.Kind() != btf.KindDeclTag || string(b.Name(id)) != "bpf_kfunc" {
				continue
			}
			if btf.ID(r.Type) < b.First() {
				t.Errorf("the tag of %s is on a function of the base", b.Name(btf.ID(r.Type)))
			}
			names = append(names, string(b.Name(btf.ID(r.Type))))
		}
		slices.Sort(names)
		return names
	}
	want := tagged(base.BTF)
	if len(want) == 0 {
		t.Fatal("the module has no kfuncs")
	}
	if got := tagged(parse(t, encode(t, plain, path), base.BTF)); len(got) > 0 {
		t.Errorf("without the feature: own kfuncs %q", got)
	}
	if got := tagged(encodeDistilled(t, distilling(t, base), path)); !slices.Equal(got, want) {
		t.Errorf("own kfuncs %q, want %q", got, want)
	}
}

// TestDistilledByteOrder: both parts are in the byte order of the module.
func TestDistilledByteOrder(t *testing.T) {
	for name, want := range map[string]binary.ByteOrder{"s390x": binary.BigEndian, "ppc": binary.BigEndian, "aarch64": binary.LittleEndian} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(kernelTree, "obj/cross", name+".ko")
			file := filepath.Join(t.TempDir(), "base.btf")
			if err := os.WriteFile(file, encode(t, options(t), path), 0o644); err != nil {
				t.Fatal(err)
			}
			split := encodeDistilled(t, distilling(t, loadBase(t, file)), path)
			if split.Order != want || split.Base.Order != want {
				t.Errorf("%v on %v, want %v", split.Order, split.Base.Order, want)
			}
		})
	}
}

// TestDistilledRefused: calls that cannot be meant, before anything is written.
func TestDistilledRefused(t *testing.T) {
	opts := distilling(t, nil)
	opts.OutDir = t.TempDir()
	kinds := filepath.Join(kernelTree, "obj/kinds.ko")
	if _, err := encoder.Run(context.Background(), []string{kinds}, opts); err == nil || !strings.Contains(err.Error(), "no base to distil") {
		t.Errorf("error %v, want one that there is no base", err)
	}
	opts.Base = treeBase(t)
	if _, err := encoder.Run(context.Background(), []string{"a/x.ko", "b/x.base.ko"}, opts); err == nil || !strings.Contains(err.Error(), "a/x.ko and b/x.base.ko would both be written to") {
		t.Errorf("error %v, want one about the two names", err)
	}
	checkEmpty(t, opts.OutDir)
}

// TestDistilledNothing: a module without DWARF gets empty BTF, and a base that
// is not empty, because a kernel misnumbers what is on top of an empty one.
func TestDistilledNothing(t *testing.T) {
	split := encodeDistilled(t, distilling(t, treeBase(t)), filepath.Join(kernelTree, "obj/nodebug.ko"))
	if split.NumOwn() != 0 || split.Base.NumOwn() != 1 || string(split.Base.Name(1)) != "int" {
		t.Errorf("%d types on top of:\n%s", split.NumOwn(), btftest.Text(split.Base))
	}
}

// TestReadDistilled reads a module that has its base with it, alone and for a
// kernel.
func TestReadDistilled(t *testing.T) {
	base := treeBase(t)
	path := filepath.Join(kernelTree, "obj/kinds.ko")
	file := copyOf(t, path)
	opts := distilling(t, base)
	encodeInPlace(t, opts, file)
	alone, err := encoder.ReadSplit(file, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := encodeDistilled(t, opts, path); btftest.Text(alone) != btftest.Text(want) {
		t.Error("read alone, it is other BTF")
	}
	opts.Features = encoder.DefaultFeatures()
	want := parse(t, encode(t, opts, path), base.BTF)
	got, err := encoder.ReadSplit(file, base.Path)
	if err != nil {
		t.Fatal(err)
	}
	if d := btftest.Compare(want, got); len(d.Missing)+len(d.Extra) > 0 {
		t.Errorf("on top of the base: %v", d)
	}

	small := filepath.Join(t.TempDir(), "small.btf")
	other := btftest.MustParse(t, "[1] INT 'int' size=4 encoding=SIGNED", nil)
	if err := os.WriteFile(small, btf.Append(nil, &other.Types, other.Strs, binary.LittleEndian), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := encoder.ReadSplit(file, small); err == nil || !strings.Contains(err.Error(), "is not mapped to base BTF id: the base has no type of that name") {
		t.Errorf("error %v, want one that a type is not in the base", err)
	}
}
