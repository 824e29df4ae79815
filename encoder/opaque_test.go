package encoder_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// locKinds are records of the kinds that describe where inlined functions keep
// their parameters (frontier of 2026: LOC_PARAM, LOC_PROTO, LOCSEC), the words
// of each, as a base of a later kernel has them. The ids in them are made up.
var locKinds = [][]uint32{
	{0, 20<<24 | 2, 8, 0x28, 5, 0xfffffff8},
	{0, 20<<24 | 1, 4, 8, 0},
	{0, 21<<24 | 2, 0, 1, 0},
	{1, 22<<24 | 1, 0, 1, 2, 0x40},
	{0, 21 << 24, 0},
}

// locLayout is what a layout section says of those kinds: bytes once, bytes for
// each of vlen.
var locLayout = [][2]byte{{4, 4}, {0, 4}, {0, 12}}

// withLocKinds returns b with types of unknown kinds in its middle, as it is
// written, and with FWDs called hole in their places.
func withLocKinds(t *testing.T, b *btf.BTF, layout bool) (blob []byte, holes *btf.BTF) {
	t.Helper()
	with := *b
	strs := append(bytes.Clone(b.Strs), "hole\x00"...)
	with.Strs = strs
	with.Types.Rows = append([]btf.Row(nil), b.Types.Rows...)
	for range locKinds {
		with.Types.Rows = append(with.Types.Rows, btf.Row{Name: btf.StrOff(len(b.Strs)), Info: btf.MakeInfo(btf.KindFwd, 0, false)})
	}
	ids := make([]btf.ID, with.NumOwn())
	for i := range ids {
		ids[i] = btf.ID((i+len(ids)/2)%len(ids) + 1)
	}
	holes, err := btf.Permute(&with, ids)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	old := btf.AppendLayout(nil, &holes.Types, holes.Strs, le)
	hole := le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, uint32(len(b.Strs))), uint32(btf.MakeInfo(btf.KindFwd, 0, false))), 0)
	types := old[32 : 32+le.Uint32(old[12:])]
	for _, words := range locKinds {
		at := bytes.Index(types, hole)
		var record []byte
		for _, w := range words {
			record = le.AppendUint32(record, w)
		}
		types = append(append(bytes.Clone(types[:at]), record...), types[at+len(hole):]...)
	}
	table := bytes.Clone(old[32+le.Uint32(old[24:]):][:le.Uint32(old[28:])])
	for _, l := range locLayout {
		table = append(table, l[0], l[1], 0, 0)
	}
	if !layout {
		table = nil
	}
	blob = append(blob, 0x9f, 0xeb, 1, 0)
	n, l := uint32(len(types)), uint32(len(table))
	for _, w := range []uint32{32, 0, n, n + l, uint32(len(strs)), n, l} {
		blob = le.AppendUint32(blob, w)
	}
	return append(append(append(blob, types...), table...), strs...), holes
}

// TestUnknownKindsInBase encodes modules on a base that has types of kinds of a
// later kernel between the others, described by its layout section. They hold
// their ids and change nothing else.
func TestUnknownKindsInBase(t *testing.T) {
	tree := treeBase(t)
	blob, holes := withLocKinds(t, tree.BTF, true)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	opaque := loadBase(t, write("later.btf", blob))
	plain := loadBase(t, write("holes.btf", btf.Append(nil, &holes.Types, holes.Strs, holes.Order)))
	if opaque.BTF.Opaque != len(locKinds) || opaque.BTF.NumTypes() != tree.BTF.NumTypes()+len(locKinds) {
		t.Fatalf("%d of %d types are of unknown kinds", opaque.BTF.Opaque, opaque.BTF.NumTypes())
	}
	referee, n := btftest.NewReferee(), 0
	for _, o := range treeObjects(t) {
		if o.alone {
			continue
		}
		n++
		want, got, before := options(t), options(t), options(t)
		want.Base, got.Base, before.Base = plain, opaque, tree
		a, b := encode(t, want, o.path), encode(t, got, o.path)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: other bytes than with FWDs in the places of unknown kinds", o.name)
		}
		split := parse(t, b, opaque.BTF)
		if d := referee.Compare(parse(t, encode(t, before, o.path), tree.BTF), split); !d.Empty() {
			t.Errorf("%s: %v", o.name, d)
		}
		checkRules(t, b, opaque.BTF, btf.Rules{Libbpf: true})
	}
	if n < 10 {
		t.Errorf("%d modules only", n)
	}

	blob, _ = withLocKinds(t, tree.BTF, false)
	path := write("nolayout.btf", blob)
	if _, err := encoder.LoadBase(path); err == nil || !strings.HasPrefix(err.Error(), path+": base: btf types: offset ") || !strings.HasSuffix(err.Error(), ": unknown kind: 0x14") {
		t.Errorf("without a layout: %v", err)
	}
}
