package btf_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// hostile are names and what is shown of them.
var hostile = []struct{ name, raw, json string }{
	{"task_struct", "task_struct", "task_struct"},
	{"\x1b[2J", `\x1b[2J`, "\x1b[2J"},
	{"a\r\nb\x7f", `a\x0d\x0ab\x7f`, "a\r\nb\x7f"},
	{"\u009b1m", `\u009b1m`, "\u009b1m"},
	{"\u202egpj", `\u202egpj`, "\u202egpj"},
	{"\U000e0041", `\U000e0041`, "\U000e0041"},
	{"\xff\xfe", `\xff\xfe`, "\ufffd\ufffd"},
	{"größe", "größe", "größe"},
	{`say "x\y"`, `say "x\y"`, `say "x\y"`},
}

// TestHostileNames dumps names that steer terminals, or end what they are in.
func TestHostileNames(t *testing.T) {
	for _, c := range hostile {
		b := &btf.BTF{
			Strs:  []byte("\x00" + c.name + "\x00"),
			Types: btf.Types{Rows: []btf.Row{{}, {Name: 1, Info: btf.MakeInfo(btf.KindFwd, 0, false)}}},
		}
		if got, want := btftest.Text(b), "[1] FWD '"+c.raw+"' fwd_kind=struct\n"; got != want {
			t.Errorf("%q: raw %s, want %s", c.name, got, want)
		}
		var text strings.Builder
		if err := btf.DumpJSON(&text, b, b.OwnIDs()); err != nil {
			t.Fatal(err)
		}
		var out struct{ Types []struct{ Name string } }
		if err := json.Unmarshal([]byte(text.String()), &out); err != nil {
			t.Errorf("%q: %v in %s", c.name, err, text.String())
		} else if got := out.Types[0].Name; got != c.json {
			t.Errorf("%q: JSON has %q, want %q", c.name, got, c.json)
		}
		if strings.ContainsFunc(strings.TrimSuffix(text.String(), "\n"), isControl) {
			t.Errorf("%q: control characters in %q", c.name, text.String())
		}
	}
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e }
