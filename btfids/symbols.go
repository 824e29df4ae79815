// Package btfids fills .BTF_ids, the section in which a kernel or a module holds
// the ids of types that its code asks for by name.
//
// C cannot know an id: BTF is made of the linked code. So a macro of the kernel's
// include/linux/btf_ids.h leaves four bytes of zero and names them by a symbol,
// and when the BTF is final the id goes into them:
//
//	BTF_ID(struct, task_struct)      __BTF_ID__struct__task_struct__81: .zero 4
//
//	BTF_SET_START(cgroup_ids)        __BTF_ID__set__cgroup_ids:         .zero 4   count
//	BTF_ID(func, cgroup_get)         __BTF_ID__func__cgroup_get__82:    .zero 4
//	BTF_SET_END(cgroup_ids)          the symbol's size spans the set
//
//	BTF_KFUNCS_START(tcp_kfuncs)     __BTF_ID__set8__tcp_kfuncs:        .zero 4   count
//	                                                                    .long 1   flags of the set
//	BTF_ID_FLAGS(func, bpf_foo, KF)  __BTF_ID__func__bpf_foo__83:       .zero 4
//	                                                                    .long KF  flags of the function
//	BTF_KFUNCS_END(tcp_kfuncs)
//
// The kernel looks sets up by binary search, so their members are sorted by id,
// each with its flags. What is written here is what tools/bpf/resolve_btfids of
// the kernel writes; what it does with broken input is an error here.
//
// The package knows neither ELF nor files: a section is bytes, a byte order and
// symbols.
package btfids

import (
	"fmt"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
)

// SectionName is the name of the section.
const SectionName = ".BTF_ids"

// Symbol is a symbol of the section.
type Symbol struct {
	Name string
	Off  uint64 // from the section's beginning
	Size uint64
}

// IsSymbol reports whether a symbol's name asks for an id or names a set. All
// other symbols of the section are to be left alone.
func IsSymbol(name string) bool { return strings.HasPrefix(name, prefix) }

const prefix = "__BTF_ID__"

// The sorts of symbols, and the kinds of those that ask for an id.
const (
	wordSet  = "set"
	wordSet8 = "set8"
)

func kindOf(word string) (btf.Kind, bool) {
	switch word {
	case "struct":
		return btf.KindStruct, true
	case "union":
		return btf.KindUnion, true
	case "typedef":
		return btf.KindTypedef, true
	case "func":
		return btf.KindFunc, true
	}
	return 0, false
}

// parseName parts a symbol's name: __BTF_ID__WORD__NAME for a set,
// __BTF_ID__WORD__NAME__NUMBER for an id. The number keeps symbols of one file
// apart, and NAME may have underscores of its own: it ends before the last two.
func parseName(symbol string) (word, name string, err error) {
	rest := strings.TrimPrefix(symbol, prefix)
	word, name, ok := strings.Cut(rest, "__")
	_, isID := kindOf(word)
	switch {
	case !ok || !isID && word != wordSet && word != wordSet8:
		return "", "", fmt.Errorf("unsupported prefix %s", rest)
	case isID:
		i := strings.LastIndexByte(name, '_')
		if i < 1 || name[i-1] != '_' {
			return "", "", fmt.Errorf("no number behind the name in symbol %s", symbol)
		}
		name = name[:i-1]
	}
	if name == "" {
		return "", "", fmt.Errorf("no name in symbol %s", symbol)
	}
	return word, name, nil
}
