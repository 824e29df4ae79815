package btf_test

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

// TestCheckDistilled: a distilled base has named types of six kinds.
func TestCheckDistilled(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[1] INT 'int' size=4\n[2] FLOAT 'double' size=8\n[3] ENUM 'e' size=4\n[4] STRUCT 's' size=8\n[5] UNION 'u' size=8\n[6] FWD 'f' fwd_kind=struct", ""},
		{"", "btf header: a distilled base without types shifts the ids of the kernel"},
		{"[1] INT 'int' size=4\n[2] STRUCT '(anon)' size=8", `[2] STRUCT "(anon)": type [2], kind [4] is invalid for distilled base BTF; it is anonymous`},
		{"[1] ENUM '(anon)' size=4", `[1] ENUM "(anon)": type [1], kind [6] is invalid for distilled base BTF; it is anonymous`},
		{"[1] INT 'int' size=4\n[2] ENUM64 'e' size=8", `[2] ENUM64 "e": type [2] in distilled based BTF has unexpected kind [19]`},
		{"[1] PTR '(anon)' type_id=0", `[1] PTR "(anon)": type [1] in distilled based BTF has unexpected kind [2]`},
		{"[1] INT 'int' size=4\n[2] TYPEDEF 't' type_id=1", `[2] TYPEDEF "t": type [2] in distilled based BTF has unexpected kind [8]`},
		{"[1] FUNC_PROTO '(anon)' ret_type_id=0\n[2] FUNC 'f' type_id=1", `[1] FUNC_PROTO "(anon)": type [1] in distilled based BTF has unexpected kind [13]`},
	} {
		got := ""
		if err := btf.CheckDistilled(btftest.MustParse(t, c.text, nil)); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s\n\tgot  %q\n\twant %q", c.text, got, c.want)
		}
	}
	base := btftest.MustParse(t, "[1] INT 'int' size=4", nil)
	if err := btf.CheckDistilled(btftest.MustParse(t, "[2] INT 'int' size=8", base)); err == nil {
		t.Error("split BTF was taken for a distilled base")
	}
}
