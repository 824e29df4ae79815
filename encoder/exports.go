package encoder

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// exportMark begins the names of the symbols that EXPORT_SYMBOL puts beside what
// it exports (include/linux/export-internal.h).
const exportMark = "__ksymtab_"

// Exports returns the names of what a module or vmlinux exports. It is nil for a
// file that does not say, as raw BTF and what is stripped.
func Exports(path string) (map[string]bool, error) {
	var r elfio.Reader
	defer r.Close()
	f, err := openPlainOrPacked(&r, path)
	if err != nil {
		if errors.Is(err, elfio.ErrNotELF) {
			return nil, nil
		}
		return nil, fmt.Errorf("%s: %w", path, plain(err))
	}
	symbols, err := f.Symbols()
	if err != nil {
		if absent(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	names := map[string]bool{}
	for _, s := range symbols.All() {
		if name, ok := bytes.CutPrefix(s.Name, []byte(exportMark)); ok {
			names[string(name)] = true
		}
	}
	if err := symbols.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return names, nil
}
