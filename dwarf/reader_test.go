package dwarf_test

import (
	stddwarf "debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gobtfenc/gobtfenc/dwarf"
	"github.com/gobtfenc/gobtfenc/internal/dwarftest"
)

// Slots of the tests.
const (
	slotName = iota
	slotType
	slotByteSize
	slotSibling
	slotLocation
	slotConst
	slotExternal
	numTestSlots
)

var testAttrs = [numTestSlots]dwarf.Attr{
	dwarf.AttrName, dwarf.AttrType, dwarf.AttrByteSize, dwarf.AttrSibling, dwarf.AttrLocation, dwarf.AttrConstValue, dwarf.AttrExternal,
}

// wantAll wants the test's attributes of every tag.
var wantAll = dwarf.Selection{
	Slot: func(a dwarf.Attr) int {
		for i, t := range testAttrs {
			if a == t {
				return i
			}
		}
		return -1
	},
	Tag: func(dwarf.Tag) (uint8, uint32) { return 0, 1<<numTestSlots - 1 },
}

type sections struct {
	info, abbrev, str, lineStr []byte

	strOffsets []byte // of one unit in DWARF32: the table begins at 8
	order      binary.ByteOrder
}

// entry is a DIE as the test compares it.
type entry struct {
	off   int
	depth int
	tag   dwarf.Tag
	attrs string
}

// walk returns the DIEs of all units. skip leaves the attributes unread.
func walk(s *sections, skip bool) ([]entry, error) {
	var es []entry
	var r dwarf.Reader
	for off := 0; off < len(s.info); {
		u, err := dwarf.ReadUnit(s.info, off, s.order)
		if err != nil {
			return nil, err
		}
		off = u.End
		var table dwarf.AbbrevTable
		enc := u.Encoding(s.order)
		if err := table.Compile(s.abbrev, u.AbbrevOff, enc, &wantAll); err != nil {
			return nil, err
		}
		r.Reset(s.info, &u, 0, enc, &table)
		depth := 0
		for {
			pos := r.Pos
			a, ok := r.Next()
			if !ok {
				break
			}
			if a == nil {
				depth--
				continue
			}
			e := entry{off: pos, depth: depth, tag: a.Tag}
			if skip {
				r.Skip(a)
			} else if r.Read(a) {
				e.attrs = attrText(s, &r, a)
			}
			es = append(es, e)
			if a.Children {
				depth++
			}
		}
		if r.Err() != nil {
			return nil, r.Err()
		}
	}
	return es, nil
}

// attrText writes the values in the slots as stdText does.
func attrText(s *sections, r *dwarf.Reader, a *dwarf.Abbrev) string {
	out := ""
	for i := range numTestSlots {
		if a.Has>>i&1 == 0 {
			continue
		}
		v, text := r.V[i], ""
		switch r.K[i] {
		case dwarf.KindStr:
			text = cstring(s.str[v:])
		case dwarf.KindStrx:
			text = cstring(s.str[s.order.Uint32(s.strOffsets[8+4*v:]):])
		case dwarf.KindLineStr:
			text = cstring(s.lineStr[v:])
		case dwarf.KindInline:
			text = cstring(s.info[v:])
		case dwarf.KindBlock:
			text = fmt.Sprintf("%x", s.info[v:v+uint64(r.Len[i])])
		default:
			text = fmt.Sprint(int64(v))
		}
		out += fmt.Sprintf("%#x=%s ", uint16(testAttrs[i]), text)
	}
	return out
}

func cstring(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return "no NUL"
}

// stdWalk is walk by debug/dwarf.
func stdWalk(t *testing.T, d *stddwarf.Data) []entry {
	t.Helper()
	var es []entry
	depth := 0
	r := d.Reader()
	for {
		e, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			return es
		}
		if e.Tag == 0 {
			depth--
			continue
		}
		x := entry{off: int(e.Offset), depth: depth, tag: dwarf.Tag(e.Tag)}
		for _, a := range testAttrs {
			f := e.AttrField(stddwarf.Attr(a))
			if f == nil {
				continue
			}
			text := fmt.Sprint(f.Val)
			switch v := f.Val.(type) {
			case []byte:
				text = fmt.Sprintf("%x", v)
			case bool:
				text = map[bool]string{true: "1", false: "0"}[v]
			}
			x.attrs += fmt.Sprintf("%#x=%s ", uint16(a), text)
		}
		es = append(es, x)
		if e.Children {
			depth++
		}
	}
}

func compare(t *testing.T, s *sections, want []entry) {
	t.Helper()
	got, err := walk(s, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d DIEs, debug/dwarf sees %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("DIE %d is\n%+v, debug/dwarf sees\n%+v", i, got[i], want[i])
		}
	}
	skipped, err := walk(s, true)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if skipped[i].off != want[i].off || skipped[i].depth != want[i].depth || skipped[i].tag != want[i].tag {
			t.Fatalf("without reading, DIE %d is %+v, not %+v", i, skipped[i], want[i])
		}
	}
}

const sample = `
	compile_unit name=string:"sample" producer=strp:"dwarftest" language=29
	  i: base_type name=strp:"int" byte_size=implicit_const:4 encoding=5
	  s: structure_type name="s" byte_size=udata:300 sibling=ref4:after decl_line=data2:7
	    member name="a" type=ref_udata:i data_member_location=0 decl_file=sdata:-1
	    member name=line_strp:"b" type=ref2:i location=block2:[1 2 3]
	  after: pointer_type byte_size=8 type=ref8:s
	  enumeration_type byte_size=4
	    enumerator name="E" const_value=-77
	    enumerator name="F" const_value=data8:0x1234567890
	    enumerator name="G" const_value=sdata:12345
	  subprogram name="f" external low_pc=addr:0x1000 high_pc=data4:12 frame_base=[9c] type=ref1:i
	    formal_parameter name="p" type=i location=sec_offset:0x30
	    lexical_block
	      variable name="v" location=exprloc:[91 68] type=i const_value=block4:[ff]
	      label
	  variable name="w" external=flag:0 location=block1:[03 00] comp_dir=string:"skipped over"
`

// TestHandBuilt compares the walk with debug/dwarf over encodings.
func TestHandBuilt(t *testing.T) {
	for _, version := range []int{4, 5} {
		for _, is64 := range []bool{false, true} {
			for _, big := range []bool{false, true} {
				for _, step := range []int{1, 70, 1000} {
					o := dwarftest.Options{Version: version, Is64: is64, Big: big, CodeStep: step}
					t.Run(fmt.Sprintf("v%d 64=%v big=%v step=%d", version, is64, big, step), func(t *testing.T) {
						b := dwarftest.Build(t, o, sample)
						d, err := stddwarf.New(b.Abbrev, nil, nil, b.Info, nil, nil, nil, b.Str)
						if err != nil {
							t.Fatal(err)
						}
						if err := d.AddSection(".debug_line_str", b.LineStr); err != nil {
							t.Fatal(err)
						}
						compare(t, &sections{b.Info, b.Abbrev, b.Str, b.LineStr, b.StrOffsets, b.Order}, stdWalk(t, d))
					})
				}
			}
		}
	}
}

const sampleC = `
struct list { struct list *next; int bits : 3; unsigned rest : 29; char name[10][2]; };
enum colour { RED = -1, GREEN, BLUE = 70000 };
typedef int (*callback)(struct list *, enum colour, ...);
static inline int inner(struct list *l, int n) { int local = n * 2; return l->bits + local; }
int global = 5;
int outer(struct list *l, callback cb) { static long count; union { int i; float f; } u; u.f = 1.5f;
	for (int i = 0; i < 10; i++) count += inner(l, i) + cb(l, GREEN, u.i);
	return (int)count + global; }
`

// TestCompilers compares the walk with debug/dwarf over what compilers write.
func TestCompilers(t *testing.T) {
	dir := t.TempDir()
	src := filepath.Join(dir, "sample.c")
	if err := os.WriteFile(src, []byte(sampleC), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, cc := range []string{"gcc", "clang"} {
		for _, flags := range [][]string{{"-gdwarf-5"}, {"-gdwarf-4"}, {"-gdwarf-5", "-gdwarf64"}} {
			if cc == "clang" && len(flags) > 1 {
				continue // debug/dwarf does not read its .debug_str_offsets
			}
			t.Run(fmt.Sprint(cc, flags), func(t *testing.T) {
				if _, err := exec.LookPath(cc); err != nil {
					t.Skipf("no %s", cc)
				}
				obj := filepath.Join(dir, "sample.o")
				cmd := exec.Command(cc, append(flags, "-O2", "-c", "-o", obj, src)...)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				f, err := elf.Open(obj)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				s, std := elfSections(t, f)
				compare(t, s, std)
			})
		}
	}
}

// elfSections returns the sections, relocated, and what debug/dwarf sees.
func elfSections(t *testing.T, f *elf.File) (*sections, []entry) {
	t.Helper()
	d, err := f.DWARF()
	if err != nil {
		t.Fatal(err)
	}
	data := func(name string) []byte {
		s := f.Section(name)
		if s == nil {
			return nil
		}
		b, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		relocate(t, f, name, b)
		return b
	}
	s := &sections{
		data(".debug_info"), data(".debug_abbrev"), data(".debug_str"), data(".debug_line_str"), data(".debug_str_offsets"), f.ByteOrder,
	}
	return s, stdWalk(t, d)
}

// relocate applies the relocations of a debug section of an x86-64 object.
func relocate(t *testing.T, f *elf.File, name string, data []byte) {
	t.Helper()
	rela := f.Section(".rela" + name)
	if rela == nil {
		return
	}
	if f.Machine != elf.EM_X86_64 {
		t.Skip("not an x86-64 object")
	}
	b, err := rela.Data()
	if err != nil {
		t.Fatal(err)
	}
	syms, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	for ; len(b) >= 24; b = b[24:] {
		off, info, v := le.Uint64(b), le.Uint64(b[8:]), le.Uint64(b[16:])
		if sym := info >> 32; sym > 0 {
			v += syms[sym-1].Value
		}
		if elf.R_X86_64(info&0xffffffff) == elf.R_X86_64_32 {
			le.PutUint32(data[off:], uint32(v))
		} else {
			le.PutUint64(data[off:], v)
		}
	}
}

// TestNoAllocs pins the walk at no allocation.
func TestNoAllocs(t *testing.T) {
	b := dwarftest.Build(t, dwarftest.Options{}, sample)
	u, err := dwarf.ReadUnit(b.Info, 0, b.Order)
	if err != nil {
		t.Fatal(err)
	}
	var table dwarf.AbbrevTable
	enc := u.Encoding(b.Order)
	if err := table.Compile(b.Abbrev, 0, enc, &wantAll); err != nil {
		t.Fatal(err)
	}
	var r dwarf.Reader
	dies := 0
	allocs := testing.AllocsPerRun(100, func() {
		r.Reset(b.Info, &u, 0, enc, &table)
		for dies = 0; ; {
			a, ok := r.Next()
			if !ok {
				break
			}
			if a != nil {
				dies++
				r.Read(a)
			}
		}
	})
	if allocs != 0 || dies != 16 || r.Err() != nil {
		t.Errorf("%v allocations over %d DIEs, error %v; want 0 over 16", allocs, dies, r.Err())
	}
}
