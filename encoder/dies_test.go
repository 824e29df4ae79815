package encoder_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
)

// TestReadFunction has functions of all sorts: with several symbols, in several units,
// inlined, declared only, without DWARF.
func TestReadFunction(t *testing.T) {
	for _, c := range []struct{ file, name, want string }{
		{"funcs.ko", "funcs_all", "funcs_all .text global; external code funcs.c"},
		{"funcs.ko", "funcs_cousin", "funcs_cousin .text local; funcs_cousin .text local; static code funcs.c; static code more.c"},
		{"funcs.ko", "funcs_isra", "funcs_isra.isra.0 .text local; static abstract funcs.c; static code funcs.c"},
		{"funcs.ko", "funcs_split", "funcs_split.part.0 .text local; static abstract funcs.c; static code funcs.c; 4 inlined"},
		{"funcs.ko", "funcs_inline_only", "static abstract funcs.c; 1 inlined"},
		{"funcs.ko", "funcs_ext", "funcs_ext  global; external declared funcs.c"},
		{"funcs.ko", "funcs_alias", "funcs_alias .text global"},
		{"funcs.ko", "nothing", ""},
		{"nodebug.ko", "nothing", ""},
		{"dress/gcc5-split/funcs.ko", "funcs_alias", "funcs_alias .text global; more in .dwo files (-gsplit-dwarf)"},
		{"dress/gcc4-split/funcs.ko", "funcs_alias", "funcs_alias .text global; more in .dwo files (-gsplit-dwarf)"},
		{"plain/clang4-split.ko", "nothing", "more in .dwo files (-gsplit-dwarf)"},
		{"plain/gcc5-dwzm.ko", "nothing", "more in the supplementary file of dwz"},
		{"plain/gcc5-dwz.ko", "nothing", ""},
		{"dress/clang5-thin/lto.ko", "lto_kept", "lto_kept .text.lto_kept global; external code b.c; external declared a.c"},
	} {
		fn, err := encoder.ReadFunction(filepath.Join(kernelTree, "obj", c.file), c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := functionText(fn); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	for _, name := range []string{"none.ko", "vmlinux.btf"} {
		path := filepath.Join(kernelTree, "obj", name)
		if _, err := encoder.ReadFunction(path, "f"); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

func functionText(fn *encoder.Function) string {
	var all []string
	for _, s := range fn.Symbols {
		binding := "local"
		if s.Global {
			binding = "global"
		}
		all = append(all, fmt.Sprintf("%s %s %s", s.Name, s.Section, binding))
	}
	for _, d := range fn.DIEs {
		words := []string{"static"}
		if d.External {
			words[0] = "external"
		}
		for _, w := range []struct {
			is   bool
			word string
		}{{d.Declared, "declared"}, {d.Abstract, "abstract"}, {d.HasCode, "code"}} {
			if w.is {
				words = append(words, w.word)
			}
		}
		all = append(all, strings.Join(append(words, filepath.Base(d.Unit)), " "))
	}
	if fn.Inlined > 0 {
		all = append(all, fmt.Sprintf("%d inlined", fn.Inlined))
	}
	if fn.Elsewhere != "" {
		all = append(all, "more in "+fn.Elsewhere)
	}
	return strings.Join(all, "; ")
}
