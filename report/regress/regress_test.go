package regress_test

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/regress"
)

const vmlinux = `
[1] INT 'int' size=4 encoding=SIGNED
[2] INT 'long' size=8 encoding=SIGNED
[3] STRUCT 'list' size=8
	'n' type_id=2
`

const module = `
[4] STRUCT 'cfg' size=4
	'a' type_id=1
[5] FUNC_PROTO '(anon)' ret_type_id=1
	'c' type_id=4
[6] FUNC 'open' type_id=5
`

// bytesOf returns the BTF that text describes.
func bytesOf(t *testing.T, text string, base []byte) []byte {
	t.Helper()
	var on *btf.BTF
	if base != nil {
		var err error
		if on, err = btf.Parse(base, nil); err != nil {
			t.Fatal(err)
		}
	}
	b := btftest.MustParse(t, text, on)
	return btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian)
}

// TestCompare plants one thing that is worse at a time.
func TestCompare(t *testing.T) {
	base := bytesOf(t, vmlinux, nil)
	accepted := bytesOf(t, module, base)
	old := &regress.Baseline{Base: base, Modules: []regress.Module{{Name: "net/a.ko", BTF: accepted}, {Name: "net/none.ko"}}}
	none := regress.Got{Name: "net/none.ko"}
	for _, test := range []struct {
		name string
		base string // instead of vmlinux
		got  []regress.Got
		opts regress.Options
		want []string
	}{
		{name: "the same", got: []regress.Got{{Name: "net/a.ko", BTF: accepted}, none}},
		{
			name: "a module is lost", got: []regress.Got{none},
			want: []string{"net/a.ko: is lost"},
		},
		{
			name: "a module fails", got: []regress.Got{{Name: "net/a.ko", Err: errors.New("cut")}, none},
			want: []string{"net/a.ko: could not be encoded", "  cut"},
		},
		{
			name: "a module has no BTF", got: []regress.Got{{Name: "net/a.ko"}, none},
			want: []string{"net/a.ko: is lost", "  has no BTF"},
		},
		{
			name: "a module is new", got: []regress.Got{{Name: "net/a.ko", BTF: accepted}, {Name: "net/b.ko", BTF: accepted}, none},
		},
		{
			name: "a function is lost",
			got:  []regress.Got{{Name: "net/a.ko", BTF: bytesOf(t, strings.Replace(module, "[6] FUNC 'open' type_id=5", "", 1), base)}, none},
			want: []string{"net/a.ko: function open is lost", "  int open(struct cfg c)"},
		},
		{
			name: "a type is changed",
			got:  []regress.Got{{Name: "net/a.ko", BTF: bytesOf(t, strings.Replace(module, "'a'", "'b'", 1), base)}, none},
			want: []string{"net/a.ko: struct cfg is changed", "  member b: int a at 0 -> int b at 0"},
		},
		{
			name: "growth beyond the budget",
			got:  []regress.Got{{Name: "net/a.ko", BTF: bytesOf(t, module+"[7] STRUCT 'more' size=4\n\t'x' type_id=1", base)}, none},
			want: []string{"net/a.ko: has grown beyond the budget", "  by 31 bytes (33.3 %)", "all modules: has grown beyond the budget", "  by 31 bytes (33.3 %)"},
		},
		{
			name: "growth within the budget of all, by percent, and of a module, by bytes",
			got:  []regress.Got{{Name: "net/a.ko", BTF: bytesOf(t, module+"[7] STRUCT 'more' size=4\n\t'x' type_id=1", base)}, none},
			opts: regress.Options{Total: regress.Growth{Percent: 34}, Module: regress.Growth{Bytes: 31}},
		},
		{
			name: "a copy of the base's",
			got:  []regress.Got{{Name: "net/a.ko", BTF: bytesOf(t, module+"[7] STRUCT 'list' size=8\n\t'n' type_id=2", base)}, none},
			opts: regress.Options{Total: regress.Growth{Percent: 100}, Module: regress.Growth{Percent: 100}},
			want: []string{"net/a.ko: has types that are there already", "  1 type"},
		},
		{
			name: "what a kernel refuses",
			got:  []regress.Got{{Name: "net/a.ko", BTF: bytesOf(t, strings.Replace(module, "size=4\n\t'a'", "size=2\n\t'a'", 1), base)}, none},
			want: []string{"net/a.ko: a kernel would refuse it"},
		},
		{
			name: "a type of vmlinux is lost", base: strings.Replace(vmlinux, "'list'", "'fifo'", 1),
			got:  []regress.Got{{Name: "net/a.ko", BTF: bytesOf(t, module, bytesOf(t, strings.Replace(vmlinux, "'list'", "'fifo'", 1), nil))}, none},
			want: []string{"vmlinux: struct list is lost", "  struct list, 8 bytes"},
		},
		{
			name: "leave", got: []regress.Got{{Name: "net/a.ko", BTF: bytesOf(t, strings.Replace(module, "'a'", "'b'", 1), base)}},
			opts: regress.Options{Leave: leave(t, "struct c*", "none.ko:lost")},
			want: []string{"net/a.ko: struct cfg is changed (with leave)", "  member b: int a at 0 -> int b at 0", "net/none.ko: is lost (with leave)"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := base
			if test.base != "" {
				now = bytesOf(t, test.base, nil)
			}
			r, err := regress.Compare(old, now, test.got, test.opts)
			if err != nil {
				t.Fatal(err)
			}
			got := findings(t, r)
			if test.name == "what a kernel refuses" && len(got) == 2 {
				got = got[:1] // the words of the rule are btf's
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			worse := 0
			for _, f := range test.want {
				if !strings.HasPrefix(f, "  ") && !strings.HasSuffix(f, "(with leave)") {
					worse++
				}
			}
			if r.Worse() != worse {
				t.Errorf("%d findings, want %d", r.Worse(), worse)
			}
			checkJUnit(t, r)
		})
	}
}

func leave(t *testing.T, patterns ...string) (all []regress.Leave) {
	t.Helper()
	for _, p := range patterns {
		l, err := regress.ParseLeave(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// findings returns those of the report in Markdown, without its markup.
func findings(t *testing.T, r *regress.Report) []string {
	t.Helper()
	var w strings.Builder
	if err := r.WriteMarkdown(&w, 0); err != nil {
		t.Fatal(err)
	}
	plain := strings.NewReplacer("- ", "", "-&gt; ", "-> ", `\`, "").Replace(w.String())
	_, list, _ := strings.Cut(plain, "in the others.\n")
	if list = strings.Trim(list, "\n"); list == "" {
		return nil
	}
	return strings.Split(list, "\n")
}

// checkJUnit wants JUnit XML that has as many failures as it says and there are
// modules with findings.
func checkJUnit(t *testing.T, r *regress.Report) {
	t.Helper()
	var w bytes.Buffer
	if err := r.WriteJUnit(&w); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Cases    []struct {
				Failure *struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(w.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, c := range got.Suite.Cases {
		if c.Failure != nil {
			failed++
		}
	}
	modules := map[string]bool{}
	for _, f := range r.Findings {
		if !f.Allowed {
			modules[f.Module] = true
		}
	}
	if s := got.Suite; failed != s.Failures || s.Tests != len(s.Cases) || failed != len(modules) {
		t.Errorf("%d failures of %d, %d of %d are there, %d modules are worse:\n%s", s.Failures, s.Tests, failed, len(s.Cases), len(modules), w.String())
	}
}

// TestHostileNames has names that are markup, and control characters.
func TestHostileNames(t *testing.T) {
	r := &regress.Report{Findings: []regress.Finding{{Module: "<b>\x1b[2J.ko", Rule: regress.Lost, What: "struct ]](x)\n# y"}}, Modules: []string{"<b>\x1b[2J.ko"}}
	var md, xml strings.Builder
	if err := errors.Join(r.WriteMarkdown(&md, 0), r.WriteJUnit(&xml)); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{md.String(), xml.String()} {
		if strings.ContainsAny(s, "\x1b") || strings.Contains(s, "<b>") || strings.Contains(s, "\n# y") {
			t.Errorf("not escaped:\n%s", s)
		}
	}
}

func TestBaseline(t *testing.T) {
	want := &regress.Baseline{Features: "default", Base: []byte("base"), Modules: []regress.Module{{Name: "a.ko", BTF: []byte("one")}, {Name: "b.ko"}, {Name: "c.ko", BTF: []byte("three")}}}
	var w bytes.Buffer
	if err := want.Write(&w); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := want.Write(&again); err != nil || !bytes.Equal(w.Bytes(), again.Bytes()) {
		t.Errorf("not the same bytes twice: %v", err)
	}
	got, err := regress.ReadBaseline(bytes.NewReader(w.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if got.Features != want.Features || string(got.Base) != "base" || len(got.Modules) != 3 || got.Modules[2].Name != "c.ko" || string(got.Modules[2].BTF) != "three" {
		t.Errorf("read back: %+v", got)
	}
	for n := range w.Len() {
		if _, err := regress.ReadBaseline(bytes.NewReader(w.Bytes()[:n])); err == nil {
			t.Errorf("%d of %d bytes are taken", n, w.Len())
		}
	}
}

func TestBaselineErrors(t *testing.T) {
	for _, test := range []struct {
		names []string
		want  string
	}{
		{[]string{"b", "a"}, `"a" is not behind "b"`},
		{[]string{"a", "a"}, `"a" is not behind "a"`},
	} {
		b := &regress.Baseline{}
		for _, name := range test.names {
			b.Modules = append(b.Modules, regress.Module{Name: name})
		}
		var w bytes.Buffer
		if err := b.Write(&w); err != nil {
			t.Fatal(err)
		}
		if _, err := regress.ReadBaseline(&w); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.names, err, test.want)
		}
	}
}

func TestParseGrowth(t *testing.T) {
	for text, want := range map[string]regress.Growth{
		"0": {}, "4096": {Bytes: 4096}, "64K": {Bytes: 65536}, "2M": {Bytes: 2 << 20}, "1.5%": {Percent: 1.5}, "1%,4K": {4096, 1}, "4K,1%": {4096, 1},
	} {
		if got, err := regress.ParseGrowth(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "1%,2%", "1,2", "1%,", "K", "%", "-1%", "NaN%", "Inf%", "99999999999999999999"} {
		if g, err := regress.ParseGrowth(text); err == nil {
			t.Errorf("%s is taken: %+v", text, g)
		}
	}
}

func TestParseLeave(t *testing.T) {
	for _, text := range []string{"", "a:", "struct [", "[:x"} {
		if l, err := regress.ParseLeave(text); err == nil {
			t.Errorf("%q is taken: %+v", text, l)
		}
	}
}

func FuzzReadBaseline(f *testing.F) {
	var w bytes.Buffer
	b := &regress.Baseline{Base: []byte("base"), Modules: []regress.Module{{Name: "a.ko", BTF: []byte("one")}}}
	if err := b.Write(&w); err != nil {
		f.Fatal(err)
	}
	f.Add(w.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := regress.ReadBaseline(bytes.NewReader(data))
		if err != nil {
			return
		}
		var w bytes.Buffer
		if err := b.Write(&w); err != nil {
			t.Fatal(err)
		}
		if _, err := regress.ReadBaseline(&w); err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
	})
}
