package dwarfconv

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
)

const compilerC = `
typedef unsigned char u8;
struct list { struct list *next; int a : 3, b : 29; u8 c : 1; u8 pad[3][2]; u8 flex[]; };
enum colour { RED = -1, GREEN, BLUE = 70000 };
enum big { HUGE_ONE = 0x100000000 };
union number { float f; _Bool b; const volatile long *l; struct { short lo, hi; }; };
typedef int (*callback)(struct list *, enum colour, ...);
struct unknown;
struct holder { struct unknown *u; enum big big; union number n; callback cb; char *restrict s; };
struct holder global;
static inline int inner(struct list *l, int n) { struct local { int x; } v = { n }; return l->b + v.x; }
int outer(struct list *l, int n) { static int count; for (int i = 0; i < n; i++) count += inner(l, i); return count; }
`

// TestCompilers compares what versions 4 and 5 of DWARF say of one source:
// they say the same in different attributes and forms.
func TestCompilers(t *testing.T) {
	for _, cc := range []string{"gcc", "clang"} {
		t.Run(cc, func(t *testing.T) {
			if _, err := exec.LookPath(cc); err != nil {
				t.Skipf("no %s", cc)
			}
			v4, v5 := compile(t, cc, "-gdwarf-4"), compile(t, cc, "-gdwarf-5")
			if v4 != v5 {
				t.Errorf("DWARF 4\n%sDWARF 5\n%s", v4, v5)
			}
			if v5 != compile(t, cc, "-gdwarf-5", "-gdwarf64") {
				t.Errorf("DWARF64 differs from DWARF32")
			}
			local := "STRUCT 'local' size=4 vlen=1\n"
			if cc == "clang" {
				local = "" // it writes no types of variables that it has optimised away
			}
			for _, want := range []string{
				local,
				"'b' type_id=", "bits_offset=67 bitfield_size=29\n", "nr_elems=6\n", "nr_elems=0\n", "'HUGE_ONE' val=4294967296",
				"FWD 'unknown' fwd_kind=struct\n", "'BLUE' val=70000\n", "ENUM 'colour' encoding=SIGNED size=4 vlen=3\n",
				"RESTRICT '(anon)' type_id=", "FLOAT 'float' size=4\n", "func outer\n", "var global type_id=",
			} {
				if !strings.Contains(v5, want) {
					t.Errorf("no %q in\n%s", want, v5)
				}
			}
		})
	}
}

// compile returns the conversion of compilerC, linked so that there is nothing
// to relocate.
func compile(t *testing.T, cc string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	src, out := filepath.Join(dir, "x.c"), filepath.Join(dir, "x.so")
	if err := os.WriteFile(src, []byte(compilerC), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(cc, append(flags, "-O2", "-fPIC", "-shared", "-nostdlib", "-o", out, src)...)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("%s %v: %v: %s", cc, flags, err, b)
	}
	f, err := elf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data := func(name string) []byte {
		s := f.Section(name)
		if s == nil {
			return nil
		}
		b, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	sec := &Sections{
		Info: data(".debug_info"), Abbrev: data(".debug_abbrev"), Str: data(".debug_str"), LineStr: data(".debug_line_str"),
		StrOffsets: data(".debug_str_offsets"), Addr: data(".debug_addr"), Loclists: data(".debug_loclists"), Loc: data(".debug_loc"),
		Order: f.ByteOrder,
	}
	strs, c := btf.NewStrings(nil), NewConverter()
	if err := c.Reset(sec, strs, all); err != nil {
		t.Fatal(err)
	}
	u, err := c.Next()
	if err != nil || u == nil {
		t.Fatal(u, err)
	}
	if c.Stats().Dangling != 0 {
		t.Errorf("%d dangling references", c.Stats().Dangling)
	}
	return textOf(t, u, strs)
}
