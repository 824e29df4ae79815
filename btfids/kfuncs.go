package btfids

import (
	"cmp"
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
)

// kfuncs: functions of the kernel that BPF programs may call. A set8 with
// FlagKfuncs lists them, each with flags (KF_*, the kernel's include/linux/btf.h)
// that say how. Some of the flags change the function's BTF.
const (
	FlagKfuncs = 1 << 0 // of a set: BTF_SET8_KFUNCS

	FlagFastcall     = 1 << 12
	FlagArenaRet     = 1 << 13
	FlagArenaArg1    = 1 << 14
	FlagArenaArg2    = 1 << 15
	FlagImplicitArgs = 1 << 16
)

// The decl tags that tell BPF programs' compilers of a kfunc.
const (
	TagKfunc    = "bpf_kfunc"
	TagFastcall = "bpf_fastcall"
)

// Kfunc is a member of a set of kfuncs.
type Kfunc struct {
	Name  string // empty for a member that no symbol names
	Flags uint32
	Set   string
	Entry int // index in the set
}

// Kfuncs returns the members of the section's sets of kfuncs, in the order of
// their places.
//
// In a set that was filled in before and could not be restored, flags are taken
// to be in the order of names, as encoders number functions.
func (s *Section) Kfuncs() []Kfunc {
	var out []Kfunc
	for i := range s.sets {
		if t := &s.sets[i]; t.wide && s.word(t.off+4)&FlagKfuncs != 0 {
			out = append(out, s.members(t)...)
		}
	}
	return out
}

func (s *Section) members(t *set) []Kfunc {
	out := make([]Kfunc, t.n)
	for i := range out {
		out[i] = Kfunc{Flags: s.word(t.member(i) + 4), Set: t.name, Entry: i}
	}
	for _, x := range t.ids {
		if x.kind == btf.KindFunc {
			out[(x.off-t.member(0))/t.width()].Name = x.name
		}
	}
	if s.filled(t) {
		byName := make([]*Kfunc, len(out))
		for i := range out {
			byName[i] = &out[i]
		}
		slices.SortStableFunc(byName, func(a, b *Kfunc) int { return cmp.Compare(a.Name, b.Name) })
		for i, k := range byName {
			k.Flags = s.word(t.member(i) + 4)
		}
	}
	return out
}
