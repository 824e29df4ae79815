package encoder_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// pahole124Differs are the objects of the small tree of which ours is not what
// pahole 1.24 makes, each with its reason.
var pahole124Differs = map[string]string{
	"atomic": "missing=4 extra=4 dup=0 dup_in_base=0", // _Atomic is void to it
	"funcs":  "missing=1 extra=0 dup=0 dup_in_base=0", // funcs_odd$name, which a kernel refuses
	"percpu": "missing=2 extra=1 dup=0 dup_in_base=0", // percpu_in_body.0, static in a function: 1.31 does not have it
}

// pahole124Fails are those that it writes no BTF of.
var pahole124Fails = map[string]string{
	"handmade":        "stops at an INT of 64 bytes",
	"rustonly":        "writes nothing where there are no types",
	"plain/gcc5-zstd": "its libelf does not know zstd",
}

// pahole124Dresses are what it does not read, by a part of the object's name.
var pahole124Dresses = map[string]string{
	"-split": "does not look for .dwo files",
	"-units": "leaves out most types of type units",
	"-dwz":   "does not know partial units",
	"-sup":   "does not know partial units",
}

// TestPahole124 runs Debian 12's pahole over the small tree and compares by
// meaning with the features pahole-1.24.
func TestPahole124(t *testing.T) {
	version, err := exec.Command("pahole", "--version").Output()
	if err != nil || strings.TrimSpace(string(version)) != "v1.24" {
		t.Skipf("pahole is %q, not v1.24: %v", version, err)
	}
	base, referee := treeBase(t), btftest.NewReferee()
	opts := options(t)
	opts.Base, opts.Features = base, encoder.Pahole124()
	for _, o := range treeObjects(t) {
		if o.alone || o.name == "nodebug" {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			reason, ok := pahole124Fails[o.name]
			for dress, why := range pahole124Dresses {
				if strings.HasPrefix(o.name, "plain/") && strings.Contains(o.name, dress) {
					reason, ok = why, true
				}
			}
			if ok {
				t.Skip("pahole", reason)
			}
			out := filepath.Join(t.TempDir(), "want.btf")
			cmd := exec.Command("pahole", "-J", "--btf_gen_floats", "--lang_exclude=rust",
				"--btf_base="+base.Path, "--btf_encode_detached="+out, o.path)
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("pahole: %v: %s", err, text)
			}
			want, got := parse(t, readFile(t, out), base.BTF), parse(t, encode(t, opts, o.path), base.BTF)
			d := referee.Compare(want, got)
			if counts, ok := pahole124Differs[o.name]; ok && strings.HasPrefix(d.String(), counts) {
				return
			}
			if !d.Empty() {
				t.Error(d)
			}
		})
	}
}
