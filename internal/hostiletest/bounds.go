// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// bomb is a file that asks for more than it should get. make makes it for a size
// between 0 and 1: a sample does with smaller ones.
type bomb struct {
	name string
	make func(size float64) []byte
	argv string // FILE is the file; empty: encode --out-dir
	want string // what the message has, or in a small file (|) may have; empty for a good end
	mem  int    // MiB that are enough, 0: maxMemory
}

const million = 1e6

func scaled(n, size float64) int { return max(1, int(n*size)) }

var bombs = []bomb{
	{name: "zlib: 1 GiB of zeros in .debug_info", make: packed(elf.COMPRESS_ZLIB, 1<<30, 0), want: "uncompressed size not possible"},
	{name: "zlib: 120 MiB that say 4 KiB", make: packed(elf.COMPRESS_ZLIB, 120<<20, 4096), want: "more bytes than the compression header says"},
	{name: "zlib: 4 KiB that say 200 KiB", make: packed(elf.COMPRESS_ZLIB, 4096, 60<<10), want: "unexpected EOF"},
	{name: "zstd: 1 GiB of zeros in .debug_info", make: packed(elf.COMPRESS_ZSTD, 1<<30, 0), want: "uncompressed size not possible"},
	{name: "zstd: 120 MiB that say 4 KiB", make: packed(elf.COMPRESS_ZSTD, 120<<20, 4096), want: "more bytes than the compression header says"},
	{name: "module.ko.gz of 3 GiB", make: gzipped(3 << 30), argv: "measure FILE", want: "in a file of|neither DWARF"},
	{name: "struct of 10 million members", make: wideStruct(10*million, tagStruct), want: "items: no kernel before 7.1"},
	{name: "struct of 10 million members, measured", make: wideStruct(10*million, tagStruct), argv: "measure FILE", want: "items: no kernel before 7.1"},
	{name: "enum of 10 million values", make: wideEnum(10 * million), want: "items: no kernel before 7.1"},
	{name: "function of 10 million parameters", make: wideFunc(10 * million), want: "items: no kernel before 7.1"},
	{name: "a million typedefs of each other", make: chain(million, tagTypedef, false), want: "nested deeper than"},
	{name: "a million typedefs, the last one first", make: chain(million, tagTypedef, true), want: "nested deeper than"},
	{name: "a million pointers to each other", make: chain(million, tagPointer, true), want: "nested deeper than"},
	{name: "a million const of each other", make: chain(million, tagConst, true), want: "nested deeper than"},
	{name: "abbreviations without end, 64 MB", make: abbrevs(64e6/5, false), want: ".debug_abbrev: offset"},
	{name: "10 million abbreviations, one unit", make: abbrevs(10*million, true), want: "more than 262144 abbreviations"},
	{name: "100,000 units with tables that overlap", make: overlapping(100_000), want: "overlap"},
	{name: "typedef -> const -> typedef", make: circle(tagTypedef, tagConst), want: "cycle detected"},
	{name: "const -> const", make: circle(tagConst), want: "cycle detected"},
	{name: "pointer -> pointer", make: circle(tagPointer)},
	{name: "array -> array", make: circle(tagArray)},
	{name: "typedef -> volatile -> array -> typedef", make: circle(tagTypedef, tagVolatile, tagArray)},
	{name: "a struct in itself", make: circle(tagStruct)},
	{name: "10 million nested blocks", make: nested(10 * million), want: "DIEs are nested deeper"},
	{name: "1,000 structs in each other", make: nestedStructs(1000)},
	{name: "a million structs, each twice in the next", make: doubling(million), want: "nested deeper than"},
	{name: "5 million units", make: units(5 * million)},
	{name: "2 million structs of one name", make: namesakes(2 * million), want: "Exceeded max num of types"},
	{name: "location of 64 MB", make: location(64e6)},
	{name: "100,000 parameters with one list of 4 MB", make: sharedList(100_000, 4e6)},
	{name: "a million functions of one origin", make: origins(million)},
	{name: "origins in a circle", make: originCircle},
	{name: "partial units that import each other", make: imports(100_000)},
	{name: "100,000 skeleton units of one .dwo", make: skeletons(100_000, 400_000), want: "would be read again"},
	{name: "names that overlap in .debug_str", make: tailNames(million, million), want: "names|Invalid name"},
	{name: "a name of 64 MB", make: tailNames(64e6, 1), want: "Invalid name"},
	{name: "a million sections", make: sections(million, "s")},
	{name: "a million sections of long names", make: sections(million, strings.Repeat("s", 4000))},
	{name: "30,000 .debug_info", make: infoSections(30_000)},
	{name: "100,000 .rela.debug_info", make: relaSections(100_000)},
	{name: "20 million relocations of one place", make: relocations(20 * million)},
	{name: "symbols of 0 bytes each", make: lyingSymbols(0)},
	{name: "symbols of 1 byte each", make: lyingSymbols(1), want: "entry size"},
	{name: ".debug_info of 2^62 bytes", make: lyingSize(1 << 62), want: "ends beyond the file"},
	{name: ".debug_info of 8 GiB, a hole", make: nil, want: "larger than the limit"},
	{name: "BTF: a million typedefs of each other, checked", make: btfChain(million), argv: "check FILE"},
	{name: "BTF: the same, dumped as C", make: btfChain(million), argv: "dump --format c FILE"},
	{name: "BTF: the same, measured", make: btfChain(million), argv: "measure FILE"},
	{name: "BTF: the same, compared", make: btfChain(million), argv: "diff FILE FILE"},
	{name: "BTF: 40 structs, each twice in the next, as C", make: btfDoubling(40), argv: "dump --format c FILE", want: "needs far more C"},
	{name: "BTF: 40 structs, each twice in the next, checked", make: btfDoubling(40), argv: "check FILE"},
	{name: "BTF: a million names that overlap", make: btfNames(million), argv: "measure FILE", want: "tails of others"},
	{name: "BTF: a million names that overlap, as text", make: btfNames(million), argv: "dump FILE", want: "more than"},
}

// packed is a module whose .debug_info is size bytes of zeros, compressed, and
// says that it has says bytes; 0: the truth.
func packed(how elf.CompressionType, n, says float64) func(float64) []byte {
	return func(size float64) []byte {
		n := scaled(n, size)
		var b bytes.Buffer
		hdr := le.AppendUint32(nil, uint32(how))
		told := uint64(n)
		if says != 0 {
			told = uint64(says)
		}
		b.Write(le.AppendUint64(le.AppendUint64(append(hdr, 0, 0, 0, 0), told), 1))
		var w io.WriteCloser
		if how == elf.COMPRESS_ZLIB {
			w, _ = zlib.NewWriterLevel(&b, 9)
		} else {
			w, _ = zstd.NewWriter(&b)
		}
		zeros(w, n)
		return object(section{name: ".debug_info", typ: elf.SHT_PROGBITS, flags: elf.SHF_COMPRESSED, data: b.Bytes()}, debug(".debug_abbrev", []byte{0}))
	}
}

func zeros(w io.WriteCloser, n int) {
	page := make([]byte, 1<<16)
	for ; n > 0; n -= len(page) {
		w.Write(page[:min(n, len(page))])
	}
	w.Close()
}

func gzipped(n float64) func(float64) []byte {
	return func(size float64) []byte {
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		w.Write(object())
		zeros(w, scaled(n, size))
		return b.Bytes()
	}
}

func wideStruct(n float64, tag int) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		s := d.decl(tag, true, atName, formStrp, atByteSize, formData4)
		m := d.decl(tagMember, false, atName, formStrp, atType, formRef4, atMemberLoc, formData4)
		d.unit(0)
		i := d.int(intCode)
		name := d.name("m")
		d.b(s).u4(d.name("s")).u4(uint32(4 * scaled(n, size)))
		for k := range scaled(n, size) {
			d.b(m).u4(name).u4(i).u4(uint32(4 * k))
		}
		d.b(0)
		d.done()
		return d.object()
	}
}

func wideEnum(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		e := d.decl(tagEnum, true, atName, formStrp, atByteSize, formData1)
		v := d.decl(tagEnumerator, false, atName, formStrp, atConstValue, formData4)
		d.unit(0)
		name := d.name("v")
		d.b(e).u4(d.name("e")).b(4)
		for k := range scaled(n, size) {
			d.b(v).u4(name).u4(uint32(k))
		}
		d.b(0)
		d.done()
		return d.object()
	}
}

func wideFunc(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		f := d.decl(tagSubroutine, true, atPrototyped, formPresent)
		p := d.decl(tagParam, false, atType, formRef4)
		ptr := d.decl(tagTypedef, false, atName, formStrp, atType, formRef4)
		d.unit(0)
		i := d.int(intCode)
		at := d.pos()
		d.b(f)
		for range scaled(n, size) {
			d.b(p).u4(i)
		}
		d.b(0)
		d.b(ptr).u4(d.name("t")).u4(at)
		d.done()
		return d.object()
	}
}

// chain is n types, each of the one before, or of the one behind it.
func chain(n float64, tag int, later bool) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		t := d.decl(tag, false, atName, formStrp, atType, formRef4)
		v := d.decl(tagTypedef, false, atName, formStrp, atType, formRef4)
		d.unit(0)
		name := d.name("t")
		first := d.int(intCode)
		begin := d.pos()
		last := first
		for range scaled(n, size) {
			at := d.pos()
			to := last
			if later {
				to = at + 9
			}
			d.b(t).u4(name).u4(to)
			last = at
		}
		end := d.int(intCode)
		if later {
			last = begin
		}
		_ = end
		d.b(v).u4(d.name("v")).u4(last)
		d.done()
		return d.object()
	}
}

// abbrevs is a table of n abbreviations, and a unit that uses the first.
func abbrevs(n float64, ends bool) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		for range scaled(n, size) {
			d.codes++
			d.abbrev = append(binary.AppendUvarint(d.abbrev, uint64(d.codes)), tagBlock, 0, 0, 0)
		}
		d.unit(0)
		d.done()
		if ends {
			return d.object()
		}
		return object(debug(".debug_info", d.info), debug(".debug_abbrev", d.abbrev), debug(".debug_str", d.str))
	}
}

// overlapping is n units, each with the table of the one before but for its first
// abbreviation.
func overlapping(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		d.abbrev = nil
		for range scaled(n, size) {
			d.abbrev = append(d.abbrev, 1, tagUnit, 1, 0, 0)
		}
		// Each declares code 1 again, but for the last one; with codes of their own
		// they are good tables.
		d.abbrev = nil
		var at []int
		for i := range scaled(n, size) {
			at = append(at, len(d.abbrev))
			d.abbrev = append(binary.AppendUvarint(d.abbrev, uint64(i+1)), tagUnit, 1, 0, 0)
		}
		for i, off := range at {
			d.unit(uint32(off))
			d.info = binary.AppendUvarint(d.info[:len(d.info)-1], uint64(i+1))
			d.done()
		}
		return d.object()
	}
}

// circle is types that refer to each other in a circle, and a typedef of one.
func circle(tags ...int) func(float64) []byte {
	return func(float64) []byte {
		d := newDwarf()
		var codes []byte
		for _, tag := range tags {
			switch tag {
			case tagStruct:
				codes = append(codes, d.decl(tag, true, atName, formStrp, atByteSize, formData1))
			case tagArray:
				codes = append(codes, d.decl(tag, true, atType, formRef4))
			default:
				codes = append(codes, d.decl(tag, false, atName, formStrp, atType, formRef4))
			}
		}
		sub := d.decl(tagSubrange, false, atCount, formData1)
		member := d.decl(tagMember, false, atName, formStrp, atType, formRef4, atMemberLoc, formData1)
		typedef := d.decl(tagTypedef, false, atName, formStrp, atType, formRef4)
		var first uint32
		for range 2 { // the first time sizes are found
			at := make([]uint32, len(tags)+1)
			d.info, d.str = nil, []byte{0}
			d.unit(0)
			for i, tag := range tags {
				at[i] = d.pos()
				to := first
				if i+1 < len(tags) {
					to = d.pos() + size(tag)
				}
				switch tag {
				case tagStruct:
					d.b(codes[i]).u4(d.name("s")).b(4, member).u4(d.name("m")).u4(to).b(0, 0)
				case tagArray:
					d.b(codes[i]).u4(to).b(sub, 3, 0)
				default:
					d.b(codes[i]).u4(d.name(fmt.Sprint("t", i))).u4(to)
				}
			}
			first = at[0]
			d.b(typedef).u4(d.name("top")).u4(first)
			d.done()
		}
		return d.object()
	}
}

// size is that of a DIE in a circle.
func size(tag int) uint32 {
	switch tag {
	case tagStruct:
		return 17
	case tagArray:
		return 8
	}
	return 9
}

func nested(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		block := d.decl(tagBlock, true)
		f := d.decl(tagFunc, true, atName, formStrp, atExternal, formPresent)
		d.unit(0)
		d.b(f).u4(d.name("f"))
		d.info = append(d.info, bytes.Repeat([]byte{block}, scaled(n, size))...)
		d.info = append(d.info, make([]byte, scaled(n, size)+1)...)
		d.done()
		return d.object()
	}
}

func nestedStructs(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		s := d.decl(tagStruct, true, atName, formStrp, atByteSize, formData1)
		d.unit(0)
		for i := range scaled(n, size) {
			d.b(s).u4(d.name(fmt.Sprint("s", i))).b(4)
		}
		d.info = append(d.info, make([]byte, scaled(n, size))...)
		d.done()
		return d.object()
	}
}

// doubling is structs without name, each of which holds the one before twice.
func doubling(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		s := d.decl(tagStruct, true, atByteSize, formData4)
		m := d.decl(tagMember, false, atName, formStrp, atType, formRef4, atMemberLoc, formData4)
		typedef := d.decl(tagTypedef, false, atName, formStrp, atType, formRef4)
		d.unit(0)
		last, a, b := d.int(intCode), d.name("a"), d.name("b")
		for range scaled(n, size) {
			at := d.pos()
			d.b(s).u4(8).b(m).u4(a).u4(last).u4(0).b(m).u4(b).u4(last).u4(4).b(0)
			last = at
		}
		d.b(typedef).u4(d.name("top")).u4(last)
		d.done()
		return d.object()
	}
}

func units(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		for range scaled(n, size) {
			d.unit(0)
			d.done()
		}
		return d.object()
	}
}

// namesakes is structs of one name that differ in their size.
func namesakes(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		s := d.decl(tagStruct, false, atName, formStrp, atByteSize, formData4)
		d.unit(0)
		name := d.name("s")
		for i := range scaled(n, size) {
			d.b(s).u4(name).u4(uint32(i))
		}
		d.done()
		return d.object()
	}
}

// withFunc is a module whose function f has code, and so a symbol.
func withFunc(d *dwarf, more ...section) []byte {
	sym := make([]byte, 24) // the null symbol
	f := make([]byte, 24)
	le.PutUint32(f, 1)
	f[4] = byte(elf.STB_GLOBAL)<<4 | byte(elf.STT_FUNC)
	le.PutUint16(f[6:], 4)
	le.PutUint64(f[16:], 16)
	d.more = append([]section{
		{name: ".text", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, data: make([]byte, 64)},
		{name: ".symtab", typ: elf.SHT_SYMTAB, link: 6, info: 1, ent: 24, data: append(sym, f...)},
		{name: ".strtab", typ: elf.SHT_STRTAB, data: []byte("\x00f\x00")},
	}, more...)
	return d.object()
}

// location is a parameter whose location is an expression of so many operations.
func location(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		f := d.decl(tagFunc, true, atName, formStrp, atExternal, formPresent, atLowpc, formAddr, atHighpc, formData4)
		p := d.decl(tagParam, false, atName, formStrp, atType, formRef4, atLocation, formExprloc)
		d.unit(0)
		i := d.int(intCode)
		d.b(f).u4(d.name("f")).u8(0).u4(16)
		n := scaled(n, size)
		for _, op := range []byte{0x96, 0x12, 0x2f, 0xa3} { // nop, dup, skip, entry_value
			d.b(p).u4(d.name("p")).u4(i)
			d.info = binary.AppendUvarint(d.info, uint64(n/4))
			d.info = append(d.info, bytes.Repeat([]byte{op}, n/4)...)
		}
		d.b(0)
		d.done()
		return withFunc(d)
	}
}

// sharedList is parameters that have one location list.
func sharedList(params, bytesOfList float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		f := d.decl(tagFunc, true, atName, formStrp, atExternal, formPresent, atLowpc, formAddr, atHighpc, formData4)
		p := d.decl(tagParam, false, atName, formStrp, atType, formRef4, atLocation, formSecOffset)
		d.unit(0)
		i := d.int(intCode)
		name := d.name("f")
		for range scaled(params/10, size) {
			d.b(f).u4(name).u8(0).u4(16)
			for range 10 {
				d.b(p).u4(name).u4(i).u4(12)
			}
			d.b(0)
		}
		d.done()
		list := []byte{0, 0, 0, 0, 5, 0, 8, 0, 0, 0, 0, 0}
		for range scaled(bytesOfList/3, size) {
			list = append(list, 0x09, 0, 0) // view pair
		}
		list = append(list, 0)
		le.PutUint32(list, uint32(len(list)-4))
		return withFunc(d, debug(".debug_loclists", list))
	}
}

func origins(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		f := d.decl(tagFunc, false, atName, formStrp, atExternal, formPresent)
		g := d.decl(tagFunc, false, atOrigin, formRef4, atLowpc, formAddr, atHighpc, formData4)
		d.unit(0)
		at := d.pos()
		d.b(f).u4(d.name("f"))
		for range scaled(n, size) {
			d.b(g).u4(at).u8(0).u4(16)
		}
		d.done()
		return withFunc(d)
	}
}

func originCircle(float64) []byte {
	d := newDwarf()
	f := d.decl(tagFunc, false, atOrigin, formRef4)
	s := d.decl(tagFunc, false, atSpec, formRef4)
	d.unit(0)
	at := d.pos()
	d.b(f).u4(at + 5).b(f).u4(at).b(f).u4(at + 10).b(s).u4(at + 20).b(s).u4(at + 15)
	d.done()
	return withFunc(d)
}

// imports is partial units, each of which imports all before and itself.
func imports(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		d.decl(tagPartial, true)
		imp := d.decl(tagImported, false, atImport, formRefAddr)
		n := scaled(n, size)
		for i := range n {
			d.unit(0)
			d.info[len(d.info)-1] = 2
			d.info[d.unitAt+6] = 3 // DW_UT_partial
			step := uint32(4 + 8 + 1 + 5*4 + 1)
			for k := range 4 {
				d.b(imp).u4(uint32((i*7+k)%n)*step + 12)
			}
			d.done()
		}
		return d.object()
	}
}

// skeletons is n skeleton units of one split unit, which has so many typedefs, and is in
// the same file: its sections have other names.
func skeletons(n, typedefs float64) func(float64) []byte {
	const unitSkeleton, unitSplit = 4, 5
	begin := func(d *dwarf, typ byte) {
		d.unit(0)
		d.info[d.unitAt+6] = typ
		d.info = d.info[:len(d.info)-1] // the ID comes before the root
		d.u8(1).b(1)
	}
	return func(size float64) []byte {
		dwo := newDwarf()
		t := dwo.decl(tagTypedef, false, atName, formStrp)
		begin(dwo, unitSplit)
		name := dwo.name("t")
		for range scaled(typedefs, size) {
			dwo.b(t).u4(name)
		}
		dwo.done()
		d := &dwarf{str: []byte{0}}
		d.decl(tagSkeleton, false, atDwoName, formStrp)
		file := d.name("file") // as testBounds calls it
		for range scaled(n, size) {
			begin(d, unitSkeleton)
			d.u4(file).length()
		}
		d.more = []section{
			debug(".debug_info.dwo", dwo.info), debug(".debug_abbrev.dwo", append(dwo.abbrev, 0)), debug(".debug_str.dwo", dwo.str),
		}
		return d.object()
	}
}

// tailNames is up to count typedefs whose names are the tails of one string of n bytes.
func tailNames(n, count float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		t := d.decl(tagTypedef, false, atName, formStrp)
		n := scaled(n, size)
		d.unit(0)
		d.str = append(bytes.Repeat([]byte{'a'}, n), 0)
		for i := range min(n, int(count)) {
			d.b(t).u4(uint32(i))
		}
		d.done()
		return d.object()
	}
}

func sections(n float64, name string) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		d.unit(0)
		d.int(intCode)
		d.done()
		for range scaled(n, size) {
			d.more = append(d.more, debug(name, nil))
		}
		return d.object()
	}
}

func infoSections(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		d.unit(0)
		d.int(intCode)
		d.done()
		for range scaled(n, size) {
			d.more = append(d.more, debug(".debug_info", d.info))
		}
		return d.object()
	}
}

func relaSections(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		d.unit(0)
		d.int(intCode)
		d.done()
		var more []section
		for range scaled(n, size) {
			more = append(more, section{name: ".rela.debug_info", typ: elf.SHT_RELA, link: 5, info: 1, ent: 24, data: rela(1)})
		}
		return withFunc(d, more...)
	}
}

// rela is n relocations of the 4 bytes at 8 of .debug_info by 0.
func rela(n int) []byte {
	one := make([]byte, 24)
	le.PutUint64(one, 8)
	le.PutUint32(one[8:], uint32(elf.R_X86_64_32))
	return bytes.Repeat(one, n)
}

func relocations(n float64) func(float64) []byte {
	return func(size float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		d.unit(0)
		d.int(intCode)
		d.done()
		return withFunc(d, section{name: ".rela.debug_info", typ: elf.SHT_RELA, link: 5, info: 1, ent: 24, data: rela(scaled(n, size))})
	}
}

func lyingSymbols(ent uint64) func(float64) []byte {
	return func(float64) []byte {
		d := newDwarf()
		intCode := d.declInt()
		d.unit(0)
		d.int(intCode)
		d.done()
		withFunc(d)
		for i := range d.more {
			if d.more[i].typ == elf.SHT_SYMTAB {
				d.more[i].ent, d.more[i].info = ent, 1<<31
			}
		}
		return d.object()
	}
}

func lyingSize(n uint64) func(float64) []byte {
	return func(float64) []byte {
		s := debug(".debug_info", []byte{0})
		s.size = n
		return object(s, debug(".debug_abbrev", []byte{0}))
	}
}

// rawBTF is BTF of types that are given as words.
func rawBTF(types []uint32, strs []byte) []byte {
	b := []byte{0x9f, 0xeb, 1, 0}
	for _, v := range []int{24, 0, 4 * len(types), 4 * len(types), len(strs)} {
		b = le.AppendUint32(b, uint32(v))
	}
	for _, w := range types {
		b = le.AppendUint32(b, w)
	}
	return append(b, strs...)
}

const (
	kindInt, kindStruct, kindTypedef = 1 << 24, 4 << 24, 8 << 24
)

func btfChain(n float64) func(float64) []byte {
	return func(size float64) []byte {
		types := []uint32{1, kindInt, 4, 1<<24 | 32}
		for i := range scaled(n, size) {
			types = append(types, 5, kindTypedef, uint32(i+1))
		}
		return rawBTF(types, []byte("\x00int\x00t\x00"))
	}
}

func btfDoubling(n float64) func(float64) []byte {
	return func(size float64) []byte {
		types := []uint32{1, kindInt, 4, 1<<24 | 32}
		bits := uint32(32)
		for i := range int(n) {
			types = append(types, 0, kindStruct|2, min(bits/4, 1<<28), 5, uint32(i+1), 0, 7, uint32(i+1), 0)
			bits = min(bits*2, 1<<30)
		}
		types = append(types, 9, kindTypedef, uint32(n)+1)
		return rawBTF(types, []byte("\x00int\x00a\x00b\x00top\x00"))
	}
}

func btfNames(n float64) func(float64) []byte {
	return func(size float64) []byte {
		n := scaled(n, size)
		types := []uint32{1, kindInt, 4, 1<<24 | 32}
		for i := range n {
			types = append(types, uint32(5+i), kindTypedef, 1)
		}
		return rawBTF(types, append(append([]byte("\x00int\x00"), bytes.Repeat([]byte{'a'}, n)...), 0))
	}
}
