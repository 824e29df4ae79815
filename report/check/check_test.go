package check_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/check"
)

const baseText = `[1] INT 'int' size=4 encoding=SIGNED
	[2] STRUCT 'file' size=8
		'f_count' type_id=1
		'f_flags' type_id=1 bits_offset=32
	[3] FUNC_PROTO '(anon)' ret_type_id=1
		'a' type_id=1`

func base(t testing.TB) *btf.BTF { return btftest.MustParse(t, baseText, nil) }

func raw(b *btf.BTF) []byte { return btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian) }

func checker(t testing.TB, b *btf.BTF, release string) *check.Checker {
	t.Helper()
	c, found, err := check.New(&check.File{BTF: raw(b), Release: release}, btf.Rules{})
	if err != nil || len(found) > 0 {
		t.Fatalf("the base: %v, %v", err, found)
	}
	return c
}

// brief is findings as text, without what the kernel says.
func brief(all []check.Finding) string {
	var lines []string
	for _, f := range all {
		where := ""
		if f.Item != nil {
			where = fmt.Sprintf("/%d", *f.Item)
		}
		lines = append(lines, fmt.Sprintf("%s %s+%#x [%d%s] %s", f.By, f.Section, f.Offset, f.ID, where, f.Message))
	}
	return strings.Join(lines, "\n")
}

func TestSplit(t *testing.T) {
	c := checker(t, base(t), "")
	for name, test := range map[string]struct{ text, want string }{
		"good":  {"[4] STRUCT 'mine' size=8\n'f' type_id=2\n[5] FUNC 'f' type_id=3 linkage=static", ""},
		"empty": {"", ""},
		"by itself": {"[4] TYPEDEF '9' type_id=1",
			"module loader .BTF+0x18 [4] Invalid name"},
		"member": {"[4] STRUCT 's' size=8\n'a' type_id=2\n'b!' type_id=1",
			"module loader .BTF+0x30 [4/1] Invalid name"},
		"by what it refers to": {"[4] STRUCT 's' size=4\n'a' type_id=2",
			"BPF_BTF_LOAD .BTF+0x24 [4/0] Member exceeds struct_size"},
		"beyond the base": {"[4] PTR '(anon)' type_id=9",
			"base .BTF+0x0 [4] 1 of 1 references to names and types do not fit the base; the first: type id 9 is beyond the types, which end at 4\n" +
				"BPF_BTF_LOAD .BTF+0x18 [4] Invalid type_id\n" +
				"libbpf .BTF+0x18 [4] invalid referenced type ID 9"},
	} {
		t.Run(name, func(t *testing.T) {
			split := btftest.MustParse(t, test.text, base(t))
			if got := brief(c.Check(&check.File{BTF: raw(split)})); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// Split BTF on top of a base of which one string is longer, and on top of one of
// another byte order or release.
func TestOtherBase(t *testing.T) {
	split := raw(btftest.MustParse(t, "[4] STRUCT 'mine' size=8\n'f_count' type_id=1\n'f_flags' type_id=1 bits_offset=32", base(t)))
	other := btftest.MustParse(t, strings.Replace(baseText, "'f_count'", "'f_counter'", 1), nil)
	const want = "base .BTF+0x0 [4/1] 1 of 5 references to names and types do not fit the base; the first: name offset 0x12 is within \"f_counter\""
	got := brief(checker(t, other, "").Check(&check.File{BTF: split}))
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	other = base(t)
	data := btf.Append(nil, &other.Types, other.Strs, binary.BigEndian)
	c, _, err := check.New(&check.File{BTF: data}, btf.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if got := brief(c.Check(&check.File{BTF: split})); !strings.Contains(got, "the byte order is LittleEndian, that of the base BigEndian") {
		t.Errorf("another byte order: %s", got)
	}

	got = brief(checker(t, base(t), "6.12.1").Check(&check.File{BTF: split, Release: "6.12.2"}))
	if want := "base .modinfo+0x0 [0] vermagic is of 6.12.2, the base of 6.12.1"; got != want {
		t.Errorf("another release: %s", got)
	}
}

// What stands alone is checked alone, whatever the base.
func TestAlone(t *testing.T) {
	b := base(t)
	for name, f := range map[string]*check.File{
		"the base itself": {BTF: raw(b)},
		"vmlinux":         {BTF: raw(btftest.MustParse(t, "[1] INT 'u8' size=1", nil)), Linked: true},
	} {
		if got := checker(t, b, "").Check(f); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	none, _, err := check.New(nil, btf.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	split := btftest.MustParse(t, "[4] TYPEDEF 't' type_id=1", b)
	if got := brief(none.Check(&check.File{BTF: raw(split)})); !strings.Contains(got, "there is no base to have it on") {
		t.Errorf("split BTF without a base: %s", got)
	}
	if got := none.Check(&check.File{BTF: raw(b)}); len(got) > 0 {
		t.Errorf("without a base: %v", got)
	}
	list32 := btftest.MustParse(t, `
[1] INT 'long int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT 'list_head' size=8 vlen=2
	'next' type_id=3 bits_offset=0
	'prev' type_id=3 bits_offset=32
[3] PTR '(anon)' type_id=2
`, nil)
	if got := none.Check(&check.File{BTF: raw(list32)}); len(got) > 0 {
		t.Errorf("of a machine with pointers of 4 bytes: %v", got)
	}
	if got := brief(none.Check(&check.File{BTF: []byte("no BTF at all")})); !strings.Contains(got, "btf_header not found") {
		t.Errorf("something else: %s", got)
	}
}

func TestBadBase(t *testing.T) {
	bad := btftest.MustParse(t, "[1] INT 'int' size=4 nr_bits=64", nil)
	c, found, err := check.New(&check.File{BTF: raw(bad)}, btf.Rules{})
	if c != nil || err != nil || brief(found) != "module loader .BTF+0x18 [1] nr_bits exceeds type_size" {
		t.Errorf("%v, %v, %s", c, err, brief(found))
	}
}

func TestDistilled(t *testing.T) {
	c := checker(t, base(t), "")
	const stub = "[1] STRUCT 'file' size=8"
	for name, test := range map[string]struct{ own, text, want string }{
		"good": {stub, "[2] STRUCT 'mine' size=8\n'f' type_id=1", ""},
		"lost": {"[1] STRUCT 'fiel' size=8", "[2] PTR '(anon)' type_id=1",
			`relocation .BTF.base+0x0 [1] distilled base BTF type "fiel" [1] STRUCT is not mapped to base BTF id: the base has no type of that name`},
		"of another size": {"[1] STRUCT 'file' size=16", "[2] STRUCT 'mine' size=16\n'f' type_id=1",
			`relocation .BTF.base+0x0 [1] distilled base BTF type "file" [1] STRUCT is not mapped to base BTF id: the base has STRUCT [2] of size 8, not STRUCT of 16`},
		"a kind that is not allowed": {"[1] STRUCT 'file' size=8\n[2] PTR '(anon)' type_id=1", "[3] TYPEDEF 't' type_id=2",
			"module loader .BTF.base+0x0 [2] type [2] in distilled based BTF has unexpected kind [2]"},
		"broken": {"[1] STRUCT 'fi le' size=8", "[2] PTR '(anon)' type_id=1",
			"module loader .BTF.base+0x18 [1] Invalid name"},
		"split broken": {stub, "[2] TYPEDEF '9' type_id=1",
			"module loader .BTF+0x18 [2] Invalid name"},
	} {
		t.Run(name, func(t *testing.T) {
			own := btftest.MustParse(t, test.own, nil)
			split := btftest.MustParse(t, test.text, own)
			f := &check.File{BTF: raw(split), Distilled: raw(own)}
			if got := brief(c.Check(f)); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			none, _, err := check.New(nil, btf.Rules{})
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(none.Check(f)); strings.HasPrefix(test.want, "relocation") != (got == "" && test.want != "") {
				t.Errorf("without a base: %s", got)
			}
		})
	}
}

func TestReport(t *testing.T) {
	split := btftest.MustParse(t, "[4] STRUCT 's' size=4\n'a' type_id=2\n[5] TYPEDEF 'e\x1b[2J' type_id=4", base(t))
	good := btftest.MustParse(t, "[4] TYPEDEF 't' type_id=1", base(t))
	files := map[string]*check.File{"good": {BTF: raw(good)}, "bad": {BTF: raw(split)}, "none": nil}
	read := func(path string) (*check.File, error) {
		f, ok := files[path]
		if !ok {
			return nil, errors.New("no such file")
		}
		return f, nil
	}
	results, err := checker(t, base(t), "").Run(context.Background(), []string{"good", "bad", "none", "lost"}, 2, read)
	if err != nil {
		t.Fatal(err)
	}
	r := check.NewReport("vmlinux", "6.12", results)
	if want := (check.Count{Good: 1, Refused: 1, Failed: 1, NoBTF: 1, Bytes: len(raw(good)) + len(raw(split))}); r.Count != want {
		t.Errorf("count: %+v, want %+v", r.Count, want)
	}
	var text, data bytes.Buffer
	if err := errors.Join(r.Text(&text), r.JSON(&data)); err != nil {
		t.Fatal(err)
	}
	const want = "bad: .BTF, offset 0x30: refused by module loader:\n" +
		"\t[5] TYPEDEF e\\x1b[2J type_id=4 Invalid name\n"
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
	var back check.Report
	if err := json.Unmarshal(data.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Schema != check.Schema || len(back.Files) != 4 || back.Files[1].Findings[0].Name != "e\x1b[2J" || back.Files[3].Error == "" {
		t.Errorf("JSON: %s", data.String())
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := checker(t, base(t), "").Run(ctx, []string{"good"}, 1, read); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that is not to begin: %v", err)
	}
}

// FuzzCheck gives any bytes to all that is checked.
func FuzzCheck(f *testing.F) {
	b := base(f)
	split := raw(btftest.MustParse(f, "[4] STRUCT 'mine' size=8\n'f' type_id=2\n[5] PTR '(anon)' type_id=4", b))
	own := btftest.MustParse(f, "[1] STRUCT 'file' size=8", nil)
	stub := raw(btftest.MustParse(f, "[2] STRUCT 'mine' size=8\n'f' type_id=1", own))
	f.Add(split, []byte(nil))
	f.Add(raw(b), []byte(nil))
	f.Add(stub, raw(own))
	c := checker(f, b, "")
	none, _, err := check.New(nil, btf.Rules{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data, distilled []byte) {
		file := &check.File{BTF: data}
		if len(distilled) > 0 {
			file.Distilled = distilled
		}
		for _, c := range []*check.Checker{c, none} {
			for _, found := range c.Check(file) {
				if found.Message == "" || found.By == "" {
					t.Errorf("a finding that says nothing: %+v", found)
				}
				if end := max(len(data), len(distilled)); found.Offset > uint64(end) {
					t.Errorf("found at %#x of %#x bytes", found.Offset, end)
				}
			}
		}
		check.New(file, btf.Rules{})
	})
}
