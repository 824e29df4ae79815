package measure_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/corpus"
	"github.com/gobtfenc/gobtfenc/report/measure"
)

var update = flag.Bool("update", false, "write the tables of hostile names")

const baseText = `
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT 'list' size=8 vlen=1
	'next' type_id=3 bits_offset=0
[3] PTR '(anon)' type_id=2
[4] STRUCT 'big' size=16 vlen=2
	'list' type_id=2 bits_offset=0
	'n' type_id=1 bits_offset=64
[5] CONST '(anon)' type_id=4
`

const splitText = `
[6] PTR '(anon)' type_id=5
[7] STRUCT 'own' size=16 vlen=2
	'big' type_id=6 bits_offset=0
	'list' type_id=3 bits_offset=64
[8] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1
	'own' type_id=7
[9] FUNC 'f' type_id=8 linkage=static
`

// blob returns b as it stands in a file.
func blob(b *btf.BTF) []byte { return btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian) }

func account(b *btf.BTF) measure.Size { return measure.Account(b, uint64(len(blob(b)))) }

// sum adds up what a Size is made of.
func sum(s measure.Size) uint64 { return s.Header + s.RecordBytes() + s.StringBytes() + s.Other }

func TestAccount(t *testing.T) {
	base := btftest.MustParse(t, baseText, nil)
	got := account(btftest.MustParse(t, splitText, base))
	want := measure.Size{
		Bytes: 24 + 12 + 36 + 20 + 12 + 4 + 2, Header: 24, Types: 4,
		Kinds: []measure.KindSize{
			{Kind: "PTR", Count: 1, Bytes: 12},
			{Kind: "STRUCT", Count: 1, Bytes: 36, Strings: 4},
			{Kind: "FUNC", Count: 1, Bytes: 12, Strings: 2},
			{Kind: "FUNC_PROTO", Count: 1, Bytes: 20},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	// A base begins with the empty string, and names that are the tails of
	// others are there once.
	b := btftest.MustParse(t, baseText, nil)
	b.Strs = append(b.Strs, "left\x00"...)
	got = account(b)
	if got.Unnamed != 6 || sum(got) != got.Bytes || got.Bytes != uint64(len(blob(b))) {
		t.Errorf("%+v", got)
	}
}

func TestLeast(t *testing.T) {
	base := btftest.MustParse(t, baseText, nil)
	got := measure.Least(btftest.MustParse(t, splitText, base))
	alone := account(btftest.MustParse(t, `
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] FWD 'list' fwd_kind=struct
[3] PTR '(anon)' type_id=2
[4] FWD 'big' fwd_kind=struct
[5] CONST '(anon)' type_id=4
[6] PTR '(anon)' type_id=5
[7] STRUCT 'own' size=16 vlen=2
	'big' type_id=6 bits_offset=0
	'list' type_id=3 bits_offset=64
[8] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1
	'own' type_id=7
[9] FUNC 'f' type_id=8 linkage=static
`, nil))
	if got.Bytes != alone.Bytes || got.Types != alone.Types || sum(got) != got.Bytes {
		t.Errorf("got  %+v\nwant %+v", got, alone)
	}
	// Held by value, a struct is needed whole, and what that holds.
	got = measure.Least(btftest.MustParse(t, `
[6] STRUCT 'own' size=16 vlen=1
	'big' type_id=5 bits_offset=0
`, base))
	if want := 24 + 1 + account(base).Bytes - 25 + 24 + 4; got.Bytes != want {
		t.Errorf("%d bytes, want %d", got.Bytes, want)
	}
}

// names returns the identities of b's own types by name and kind.
func identities(b *btf.BTF, base []measure.Identity) map[string]measure.Identity {
	out := map[string]measure.Identity{}
	for i, id := range measure.Identify(b, base) {
		n := b.Start + btf.ID(i)
		if n != 0 {
			out[b.Row(n).Info.Kind().String()+" "+string(b.Name(n))] = id
		}
	}
	return out
}

func TestIdentify(t *testing.T) {
	const a = `
[1] STRUCT 'a' size=8 vlen=1
	'next' type_id=2 bits_offset=0
[2] PTR '(anon)' type_id=3
[3] STRUCT 'b' size=8 vlen=1
	'prev' type_id=4 bits_offset=0
[4] PTR '(anon)' type_id=1
[5] TYPEDEF 'a_t' type_id=1
`
	cases := []struct {
		name, text string
		same       []string // as in a; the others differ
	}{
		{"other numbers", `
[1] PTR '(anon)' type_id=5
[2] TYPEDEF 'a_t' type_id=5
[3] STRUCT 'b' size=8 vlen=1
	'prev' type_id=1 bits_offset=0
[4] PTR '(anon)' type_id=3
[5] STRUCT 'a' size=8 vlen=1
	'next' type_id=4 bits_offset=0
`, []string{"STRUCT a", "STRUCT b", "TYPEDEF a_t"}},
		{"one member's name, all that reach it", `
[1] STRUCT 'a' size=8 vlen=1
	'next' type_id=2 bits_offset=0
[2] PTR '(anon)' type_id=3
[3] STRUCT 'b' size=8 vlen=1
	'before' type_id=4 bits_offset=0
[4] PTR '(anon)' type_id=1
[5] TYPEDEF 'a_t' type_id=1
`, nil},
		{"a declaration is not the struct", `
[1] STRUCT 'a' size=8 vlen=1
	'next' type_id=2 bits_offset=0
[2] PTR '(anon)' type_id=3
[3] FWD 'b' fwd_kind=struct
[4] PTR '(anon)' type_id=1
[5] TYPEDEF 'a_t' type_id=1
`, nil},
		{"the same cycle written out twice", `
[1] STRUCT 'a' size=8 vlen=1
	'next' type_id=2 bits_offset=0
[2] PTR '(anon)' type_id=3
[3] STRUCT 'b' size=8 vlen=1
	'prev' type_id=4 bits_offset=0
[4] PTR '(anon)' type_id=5
[5] STRUCT 'a' size=8 vlen=1
	'next' type_id=6 bits_offset=0
[6] PTR '(anon)' type_id=7
[7] STRUCT 'b' size=8 vlen=1
	'prev' type_id=8 bits_offset=0
[8] PTR '(anon)' type_id=1
[9] TYPEDEF 'a_t' type_id=1
`, []string{"STRUCT a", "STRUCT b", "TYPEDEF a_t"}},
	}
	want := identities(btftest.MustParse(t, a, nil), nil)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := identities(btftest.MustParse(t, c.text, nil), nil)
			for _, name := range []string{"STRUCT a", "STRUCT b", "TYPEDEF a_t"} {
				if same := got[name] == want[name]; same != slices.Contains(c.same, name) {
					t.Errorf("%s: the same: %v", name, same)
				}
			}
		})
	}
}

// Cycles that look the same as far as it takes to tell their own types apart
// are told apart nevertheless.
func TestIdentifyLongCycles(t *testing.T) {
	three := identities(btftest.MustParse(t, ring("a", "b", "c"), nil), nil)
	four := identities(btftest.MustParse(t, ring("a", "b", "c", "d"), nil), nil)
	for _, name := range []string{"STRUCT a", "STRUCT b", "STRUCT c"} {
		if three[name] == four[name] {
			t.Errorf("%s is the same in both", name)
		}
	}
}

// ring is structs each of which points to the next.
func ring(names ...string) string {
	var b strings.Builder
	for i, name := range names {
		next := 2*((i+1)%len(names)) + 1
		fmt.Fprintf(&b, "[%d] STRUCT '%s' size=8 vlen=1\n\t'next' type_id=%d bits_offset=0\n", 2*i+1, name, 2*i+2)
		fmt.Fprintf(&b, "[%d] PTR '(anon)' type_id=%d\n", 2*i+2, next)
	}
	return b.String()
}

// A type is the same in a module and in a base.
func TestIdentifySplit(t *testing.T) {
	base := btftest.MustParse(t, baseText, nil)
	split := btftest.MustParse(t, splitText, base)
	whole := btftest.MustParse(t, baseText+splitText, nil)
	got := measure.Identify(split, measure.Identify(base, nil))
	want := measure.Identify(whole, nil)[base.NumTypes():]
	if !slices.Equal(got, want) {
		t.Errorf("on a base %v, alone %v", got, want)
	}
}

// vmlinux returns the BTF of a whole kernel, which has no type twice, from the
// corpus of real modules, or skips the test.
func vmlinux(t testing.TB) *btf.BTF {
	t.Helper()
	b, err := btf.Parse(corpus.Read(t, "vmlinux.btf"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The types of a kernel all have identities of their own, which stay theirs in
// any order.
func TestIdentifyKernel(t *testing.T) {
	b := vmlinux(t)
	if s := account(b); sum(s) != s.Bytes || s.Other != 0 || s.Types != b.NumOwn() {
		t.Errorf("%+v", s)
	}
	ids := measure.Identify(b, nil)
	shuffled := measure.Identify(btftest.Shuffle(b, rand.New(rand.NewPCG(1, 2))), nil)
	compare := func(a, b measure.Identity) int { return bytes.Compare(a[:], b[:]) }
	slices.SortFunc(ids, compare)
	slices.SortFunc(shuffled, compare)
	if !slices.Equal(ids, shuffled) {
		t.Error("other identities in another order")
	}
	if n := len(slices.Compact(ids)); n != b.NumTypes() {
		t.Errorf("%d identities of %d types", n, b.NumTypes())
	}
}

// collect measures modules given as text.
func collect(t *testing.T, modules map[string]string) *measure.Report {
	t.Helper()
	base := btftest.MustParse(t, baseText, nil)
	c := measure.NewCollector(base, "ba5e", uint64(len(blob(base))))
	for path, text := range modules {
		if text == "" {
			c.AddError(path, errors.New(path+": broken"))
			continue
		}
		b := btftest.MustParse(t, text, base)
		c.AddOwn(path, measure.SourceDWARF, b, uint64(len(blob(b))), 0)
		alone := btftest.MustParse(t, baseText+text, nil)
		c.AddAlone(path, alone, uint64(len(blob(alone))))
		c.AddCost(path, "global_var", 12)
	}
	return c.Report()
}

const otherText = `
[6] STRUCT 'only' size=4 vlen=1
	'n' type_id=1 bits_offset=0
[7] PTR '(anon)' type_id=5
[8] FUNC_PROTO '(anon)' ret_type_id=0 vlen=0
[9] FUNC 'f' type_id=8 linkage=static
`

func TestReport(t *testing.T) {
	r := collect(t, map[string]string{"a.ko": splitText, "b.ko": splitText, "c.ko": otherText, "bad.ko": ""})
	if r.Total.Modules != 3 || r.Total.Failed != 1 || r.Total.Costs["global_var"] != 36 || r.Total.Least {
		t.Errorf("%+v", r.Total)
	}
	if got := sum(*r.Total.Split); got != r.Total.Split.Bytes || got != 3*r.Modules[0].Split.Bytes-r.Modules[0].Split.Bytes+r.Modules[3].Split.Bytes {
		t.Errorf("sum %d, %+v", got, r.Total.Split)
	}
	// PTR in three, STRUCT own and its FUNC_PROTO in two; functions do not count.
	want := measure.Repeated{
		Types:   measure.Repeats{Count: 3, Copies: 7, Bytes: 3*12 + 2*36 + 2*20, Saved: 2*12 + 36 + 20},
		Strings: measure.Repeats{Count: 2, Copies: 5, Bytes: 2*4 + 3*2, Saved: 4 + 2*2},
	}
	if r.Repeated != want {
		t.Errorf("%+v", r.Repeated)
	}
	types := r.RepeatedTypes()
	if len(types) != 3 || types[0].Name != "own" || types[0].Modules != 2 || types[0].Saved != 36 {
		t.Errorf("%+v", types)
	}
}

// json returns the JSON form.
func json(t *testing.T, r *measure.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// merge merges reports in the order given.
func merge(reports ...*measure.Report) (*measure.Report, error) {
	m := measure.NewMerger()
	for _, r := range reports {
		if err := m.Add(r); err != nil {
			return nil, err
		}
	}
	return m.Report(), nil
}

func TestMerge(t *testing.T) {
	all := map[string]string{"a.ko": splitText, "b.ko": splitText, "c.ko": otherText, "d.ko": otherText, "bad.ko": ""}
	want := json(t, collect(t, all))
	var parts []*measure.Report
	for path, text := range all {
		// Through JSON, as the reports of parts come.
		part, err := measure.ReadReport([]byte(json(t, collect(t, map[string]string{path: text}))))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part)
	}
	merged := func(reports ...*measure.Report) *measure.Report {
		r, err := merge(reports...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	left := merged(merged(merged(parts[0], parts[1]), parts[2]), parts[3], parts[4])
	right := merged(parts[4], merged(parts[3], merged(parts[2], merged(parts[1], parts[0]))))
	for name, r := range map[string]*measure.Report{"left": left, "right": right, "twice": merged(left, right, parts[2], left), "alone": merged(left)} {
		if got := json(t, r); got != want {
			t.Errorf("%s: got %s\nwant %s", name, got, want)
		}
	}
	if got := json(t, merged()); got != json(t, merged(merged(), merged())) {
		t.Errorf("nothing: %s", got)
	}

	// What was measured counts more than what was not.
	failed := collect(t, map[string]string{"a.ko": ""})
	for _, r := range []*measure.Report{merged(failed, left), merged(left, failed)} {
		if json(t, r) != want {
			t.Error("an error has replaced a size")
		}
	}
	// Two truths are none.
	if _, err := merge(left, collect(t, map[string]string{"a.ko": otherText})); err == nil || err.Error() != "a.ko: two reports differ" {
		t.Errorf("error %v", err)
	}
}

func TestReadReportRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`x`:                                      "not a report: invalid character 'x' looking for beginning of value",
		`{"version":2}`:                          "report of version 2; 1 is what can be read",
		`{"version":1,"modules":[{"path":"a"}]}`: `module 0 ("a"): neither a size nor an error`,
		`{"version":1,"modules":[{"path":"a","error":"x","types":[0]}]}`:         `module 0 ("a"): type beyond the last of 0`,
		`{"version":1,"modules":[{"path":"a","error":"x","strings":[7]}]}`:       `module 0 ("a"): string beyond the last of 0`,
		`{"version":1,"modules":[{"path":"a","error":"x","types":[4294967296]}]`: "",
	} {
		_, err := measure.ReadReport([]byte(text))
		if err == nil || want != "" && err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzReadReport: a report is a file like another.
func FuzzReadReport(f *testing.F) {
	f.Add([]byte(`{"version":1,"modules":[{"path":"a","alone":{"bytes":3,"kinds":[{"kind":"X"}]},"types":[0,0]}],"types":[{"id":"AAAAAAAAAAAAAAAA"}],"strings":[""]}`))
	f.Add([]byte(`{"version":1,"modules":[{"path":"a","error":"x"},{"path":"a","error":"y"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := measure.ReadReport(data)
		if err != nil {
			return
		}
		if r, err = merge(r); err != nil {
			return // two modules of one name
		}
		again, err := measure.ReadReport([]byte(json(t, r)))
		if err != nil || json(t, again) != json(t, r) {
			t.Errorf("read back: %v", err)
		}
		for _, write := range []error{r.WriteCSV(&bytes.Buffer{}), r.WriteText(&bytes.Buffer{}, 0), r.WriteMarkdown(&bytes.Buffer{}, 3), r.WriteHTML(&bytes.Buffer{})} {
			if write != nil {
				t.Error(write)
			}
		}
	})
}

// FuzzAccount: whatever can be parsed adds up.
func FuzzAccount(f *testing.F) {
	f.Add(blob(btftest.MustParse(f, baseText, nil)))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := btf.Parse(data, nil)
		if err != nil {
			return
		}
		s := measure.Account(b, uint64(len(data)))
		if s.Bytes != uint64(len(data)) || sum(s) != s.Bytes {
			t.Errorf("%d bytes: %+v", len(data), s)
		}
		if s := measure.Least(b); sum(s) != s.Bytes {
			t.Errorf("least: %+v", s)
		}
		measure.Identify(b, nil)
	})
}

func TestParts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var files []measure.File
	total := int64(0)
	for i := range 100 {
		files = append(files, measure.File{Path: string(rune('a'+i%26)) + string(rune('a'+i/26)), Size: rnd.Int64N(1000)})
		total += files[i].Size
	}
	for _, n := range []int{1, 3, 200} {
		var all []string
		for i := range n {
			got := measure.Part{Index: i, Count: n}.Of(files)
			rnd.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
			if again := (measure.Part{Index: i, Count: n}).Of(files); !slices.Equal(got, again) || !slices.IsSorted(got) {
				t.Errorf("%d/%d: %v, then %v", i, n, got, again)
			}
			weight := int64(0)
			for _, f := range files {
				if slices.Contains(got, f.Path) {
					weight += f.Size
				}
			}
			if n == 3 && (weight < total/3-1000 || weight > total/3+1000) {
				t.Errorf("%d/%d weighs %d of %d", i, n, weight, total)
			}
			all = append(all, got...)
		}
		slices.Sort(all)
		if len(slices.Compact(all)) != len(files) || len(all) != len(files) {
			t.Errorf("%d parts have %d files of %d", n, len(all), len(files))
		}
	}
}

// Names cannot be taken for what is around them.
func TestHostileNames(t *testing.T) {
	base := btftest.MustParse(t, baseText, nil)
	c := measure.NewCollector(base, "ba5e", 0)
	b := btftest.MustParse(t, splitText, base)
	for _, path := range []string{"=HYPERLINK(\"x\")", "+1", "-1", "@x", "\x1b[2J", "a|b<script>*c*_d_[e](http://f)`g`@h", "\u202etxt", "bad\xff", "two\nlines", "tab\there,"} {
		c.AddOwn(path, measure.SourceDWARF, b, 100, 0)
	}
	r := c.Report()
	for name, write := range map[string]func() (string, error){
		"text":     func() (string, error) { var b bytes.Buffer; err := r.WriteText(&b, 0); return b.String(), err },
		"markdown": func() (string, error) { var b bytes.Buffer; err := r.WriteMarkdown(&b, 0); return b.String(), err },
		"csv":      func() (string, error) { var b bytes.Buffer; err := r.WriteCSV(&b); return b.String(), err },
	} {
		got, err := write()
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "hostile."+name)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}
