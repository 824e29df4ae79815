package elfio

// Relocation of a section piece by piece.
//
// .debug_info of amdgpu.ko has 159 MB, and 10 million relocations of 240 MB. Who reads it
// unit by unit need not have more than a unit of it in memory, if the relocations of any
// piece can be found. They can where they are in order of their places, as assemblers and
// linkers write them: a table says for each block of the section with which one it begins.
//
// To make the table all entries are read once more than otherwise, which is a fortieth of
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
	pieceBlock = 4 << 10         // bytes of the section for each entry of the table
	pieceChunk = 2048 * relaSize // of entries are read at once
)

// pieces reads a section and relocates what it reads. It is safe for concurrent use.
type pieces struct {
	f     *File
	s     *Section // that is read
	rela  *Section // of it
	ops   []relOp
	vals  []uint64
	first []uint32 // by block: index of the first entry that reaches into it or stands behind it
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
	p.ops, p.vals = m.ops, slices.Clone(f.vals)
	if ok, err := p.index(); !ok || err != nil {
		return nil, err
	}
	return io.NewSectionReader(p, 0, int64(p.s.Size)), nil
}

// index makes the table. It is not ok if the section cannot be relocated piece by piece.
func (p *pieces) index() (ok bool, err error) {
	p.first = make([]uint32, 0, p.s.Size/pieceBlock+1)
	end := uint64(0) // of the last entry's place
	err = p.entries(0, func(i uint32, e []byte) bool {
		off, width := binary.LittleEndian.Uint64(e), uint64(0)
		if _, width, ok = p.value(e); !ok || off < end || off > p.s.Size || width > p.s.Size-off {
			ok = false
			return false
		}
		end = off + width
		for uint64(len(p.first))*pieceBlock < end {
			p.first = append(p.first, i)
		}
		return true
	})
	n := uint32(p.rela.Size / relaSize)
	for uint64(len(p.first))*pieceBlock < p.s.Size {
		p.first = append(p.first, n)
	}
	return ok || p.rela.Size == 0, err
}

// entries calls each for the entries from index i on until it is false.
func (p *pieces) entries(i uint32, each func(i uint32, entry []byte) bool) error {
	buf := chunks.Get().(*[pieceChunk]byte)
	defer chunks.Put(buf)
	for at := uint64(i) * relaSize; at < p.rela.Size; {
		b := buf[:min(pieceChunk, p.rela.Size-at)]
		if err := p.f.readAt(b, p.rela.Off+at); err != nil {
			return fmt.Errorf("section %s: %w", p.rela.Name, err)
		}
		at += uint64(len(b))
		for ; len(b) >= relaSize; b = b[relaSize:] {
			if !each(i, b[:relaSize:relaSize]) {
				return nil
			}
			i++
		}
	}
	return nil
}

// value returns what an entry stores, and in how many bytes.
func (p *pieces) value(e []byte) (v, width uint64, ok bool) {
	info := binary.LittleEndian.Uint64(e[8:])
	sym, typ := info>>32, info&0xffffffff
	if sym >= uint64(len(p.vals)) || typ >= uint64(len(p.ops)) {
		return 0, 0, false
	}
	v = p.vals[sym] + binary.LittleEndian.Uint64(e[16:])
	switch p.ops[typ] {
	case opAbs32:
		return v, 4, true
	case opAbs64:
		return v, 8, true
	case opNone:
		return v, 0, true
	}
	return 0, 0, false
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
	end := start + uint64(len(b))
	e := p.entries(p.first[start/pieceBlock], func(_ uint32, e []byte) bool {
		at := binary.LittleEndian.Uint64(e)
		if at >= end {
			return false
		}
		v, width, ok := p.value(e)
		switch {
		case !ok || at+width <= start:
		case at >= start && width == 4 && end-at >= 4:
			binary.LittleEndian.PutUint32(b[at-start:], uint32(v))
		default: // eight bytes, or cut by an end of the piece
			for i := range width {
				if at+i >= start && at+i < end {
					b[at+i-start] = byte(v >> (8 * i))
				}
			}
		}
		return true
	})
	if e != nil {
		return 0, e
	}
	return len(b), err
}
