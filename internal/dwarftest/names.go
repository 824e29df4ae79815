package dwarftest

var tags = map[string]uint16{
	"array_type": 0x01, "class_type": 0x02, "enumeration_type": 0x04, "formal_parameter": 0x05, "label": 0x0a,
	"lexical_block": 0x0b, "member": 0x0d, "pointer_type": 0x0f, "reference_type": 0x10, "compile_unit": 0x11,
	"string_type": 0x12, "structure_type": 0x13, "subroutine_type": 0x15, "typedef": 0x16, "union_type": 0x17,
	"unspecified_parameters": 0x18, "inheritance": 0x1c, "inlined_subroutine": 0x1d, "ptr_to_member_type": 0x1f,
	"subrange_type": 0x21, "base_type": 0x24, "const_type": 0x26, "enumerator": 0x28, "subprogram": 0x2e,
	"variable": 0x34, "volatile_type": 0x35, "restrict_type": 0x37, "interface_type": 0x38, "namespace": 0x39,
	"unspecified_type": 0x3b, "partial_unit": 0x3c, "imported_unit": 0x3d, "type_unit": 0x41,
	"rvalue_reference_type": 0x42, "atomic_type": 0x47, "call_site": 0x48, "call_site_parameter": 0x49,
	"skeleton_unit": 0x4a, "GNU_call_site": 0x4109, "LLVM_annotation": 0x6000, "GNU_annotation": 0x6001,
}

var attrs = map[string]uint16{
	"sibling": 0x01, "location": 0x02, "name": 0x03, "byte_size": 0x0b, "bit_offset": 0x0c, "bit_size": 0x0d,
	"stmt_list": 0x10, "low_pc": 0x11, "high_pc": 0x12, "language": 0x13, "import": 0x18, "comp_dir": 0x1b, "const_value": 0x1c,
	"inline": 0x20, "producer": 0x25, "prototyped": 0x27, "upper_bound": 0x2f, "abstract_origin": 0x31,
	"artificial": 0x34, "calling_convention": 0x36, "count": 0x37, "data_member_location": 0x38, "decl_column": 0x39,
	"decl_file": 0x3a, "decl_line": 0x3b, "declaration": 0x3c, "encoding": 0x3e, "external": 0x3f,
	"frame_base": 0x40, "specification": 0x47, "type": 0x49, "ranges": 0x55, "data_bit_offset": 0x6b,
	"signature": 0x69, "str_offsets_base": 0x72, "addr_base": 0x73, "dwo_name": 0x76, "loclists_base": 0x8c, "GNU_annotation": 0x2139,
	"GNU_dwo_name": 0x2130, "GNU_dwo_id": 0x2131, "GNU_addr_base": 0x2133,
}

var forms = map[string]uint16{
	"addr": 0x01, "block2": 0x03, "block4": 0x04, "data2": 0x05, "data4": 0x06, "data8": 0x07, "string": 0x08,
	"block": 0x09, "block1": 0x0a, "data1": 0x0b, "flag": 0x0c, "sdata": 0x0d, "strp": 0x0e, "udata": 0x0f,
	"ref_addr": 0x10, "ref1": 0x11, "ref2": 0x12, "ref4": 0x13, "ref8": 0x14, "ref_udata": 0x15, "indirect": 0x16,
	"sec_offset": 0x17, "exprloc": 0x18, "flag_present": 0x19, "strx": 0x1a, "addrx": 0x1b, "ref_sup4": 0x1c,
	"strp_sup": 0x1d, "data16": 0x1e, "line_strp": 0x1f, "ref_sig8": 0x20, "implicit_const": 0x21,
	"loclistx": 0x22, "rnglistx": 0x23, "ref_sup8": 0x24, "strx1": 0x25, "strx2": 0x26, "strx3": 0x27,
	"strx4": 0x28, "addrx1": 0x29, "addrx2": 0x2a, "addrx3": 0x2b, "addrx4": 0x2c, "GNU_addr_index": 0x1f01,
	"GNU_str_index": 0x1f02, "GNU_ref_alt": 0x1f20, "GNU_strp_alt": 0x1f21,
}

// fixedForms are numbers of a size (0: LEB128) that are unit references (r),
// indices of strings (s), of addresses (a), or themselves.
var fixedForms = map[uint16]struct {
	size int
	what byte
}{
	0x0b: {1, 0}, 0x05: {2, 0}, 0x06: {4, 0}, 0x07: {8, 0}, 0x0c: {1, 0}, 0x0f: {0, 0},
	0x11: {1, 'r'}, 0x12: {2, 'r'}, 0x13: {4, 'r'}, 0x14: {8, 'r'}, 0x15: {-1, 'r'},
	0x1a: {0, 's'}, 0x25: {1, 's'}, 0x26: {2, 's'}, 0x27: {3, 's'}, 0x28: {4, 's'}, 0x1f02: {0, 's'},
	0x1b: {0, 'a'}, 0x29: {1, 'a'}, 0x2a: {2, 'a'}, 0x2b: {3, 'a'}, 0x2c: {4, 'a'}, 0x1f01: {0, 'a'},
	0x1c: {4, 0}, 0x24: {8, 0}, 0x20: {8, 0}, 0x22: {0, 0}, 0x23: {0, 0},
}
