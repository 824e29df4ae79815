package encoder

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/elfio"
)

// testSym is a symbol of a test file, in section sec (a name).
type testSym struct {
	name        string
	sec         string
	value, size uint64
	typ         elf.SymType
}

// testSec is a section of a test file. It is loaded unless its name says that
// it is debug information.
type testSec struct {
	name string
	addr uint64
	data []byte
}

// buildELF opens what elfBytes makes.
func buildELF(t *testing.T, typ elf.Type, order binary.ByteOrder, secs []testSec, syms []testSym) *elfio.File {
	t.Helper()
	var r elfio.Reader
	f, err := r.OpenBytes("test.ko", elfBytes(t, typ, order, secs, syms))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// elfBytes makes a 64-bit ELF file of sections, with a symbol table.
func elfBytes(t testing.TB, typ elf.Type, order binary.ByteOrder, secs []testSec, syms []testSym) []byte {
	t.Helper()
	index := map[string]uint16{}
	for i, s := range secs {
		index[s.name] = uint16(i + 1)
	}
	var symtab bytes.Buffer
	strtab, names := []byte{0}, []byte{0}
	for i, s := range append([]testSym{{}}, syms...) {
		e := elf.Sym64{Info: elf.ST_INFO(elf.STB_GLOBAL, s.typ), Shndx: index[s.sec], Value: s.value, Size: s.size}
		if i > 0 {
			e.Name = uint32(len(strtab))
			strtab = append(append(strtab, s.name...), 0)
		}
		if err := binary.Write(&symtab, order, &e); err != nil {
			t.Fatal(err)
		}
	}
	n := uint32(len(secs))
	all := append(secs[:n:n], testSec{".symtab", 0, symtab.Bytes()}, testSec{".strtab", 0, strtab})
	for _, s := range append(all, testSec{name: ".shstrtab"}) {
		names = append(append(names, s.name...), 0)
	}
	all = append(all, testSec{".shstrtab", 0, names})

	body, headers := new(bytes.Buffer), new(bytes.Buffer)
	body.Write(make([]byte, 64))
	headers.Write(make([]byte, 64))
	nameOff := uint32(1)
	for _, s := range all {
		h := elf.Section64{Name: nameOff, Type: uint32(elf.SHT_PROGBITS), Addr: s.addr, Off: uint64(body.Len()), Size: uint64(len(s.data)), Addralign: 1}
		nameOff += uint32(len(s.name)) + 1
		switch s.name {
		default:
			if !strings.HasPrefix(s.name, ".debug_") {
				h.Flags = uint64(elf.SHF_ALLOC)
			}
			if strings.HasPrefix(s.name, ".note") {
				h.Type = uint32(elf.SHT_NOTE)
			}
		case ".symtab":
			h.Type, h.Link, h.Info, h.Entsize = uint32(elf.SHT_SYMTAB), n+2, 1, 24
		case ".strtab", ".shstrtab":
			h.Type = uint32(elf.SHT_STRTAB)
		}
		body.Write(s.data)
		if err := binary.Write(headers, order, &h); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	hdr := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(typ), Machine: uint16(elf.EM_X86_64), Version: 1, Shoff: uint64(body.Len()),
		Ehsize: 64, Shentsize: 64, Shnum: uint16(len(all) + 1), Shstrndx: uint16(len(all)),
	}
	if order == binary.BigEndian {
		hdr.Ident[elf.EI_DATA] = byte(elf.ELFDATA2MSB)
	}
	if err := binary.Write(&file, order, &hdr); err != nil {
		t.Fatal(err)
	}
	file.Write(body.Bytes()[64:])
	file.Write(headers.Bytes())
	return file.Bytes()
}

// groupsText prints groups by name: foo@0,40 ambiguous kfunc=0x1000
func groupsText(s *symbols) string {
	var b strings.Builder
	for _, i := range s.sorted {
		g := &s.groups[i]
		fmt.Fprintf(&b, "%s@", g.name)
		for n := g.first; n >= 0; n = s.syms[n].next {
			if n != g.first {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, "%x", s.syms[n].value)
			if s.syms[n].optimized {
				b.WriteString("*")
			}
		}
		if g.ambiguous {
			b.WriteString(" ambiguous")
		}
		if g.kfunc {
			fmt.Fprintf(&b, " kfunc=%#x", g.kflags)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func fn(name string, value uint64) testSym {
	return testSym{name: name, sec: ".text", value: value, typ: elf.STT_FUNC}
}

func TestFunctionSymbols(t *testing.T) {
	syms := []testSym{
		fn("plain", 0x10),
		fn("isra.isra.0", 0x20),
		fn("part", 0x30), fn("part.part.0", 0x40), fn("part.cold", 0x50), fn("part.isra.0.cold", 0x60),
		fn("twice", 0x70), fn("twice", 0x80),
		fn("same", 0x90), fn("same.constprop.0", 0x90),
		fn("zerofirst", 0), fn("zerofirst", 0xa0),
		fn("zerolast", 0xb0), fn("zerolast", 0),
		fn("sections", 0), {name: "sections", sec: ".init.text", typ: elf.STT_FUNC},
		fn("undefined", 0xe0), {name: "undefined", typ: elf.STT_FUNC},
		{name: "object", sec: ".text", typ: elf.STT_OBJECT},
		{name: "notype", sec: ".text"},
		fn("zz_last", 0xc0), fn("zz_last.lto_priv.0", 0xd0),
	}
	f := buildELF(t, elf.ET_EXEC, binary.LittleEndian, []testSec{{".text", 0, make([]byte, 8)}, {".init.text", 0, make([]byte, 8)}}, syms)
	s := newSymbols()
	if err := s.read(f, FuncPolicy{}); err != nil {
		t.Fatal(err)
	}
	// zz_last has two addresses, but pahole never settles the last name.
	const want = `isra@20*
part@30
plain@10
same@90,90*
sections@0,0 ambiguous
twice@70,80 ambiguous
undefined@e0,0
zerofirst@0,a0 ambiguous
zerolast@b0,0 ambiguous
zz_last@c0,d0
`
	if got := groupsText(s); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if g := &s.groups[s.find([]byte("same"))]; s.at(g, 0x90, true) == nil || s.at(g, 0x91, false) != nil {
		t.Error("symbol at an address is not found, or one at none")
	}
	if s.find([]byte("isra.isra.0")) >= 0 || s.find(nil) >= 0 {
		t.Error("found a key that is none")
	}

	// Version 1.24 has whole names and no suffixes.
	if err := s.read(f, FuncPolicy{Compat124: true}); err != nil {
		t.Fatal(err)
	}
	if s.find([]byte("isra")) >= 0 || s.find([]byte("part.isra.0.cold")) < 0 {
		t.Errorf("1.24: got\n%s", groupsText(s))
	}
}

func TestSymbolsRelocatable(t *testing.T) {
	f := buildELF(t, elf.ET_REL, binary.LittleEndian, []testSec{{".text", 0, make([]byte, 8)}}, []testSym{fn("f.isra.0", 0x10)})
	s := newSymbols()
	if err := s.read(f, FuncPolicy{}); err != nil {
		t.Fatal(err)
	}
	if s.at(&s.groups[0], 0x10, false) != nil {
		t.Error("an address of DWARF was compared with a value that is relative to a section")
	}
}

func TestNoSymbolTable(t *testing.T) {
	f := buildELF(t, elf.ET_REL, binary.LittleEndian, nil, nil)
	f.Sections = f.Sections[:1]
	s := newSymbols()
	s.addFunc(&elfio.Symbol{Name: []byte("left over"), Value: 0, Section: 1}, true)
	if err := s.read(f, FuncPolicy{}); err != nil || len(s.groups) != 0 || s.percpu.index != 0 {
		t.Errorf("got %v, %d groups", err, len(s.groups))
	}
}

func TestKfuncs(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		ids := make([]byte, 0, 80)
		for _, v := range []uint32{
			3, 1, // set8 at 0: kfuncs
			0, 0, // bpf_plain
			0, 1 << 12, // bpf_fast
			0, 5, // bpf_gone: no such function
			1, 0, // set8 at 32: other functions
			0, 7, // bpf_other
			0, 0, // bpf_alone and a struct, in no set
		} {
			ids = append(ids, 0, 0, 0, 0)
			order.PutUint32(ids[len(ids)-4:], v)
		}
		const addr = 0x1000
		at := func(name string, off, size uint64) testSym {
			return testSym{name: name, sec: ".BTF_ids", value: addr + off, size: size, typ: elf.STT_OBJECT}
		}
		f := buildELF(t, elf.ET_EXEC, order, []testSec{{".text", 0, make([]byte, 8)}, {".BTF_ids", addr, ids}}, []testSym{
			fn("bpf_plain", 1), fn("bpf_fast", 2), fn("bpf_other", 3), fn("bpf_alone", 4), fn("bpf_x", 5), fn("last", 6),
			at("__BTF_ID__func__bpf_plain__12", 8, 4),
			at("__BTF_ID__func__bpf_fast__13", 16, 4),
			at("__BTF_ID__func__bpf_gone__14", 24, 4),
			at("__BTF_ID__func__bpf_other__15", 40, 4),
			at("__BTF_ID__func__bpf_alone__16", 48, 4),
			at("__BTF_ID__struct__bpf_x__17", 52, 4),
			at("__BTF_ID__set8__kfuncs", 0, 32),
			at("__BTF_ID__set8__others", 32, 16),
		})
		s := newSymbols()
		if err := s.read(f, FuncPolicy{}); err != nil {
			t.Fatal(err)
		}
		got, err := readIDs(f)
		if err != nil {
			t.Fatal(err)
		}
		s.markKfuncs(got.Kfuncs())
		const want = "bpf_alone@4\nbpf_fast@2 kfunc=0x1000\nbpf_other@3\nbpf_plain@1 kfunc=0x0\nbpf_x@5\nlast@6\n"
		if got := groupsText(s); got != want {
			t.Errorf("%v: got\n%swant\n%s", order, got, want)
		}
	}
}

func TestIDsBadInput(t *testing.T) {
	ids := []byte{1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}
	in := func(name string, value, size uint64) testSym {
		return testSym{name: name, sec: ".BTF_ids", value: value, size: size, typ: elf.STT_OBJECT}
	}
	for _, c := range []struct {
		addr uint64
		sym  testSym
		want string
	}{
		{0, in("__BTF_ID__set8__s", 0, 1<<40), "offset 0x0: set s of size 0x10000000000 is out of bounds, size of the section 0xc"},
		{0, in("__BTF_ID__func__f__1", 1<<63, 4), "offset 0x8000000000000000: symbol __BTF_ID__func__f__1 is out of bounds, size of the section 0xc"},
		{0x1000, in("__BTF_ID__func__f__1", 0xffc, 4), "offset 0xfffffffffffffffc: symbol __BTF_ID__func__f__1 is out of bounds, size of the section 0xc"},
	} {
		typ := elf.ET_EXEC
		if c.addr == 0 {
			typ = elf.ET_REL
		}
		f := buildELF(t, typ, binary.LittleEndian, []testSec{{".BTF_ids", c.addr, ids}}, []testSym{c.sym})
		got, err := readIDs(f)
		if want := "section .BTF_ids: " + c.want; err == nil || err.Error() != want {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
}
