package explain_test

import (
	"io"
	"testing"
	"time"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/explain"
)

// FuzzExplain explains a blob on a base. Whatever it is, a report is written, the sums
// are right, and the types that the base has are those that the referee finds.
func FuzzExplain(f *testing.F) {
	for _, c := range cases {
		base := btftest.MustParse(f, numbers+c.base, nil)
		b := btftest.MustParse(f, c.module, base)
		f.Add(btf.Append(nil, &base.Types, base.Strs, base.Order), btf.Append(nil, &b.Types, b.Strs, b.Order))
	}
	f.Fuzz(func(t *testing.T, baseBlob, blob []byte) {
		base, err := btf.Parse(baseBlob, nil)
		if err != nil {
			return
		}
		b, err := btf.Parse(blob, base)
		if err != nil {
			return
		}
		r := explain.New(base).Module(&explain.Input{BTF: b})
		if d := btftest.Compare(b, b); len(d.DupInBase) != len(r.Copies) {
			t.Errorf("%d types of the base, the referee finds %d", len(r.Copies), len(d.DupInBase))
		}
		write(t, r)
		for id := range b.OwnIDs() {
			if len(b.Name(id)) == 0 {
				continue
			}
			r, err := explain.New(base).Name(&explain.Input{BTF: b}, string(b.Name(id)))
			if err != nil {
				t.Fatal(err)
			}
			write(t, r)
		}
	})
}

func write(t *testing.T, r *explain.Report) {
	t.Helper()
	var sum explain.Sum
	for i := range r.Causes {
		sum.Types += r.Causes[i].Types
		sum.Bytes += r.Causes[i].Bytes
	}
	if r.Name == "" && sum != r.Hanging {
		t.Errorf("%+v hang on causes, %+v in all", sum, r.Hanging)
	}
	for _, err := range []error{r.JSON(io.Discard), r.Text(io.Discard, 0), r.Text(io.Discard, 1)} {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestHostile has a module and a base that ask for more work than they have types:
// thousands of one name on either side, and structs that double from one to the next.
func TestHostile(t *testing.T) {
	const many = 2000
	build := func(base *btf.BTF, size uint32) *btf.BTF {
		b := &btf.BTF{Strs: []byte("\x00a\x00b\x00"), Base: base}
		add := func(info btf.Info, name btf.StrOff, ref uint32, items ...btf.Item) {
			r := btf.Row{Name: name, Info: info, Type: ref}
			if btf.Shapes[info.Kind()].HasItems {
				r.Aux = uint32(len(b.Types.Items))
			}
			b.Types.Rows = append(b.Types.Rows, r)
			b.Types.Items = append(b.Types.Items, items...)
		}
		first := uint32(0)
		if base == nil {
			add(btf.MakeInfo(btf.KindVoid, 0, false), 0, 0)
		} else {
			first = uint32(base.NumTypes())
			b.Start, b.StrStart, b.Strs = btf.ID(first), btf.StrOff(len(base.Strs)), nil
		}
		at := func() uint32 { return first + uint32(len(b.Types.Rows)) }
		for i := range uint32(many) {
			add(btf.MakeInfo(btf.KindStruct, 0, false), 1, size+i)
		}
		for range 200 {
			last := at() - 1
			add(btf.MakeInfo(btf.KindStruct, 2, false), 0, 4, btf.Item{Name: 1, Type: last}, btf.Item{Name: 3, Type: last})
		}
		add(btf.MakeInfo(btf.KindTypedef, 0, false), 3, at()-1)
		for range many {
			add(btf.MakeInfo(btf.KindTypedef, 0, false), 3, at()-1)
		}
		return b
	}
	base := build(nil, 1<<20)
	b := build(base, 1)
	start := btftest.CPUTime(t)
	e := explain.New(base)
	write(t, e.Module(&explain.Input{BTF: b}))
	r, err := e.Name(&explain.Input{BTF: b}, "a")
	if err != nil {
		t.Fatal(err)
	}
	write(t, r)
	if took := btftest.CPUTime(t) - start; took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}
