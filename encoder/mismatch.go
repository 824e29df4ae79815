package encoder

// Whether a module and a base are of one kernel.
//
// Split BTF holds ids and string offsets of the base it was made for. On top of
// any other base it says nonsense, and the kernel refuses the module, or with
// CONFIG_MODULE_ALLOW_BTF_MISMATCH its BTF: "failed to validate module [x] BTF:
// -22". Two things tell that a base is the wrong one before it comes to that.
//
// The module says in .modinfo which release it is for: vermagic=6.12.111-amd64
// SMP preempt mod_unload. A vmlinux says its own in the banner that the kernel
// prints first: Linux version 6.12.111-amd64 (…). Raw BTF says nothing, except
// for /sys/kernel/btf/vmlinux, which is of the running kernel.
//
// The other is struct module. Every module has it, by way of THIS_MODULE, and
// by its members it reaches most of what a kernel's configuration changes. Where
// it is not shared with the base, something in it differs, and the two are walked
// side by side to find out what. Of 1,138 modules of a Debian kernel all share
// it. Three reasons for not sharing it are good ones and are not a difference:
//
//   - the base declares a struct that the module completes (base FWD);
//   - the compilers differ, and with them names of INTs, qualifiers and tags;
//   - a base without struct module, or one that only declares it.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// ErrMismatch says that module and base are not of one kernel.
var ErrMismatch = errors.New("the base is of another kernel or configuration")

// mismatch is the outcome of a check that found err: the module's error, or a
// warning where that is allowed.
func (w *worker) mismatch(r *Result, err error) error {
	if err == nil || !w.opts.AllowMismatch {
		return err
	}
	r.Warnings = append(r.Warnings, err)
	return nil
}

// checkRelease compares the release that a module is for with the base's, where
// both are known.
func (b *Base) checkRelease(f *elfio.File) error {
	if b == nil || b.release == nil {
		return nil
	}
	want := vermagic(f)
	if want == "" {
		return nil
	}
	if have := b.release(); have != "" && have != want {
		return fmt.Errorf("section .modinfo: vermagic is of %s, the base of %s: %w", want, have, ErrMismatch)
	}
	return nil
}

// vermagic returns the release that a module is for, empty where it does not
// say.
func vermagic(f *elfio.File) string {
	i := f.Index(".modinfo")
	if i == 0 {
		return ""
	}
	info, err := f.SectionData(i)
	if err != nil {
		return ""
	}
	for entry := range bytes.SplitSeq(info, []byte{0}) {
		if v, ok := bytes.CutPrefix(entry, []byte("vermagic=")); ok {
			release, _, _ := bytes.Cut(v, []byte{' '})
			return string(release)
		}
	}
	return ""
}

// runningBTF is the BTF of the running kernel.
const runningBTF = "/sys/kernel/btf/vmlinux"

// runningRelease returns the release of the running kernel. uname(2) would give
// another one under setarch --uname-2.6.
func runningRelease() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// isRunning reports whether path is the BTF of the running kernel.
func isRunning(path string) bool { return filepath.Clean(path) == runningBTF }

// bannerRelease returns the release in the banner of the vmlinux at path (kernel
// init/version-timestamp.c, linux_banner), which is somewhere in size bytes from
// off on; empty for none.
func bannerRelease(path string, off, size uint64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	const (
		banner  = "Linux version "
		longest = len(banner) + 65 // __NEW_UTS_LEN and the blank behind it
	)
	r := io.NewSectionReader(f, int64(off), int64(size))
	buf := make([]byte, 32<<10) // .rodata begins with it, or nearly so
	for kept := 0; ; {
		n, err := io.ReadFull(r, buf[kept:])
		b := buf[:kept+n]
		for {
			i := bytes.Index(b, []byte(banner))
			if i < 0 || err == nil && len(b)-i < longest {
				break
			}
			b = b[i+len(banner):]
			// The formats of printk have a % here.
			if end := bytes.IndexByte(b, ' '); end > 0 && end <= 65 && b[0] >= '0' && b[0] <= '9' {
				return string(b[:end])
			}
		}
		if err != nil {
			return ""
		}
		kept = copy(buf, buf[len(buf)-longest:])
	}
}

// checkStructModule says what differs where the module has a struct module of
// its own and the base has another.
func (b *Base) checkStructModule(res *splitdedup.Result) error {
	if b == nil {
		return nil
	}
	name, ok := b.strings().Find([]byte("module"))
	if !ok {
		return nil
	}
	own := completeStruct(&res.Types, res.Start, name)
	if own == 0 {
		return nil
	}
	theirs := completeStruct(&b.BTF.Types, 0, name)
	if theirs == 0 {
		return nil
	}
	split := btf.BTF{Types: res.Types, Start: res.Start, Strs: res.Strings, StrStart: res.StrStart, Base: b.BTF, Order: b.BTF.Order}
	d := newDifferences(&split)
	if d.find(own, theirs) {
		return fmt.Errorf("struct module differs from that of the base: %s: %w", d.msg, ErrMismatch)
	}
	return nil
}

// completeStruct returns the first struct of a name with members, 0 for none.
func completeStruct(t *btf.Types, start btf.ID, name btf.StrOff) btf.ID {
	for i := range t.Rows {
		if r := &t.Rows[i]; r.Name == name && r.Info.Kind() == btf.KindStruct && r.Info.Vlen() > 0 {
			return start + btf.ID(i)
		}
	}
	return 0
}

// differences walks two types and what they hold by value side by side, breadth
// first, so that the difference it finds is one that is nearest to where it
// began.
type differences struct {
	b    *btf.BTF
	seen map[[2]btf.ID]struct{}
	todo []step
	msg  string // of the first difference
}

// step is a pair of types to be compared and how it was come to.
type step struct {
	own, base btf.ID
	from      int // index of the step before, -1 for the first
	member    string

	// behind says that a pointer was followed. What has a name counts by it
	// there, since it may have it by chance: cxgb4.ko has a struct sched_class
	// of its own, and its task_struct points to that.
	behind bool
}

// maxSteps bounds the walk; a distribution's kernel has some 100,000 types.
const maxSteps = 1 << 20

func newDifferences(b *btf.BTF) *differences {
	return &differences{b: b, seen: map[[2]btf.ID]struct{}{}}
}

// find reports whether own and base differ, and leaves in d.msg where.
func (d *differences) find(own, base btf.ID) bool {
	d.push(-1, "", uint32(own), uint32(base))
	for i := 0; i < len(d.todo) && len(d.todo) < maxSteps; i++ {
		if what := d.compare(i); what != "" {
			d.msg = strings.TrimPrefix(what, d.label(own)+": ")
			if path := d.path(i); path != "" {
				d.msg = "member " + path + ": " + what
			}
			return true
		}
	}
	return false
}

// path names the members that lead to step i.
func (d *differences) path(i int) string {
	var names []string
	for ; i >= 0; i = d.todo[i].from {
		if m := d.todo[i].member; m != "" {
			names = append([]string{m}, names...)
		}
	}
	return strings.Join(names, ".")
}

func (d *differences) push(from int, member string, own, base uint32) {
	pair := [2]btf.ID{d.bare(own), d.bare(base)}
	if pair[0] == pair[1] {
		return
	}
	if _, ok := d.seen[pair]; ok {
		return
	}
	d.seen[pair] = struct{}{}
	behind := from >= 0 && (d.todo[from].behind || d.b.Row(d.todo[from].own).Info.Kind() == btf.KindPtr)
	d.todo = append(d.todo, step{pair[0], pair[1], from, member, behind})
}

// bare takes qualifiers and type tags off.
func (d *differences) bare(id uint32) btf.ID {
	for range 64 { // a cycle of qualifiers has no end
		r := d.b.Row(btf.ID(id))
		if r == nil {
			break
		}
		switch r.Info.Kind() {
		case btf.KindConst, btf.KindVolatile, btf.KindRestrict, btf.KindTypeTag:
			id = r.Type
			continue
		}
		break
	}
	return btf.ID(id)
}

// compare says how the types of step i differ, empty where they do not, and
// notes what they refer to as further steps.
func (d *differences) compare(i int) string {
	own, base := d.todo[i].own, d.todo[i].base
	a, b := d.b.Row(own), d.b.Row(base)
	if a == nil || b == nil || declares(a) || declares(b) {
		return d.compareNames(own, base)
	}
	kind := a.Info.Kind()
	if kind != b.Info.Kind() {
		return fmt.Sprintf("%s, in the base %s", d.label(own), d.label(base))
	}
	as, bs := d.b.ItemsOf(own), d.b.ItemsOf(base)
	switch kind {
	case btf.KindInt, btf.KindFloat:
		return d.compareSizes(own, base)
	case btf.KindPtr:
		d.push(i, "", a.Type, b.Type)
	case btf.KindTypedef:
		d.push(i, "", a.Type, b.Type)
		return d.compareNames(own, base)
	case btf.KindArray:
		if as[0].Val != bs[0].Val {
			return fmt.Sprintf("array of %d, in the base of %d", as[0].Val, bs[0].Val)
		}
		d.push(i, "", as[0].Type, bs[0].Type)
	case btf.KindFuncProto:
		if len(as) != len(bs) {
			return fmt.Sprintf("function: number of parameters %d, in the base %d", len(as), len(bs))
		}
		d.push(i, "", a.Type, b.Type)
		for j := range as {
			d.push(i, "", as[j].Type, bs[j].Type)
		}
	case btf.KindStruct, btf.KindUnion:
		if d.todo[i].behind {
			return d.compareNames(own, base)
		}
		return d.compareMembers(i)
	case btf.KindEnum, btf.KindEnum64:
		if d.todo[i].behind {
			return d.compareNames(own, base)
		}
		return d.compareEnumerators(own, base)
	}
	return ""
}

// declares reports whether r declares a struct, union or enum of its name
// only, which says nothing against any type of that name.
func declares(r *btf.Row) bool {
	k := r.Info.Kind()
	return k == btf.KindFwd || k == btf.KindEnum && r.Info.Vlen() == 0
}

func (d *differences) compareNames(own, base btf.ID) string {
	if !bytes.Equal(d.b.Name(own), d.b.Name(base)) {
		return fmt.Sprintf("%s, in the base %s", d.label(own), d.label(base))
	}
	return ""
}

// compareSizes compares sizes alone: names of INTs are the compiler's choice.
func (d *differences) compareSizes(own, base btf.ID) string {
	a, b := d.b.Row(own), d.b.Row(base)
	if a.Type != b.Type {
		return fmt.Sprintf("%s has %d bytes, in the base %d", d.label(own), a.Type, b.Type)
	}
	return ""
}

func (d *differences) compareMembers(i int) string {
	own, base := d.todo[i].own, d.todo[i].base
	if what := d.compareNames(own, base); what != "" {
		return what
	}
	a, b := d.b.Row(own), d.b.Row(base)
	as, bs := d.b.ItemsOf(own), d.b.ItemsOf(base)
	for j := range min(len(as), len(bs)) {
		aName, bName := d.str(as[j].Name), d.str(bs[j].Name)
		if aName != bName {
			return fmt.Sprintf("%s: member %d is %q, in the base %q", d.label(own), j, aName, bName)
		}
		aOff, aBits := btf.MemberBits(a.Info, as[j].Val)
		bOff, bBits := btf.MemberBits(b.Info, bs[j].Val)
		if aOff != bOff {
			return fmt.Sprintf("%s: member %s at bit %d, in the base at bit %d", d.label(own), aName, aOff, bOff)
		}
		if aBits != bBits {
			return fmt.Sprintf("%s: member %s has %d bits, in the base %d", d.label(own), aName, aBits, bBits)
		}
		d.push(i, aName, as[j].Type, bs[j].Type)
	}
	if len(as) != len(bs) {
		return fmt.Sprintf("%s: number of members %d, in the base %d", d.label(own), len(as), len(bs))
	}
	return d.compareSizes(own, base)
}

func (d *differences) compareEnumerators(own, base btf.ID) string {
	if what := d.compareNames(own, base); what != "" {
		return what
	}
	as, bs := d.b.ItemsOf(own), d.b.ItemsOf(base)
	for j := range min(len(as), len(bs)) {
		if a, b := d.str(as[j].Name), d.str(bs[j].Name); a != b {
			return fmt.Sprintf("%s: enumerator %d is %s, in the base %s", d.label(own), j, a, b)
		}
		if as[j].Val != bs[j].Val || as[j].Type != bs[j].Type {
			return fmt.Sprintf("%s: enumerator %s has another value in the base", d.label(own), d.str(as[j].Name))
		}
	}
	if len(as) != len(bs) {
		return fmt.Sprintf("%s: number of enumerators %d, in the base %d", d.label(own), len(as), len(bs))
	}
	return d.compareSizes(own, base)
}

func (d *differences) str(off uint32) string {
	s, _ := d.b.Str(btf.StrOff(off))
	return string(s)
}

// label names a type as C does.
func (d *differences) label(id btf.ID) string {
	r := d.b.Row(id)
	if id == 0 || r == nil {
		return "void"
	}
	name := string(d.b.Name(id))
	what := strings.ToLower(r.Info.Kind().String())
	switch r.Info.Kind() {
	case btf.KindEnum64:
		what = "enum"
	case btf.KindFwd:
		what = "struct"
		if r.Info.KindFlag() {
			what = "union"
		}
	case btf.KindPtr:
		what = "pointer"
	case btf.KindFuncProto:
		what = "function"
	case btf.KindInt, btf.KindFloat:
		return name
	}
	return strings.TrimSpace(what + " " + name)
}
