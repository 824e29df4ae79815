package encoder

import (
	"fmt"
	"slices"

	"github.com/gobtfenc/gobtfenc/dwarf"
)

// Fingerprint is a line that says all of o that decides which bytes a file gets
// in place, and whether it fails or is warned of, besides the base. A file that
// was encoded with options of this fingerprint need not be encoded again with
// others of the same.
func (o *Options) Fingerprint() string {
	return fmt.Sprintf("features=%s exclude=%x only=%x prefix=%q sort=%t target=%s mismatch=%t verify=%t ids=%t empty=%t fatal=%t",
		o.Features, sortedLangs(o.Exclude), sortedLangs(o.Only), o.NamePrefix, o.Sort, o.Target, o.AllowMismatch, o.Verify != nil, o.ResolveIDs, o.EmptyIDs, o.FatalWarnings)
}

func sortedLangs(langs []dwarf.Lang) []dwarf.Lang {
	langs = slices.Clone(langs)
	slices.Sort(langs)
	return slices.Compact(langs)
}
