package encoder

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/btf/cdump"
)

// DumpFormat is a form in which BTF is printed.
type DumpFormat string

// The forms, each as bpftool btf dump prints it.
const (
	DumpRaw  DumpFormat = "raw"  // a line per type and member
	DumpC    DumpFormat = "c"    // a header of C
	DumpJSON DumpFormat = "json" // one object
)

// DumpFormats are all forms.
func DumpFormats() []DumpFormat { return []DumpFormat{DumpRaw, DumpC, DumpJSON} }

// DumpOptions say what of a BTF is printed, and how.
type DumpOptions struct {
	Format DumpFormat

	// Roots are names of types, to print them and what they need alone; empty
	// for all own types, and in C for the base's too.
	Roots []string

	// Sorted prints by name instead of by id. In C a type still comes behind
	// what it needs.
	Sorted bool

	// Asserts appends static assertions to C; see [cdump.Options].
	Asserts bool
}

// A dump is as long as its BTF is large but for names, which may be long and used
// often, and for anonymous structs in C, which may be in each other. No kernel's
// comes near these bounds.
const (
	minDump       = 64 << 20 // bytes
	dumpPerRecord = 1 << 10  // bytes for a type or member
)

// Dump prints b. Errors are those of w, of a root that is not there, and of BTF
// that C cannot say or that makes too long a text.
func Dump(w io.Writer, b *btf.BTF, opts DumpOptions) error {
	ids, err := dumped(b, opts)
	if err != nil {
		return err
	}
	limit := minDump
	for o := b; o != nil; o = o.Base {
		limit += dumpPerRecord * (len(o.Types.Rows) + len(o.Types.Items))
	}
	bounded := &boundedWriter{w: w, left: limit}
	switch opts.Format {
	case DumpC:
		return cdump.Dump(bounded, b, ids, cdump.Options{Asserts: opts.Asserts})
	case DumpJSON:
		return btf.DumpJSON(bounded, b, ids)
	}
	return btf.DumpTypes(bounded, b, ids)
}

// dumped returns the types to print, in order.
func dumped(b *btf.BTF, opts DumpOptions) (iter.Seq[btf.ID], error) {
	inC := opts.Format == DumpC
	all := b.OwnIDs()
	if inC {
		all = b.AllIDs()
	}
	if len(opts.Roots) == 0 && !opts.Sorted {
		return all, nil
	}
	var ids []btf.ID
	if len(opts.Roots) == 0 {
		ids = slices.Collect(all)
	}
	for _, name := range opts.Roots {
		found := btf.Named(b, name)
		if inC {
			found = slices.DeleteFunc(found, func(id btf.ID) bool { return !cdump.IsType(b.Row(id).Info.Kind()) })
		}
		switch {
		case name == "", len(found) == 0 && !inC:
			return nil, fmt.Errorf("no type has the name %q", name)
		case len(found) == 0:
			return nil, fmt.Errorf("no type that C defines has the name %q", name)
		}
		ids = append(ids, found...)
	}
	if len(opts.Roots) > 0 && !inC {
		ids = btf.Reachable(b, ids)
	}
	if opts.Sorted {
		btf.OrderByName(b, ids)
	}
	return slices.Values(ids), nil
}

// boundedWriter writes so many bytes and no more.
type boundedWriter struct {
	w    io.Writer
	left int
}

func (b *boundedWriter) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("would print far more than such BTF has to say: long names used often, or structs without names in each other")
	}
	return b.w.Write(p)
}
