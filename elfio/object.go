package elfio

import "debug/elf"

// objectAlign is the alignment of an object's section: more than any BTF
// section needs, so that a linker script decides alone.
const objectAlign = 8

// AppendObject appends a relocatable file (ET_REL) with one section called
// name to b and returns it. The section is loaded and read-only (SHF_ALLOC,
// PROGBITS) and holds data. Machine, class, byte order and flags are those of
// like, so that the linker takes the object along with like's.
//
// This is what gen_btf of the kernel's scripts/link-vmlinux.sh makes of a
// vmlinux with BTF: the second link puts the section into the image.
func AppendObject(b []byte, like *File, name string, data []byte) []byte {
	f := &File{Class64: like.Class64, Big: like.Big, Machine: like.Machine, Flags: like.Flags}
	const strtab = ".shstrtab"
	names := "\x00" + name + "\x00" + strtab + "\x00"
	start := len(b)
	pad := func(align int) uint64 {
		for (len(b)-start)%align != 0 {
			b = append(b, 0)
		}
		return uint64(len(b) - start)
	}
	b = append(b, make([]byte, f.ehdrSize())...)
	dataOff := pad(objectAlign)
	b = append(b, data...)
	namesOff := pad(1)
	b = append(b, names...)
	tableOff := pad(objectAlign)
	b = append(b, make([]byte, 3*f.shdrSize())...)

	f.putObjectHeader(b[start:], tableOff)
	table := b[start+int(tableOff)+f.shdrSize():]
	f.putShdr(table, Section{
		nameOff: 1, Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Off: dataOff, Size: uint64(len(data)), Align: objectAlign,
	})
	f.putShdr(table[f.shdrSize():], Section{
		nameOff: uint32(len(name)) + 2, Type: elf.SHT_STRTAB, Off: namesOff, Size: uint64(len(names)), Align: 1,
	})
	return b
}

// putObjectHeader writes the ELF header of an object with three sections, the
// last of which has their names.
func (f *File) putObjectHeader(b []byte, tableOff uint64) {
	copy(b, elf.ELFMAG)
	b[elf.EI_CLASS] = byte(pick(f.Class64, int(elf.ELFCLASS64), int(elf.ELFCLASS32)))
	b[elf.EI_DATA] = byte(pick(f.Big, int(elf.ELFDATA2MSB), int(elf.ELFDATA2LSB)))
	b[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	f.put16(b[16:], uint16(elf.ET_REL))
	f.put16(b[18:], uint16(f.Machine))
	f.put32(b[20:], uint32(elf.EV_CURRENT))
	f.putWord(b[24:], 2, tableOff)
	tail := b[24+3*f.wordSize():]
	f.put32(tail, f.Flags)
	f.put16(tail[4:], uint16(f.ehdrSize()))
	f.put16(tail[10:], uint16(f.shdrSize()))
	f.put16(tail[12:], 3)
	f.put16(tail[14:], 2)
}

// putShdr is the inverse of shdr.
func (f *File) putShdr(b []byte, s Section) {
	f.put32(b, s.nameOff)
	f.put32(b[4:], uint32(s.Type))
	for i, v := range [...]uint64{uint64(s.Flags), s.Addr, s.Off, s.Size} {
		f.putWord(b[8:], i, v)
	}
	rest := b[8+4*f.wordSize():]
	f.put32(rest, s.Link)
	f.put32(rest[4:], s.Info)
	f.putWord(rest[8:], 0, s.Align)
	f.putWord(rest[8:], 1, s.EntSize)
}
