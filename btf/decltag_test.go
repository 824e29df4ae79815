package btf_test

import (
	"testing"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
)

func TestCheckDeclTags(t *testing.T) {
	base := btftest.MustParse(t, `
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] FUNC_PROTO '(anon)' ret_type_id=1 vlen=1
	'x' type_id=1
[3] FUNC 'f' type_id=2 linkage=static
[4] STRUCT 's' size=8 vlen=2
	'a' type_id=1 bits_offset=0
	'b' type_id=1 bits_offset=32
[5] TYPEDEF 't' type_id=4`, nil)
	for _, c := range []struct{ name, in, want string }{
		{"none", "[6] PTR '(anon)' type_id=1", ""},
		{"on the whole", `
[6] DECL_TAG 'tag' type_id=3 component_idx=-1
[7] DECL_TAG 'tag' type_id=5 component_idx=-1`, ""},
		{"on the last ones", `
[6] DECL_TAG 'tag' type_id=3 component_idx=0
[7] DECL_TAG 'tag' type_id=4 component_idx=1`, ""},
		{"beyond a prototype", "[6] PTR '(anon)' type_id=1\n[7] DECL_TAG 'tag' type_id=3 component_idx=1", `[7] DECL_TAG "tag": Invalid component_idx`},
		{"beyond a struct", "[6] DECL_TAG 'tag' type_id=4 component_idx=2", `[6] DECL_TAG "tag": Invalid component_idx`},
		{"of a typedef", "[6] DECL_TAG 'tag' type_id=5 component_idx=0", `[6] DECL_TAG "tag": Invalid component_idx`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := btf.CheckDeclTags(btftest.MustParse(t, c.in, base)); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
