package elfio

// Relocation of a section piece by piece.
//
// .debug_info of amdgpu.ko has 159 MB, and 10 million relocations of 240 MB. Who reads it
// unit by unit need not have more than a unit of it in memory, if the relocations of any
// piece can be found. They can where they are in order of their places, as assemblers and
// linkers write them: a table says for each block of the section with which one it begins.
//
// To make the table all entries are read once more than otherwise, which is a twentieth of
// what the conversion of such a file takes; so only large sections are read so. What the
// table is not made for is relocated as a whole: other machines than those with ELF64, little
// endian and RELA, other operations than to store a word, places out of order, anything that
// is wrong. What is wrong is found there, too.

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
)

const (
	relaSize   = 24
	pieceBlock = 1 << 10         // bytes of the section for each entry of the table
	pieceChunk = 2048 * relaSize // of entries are read at once
)

// pieces reads a section and relocates what it reads. It is safe for concurrent use.
type pieces struct {
	f      *File
	s      *Section // that is read
	rela   *Section // of it
	ops    []relOp
	widths []uint8 // of ops
	vals   []uint64
	first  []uint32 // by block: index of the first entry that reaches into it or stands behind it
}

// chunks are buffers for entries, of all pieces.
var chunks = sync.Pool{New: func() any { return new([pieceChunk]byte) }}

// pieces returns a reader of section i, nil if it has to be relocated as a whole. Errors are
// those of reading.
func (f *File) pieces(i int) (*io.SectionReader, error) {
	p := &pieces{f: f, s: &f.Sections[i]}
	for j := range f.Sections {
		s := &f.Sections[j]
		switch {
		case s.Info != uint32(i) || s.Type != elf.SHT_REL && s.Type != elf.SHT_RELA && s.Type != shtCREL:
		case p.rela != nil || s.Type != elf.SHT_RELA:
			return nil, nil
		default:
			p.rela = s
		}
	}
	m := machines[f.Machine]
	if p.rela == nil || m == nil || !f.fastRELA(p.rela) || f.checkTable(p.rela, relaSize) != nil ||
		p.rela.Size > math.MaxUint32 || p.rela.Off > f.size || p.rela.Size > f.size-p.rela.Off || f.readValues(p.rela.Link) != nil {
		return nil, nil
	}
	p.ops, p.widths, p.vals = m.ops, widthsOf(m.ops), slices.Clone(f.vals)
	if ok, err := p.index(); !ok || err != nil {
		return nil, err
	}
	return io.NewSectionReader(p, 0, int64(p.s.Size)), nil
}

// index makes the table. It is not ok if the section cannot be relocated piece by piece.
func (p *pieces) index() (ok bool, err error) {
	buf := chunks.Get().(*[pieceChunk]byte)
	defer chunks.Put(buf)
	first, size := make([]uint32, 0, p.s.Size/pieceBlock+1), p.s.Size
	next := uint64(0) // block without an entry in the table
	end := uint64(0)  // of the last entry's place
	i := uint32(0)
	widths := p.widths
	for at := uint64(0); at < p.rela.Size; {
		b, err := p.entries(buf, at)
		if err != nil {
			return false, err
		}
		at += uint64(len(b))
		for ; len(b) >= relaSize; b = b[relaSize:] {
			e := b[:relaSize:relaSize]
			off, info := binary.LittleEndian.Uint64(e), binary.LittleEndian.Uint64(e[8:])
			width := uint64(noWidth)
			if typ := info & 0xffffffff; typ < uint64(len(widths)) {
				width = uint64(widths[typ])
			}
			if width == noWidth || off < end || off > size || width > size-off || info>>32 >= uint64(len(p.vals)) {
				return false, nil
			}
			for end = off + width; next < end; next += pieceBlock {
				first = append(first, i)
			}
			i++
		}
	}
	for ; next < size; next += pieceBlock {
		first = append(first, i)
	}
	p.first = first
	return true, nil
}

// entries reads as many entries into buf as it holds, from the one at byte at on.
func (p *pieces) entries(buf *[pieceChunk]byte, at uint64) ([]byte, error) {
	b := buf[:min(pieceChunk, p.rela.Size-at)]
	if err := p.f.readAt(b, p.rela.Off+at); err != nil {
		return nil, fmt.Errorf("section %s: %w", p.rela.Name, err)
	}
	return b, nil
}

// noWidth is the width of what a piece cannot be relocated by.
const noWidth = 0xff

// widthsOf returns how many bytes operations store.
func widthsOf(ops []relOp) []uint8 {
	w := make([]uint8, len(ops))
	for typ, op := range ops {
		switch op {
		case opNone:
		case opAbs32:
			w[typ] = 4
		case opAbs64:
			w[typ] = 8
		default:
			w[typ] = noWidth
		}
	}
	return w
}

// value returns what the entry that e begins with stores, and in how many bytes. It is
// none for one that index has not seen: the file has been changed.
func (p *pieces) value(e []byte) (v, width uint64) {
	info := binary.LittleEndian.Uint64(e[8:])
	sym, typ := info>>32, info&0xffffffff
	if sym >= uint64(len(p.vals)) || typ >= uint64(len(p.widths)) || p.widths[typ] == noWidth {
		return 0, 0
	}
	return p.vals[sym] + binary.LittleEndian.Uint64(e[16:]), uint64(p.widths[typ])
}

// ReadAt implements io.ReaderAt. The file may have been changed since the table was made:
// then what is read makes no sense, but nothing else happens.
func (p *pieces) ReadAt(b []byte, off int64) (n int, err error) {
	start, size := uint64(off), p.s.Size
	if off < 0 || start >= size {
		return 0, io.EOF
	}
	if uint64(len(b)) > size-start {
		b, err = b[:size-start], io.EOF
	}
	if e := p.f.readAt(b, p.s.Off+start); e != nil {
		return 0, fmt.Errorf("section %s: %w", p.s.Name, e)
	}
	if e := p.relocate(b, start); e != nil {
		return 0, e
	}
	return len(b), err
}

// relocate applies the relocations of a piece that begins at start.
func (p *pieces) relocate(piece []byte, start uint64) error {
	buf := chunks.Get().(*[pieceChunk]byte)
	defer chunks.Put(buf)
	end := start + uint64(len(piece))
	for at := uint64(p.first[start/pieceBlock]) * relaSize; at < p.rela.Size; {
		b, err := p.entries(buf, at)
		if err != nil {
			return err
		}
		at += uint64(len(b))
		for {
			bad := applyRELA64(piece, start, b, p.vals, p.ops)
			if bad < 0 {
				break
			}
			// It is not in the piece, or not all of it.
			e := b[bad*relaSize:]
			off := binary.LittleEndian.Uint64(e)
			if off >= end {
				return nil
			}
			v, width := p.value(e)
			for i := range width {
				if off+i >= start && off+i < end {
					piece[off+i-start] = byte(v >> (8 * i))
				}
			}
			b = e[relaSize:]
		}
	}
	return nil
}
