package encoder_test

import (
	"bytes"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/bpftool"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

func TestDumpSelects(t *testing.T) {
	base := btftest.MustParse(t, `
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT 'z' size=4 vlen=1
	'i' type_id=1 bits_offset=0
[3] PTR '(anon)' type_id=2`, nil)
	split := btftest.MustParse(t, `
[4] STRUCT 'a' size=8 vlen=1
	'p' type_id=3 bits_offset=0
[5] TYPEDEF 'y' type_id=4
[6] FUNC_PROTO '(anon)' ret_type_id=1 vlen=0
[7] FUNC 'f' type_id=6 linkage=static
[8] ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1
	'B' val=0`, base)
	for _, c := range []struct {
		name string
		opts encoder.DumpOptions
		want string // what lines that are not indented begin with
	}{
		{"own types", encoder.DumpOptions{}, "[4] [5] [6] [7] [8]"},
		{"by name", encoder.DumpOptions{Sorted: true}, "[8] [4] [5] [6] [7]"},
		{"a function and what it needs", encoder.DumpOptions{Roots: []string{"f"}}, "[1] [6] [7]"},
		{"into the base", encoder.DumpOptions{Roots: []string{"a"}}, "[1] [2] [3] [4]"},
		{"two", encoder.DumpOptions{Roots: []string{"f", "z"}, Sorted: true}, "[1] [2] [6] [7]"},
		{"C has the base's", encoder.DumpOptions{Format: encoder.DumpC}, "struct struct typedef enum"},
		{"C by name", encoder.DumpOptions{Format: encoder.DumpC, Sorted: true}, "enum struct struct typedef struct"},
		{"C of one", encoder.DumpOptions{Format: encoder.DumpC, Roots: []string{"y"}}, "struct struct typedef"},
	} {
		var out strings.Builder
		if err := encoder.Dump(&out, split, c.opts); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			if first, _, _ := strings.Cut(line, " "); len(first) > 1 && !strings.ContainsAny(first[:1], "\t#}") {
				got = append(got, first)
			}
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestDumpBounded has a name that is long and used often.
func TestDumpBounded(t *testing.T) {
	b := &btf.BTF{Strs: []byte("\x00" + strings.Repeat("x", 1<<20) + "\x00"), Types: btf.Types{Rows: make([]btf.Row, 1)}}
	for range 100 {
		b.Types.Rows = append(b.Types.Rows, btf.Row{Name: 1, Info: btf.MakeInfo(btf.KindTypedef, 0, false)})
	}
	for _, f := range encoder.DumpFormats() {
		err := encoder.Dump(io.Discard, b, encoder.DumpOptions{Format: f})
		if err == nil || !strings.Contains(err.Error(), "would print far more") {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// TestDumpIsBpftools compares C of the corpus with bpftool's, but for what is
// different on purpose, and has compilers look at that of vmlinux. The other forms
// are compared by the test of this name in package btf.
func TestDumpIsBpftools(t *testing.T) {
	corpusDir(t)
	for _, name := range []string{"vmlinux", "vmlinux.head", "openvswitch.head", "kvm-intel.head", "xfs.head"} {
		base := "vmlinux.btf"
		if strings.HasPrefix(name, "vmlinux") {
			base = ""
		} else if testing.Short() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if base != "" {
				base = unpacked(t, base)
			}
			path := unpacked(t, name+".btf")
			b, err := encoder.ReadSplit(path, base)
			if err != nil {
				t.Fatal(err)
			}
			t.Run("bpftool", func(t *testing.T) { compareC(t, b, path, base) })
			if base == "" {
				t.Run("gcc", func(t *testing.T) { compileC(t, b, "gcc") })
				t.Run("clang", func(t *testing.T) { compileC(t, b, "clang") })
			}
		})
	}
}

func compareC(t *testing.T, b *btf.BTF, path, base string) {
	tool, err := bpftool.Find()
	if err != nil {
		t.Skip(err)
	}
	want, err := tool.Dump(path, base, "c")
	if err != nil {
		t.Fatal(err)
	}
	if err := bpftool.Compare("c", dumpC(t, b, false), want); err != nil {
		t.Error(err)
	}
}

func compileC(t *testing.T, b *btf.BTF, cc string) {
	if _, err := exec.LookPath(cc); err != nil {
		t.Skip("no", cc)
	}
	if err := bpftool.Compile(cc, dumpC(t, b, true)); err != nil {
		t.Error(err)
	}
}

func dumpC(t *testing.T, b *btf.BTF, asserts bool) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := encoder.Dump(&out, b, encoder.DumpOptions{Format: encoder.DumpC, Asserts: asserts}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
