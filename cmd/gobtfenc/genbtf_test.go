package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/btftest"
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
	base, err := idstest.ReadBTF(unpackCorpus(t, dir, "vmlinux.btf"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	was, err := idstest.ReadBTF(shipped, ".BTF", base)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x.ko")
	command(t, dir, "objcopy --remove-section .BTF "+shipped+" x.ko", "")
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
		if base, err = idstest.ReadBTF(path, ".BTF.base", nil); err != nil {
			t.Fatal(err)
		}
	}
	made, err := idstest.ReadBTF(path, ".BTF", base)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for id := made.First(); int(id) < made.NumTypes(); id++ {
		names = append(names, string(made.Name(id)))
	}
	if !slices.IsSorted(names) {
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
	text := btftest.Text(made)
	kfunc := regexp.MustCompile(`: func (\S+) flags`)
	for _, m := range kfunc.FindAllStringSubmatch(strings.Join(meaning, "\n"), -1) {
		id := regexp.MustCompile(`(?m)^\[(\d+)\] FUNC '` + m[1] + `' `).FindStringSubmatch(text)
		if id == nil || strings.Count(text, "DECL_TAG 'bpf_kfunc' type_id="+id[1]+" ") != 1 {
			t.Errorf("kfunc %s has not one tag bpf_kfunc", m[1])
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
