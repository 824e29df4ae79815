package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/idstest"
)

// What scripts/gen-btf.sh of Linux 7.0 calls for a module x.ko, in its order, and
// with the flags that scripts/Makefile.btf gives it. RESOLVE_BTFIDS_FLAGS is
// --distill_base for modules from outside of the tree.
const genBTF = `set -e
pahole -J -j --btf_features=encode_force,var,float,enum64,decl_tag,type_tag,optimized_func,consistent_func --lang_exclude=rust --btf_base vmlinux.btf --btf_encode_detached=x.ko.BTF.1 x.ko
resolve_btfids --fatal_warnings $RESOLVE_BTFIDS_FLAGS --btf_base vmlinux.btf --btf x.ko.BTF.1 x.ko
objcopy --add-section .BTF=x.ko.BTF x.ko
if [ -f x.ko.BTF.base ]; then objcopy --add-section .BTF.base=x.ko.BTF.base x.ko; fi
if [ -f x.ko.BTF_ids ]; then resolve_btfids --patch_btfids x.ko.BTF_ids x.ko; fi
`

// TestGenBTF goes the way of the kernel's build since 7.0 with real modules, those
// that have kfuncs and one that asks for no id, and with objcopy.
func TestGenBTF(t *testing.T) {
	if _, err := exec.LookPath("objcopy"); err != nil {
		t.Skip("no objcopy")
	}
	for _, module := range []string{"nf_conntrack", "tcp_bbr", "tcp_dctcp", "af_key"} {
		for _, flags := range []string{"", "--distill_base"} {
			t.Run(module+flags, func(t *testing.T) { genModule(t, module, flags) })
		}
	}
}

func genModule(t *testing.T, module, flags string) {
	dir := t.TempDir()
	shipped := unpackCorpus(t, dir, module+".ko")
	base := readBTF(t, unpackCorpus(t, dir, "vmlinux.btf"), nil)
	path := filepath.Join(dir, "x.ko")
	command(t, dir, "objcopy --remove-section .BTF "+shipped+" x.ko", "")
	was := readBTF(t, shipped, base)
	before, err := idstest.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var meaning []string
	if before != nil {
		meaning = before.Meaning(was)
		empty, err := before.Empty(was)
		if err != nil {
			t.Fatal(err)
		}
		if err := before.Write(path, empty); err != nil {
			t.Fatal(err)
		}
	}

	command(t, dir, genBTF, flags)

	if flags != "" {
		base = parseBTF(t, elfSection(t, path, ".BTF.base"), nil)
	}
	made := readBTF(t, path, base)
	if err := btf.Validate(made, btf.Rules{Libbpf: true}); err != nil {
		t.Error(err)
	}
	if !slices.IsSortedFunc(ownNames(made), strings.Compare) {
		t.Error("types are not in order of their names")
	}
	after, err := idstest.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if (before == nil) != (after == nil) {
		t.Fatal("a section .BTF_ids is gone, or new")
	}
	if before == nil {
		return
	}
	if got := after.Meaning(made); !slices.Equal(got, meaning) {
		t.Errorf("ids mean\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(meaning, "\n"))
	}
	for _, line := range meaning {
		_, name, isKfunc := strings.Cut(line, ": func ")
		name, _, _ = strings.Cut(name, " ")
		if isKfunc && !tagged(made, name) {
			t.Errorf("kfunc %s has no tag bpf_kfunc", name)
		}
	}
}

// command runs a shell script in dir, which has to say nothing.
func command(t *testing.T, dir, script, flags string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "RESOLVE_BTFIDS_FLAGS="+flags)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v\n%s", err, out)
	}
}

func elfSection(t *testing.T, path, name string) []byte {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := f.Section(name)
	if s == nil {
		t.Fatalf("%s: no section %s", path, name)
	}
	data, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readBTF reads raw BTF or the .BTF of a module.
func readBTF(t *testing.T, path string, base *btf.BTF) *btf.BTF {
	t.Helper()
	if filepath.Ext(path) == ".ko" {
		return parseBTF(t, elfSection(t, path, ".BTF"), base)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parseBTF(t, data, base)
}

func parseBTF(t *testing.T, data []byte, base *btf.BTF) *btf.BTF {
	t.Helper()
	b, err := btf.Parse(data, base)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ownNames(b *btf.BTF) []string {
	var names []string
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		names = append(names, string(b.Name(id)))
	}
	return names
}

// tagged reports whether a function of b has the decl tag of kfuncs, once.
func tagged(b *btf.BTF, name string) bool {
	n := 0
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		r := b.Row(id)
		if r.Info.Kind() == btf.KindDeclTag && string(b.Name(id)) == "bpf_kfunc" && string(b.Name(btf.ID(r.Type))) == name {
			n++
		}
	}
	return n == 1
}
