package btfids

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// orphanOf returns what is left of BTF when its base is lost.
func orphanOf(t *testing.T, b *btf.BTF) *btf.BTF {
	t.Helper()
	out, err := btf.ParseOrphan(btf.Append(nil, &b.Types, b.Strs, b.Order))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRestoreOrphan(t *testing.T) {
	base, mod := testBTF(t)
	order := binary.LittleEndian
	const three = `
		0 32 __BTF_ID__set8__kf
		8 4 __BTF_ID__func__mm_look__1
		16 4 __BTF_ID__func__zz_get__2
		24 4 __BTF_ID__func__aa_put__3`
	for _, c := range []struct {
		name, symbols string
		in            []uint32
		old           *btf.BTF
		want          bool
	}{
		{"all there", three, []uint32{0, 1, 0, 0x10, 0, 0x20, 0, 0x30}, mod, true},
		{"one not found", strings.Replace(three, "zz_get", "gone", 1), []uint32{0, 1, 0, 0x10, 0, 0x20, 0, 0x30},
			btftest.MustParse(t, `
[11] FUNC 'zz_get' type_id=5 linkage=static
[12] FUNC 'aa_put' type_id=5 linkage=static
[13] INT 'int' size=2
[14] FUNC 'mm_look' type_id=5 linkage=static`, base), true},
		{"one is the base's", strings.Replace(three, "zz_get", "vfs_open", 1), []uint32{0, 1, 0, 0x10, 0, 0x20, 0, 0x30}, mod, false},
		{"one alone", "0 24 __BTF_ID__set8__kf\n8 4 __BTF_ID__func__mm_look__1\n16 4 __BTF_ID__func__gone__2", []uint32{0, 1, 0, 0x10, 0, 0x20}, mod, false},
		{"names alike at equal distances", "0 24 __BTF_ID__set8__kf\n8 4 __BTF_ID__func__a1__1\n16 4 __BTF_ID__func__a2__2", []uint32{0, 1, 0, 0x10, 0, 0x20},
			btftest.MustParse(t, `
[11] FUNC 'a1' type_id=5 linkage=static
[12] FUNC 'a2' type_id=5 linkage=static
[13] FUNC 'a3' type_id=5 linkage=static`, base), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := words(order, c.in...)
			filled, _ := mustParse(t, order, in, c.symbols).Patch(c.old)
			s := mustParse(t, order, filled, c.symbols)
			if got := s.RestoreOrphan(orphanOf(t, c.old)); got != c.want {
				t.Errorf("restored %v, want %v", got, c.want)
			}
			want := filled
			if c.want {
				want = in
			}
			if !bytes.Equal(s.data, want) {
				t.Errorf("section %x\nwant    %x", s.data, want)
			}
		})
	}

	// BTF that it was not filled in for, and no BTF to speak of.
	filled, _ := mustParse(t, order, words(order, 0, 1, 0, 0x10, 0, 0x20, 0, 0x30), three).Patch(mod)
	other := btftest.MustParse(t, `
[11] FUNC 'zz_get' type_id=5 linkage=static
[12] INT 'x' size=1
[13] FUNC 'aa_put' type_id=5 linkage=static
[14] FUNC 'mm_look' type_id=5 linkage=static`, base)
	for _, old := range []*btf.BTF{other, base, btftest.MustParse(t, "", base)} {
		s := mustParse(t, order, filled, three)
		if s.RestoreOrphan(orphanOf(t, old)) || !bytes.Equal(s.data, filled) {
			t.Errorf("restored by BTF of %d types", old.NumOwn())
		}
	}
}

// TestOrphanWork: sets share the bound on work, so that many cannot take many times
// as long.
func TestOrphanWork(t *testing.T) {
	_, mod := testBTF(t)
	order := binary.LittleEndian
	const one = `
		0 32 __BTF_ID__set8__one
		8 4 __BTF_ID__func__mm_look__1
		16 4 __BTF_ID__func__zz_get__2
		24 4 __BTF_ID__func__aa_put__3`
	const two = one + `
		32 32 __BTF_ID__set8__two
		40 4 __BTF_ID__func__zz_get__4
		48 4 __BTF_ID__func__aa_put__5
		56 4 __BTF_ID__func__mm_look__6`
	need := func(symbols string, in ...uint32) int {
		filled, _ := mustParse(t, order, words(order, in...), symbols).Patch(mod)
		for work := range 100 {
			if mustParse(t, order, filled, symbols).restoreOrphan(orphanOf(t, mod), work) {
				return work
			}
		}
		t.Fatal("not restored")
		return 0
	}
	first := need(one, 0, 1, 0, 0x10, 0, 0x20, 0, 0x30)
	both := need(two, 0, 1, 0, 0x10, 0, 0x20, 0, 0x30, 0, 1, 0, 0x20, 0, 0x30, 0, 0x10)
	if first == 0 || both != 2*first {
		t.Errorf("work for one set %d, for two %d", first, both)
	}
}
