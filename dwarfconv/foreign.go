// SPDX-License-Identifier: BSD-2-Clause

package dwarfconv

import "github.com/gobtfenc/gobtfenc/dwarf"

// Languages in which a name is more than an identifier:
//
//	vec<int>              C++
//	_vptr$base            C++ by clang
//	Option<&[u8]>         Rust
//	internal/abi.Type     Go
//
// A kernel takes no such names, and one of them would cost the whole BTF. What
// it does not take in the names of their units is '_': vec_int_. Two types may
// have one name then, which BTF allows. C is left as it is: there such a name is
// a mistake that somebody wants to hear of (a function called f$x is one).
// Functions are not found by a changed name, as no symbol has it.

// isForeign tells of a language that its names can be other than C's.
func isForeign(lang dwarf.Lang) bool {
	switch lang {
	case 0, dwarf.LangC89, dwarf.LangC, dwarf.LangC99, dwarf.LangC11, dwarf.LangC17, dwarf.LangC23, dwarf.LangMipsAssembler, dwarf.LangAssembly:
		return false
	}
	return true
}

// setLanguage says whose names come. What is known by offset is the other
// language's.
func (n *names) setLanguage(lang dwarf.Lang) {
	if foreign := isForeign(lang); foreign != n.foreign {
		n.foreign = foreign
		n.forget()
	}
}

// maxName is the longest name that a kernel takes (KSYM_NAME_LEN less the NUL;
// before Linux 6.1 it was 127). Templates can have longer ones.
const maxName = 511

// identifier returns b as a name that a kernel takes. It is valid until the next
// call.
func (n *names) identifier(b []byte) []byte {
	b = b[:min(len(b), maxName)]
	for i, c := range b {
		if !isNameByte(c, i == 0) {
			n.ident = append(n.ident[:0], b...)
			for j := i; j < len(b); j++ {
				if !isNameByte(b[j], j == 0) {
					n.ident[j] = '_'
				}
			}
			return n.ident
		}
	}
	return b
}

// isNameByte tells whether a name can have c, as its first byte or behind it
// (__btf_name_char_ok of the kernel).
func isNameByte(c byte, first bool) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '.':
		return true
	}
	return !first && c >= '0' && c <= '9'
}
