package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/cost"
)

// What clang makes of a kernel is another DWARF than GCC's: indices into tables, annotations
// for __user and the like, and with ThinLTO units that refer to each other, which is all of
// vmlinux then and most modules. So the same configuration is built in several dresses, and in each
// vmlinux and all modules are compared with what pahole makes of the same files.

// dress is a way to build it.
type dress struct {
	name    string
	version uint16 // of DWARF
	thin    bool   // ThinLTO
}

var dresses = []dress{
	{"thin5", 5, true},
	{"dwarf4", 4, false},
}

// symbols is the configuration: that of a file, whose DWARF is the compiler's default, in this dress.
func (d dress) symbols(config string) string {
	var w strings.Builder
	for line := range strings.Lines(config) {
		if !strings.Contains(line, "DEBUG_INFO_DWARF") {
			w.WriteString(line)
		}
	}
	fmt.Fprintf(&w, "CONFIG_DEBUG_INFO_DWARF%d=y\n", d.version)
	if d.thin {
		w.WriteString("CONFIG_LTO_CLANG_THIN=y\n")
	}
	return w.String()
}

// clang builds the kernel in every dress.
func (b *bench) clang() error {
	config, err := os.ReadFile(b.config)
	if err != nil {
		return err
	}
	for _, d := range dresses {
		o := &objtree{source: b.source, dir: filepath.Join(b.work, d.name), pahole: b.reference, llvm: b.llvm, log: b.log}
		if err := b.dressed(d, o, d.symbols(string(config))); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

func (b *bench) dressed(d dress, o *objtree, symbols string) error {
	b.Note("")
	b.Note("%s: clang, DWARF %d, ThinLTO %t", d.name, d.version, d.thin)
	if err := o.restore(); err != nil {
		return err
	}
	want, err := b.build(o, symbols)
	if err != nil {
		return err
	}
	if err := b.madeBy(d, o); err != nil {
		return err
	}
	version, err := paholeVersion(b.reference)
	if err != nil {
		return err
	}
	features := "default"
	if version.number <= lastWithoutList {
		features = "pahole-1.24"
	}
	got, err := b.encoded(o, features)
	if err != nil {
		return err
	}
	if err := b.equal(fmt.Sprintf("%s against pahole %s", features, version), want, got); err != nil {
		return err
	}
	b.tags(want, got)
	if err := b.newest(o, want); err != nil {
		return err
	}
	// A copy would be compiled anew: objtool has its own path in it, and all objects depend on
	// objtool. So the tree itself is used, and the copy takes its place.
	if _, err := o.clone(o.kept(), o.pahole); err != nil {
		return err
	}
	same := *o
	same.pahole = b.asSame()
	if err := b.sameVersion(&same, want); err != nil {
		return err
	}
	if err := o.restore(); err != nil {
		return err
	}
	return b.outOfTree(o.dir)
}

// madeBy checks that the tree is what it was meant to be.
func (b *bench) madeBy(d dress, o *objtree) error {
	names, err := o.modules()
	if err != nil {
		return err
	}
	var sum debugInfo
	linked := 0 // modules whose units refer to each other
	for _, n := range append(names, "vmlinux") {
		i, err := readDebugInfo(o.path(n))
		if err != nil {
			return err
		}
		sum.units += i.units
		sum.bytes += i.bytes
		sum.other = append(sum.other, i.other...)
		if n == "vmlinux" {
			sum.crossing = i.crossing
		} else if i.crossing {
			linked++
		}
		for v, n := range i.versions {
			if v != d.version {
				sum.other = append(sum.other, fmt.Sprintf("%d units of version %d", n, v))
			}
		}
	}
	b.Check(len(sum.other) == 0, "%d units of DWARF %d, %d bytes, by clang and assembler", sum.units, d.version, sum.bytes)
	tell(b, sum.other)
	b.Check(sum.crossing == d.thin && (linked > 0) == d.thin, "units that refer to each other: in vmlinux %t, in %d of %d modules", sum.crossing, linked, len(names))
	return nil
}

// debugInfo is what a file's DWARF is made of.
type debugInfo struct {
	bytes, units int
	versions     map[uint16]int
	crossing     bool     // units refer to each other
	other        []string // what should not be there
}

func readDebugInfo(path string) (*debugInfo, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	d := &debugInfo{versions: map[uint16]int{}}
	data := map[string][]byte{}
	for _, name := range []string{".debug_info", ".debug_abbrev", ".debug_str"} {
		s := f.Section(name)
		if s == nil {
			return nil, fmt.Errorf("%s: no %s", path, name)
		}
		if data[name], err = s.Data(); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, name, err)
		}
	}
	info, abbrev := data[".debug_info"], data[".debug_abbrev"]
	d.bytes = len(info)
	for off := 0; off < len(info); d.units++ {
		u, err := dwarf.ReadUnit(info, off, f.ByteOrder)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		d.versions[u.Version]++
		off = u.End
	}
	// Where units of a module find their tables is for relocations to say, so all are read in a row.
	for off := 0; off < len(abbrev) && !d.crossing; {
		has, n, err := dwarf.HasForm(abbrev, uint64(off), dwarf.FormRefAddr, func(dwarf.Tag, dwarf.Attr) bool { return true })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		d.crossing = has
		off += n
	}
	if strs := string(data[".debug_str"]); !strings.Contains(strs, "clang version") || strings.Contains(strs, "GNU C") {
		d.other = append(d.other, path+": made by another compiler")
	}
	return d, nil
}

// emptyFolder makes a folder for results.
func (b *bench) emptyFolder(name string) (string, error) {
	dir := filepath.Join(b.work, name)
	return dir, errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755))
}

// encoded has gobtfenc encode vmlinux and all modules, these on top of the BTF that vmlinux has
// already, into files of their own, and check look at them.
func (b *bench) encoded(o *objtree, features string) (*kernelBTF, error) {
	names, err := o.modules()
	if err != nil {
		return nil, err
	}
	out, err := b.emptyFolder("out")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	vmlinux := o.path("vmlinux")
	encode := []string{"encode", fmt.Sprintf("-j%d", jobs), "--out-dir", out, "--features", features}
	first, err := cost.Run(exec.Command(b.tool, append(encode, vmlinux)...))
	if err != nil {
		return nil, err
	}
	var paths, results []string
	for _, n := range names {
		paths = append(paths, o.path(n))
		results = append(results, result(out, n))
	}
	rest, err := cost.Run(exec.Command(b.tool, append(append(encode, "--base", vmlinux), paths...)...))
	b.Check(err == nil, "gobtfenc encodes vmlinux (%s) and %d modules (%s) with --features %s%s", first, len(names), rest, features, because(err))
	if err != nil {
		return nil, err
	}
	for _, args := range [][]string{{result(out, "vmlinux")}, append([]string{"--base", vmlinux}, results...)} {
		_, err = cost.Run(exec.Command(b.tool, append([]string{"check", fmt.Sprintf("-j%d", jobs)}, args...)...))
		b.Check(err == nil, "gobtfenc check finds nothing in %s%s", number(args), because(err))
	}
	return readResults(out, vmlinux, names)
}

// number says how many files a command line of check has.
func number(args []string) string {
	if args[0] == "--base" {
		return fmt.Sprintf("%d modules", len(args)-2)
	}
	return "vmlinux"
}

// result is the file in a folder with the BTF of a file.
func result(out, name string) string {
	return filepath.Join(out, strings.TrimSuffix(filepath.Base(name), ".ko")+".btf")
}

// readResults reads results in a folder: of vmlinux, and of modules that stand on the BTF in vmlinux.
func readResults(out, vmlinux string, names []string) (*kernelBTF, error) {
	k := &kernelBTF{modules: map[string]*moduleBTF{}}
	raw, err := os.ReadFile(result(out, "vmlinux"))
	if err != nil {
		return nil, err
	}
	if k.base, err = btf.Parse(raw, nil); err != nil {
		return nil, err
	}
	k.baseBytes = len(raw)
	if raw, err = section(vmlinux, ".BTF"); err != nil {
		return nil, err
	}
	base, err := btf.Parse(raw, nil)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		m := &moduleBTF{}
		if m.raw, err = os.ReadFile(result(out, n)); err != nil {
			return nil, err
		}
		if m.btf, err = btf.Parse(m.raw, base); err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		k.modules[n] = m
		k.bytes += len(m.raw)
	}
	return k, nil
}

// equal compares the BTF of two makers by meaning. Ids are not looked at.
func (b *bench) equal(what string, want, got *kernelBTF) error {
	referee := btftest.NewReferee()
	b.equalVmlinux(referee, what, want, got)
	d, err := compareModules(referee, want, got)
	if err != nil {
		return err
	}
	own := 0
	for _, m := range got.modules {
		own += m.btf.NumOwn()
	}
	b.Check(d.none(), "%d modules, %s: %s; %d types, %d bytes of %d", len(got.modules), what, d, own, got.bytes, want.bytes)
	tell(b, d.files)
	return nil
}

func (b *bench) equalVmlinux(referee *btftest.Referee, what string, want, got *kernelBTF) {
	d := compareVmlinux(referee, want, got)
	b.Check(d.none(), "vmlinux, %s: %s; %d types, %d bytes of %d", what, d, got.base.NumTypes(), got.baseBytes, want.baseBytes)
	tell(b, d.files)
}

// kernelTags are the type tags of a kernel's headers, <linux/compiler_types.h>.
var kernelTags = []string{"percpu", "rcu", "user"}

// tags checks that those who compare have tags to compare.
func (b *bench) tags(want, got *kernelBTF) {
	for _, where := range []string{"vmlinux", "modules"} {
		w, g := want.countTags(where), got.countTags(where)
		b.Check(maps.Equal(w, g), "%s: tags: %s", where, spellTags(g))
		if !maps.Equal(w, g) {
			b.Note("pahole has %s", spellTags(w))
		}
		for _, t := range kernelTags {
			b.Check(g["TYPE_TAG "+t] > 0, "%s: type tag %s is there", where, t)
		}
	}
}

// countTags counts tags by kind and name, those of vmlinux or those that modules have of their own.
func (k *kernelBTF) countTags(where string) map[string]int {
	all := map[string]int{}
	count := func(b *btf.BTF) {
		for id := b.First(); int(id) < b.NumTypes(); id++ {
			if kind := b.Row(id).Info.Kind(); kind == btf.KindTypeTag || kind == btf.KindDeclTag {
				all[fmt.Sprintf("%s %s", kind, b.Name(id))]++
			}
		}
	}
	if where == "vmlinux" {
		count(k.base)
		return all
	}
	for _, m := range k.modules {
		count(m.btf)
	}
	return all
}

func spellTags(tags map[string]int) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, fmt.Sprintf("%d %s", tags[name], name))
	}
	return strings.Join(all, ", ")
}
