package encoder

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
)

// Target is the version of the kernel that is to load the BTF. The zero value
// is none in particular: what every kernel since 6.15 takes of the default
// features, and nothing is left out.
type Target struct{ major, minor int }

// ParseTarget reads X.Y or X.Y.Z.
func ParseTarget(s string) (Target, error) {
	parts := strings.Split(s, ".")
	var nums [3]int
	ok := len(parts) == 2 || len(parts) == 3
	for i := 0; ok && i < len(parts); i++ {
		n, err := strconv.ParseUint(parts[i], 10, 16)
		nums[i], ok = int(n), err == nil && parts[i][0] != '+'
	}
	t := Target{nums[0], nums[1]}
	switch {
	case !ok:
		return Target{}, fmt.Errorf("%q is no kernel version: X.Y or X.Y.Z", s)
	case t == Target{} || t.before(firstBase):
		//lint:ignore ST1005 Linux is a name
		return Target{}, fmt.Errorf("Linux %s takes no BTF of its own, %v was the first that did", s, firstBase)
	}
	return t, nil
}

// String returns X.Y, empty for none.
func (t Target) String() string {
	if t == (Target{}) {
		return ""
	}
	return fmt.Sprintf("%d.%d", t.major, t.minor)
}

// before reports whether t is a kernel older than v.
func (t Target) before(v Target) bool {
	return t != (Target{}) && (t.major < v.major || t.major == v.major && t.minor < v.minor)
}

// What each kernel was the first to load (kernel/bpf/btf.c of that version).
// The features that go by a kind are in targetFeatures.
var (
	firstBase     = Target{5, 2}  // vmlinux BTF with VAR and DATASEC
	firstSplit    = Target{5, 11} // BTF of modules
	firstFloat    = Target{5, 13}
	firstDeclTag  = Target{5, 16}
	firstTypeTag  = Target{5, 17}
	firstEnum64   = Target{6, 0}  // and a sign for ENUM
	firstLongName = Target{6, 1}  // KSYM_NAME_LEN 512, 128 before
	firstDistill  = Target{6, 11} // .BTF.base
	firstTagFlag  = Target{6, 15} // kind_flag on tags
	firstMixed    = Target{7, 0}  // type tags behind other modifiers
	firstSorted   = Target{7, 0}  // types are looked up by binary search
	firstWide     = Target{7, 1}  // 24 bits of vlen, the layout section
)

// targetFeatures says which kernel was the first to load what a feature adds.
var targetFeatures = []struct {
	feature Feature
	first   *Target
}{
	{FeatureFloat, &firstFloat},
	{FeatureDeclTag, &firstDeclTag},
	{FeatureDeclTagKfuncs, &firstDeclTag},
	{FeatureTypeTag, &firstTypeTag},
	{FeatureEnum64, &firstEnum64},
	{FeatureDistilledBase, &firstDistill},
	{FeatureAttributes, &firstTagFlag},
	{FeatureLayout, &firstWide},
}

// Fit returns fs without the features that t cannot load, and a message that
// names them, empty for none. What has no feature of its own, such as a name
// that is too long, is an error when it is met.
func (t Target) Fit(fs Features) (Features, string) {
	var left []string
	for _, c := range targetFeatures {
		if fs.Has(c.feature) && t.before(*c.first) {
			fs.set &^= c.feature
			left = append(left, fmt.Sprintf("%v (from %v)", Features{set: c.feature}, *c.first))
		}
	}
	if left == nil {
		return fs, ""
	}
	return fs, fmt.Sprintf("left out for Linux %v, which cannot load them: %s", t, strings.Join(left, ", "))
}

// Sorts reports whether t looks types up by binary search.
func (t Target) Sorts() bool { return t != (Target{}) && !t.before(firstSorted) }

// CheckBase says that b cannot be the base of modules for t: that t takes no
// BTF of modules, or that b is of a newer kernel. Modules without the kinds that
// t lacks would share little with it, and would not load.
func (t Target) CheckBase(b *Base) error {
	if t.before(firstSplit) {
		//lint:ignore ST1005 Linux is a name
		return fmt.Errorf("Linux %v takes no BTF of modules, %v was the first that did", t, firstSplit)
	}
	limit := t.rules().MaxKind
	if limit == 0 {
		return nil
	}
	types := &b.BTF.Types
	for i := range types.Rows {
		if k := types.Rows[i].Info.Kind(); k > limit {
			return fmt.Errorf("%s: base: type [%d] %v is a kind that Linux %v cannot load: the base is of a newer kernel", b.Path, i, k, t)
		}
	}
	return nil
}

// rules are what is asked of BTF that is made for t. Without a target they are
// those of the newest kernel, but for the types with more than 65,535 members
// that only it takes.
func (t Target) rules() btf.Rules {
	r := t.Rules()
	r.Libbpf, r.NarrowInfo = true, r.NarrowInfo || t == Target{}
	return r
}

// Rules are what the module loader of t asks of BTF, that of the newest kernel
// without a target.
func (t Target) Rules() btf.Rules {
	r := btf.Rules{
		TagsFirst:  t.before(firstMixed),
		NoTagFlag:  t.before(firstTagFlag),
		NoEnumFlag: t.before(firstEnum64),
		NarrowInfo: t.before(firstWide),
	}
	if t.before(firstLongName) {
		r.NameLen = 128
	}
	switch {
	case t.before(firstFloat):
		r.MaxKind = btf.KindDatasec
	case t.before(firstDeclTag):
		r.MaxKind = btf.KindFloat
	case t.before(firstTypeTag):
		r.MaxKind = btf.KindDeclTag
	case t.before(firstEnum64):
		r.MaxKind = btf.KindTypeTag
	}
	return r
}
