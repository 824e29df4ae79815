package main

import (
	"debug/elf"
	"fmt"
	"os"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/idstest"
)

// kernelBTF is the BTF of a whole tree: vmlinux's and, on top of it, that of each module.
type kernelBTF struct {
	base    *btf.BTF
	ids     string                // of vmlinux, see meaning
	modules map[string]*moduleBTF // by path below the tree

	baseBytes, bytes int // of vmlinux, of all modules
}

// moduleBTF is one module's BTF and what its .BTF_ids refer to.
type moduleBTF struct {
	raw []byte
	btf *btf.BTF
	ids string // see meaning
}

// read reads the BTF of vmlinux and of every module of a tree.
func (o *objtree) read() (*kernelBTF, error) {
	raw, err := section(o.path("vmlinux"), ".BTF")
	if err != nil {
		return nil, err
	}
	k := &kernelBTF{modules: map[string]*moduleBTF{}}
	if k.base, err = btf.Parse(raw, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", o.path("vmlinux"), err)
	}
	k.baseBytes = len(raw)
	if k.ids, err = meaning(o.path("vmlinux"), k.base); err != nil {
		return nil, err
	}
	names, err := o.modules()
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		m, err := readModule(o.path(n), k.base)
		if err != nil {
			return nil, err
		}
		k.modules[n] = m
		k.bytes += len(m.raw)
	}
	return k, nil
}

// withIDs counts the modules that have .BTF_ids.
func (k *kernelBTF) withIDs() int {
	n := 0
	for _, m := range k.modules {
		if m.ids != "" {
			n++
		}
	}
	return n
}

// readModule reads the BTF of a module, which stands on base or on a distilled base of its own.
func readModule(path string, base *btf.BTF) (*moduleBTF, error) {
	m := &moduleBTF{}
	var err error
	if m.raw, err = section(path, ".BTF"); err != nil {
		return nil, err
	}
	distilled, err := section(path, ".BTF.base")
	if err == nil {
		base, err = btf.Parse(distilled, nil)
	} else if isMissing(err) {
		err = nil
	}
	if err == nil {
		m.btf, err = btf.Parse(m.raw, base)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.ids, err = meaning(path, m.btf)
	return m, err
}

// meaning returns what .BTF_ids of an ELF file say when b is its BTF, empty without the section:
// ids are compared by the names of their types, for no two encoders number alike.
func meaning(path string, b *btf.BTF) (string, error) {
	s, err := idstest.Read(path)
	if s == nil || err != nil {
		return "", err
	}
	return strings.Join(s.Meaning(b), "\n"), nil
}

// missing is a section that a file has not.
type missing struct{ path, section string }

func (m missing) Error() string { return fmt.Sprintf("%s: no %s", m.path, m.section) }

func isMissing(err error) bool {
	_, ok := err.(missing)
	return ok
}

// section returns the bytes of a section of an ELF file, the whole of a raw file for .BTF.
func section(path, name string) ([]byte, error) {
	f, err := elf.Open(path)
	if _, raw := err.(*elf.FormatError); raw && name == ".BTF" {
		return os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	s := f.Section(name)
	if s == nil {
		return nil, missing{path, name}
	}
	return s.Data()
}

// difference sums what two trees differ in.
type difference struct {
	missing, extra, dup, dupInBase int
	kinds                          map[string]int // of what is missing or extra
	ids                            []string       // modules with other .BTF_ids
	files                          []string       // what differs where
}

func (d *difference) none() bool { return d.missing+d.extra+d.dup+d.dupInBase == 0 }

func (d *difference) String() string {
	return fmt.Sprintf("missing=%d extra=%d dup=%d dup_in_base=%d", d.missing, d.extra, d.dup, d.dupInBase)
}

func (d *difference) add(name string, diff btftest.Diff) {
	d.missing += len(diff.Missing)
	d.extra += len(diff.Extra)
	d.dup += len(diff.Dup)
	d.dupInBase += len(diff.DupInBase)
	for _, line := range append(append([]string{}, diff.Missing...), diff.Extra...) {
		kind, _ := btftest.KindAndName(line)
		d.kinds[kind]++
	}
	if !diff.Empty() {
		d.files = append(d.files, name+": "+diff.String())
	}
}

// compareModules compares the modules of two trees by meaning, each on its own base.
func compareModules(r *btftest.Referee, want, got *kernelBTF) (*difference, error) {
	d := &difference{kinds: map[string]int{}, ids: otherIDs(want, got)}
	for name, w := range want.modules {
		g := got.modules[name]
		if g == nil {
			return nil, fmt.Errorf("%s: only one tree has it", name)
		}
		d.add(name, r.Compare(w.btf, g.btf))
	}
	if len(got.modules) != len(want.modules) {
		return nil, fmt.Errorf("%d modules, then %d", len(want.modules), len(got.modules))
	}
	return d, nil
}

// otherIDs returns the files whose .BTF_ids say something else.
func otherIDs(want, got *kernelBTF) []string {
	var other []string
	if got.ids != want.ids {
		other = append(other, fmt.Sprintf("vmlinux: .BTF_ids: %s, wanted %s", got.ids, want.ids))
	}
	for name, w := range want.modules {
		if g := got.modules[name]; g != nil && g.ids != w.ids {
			other = append(other, fmt.Sprintf("%s: .BTF_ids: %s, wanted %s", name, g.ids, w.ids))
		}
	}
	return other
}

// compareVmlinux compares the bases of two trees.
func compareVmlinux(r *btftest.Referee, want, got *kernelBTF) *difference {
	d := &difference{kinds: map[string]int{}}
	d.add("vmlinux", r.Compare(want.base, got.base))
	return d
}

// sameBytes returns the modules whose .BTF is not the same bytes.
func sameBytes(want, got *kernelBTF) []string {
	var other []string
	for name, w := range want.modules {
		g := got.modules[name]
		if g == nil || string(g.raw) != string(w.raw) {
			other = append(other, name)
		}
	}
	return other
}
