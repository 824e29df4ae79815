package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/cilium/ebpf"
	ebpfbtf "github.com/cilium/ebpf/btf"
	"github.com/klauspost/compress/zstd"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/checks"
	"github.com/gobtfenc/gobtfenc/internal/cost"
)

// maxVmlinuxRSS is what the encoding of vmlinux itself may hold, in bytes.
const maxVmlinuxRSS = 350 << 20

// vmlinuxRuns encode vmlinux without a base, each into a folder. corpus names
// the reference there, if any.
var vmlinuxRuns = []struct {
	out    string
	flags  []string
	corpus string
}{
	{"vmlinux-1", []string{"-j1"}, ""},
	{"vmlinux-2", []string{"-j2"}, "vmlinux.head.btf.zst"},
	{"vmlinux-3", []string{"-j3"}, ""},
	{"vmlinux-4", []string{"-j4"}, ""},
	{"vmlinux-compat", []string{"-j2", "--features", compat}, ""},
	{"vmlinux-true", []string{"-j2", "--features", "+true_signature"}, "features/vmlinux.true_signature.btf.zst"},
	{"vmlinux-layout", []string{"-j2", "--features", "+layout"}, "features/vmlinux.layout.btf.zst"},
}

// encodeVmlinux makes bases of our own and encodes the modules on that one which
// has the functions of the shipped one: a FUNC of the base is not repeated.
func encodeVmlinux(t *checks.Tally, e *encoders) error {
	peak := uint64(0)
	for _, r := range vmlinuxRuns {
		u, err := e.encode(r.out, []string{e.Vmlinux}, r.flags...)
		if err != nil {
			return err
		}
		peak = max(peak, u.RSS)
		t.Note("vmlinux %v: %s", r.flags, u)
	}
	t.Check(peak < maxVmlinuxRSS, "vmlinux: peak memory %s, below %s", cost.MiB(peak), cost.MiB(maxVmlinuxRSS))
	u, err := e.encode("ownbase", e.Modules, "-j2", "--base", e.ownVmlinux("vmlinux-compat"))
	t.Note("modules on our own base: %s", u)
	return err
}

func (e *encoders) ownVmlinux(out string) string {
	return filepath.Join(e.out(out), filepath.Base(e.Vmlinux)+".btf")
}

// compareVmlinux checks what encodeVmlinux left behind.
func compareVmlinux(t *checks.Tally, e *encoders, corpus string) error {
	shipped, err := section(e.Vmlinux, ".BTF")
	if err != nil {
		return err
	}
	if err := e.sameVmlinux(t, "vmlinux-compat", "its own .BTF", shipped); err != nil {
		return err
	}
	if corpus != "" && e.Release == headRelease {
		for _, r := range vmlinuxRuns {
			if r.corpus == "" {
				continue
			}
			want, err := unzstd(filepath.Join(corpus, r.corpus))
			if err != nil {
				return err
			}
			if err := e.sameVmlinux(t, r.out, r.corpus, want); err != nil {
				return err
			}
		}
	}
	one, err := os.ReadFile(e.ownVmlinux("vmlinux-1"))
	if err != nil {
		return err
	}
	same := true
	for _, out := range []string{"vmlinux-2", "vmlinux-3", "vmlinux-4"} {
		got, err := os.ReadFile(e.ownVmlinux(out))
		if err != nil {
			return err
		}
		same = same && bytes.Equal(got, one)
	}
	t.Check(same, "vmlinux: the bytes of -j1, -j2, -j3 and -j4 are the same")
	err = btf.Check(one, nil, btf.Rules{Load: true, PtrSize: 8})
	t.Check(err == nil, "vmlinux keeps the kernel's rules%s", because(err))
	loadVmlinux(t, one)
	return e.compareOwnBase(t, shipped)
}

// sameVmlinux compares by meaning and size.
func (e *encoders) sameVmlinux(t *checks.Tally, out, what string, wantRaw []byte) error {
	gotRaw, err := os.ReadFile(e.ownVmlinux(out))
	if err != nil {
		return err
	}
	want, err := btf.Parse(wantRaw, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	got, err := btf.Parse(gotRaw, nil)
	if err != nil {
		return err
	}
	d := btftest.Compare(want, got)
	t.Check(d.Empty(), "vmlinux against %s: %s", what, d)
	t.Check(len(gotRaw) <= len(wantRaw), "vmlinux: %d bytes, at most the %d of %s", len(gotRaw), len(wantRaw), what)
	return nil
}

// loadVmlinux gives the running kernel the BTF, where that is allowed.
func loadVmlinux(t *checks.Tally, raw []byte) {
	h, err := ebpfbtf.NewHandleFromRawBTF(raw)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, ebpf.ErrNotSupported) {
		t.Note("vmlinux: the running kernel cannot be asked: %v", err)
		return
	}
	t.Check(err == nil, "vmlinux is taken by the running kernel%s", because(err))
	if err == nil {
		h.Close()
	}
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf(": %+v", err)
}

// compareOwnBase compares the modules on our base with those on the kernel's.
func (e *encoders) compareOwnBase(t *checks.Tally, theirs []byte) error {
	want, err := btf.Parse(theirs, nil)
	if err != nil {
		return err
	}
	got, err := parseFile(e.ownVmlinux("vmlinux-compat"), nil)
	if err != nil {
		return err
	}
	var sum totals
	c := &comparer{e, want, btftest.NewReferee()}
	err = c.each(func(mu *sync.Mutex, _, name string) error {
		w, err := parseFile(filepath.Join(c.out("default"), name+".btf"), want)
		if err != nil {
			return err
		}
		g, err := parseFile(filepath.Join(c.out("ownbase"), name+".btf"), got)
		if err != nil {
			return err
		}
		d := c.referee.Compare(w, g)
		mu.Lock()
		defer mu.Unlock()
		sum.missing += len(d.Missing)
		sum.extra += len(d.Extra)
		sum.dup += len(d.Dup)
		sum.dupInBase += len(d.DupInBase)
		if !d.Empty() {
			sum.unequal = append(sum.unequal, name+": "+d.String())
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.Check(sum.zero(), "%d modules on our own base against those on the kernel's: %s", len(c.Modules), &sum)
	tell(t, sum.unequal)
	return nil
}

func parseFile(path string, base *btf.BTF) (*btf.BTF, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return btf.Parse(raw, base)
}

func unzstd(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return io.ReadAll(z)
}
