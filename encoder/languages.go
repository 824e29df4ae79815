package encoder

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/dwarf"
)

// languages maps the names of --lang_exclude to DW_LANG codes, DWARF 5 table
// 7.17. A name stands for the language of that very code: rust has one, C one
// for each standard.
var languages = map[string]dwarf.Lang{
	"ada83": dwarf.LangAda83, "ada95": 0x0d, "asm": dwarf.LangMipsAssembler,
	"c": dwarf.LangC, "c89": dwarf.LangC89, "c99": dwarf.LangC99, "c11": dwarf.LangC11, "c17": dwarf.LangC17,
	"c++": dwarf.LangCPlusPlus, "c++03": dwarf.LangCPlusPlus03, "c++11": dwarf.LangCPlusPlus11, "c++14": dwarf.LangCPlusPlus14,
	"bliss": 0x25, "cobol74": dwarf.LangCobol74, "cobol85": 0x06, "d": 0x13, "dylan": 0x20,
	"fortran77": dwarf.LangFortran77, "fortran90": 0x08, "fortran95": 0x0e, "fortran03": 0x22, "fortran08": 0x23,
	"go": dwarf.LangGo, "haskell": 0x18, "java": 0x0b, "julia": 0x1f, "modula2": 0x0a, "modula3": 0x17,
	"objc": 0x10, "objc++": 0x11, "ocaml": 0x1b, "opencl": 0x15, "pascal83": 0x09, "pli": 0x0f, "python": 0x14,
	"renderscript": 0x24, "rust": dwarf.LangRust, "swift": 0x1e, "upc": 0x12,
}

// ParseLanguages turns names such as rust into DW_LANG codes. "none" stands for
// no language.
func ParseLanguages(names []string) ([]dwarf.Lang, error) {
	var out []dwarf.Lang
	for _, name := range names {
		if name == "" || name == "none" {
			continue
		}
		lang, ok := languages[strings.ToLower(name)]
		if !ok {
			return nil, fmt.Errorf("unknown language %q; known are %s", name, languageNames())
		}
		out = append(out, lang)
	}
	return out, nil
}

func languageNames() string {
	names := make([]string, 0, len(languages))
	for name := range languages {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
