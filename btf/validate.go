package btf

import (
	"fmt"
	"iter"
)

// A kernel looks at BTF in passes (kernel/bpf/btf.c), and refuses it at the
// first fault:
//
//	metas     each type by itself: info word, names, sizes, offsets. For
//	          vmlinux and modules at load, and for BPF_BTF_LOAD.  meta.go
//	resolve   each type with what it refers to: sizes by value, loops,
//	          members inside their struct. For BPF_BTF_LOAD.      resolve.go
//	chains    modifiers and type tags in a row. For all.          below
//
// The header and the sections come before them (check.go). libbpf has a pass of
// its own (refs.go). Messages are those of the kernel or of libbpf, because that
// is what people see and search for (log.go).

// Asker is who asks for a rule to be kept, and refuses BTF that breaks it.
type Asker uint8

// The askers. What the module loader asks is asked of vmlinux's own BTF and by
// BPF_BTF_LOAD, too.
const (
	ModuleLoader Asker = iota // of the kernel
	BPFLoad                   // the system call BPF_BTF_LOAD
	Libbpf                    // libbpf, when it opens BTF
)

func (a Asker) String() string {
	switch a {
	case ModuleLoader:
		return "module loader"
	case BPFLoad:
		return "BPF_BTF_LOAD"
	}
	return "libbpf"
}

// Rules says which kernel is asked. The zero value is the newest kernel's
// module loader.
type Rules struct {
	// Load adds what BPF_BTF_LOAD asks of BTF from user space. A module's BTF
	// is not resolved by the kernel, yet nothing that breaks these rules can
	// be read by a debugger or a verifier with a sound result.
	Load bool

	// Libbpf adds what libbpf asks when it opens BTF: what is referred to
	// exists, and a FUNC refers to a FUNC_PROTO. The kernel does not look when
	// it loads a module, and may follow such an id later.
	Libbpf bool

	// TagsFirst is for kernels up to 6.18 and some later ones: in a chain of
	// modifiers the type tags come first.
	TagsFirst bool

	// NoTagFlag is for kernels before 6.15, which take no kind_flag on
	// DECL_TAG and TYPE_TAG.
	NoTagFlag bool

	// NarrowInfo is for kernels before 7.1: 16 bits of vlen, 5 of kind.
	NarrowInfo bool

	// NoEnumFlag is for kernels before 6.0, which know no signed enums: no
	// kind_flag on ENUM.
	NoEnumFlag bool

	// MaxKind is the last kind that the kernel knows; 0 means the last that
	// this package knows.
	MaxKind Kind

	// NameLen is the kernel's KSYM_NAME_LEN, the length of the longest name;
	// 0 means 512. It was 128 before 6.1.
	NameLen int

	// PtrSize is the size of a pointer in bytes; 0 means 8.
	PtrSize int
}

func (r Rules) nameLen() int {
	if r.NameLen == 0 {
		return 512
	}
	return r.NameLen
}

func (r Rules) knows(k Kind) bool {
	return k != KindVoid && k < NumKinds && (r.MaxKind == 0 || k <= r.MaxKind)
}

func (r Rules) ptrSize() uint32 {
	if r.PtrSize == 0 {
		return 8
	}
	return uint32(r.PtrSize)
}

// RuleError is a rule that a type breaks.
type RuleError struct {
	ID   ID
	Kind Kind
	Name string // of the type; empty where it has none
	Item int    // index of the member, enumerator or variable; -1 for the type itself
	Msg  string // the words of who asks
	By   Asker

	// Offset is where the type or the item begins in the blob. Only Check
	// sets it.
	Offset uint64

	// Log is what a kernel writes into the log of BPF_BTF_LOAD, line by line;
	// libbpf's warning for what it asks. Empty where they say nothing.
	Log []string
}

func (e *RuleError) Error() string {
	name := e.Name
	if name == "" {
		name = "(anon)"
	}
	if e.Item >= 0 {
		return fmt.Sprintf("[%d] %v %q: item %d: %s", e.ID, e.Kind, name, e.Item, e.Msg)
	}
	return fmt.Sprintf("[%d] %v %q: %s", e.ID, e.Kind, name, e.Msg)
}

// wideBits are those of the info word that came with Linux 7.1.
const wideBits = 0x60ff0000

// Validate returns the first rule that b's own types break, a [*RuleError], in
// the order in which a kernel would come to it. The base is taken as valid.
func Validate(b *BTF, r Rules) error {
	for e := range Violations(b, r) {
		return e
	}
	return nil
}

// Violations gives every rule that b's own types break, at most one per type
// and pass. A pass that finds any is the last, because the next takes its
// rules for granted.
func Violations(b *BTF, r Rules) iter.Seq[*RuleError] {
	passes := []pass{{ModuleLoader, (*validator).checkMetas}}
	if r.Load {
		passes = append(passes, pass{BPFLoad, (*validator).resolveAll})
	}
	passes = append(passes, pass{ModuleLoader, (*validator).checkChains})
	if r.Libbpf && !r.Load {
		passes = append(passes, pass{Libbpf, (*validator).checkRefs})
	}
	return violations(b, r, passes...)
}

// pass is one look at all types.
type pass struct {
	by    Asker
	check func(*validator)
}

func violations(b *BTF, r Rules, passes ...pass) iter.Seq[*RuleError] {
	return func(yield func(*RuleError) bool) {
		v := &validator{b: b, rules: r, yield: yield}
		for _, p := range passes {
			v.by = p.by
			if p.check(v); v.found {
				return
			}
		}
	}
}

type validator struct {
	b     *BTF
	rules Rules
	yield func(*RuleError) bool
	by    Asker // of the pass
	found bool  // any violation
	stop  bool  // the caller has seen enough
}

// fail reports a violation by type id as a whole.
func (v *validator) fail(id ID, format string, args ...any) {
	v.report(id, -1, logType, format, args...)
}

// failItem reports a violation by an item of type id.
func (v *validator) failItem(id ID, item int, format string, args ...any) {
	v.report(id, item, logItem, format, args...)
}

// report reports a violation by type id or an item of it, which is -1 for the
// type, and how it is written into the log.
func (v *validator) report(id ID, item int, form logForm, format string, args ...any) {
	v.found = true
	if v.stop {
		return
	}
	e := &RuleError{ID: id, Item: item, Name: string(v.b.Name(id)), Msg: fmt.Sprintf(format, args...), By: v.by}
	if r := v.b.Row(id); r != nil {
		e.Kind = r.Info.Kind()
	}
	e.Log = v.b.log(form, e)
	v.stop = !v.yield(e)
}

// own calls f for each own type until the caller has seen enough.
func (v *validator) own(f func(id ID, r *Row)) {
	for id := v.b.First(); int(id) < v.b.NumTypes() && !v.stop; id++ {
		f(id, &v.b.Types.Rows[id-v.b.Start])
	}
}

// maxChain is how many modifiers in a row the kernel follows.
const maxChain = 32

// checkChains checks each chain of modifiers, of which TYPEDEF and TYPE_TAG
// are two, for its length and for the place of its type tags. As in the kernel
// a walk ends at a type that an earlier walk began at, so a chain whose ids
// rise toward its head may be of any length.
func (v *validator) checkChains() {
	v.own(func(id ID, r *Row) {
		inTags := true
		at := id
		for n := 0; isModifier(r.Info.Kind()); n++ {
			if n == maxChain {
				v.report(id, -1, logMessage, "Max chain length or cycle detected")
				return
			}
			isTag := r.Info.Kind() == KindTypeTag
			if isTag && !inTags && v.rules.TagsFirst {
				v.report(id, -1, logMessage, "Type tags don't precede modifiers")
				return
			}
			if at < id {
				return
			}
			inTags = isTag
			at = ID(r.Type)
			if r = v.b.Row(at); r == nil {
				v.report(id, -1, logNothing, "type %d at the end of a chain of modifiers does not exist", at)
				return
			}
		}
	})
}

func isModifier(k Kind) bool {
	switch k {
	case KindTypedef, KindVolatile, KindConst, KindRestrict, KindTypeTag:
		return true
	}
	return false
}
