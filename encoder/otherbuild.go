package encoder

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// A base of another build of the kernel.
//
// Release and struct module (mismatch.go) may say nothing: raw BTF and the vmlinux of a
// headers package have no release, and struct module is often the same from one update
// to the next, while what its pointers lead to is not. Such a base is good for a kernel
// of its own build and no other, and a module shares little with it. It shows by
// structs and unions that the module has by a name that the base has, too, in another
// shape. Of the 1,138 modules of Debian's 6.12.111:
//
//	base                   such structs in a module   .BTF of all
//	their own              at most 3, 58 in all       9.7 MB
//	6.12.117               at least 65                78.9 MB
//	6.12.111, not cloud    16 or more in 904          69.7 MB
//
// Another compiler's names of INTs do the same. That, too, is to be known.

// manyUnshared is how many are not left to chance.
const manyUnshared = 16

// checkUnshared says when a module shares so little with the base that this seems to
// be of another build.
func (b *Base) checkUnshared(res *splitdedup.Result) error {
	if b == nil {
		return nil
	}
	var names []btf.StrOff
	for i := range res.Types.Rows {
		r := &res.Types.Rows[i]
		if k := r.Info.Kind(); (k == btf.KindStruct || k == btf.KindUnion) && r.Name != 0 && r.Name < res.StrStart {
			names = append(names, r.Name)
		}
	}
	if len(names) < manyUnshared {
		return nil // the names of the base's structs need not be known
	}
	n := 0
	for _, name := range names {
		if b.dedup.HasComposite(name) {
			n++
		}
	}
	if n < manyUnshared {
		return nil
	}
	return fmt.Errorf("%d structs and unions of the base are not shared but in the module in other shapes: the base seems to be of another build or compiler", n)
}
