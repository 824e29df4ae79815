package encoder

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// ManyJobs has even the smallest file converted by all jobs until the test ends.
func ManyJobs(t testing.TB) {
	old := bytesPerJob
	bytesPerJob = 1
	t.Cleanup(func() { bytesPerJob = old })
}

// OnBusy has f called with 1 when a goroutine of a run begins to work and with
// -1 when it ends.
func (o *Options) OnBusy(f func(int)) { o.busy = f }

// BytesPerJob is how much .debug_info is worth one more goroutine.
var BytesPerJob = &bytesPerJob

// DebugSections reads the debug sections of a file.
func DebugSections(f *elfio.File) (*dwarfconv.Sections, error) {
	return debugSections(f, newElsewhere(""), new(elfio.Reader))
}

// Conversion is how a file is converted with the options.
func Conversion(f *elfio.File, opts *Options) dwarfconv.Options {
	return opts.Features.conversion(f, opts)
}

// Types are the base's types as modules are deduplicated against them.
func (b *Base) Types() *splitdedup.Base { return b.types() }

// SetDebugDir has supplementary files looked for by build ID below dir until the
// test ends.
func SetDebugDir(t testing.TB, dir string) {
	old := debugDir
	debugDir = dir
	t.Cleanup(func() { debugDir = old })
}

// SupplementPath is where below the debug directory the supplementary file of the
// file at path is.
func SupplementPath(t testing.TB, path string) string {
	var r elfio.Reader
	defer r.Close()
	f, err := r.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	name, id, err := supLink(f)
	if err != nil || len(id) < 2 {
		t.Fatal(name, id, err)
	}
	return filepath.Join(".build-id", fmt.Sprintf("%x", id[:1]), fmt.Sprintf("%x.debug", id[1:]))
}

// HugeFile is the size above which a file's worker is not kept.
const HugeFile = hugeFile
