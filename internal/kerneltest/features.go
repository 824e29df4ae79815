package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// oldKernel is a target that lacks much: tags and ENUM64 among it.
const oldKernel = "5.15"

// encodeFeatures makes BTF of vmlinux and of modules with what is not the
// default, for compareFeatures.
func encodeFeatures(t *checks.Tally, e *encoders) error {
	for _, r := range []struct {
		out   string
		files []string
		flags []string
	}{
		{"vmlinux-global", []string{e.Vmlinux}, []string{"--features", "+global_var"}},
		{"vmlinux-sorted", []string{e.Vmlinux}, []string{"--sort"}},
		{"vmlinux-old", []string{e.Vmlinux}, []string{"--target-kernel", oldKernel}},
		{"sorted", e.Modules, []string{"--sort", "--base", e.Vmlinux}},
	} {
		u, err := e.encode(r.out, r.files, append([]string{"-j2"}, r.flags...)...)
		if err != nil {
			return err
		}
		t.Note("%s: %s", r.out, u)
	}
	return nil
}

func compareFeatures(t *checks.Tally, e *encoders, corpus string) error {
	if err := e.globalVars(t, corpus); err != nil {
		return err
	}
	plain, err := parseFile(e.ownVmlinux("vmlinux-2"), nil)
	if err != nil {
		return err
	}
	sorted, err := parseFile(e.ownVmlinux("vmlinux-sorted"), nil)
	if err != nil {
		return err
	}
	d := btftest.Compare(plain, sorted)
	t.Check(d.Empty() && inOrder(sorted), "vmlinux in order of names means the same: %s", d)

	old, err := os.ReadFile(e.ownVmlinux("vmlinux-old"))
	if err != nil {
		return err
	}
	rules := btf.Rules{
		Libbpf: true, TagsFirst: true, NoTagFlag: true, NoEnumFlag: true, NarrowInfo: true, MaxKind: btf.KindFloat, NameLen: 128,
	}
	err = btf.Check(old, nil, rules)
	t.Check(err == nil, "vmlinux for Linux %s keeps its rules%s", oldKernel, because(err))
	return e.sortedModules(t)
}

// globalVars compares vmlinux with global_var. pahole has weak and strong
// variables twice in a DATASEC, at one address, which the kernel takes in none;
// without these the two are the same. VARs of one name, type and linkage are not
// one: each is a static variable of another unit.
func (e *encoders) globalVars(t *checks.Tally, corpus string) error {
	raw, err := os.ReadFile(e.ownVmlinux("vmlinux-global"))
	if err != nil {
		return err
	}
	err = btf.Check(raw, nil, btf.Rules{Load: true})
	t.Check(err == nil, "vmlinux with global_var keeps the kernel's rules%s", because(err))
	if corpus == "" || e.Release != headRelease {
		return nil
	}
	wantRaw, err := unzstd(filepath.Join(corpus, "features/vmlinux.global_var.btf.zst"))
	if err != nil {
		return err
	}
	want, err := btf.Parse(wantRaw, nil)
	if err != nil {
		return err
	}
	got, err := btf.Parse(raw, nil)
	if err != nil {
		return err
	}
	dropped := dropOverlaps(want)
	d := btftest.Compare(want, got)
	dups := 0
	for _, s := range d.Dup {
		if !strings.Contains(s, "] VAR ") {
			dups++
		}
	}
	t.Check(len(d.Missing)+len(d.Extra)+dups == 0, "vmlinux with global_var against pahole's head, %d variables of its DATASECs aside: missing=%d extra=%d dup=%d",
		dropped, len(d.Missing), len(d.Extra), dups)
	return nil
}

// dropOverlaps takes every variable out of a DATASEC that begins before the one
// in front of it ends, and returns how many.
func dropOverlaps(b *btf.BTF) (n int) {
	for i := range b.Types.Rows {
		r := &b.Types.Rows[i]
		if r.Info.Kind() != btf.KindDatasec {
			continue
		}
		items := b.Types.ItemsOf(r)
		kept := items[:0]
		for _, it := range items {
			if k := len(kept); k > 0 && it.Val < kept[k-1].Val+kept[k-1].Name {
				n++
				continue
			}
			kept = append(kept, it)
		}
		r.Info = btf.MakeInfo(btf.KindDatasec, len(kept), false)
	}
	return n
}

// sortedModules compares the modules in order of names with those as they come.
func (e *encoders) sortedModules(t *checks.Tally) error {
	raw, err := section(e.Vmlinux, ".BTF")
	if err != nil {
		return err
	}
	base, err := btf.Parse(raw, nil)
	if err != nil {
		return err
	}
	c := &comparer{e, base, btftest.NewReferee()}
	bad := ""
	err = c.each(func(mu *sync.Mutex, _, name string) error {
		want, err := parseFile(filepath.Join(c.out("default"), name+".btf"), base)
		if err != nil {
			return err
		}
		got, err := parseFile(filepath.Join(c.out("sorted"), name+".btf"), base)
		if err != nil {
			return err
		}
		d := c.referee.Compare(want, got)
		invalid := btf.Validate(got, btf.Rules{Libbpf: true})
		mu.Lock()
		defer mu.Unlock()
		if !d.Empty() || !inOrder(got) || invalid != nil {
			bad = fmt.Sprintf(": %s: %s%s", name, d, because(invalid))
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.Check(bad == "", "%d modules in order of names mean the same%s", len(c.Modules), bad)
	return nil
}

// inOrder reports whether the own types of b are in order of their names.
func inOrder(b *btf.BTF) bool {
	var last []byte
	for id := b.First(); int(id) < b.NumTypes(); id++ {
		name := b.Name(id)
		if bytes.Compare(name, last) < 0 {
			return false
		}
		last = name
	}
	return true
}
