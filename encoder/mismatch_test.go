package encoder

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// thisBase is a kernel in which struct module reaches each kind of type.
const thisBase = `
[1] INT 'long unsigned int' size=8
[2] ENUM 'state' size=4
	'LIVE' val=0
	'COMING' val=1
[3] FWD 'hidden' fwd_kind=struct
[4] PTR '(anon)' type_id=3
[5] STRUCT 'kobj' size=16
	'refs' type_id=1 bits_offset=0
	'hidden' type_id=4 bits_offset=64
[6] CONST '(anon)' type_id=5
[7] PTR '(anon)' type_id=6
[8] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=4
[9] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1
	'm' type_id=11
[10] PTR '(anon)' type_id=9
[11] PTR '(anon)' type_id=12
[12] STRUCT 'module' size=72
	'state' type_id=2 bits_offset=0
	'kobj' type_id=7 bits_offset=64
	'name' type_id=8 bits_offset=128
	'init' type_id=10 bits_offset=384
	'next' type_id=11 bits_offset=448
	'flags' type_id=13 bits_offset=512
[13] TYPEDEF 'flags_t' type_id=1
`

// ownModule is thisBase's types as a module has them whose graph could not be
// shared, because it completes struct hidden; clang's names of INTs, an
// annotation and other qualifiers with it.
const ownModule = `
[14] INT 'unsigned long' size=8
[15] ENUM 'state' size=4
	'LIVE' val=0
	'COMING' val=1
[16] STRUCT 'hidden' size=8
	'secret' type_id=14 bits_offset=0
[17] TYPE_TAG 'user' type_id=16
[18] PTR '(anon)' type_id=17
[19] STRUCT 'kobj' size=16
	'refs' type_id=14 bits_offset=0
	'hidden' type_id=18 bits_offset=64
[20] PTR '(anon)' type_id=19
[21] ARRAY '(anon)' type_id=14 index_type_id=14 nr_elems=4
[22] FUNC_PROTO '(anon)' ret_type_id=14 vlen=1
	'mod' type_id=24
[23] PTR '(anon)' type_id=22
[24] PTR '(anon)' type_id=25
[25] STRUCT 'module' size=72
	'state' type_id=15 bits_offset=0
	'kobj' type_id=20 bits_offset=64
	'name' type_id=21 bits_offset=128
	'init' type_id=23 bits_offset=384
	'next' type_id=24 bits_offset=448
	'flags' type_id=26 bits_offset=512
[26] TYPEDEF 'flags_t' type_id=14
`

func TestDifferences(t *testing.T) {
	base := btftest.MustParse(t, thisBase, nil)
	for _, c := range []struct {
		name, old, new string // what is other in the module
		want           string // empty: no difference
	}{
		{"completed, by another compiler", "", "", ""},
		{"member name", "'state' type_id", "'status' type_id", `member 0 is "status", in the base "state"`},
		{"another struct of the name, behind a pointer", "'refs'", "'count'", ""},
		{"member offset", "'next' type_id=24 bits_offset=448", "'next' type_id=24 bits_offset=456", "member next at bit 456, in the base at bit 448"},
		{"one member less", "\n\t'flags' type_id=26 bits_offset=512", "", "number of members 5, in the base 6"},
		{"size", "'module' size=72", "'module' size=80", "struct module has 80 bytes, in the base 72"},
		{"struct name", "STRUCT 'kobj'", "STRUCT 'kobject'", "member kobj: struct kobject, in the base struct kobj"},
		{"struct for union", "STRUCT 'kobj'", "UNION 'kobj'", "member kobj: union kobj, in the base struct kobj"},
		{"array", "nr_elems=4", "nr_elems=3", "member name: array of 3, in the base of 4"},
		{"int", "'unsigned long' size=8", "'unsigned long' size=4", "member name: unsigned long has 4 bytes, in the base 8"},
		{"typedef name", "'flags_t'", "'flag_t'", "member flags: typedef flag_t, in the base typedef flags_t"},
		{"enumerator", "'COMING'", "'GOING'", "member state: enum state: enumerator 1 is GOING, in the base COMING"},
		{"value", "'COMING' val=1", "'COMING' val=2", "member state: enum state: enumerator COMING has another value in the base"},
		{"enumerators", "\n\t'COMING' val=1", "", "member state: enum state: number of enumerators 1, in the base 2"},
		{"parameters", "'mod' type_id=24", "'mod' type_id=24\n\t'n' type_id=14", "member init: function: number of parameters 2, in the base 1"},
		{"parameter", "'mod' type_id=24", "'mod' type_id=20", "member init: struct kobj, in the base struct module"},
		{"pointer for struct", "'kobj' type_id=20", "'kobj' type_id=19", "member kobj: struct kobj, in the base pointer"},
		{"void", "[20] PTR '(anon)' type_id=19", "[20] PTR '(anon)' type_id=0", "member kobj: void, in the base struct kobj"},
		{"a FWD of another name", "[20] PTR '(anon)' type_id=19", "[20] PTR '(anon)' type_id=27\n", "member kobj: struct other, in the base struct kobj"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.ReplaceAll(ownModule, c.old, c.new) + "[27] FWD 'other' fwd_kind=struct\n"
			text = strings.ReplaceAll(strings.ReplaceAll(text, " vlen=1", ""), " vlen=2", "")
			if c.old == "" {
				text = ownModule
			}
			own := btftest.MustParse(t, text, base)
			d := newDifferences(own)
			got := d.find(structNamed(t, own, "module", own.Start), structNamed(t, base, "module", 0))
			if got != (c.want != "") || d.msg != c.want {
				t.Errorf("got %v, %q, want %q", got, d.msg, c.want)
			}
		})
	}
}

func structNamed(t *testing.T, b *btf.BTF, name string, from btf.ID) btf.ID {
	t.Helper()
	for id := from; int(id) < b.NumTypes(); id++ {
		if b.Row(id).Info.Kind() == btf.KindStruct && string(b.Name(id)) == name {
			return id
		}
	}
	t.Fatalf("no struct %s", name)
	return 0
}

// A cycle of qualifiers, as only a made-up base has it, is no endless walk.
func TestDifferencesEnd(t *testing.T) {
	base := btftest.MustParse(t, `
[1] CONST '(anon)' type_id=2
[2] VOLATILE '(anon)' type_id=1
[3] PTR '(anon)' type_id=1
[4] STRUCT 'module' size=8
	'p' type_id=3
`, nil)
	own := btftest.MustParse(t, `
[5] PTR '(anon)' type_id=4
[6] STRUCT 'module' size=8
	'p' type_id=5
`, base)
	d := newDifferences(own)
	if !d.find(6, 4) || !strings.Contains(d.msg, "in the base const") {
		t.Errorf("got %q", d.msg)
	}
}

func TestBannerRelease(t *testing.T) {
	pad := strings.Repeat("\x00", 256<<10)
	for _, c := range []struct{ name, data, want string }{
		{"plain", "\x00Linux version 6.12.111-amd64 (a@b) (gcc) #1 SMP\n", "6.12.111-amd64"},
		{"printk's format first", "Linux version %s (%s)\x00" + "Linux version 7.1.0 (x)", "7.1.0"},
		{"none", "Linux versions", ""},
		{"not in reach", "Linux version 6.1", ""},
		{"too long for a release", "Linux version 6" + strings.Repeat("1", 65) + " (x)", ""},
		{"empty", "", ""},
		{"across the edge of a buffer", pad[:len(pad)-20] + "Linux version 6.12.111-amd64 (a@b)", "6.12.111-amd64"},
		{"at the edge of a buffer", pad + "Linux version 6.12.111-amd64 (a@b)", "6.12.111-amd64"},
		{"within the last bytes of a buffer", pad[:len(pad)-70] + "Linux version 6.12.111-amd64 (a@b)" + pad, "6.12.111-amd64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "vmlinux")
			if err := os.WriteFile(path, []byte("head"+c.data+"tail 6.0 "), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := bannerRelease(path, 4, uint64(len(c.data))); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRunningRelease(t *testing.T) {
	if _, err := os.Stat("/proc/sys/kernel/osrelease"); err != nil {
		t.Skip("no /proc")
	}
	if r := runningRelease(); r == "" || strings.ContainsAny(r, " \n") {
		t.Errorf("got %q", r)
	}
	if isRunning("/sys/kernel/btf/xfs") || !isRunning("/sys/kernel//btf/vmlinux") {
		t.Error("the running kernel's BTF is not recognised")
	}
}
