package diff_test

import (
	"io"
	"testing"
	"time"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/report/diff"
)

// graph builds a BTF row by row. Names are those of its strings: 1 is "a", 3 is
// "b".
type graph struct{ btf.BTF }

func newGraph() *graph {
	g := &graph{}
	g.Strs = []byte("\x00a\x00b\x00")
	g.add(btf.MakeInfo(btf.KindVoid, 0, false), 0, 0)
	return g
}

// add adds a type, which refers to ref or has that size, and its items.
func (g *graph) add(info btf.Info, name btf.StrOff, ref uint32, items ...btf.Item) {
	r := btf.Row{Name: name, Info: info, Type: ref}
	if btf.Shapes[info.Kind()].HasItems {
		r.Aux = uint32(len(g.Types.Items))
	}
	g.Types.Rows = append(g.Types.Rows, r)
	g.Types.Items = append(g.Types.Items, items...)
}

const many = 20000

// TestHostile has graphs that ask for more work than they have types.
func TestHostile(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(g *graph, size uint32) // size is all that is different
	}{
		{"pointers", func(g *graph, size uint32) {
			g.add(btf.MakeInfo(btf.KindStruct, 0, false), 1, size)
			for id := range uint32(many) {
				g.add(btf.MakeInfo(btf.KindPtr, 0, false), 0, id+1)
			}
		}},
		{"doubling", func(g *graph, size uint32) {
			g.add(btf.MakeInfo(btf.KindStruct, 0, false), 0, size)
			for id := range uint32(200) {
				g.add(btf.MakeInfo(btf.KindStruct, 2, false), 0, 4, btf.Item{Name: 1, Type: id + 1}, btf.Item{Name: 3, Type: id + 1})
			}
			g.add(btf.MakeInfo(btf.KindTypedef, 0, false), 1, uint32(len(g.Types.Rows)-1))
		}},
		{"functions of functions", func(g *graph, size uint32) {
			g.add(btf.MakeInfo(btf.KindStruct, 0, false), 1, size)
			for id := range uint32(200) {
				g.add(btf.MakeInfo(btf.KindFuncProto, 2, false), 0, id+1, btf.Item{Type: id + 1}, btf.Item{Type: id + 1})
			}
			g.add(btf.MakeInfo(btf.KindFunc, 0, false), 1, uint32(len(g.Types.Rows)-1))
		}},
		{"one name", func(g *graph, size uint32) {
			for i := range uint32(many) {
				g.add(btf.MakeInfo(btf.KindStruct, 1, false), 1, size+i, btf.Item{Name: 3, Type: i + 1})
			}
		}},
		{"members of one name", func(g *graph, size uint32) {
			var items []btf.Item
			for i := range uint32(many) {
				items = append(items, btf.Item{Name: 1, Type: 1, Val: i * size})
			}
			g.add(btf.MakeInfo(btf.KindStruct, len(items), false), 1, size, items...)
		}},
		{"members that double", func(g *graph, size uint32) {
			g.add(btf.MakeInfo(btf.KindStruct, 0, false), 0, size)
			for id := range uint32(64) {
				g.add(btf.MakeInfo(btf.KindStruct, 2, false), 0, 4, btf.Item{Name: 1, Type: id + 1}, btf.Item{Name: 3, Type: id + 1})
			}
			var items []btf.Item
			for i := range uint32(many) {
				items = append(items, btf.Item{Name: 1, Type: 1 + i%64})
			}
			g.add(btf.MakeInfo(btf.KindStruct, len(items), false), 1, 4, items...)
		}},
		{"functions of one prototype", func(g *graph, size uint32) {
			g.add(btf.MakeInfo(btf.KindStruct, 0, false), 1, size)
			var items []btf.Item
			for range 60000 {
				items = append(items, btf.Item{Name: 1, Type: 1})
			}
			g.add(btf.MakeInfo(btf.KindFuncProto, len(items), false), 0, 1, items...)
			for range many {
				g.add(btf.MakeInfo(btf.KindFunc, 0, false), 1, 2)
			}
		}},
		{"tags of tags", func(g *graph, size uint32) {
			g.add(btf.MakeInfo(btf.KindStruct, 0, false), 1, size)
			for id := range uint32(many) {
				g.add(btf.MakeInfo(btf.KindDeclTag, 0, false), 1, id+1)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			old, new := newGraph(), newGraph()
			c.build(old, 8)
			c.build(new, 16)
			start := time.Now()
			r := run(diff.NewComparer(nil, nil), &old.BTF, &new.BTF)
			if len(r.Modules[0].Differences)+len(r.Modules[0].Errors) == 0 {
				t.Error("no difference")
			}
			if err := r.WriteText(io.Discard, diff.View{All: true}); err != nil {
				t.Error(err)
			}
			t.Logf("%d differences in %v", len(r.Modules[0].Differences), time.Since(start))
		})
	}
}
