package main

// The options of pahole 1.31, in its order, which shows where a beginning is
// ambiguous. All of them are known by name and by whether they have an argument,
// so that a command line is read as pahole would read it; those without help do
// what only pahole does, and are refused.

import "github.com/gobtfenc/gobtfenc/internal/gnuopt"

// paholeTable returns the options. What they mean here is in
// paholeCall.option, what those that are refused mean there in paholeDoes.
func paholeTable() []gnuopt.Option {
	const optional, required = gnuopt.OptionalArg, gnuopt.RequiredArg
	return []gnuopt.Option{
		{Short: 'B', Long: "bit_holes", Arg: required},
		{Short: 'c', Long: "cacheline_size", Arg: required},
		{Short: 'C', Long: "class_name", Arg: required},
		{Long: "count", Arg: required},
		{Long: "skip", Arg: required},
		{Long: "seek_bytes", Arg: required},
		{Long: "size_bytes", Arg: required},
		{Long: "range", Arg: required},
		{Long: "header_type", Arg: required},
		{Short: 'f', Long: "find_pointers_to", Arg: required},
		{Short: 'F', Long: "format_path", Arg: required, ArgName: "dwarf", Help: "the only format that is read here"},
		{Short: 'i', Long: "contains", Arg: required},
		{Long: "contains_enumerator", Arg: required},
		{Short: 'I', Long: "show_decl_info"},
		{Short: 'H', Long: "holes", Arg: required},
		{Long: "padding_ge", Arg: required},
		{Short: 'z', Long: "hole_size_ge", Arg: required},
		{Short: 'P', Long: "packable"},
		{Long: "with_flexible_array"},
		{Long: "with_embedded_flexible_array"},
		{Short: 'E', Long: "expand_types"},
		{Short: 'n', Long: "nr_members"},
		{Short: 'r', Long: "rel_offset"},
		{Short: 'd', Long: "recursive"},
		{Short: 'R', Long: "reorganize"},
		{Short: 'S', Long: "show_reorg_steps"},
		{Short: 'N', Long: "class_name_len"},
		{Short: 'l', Long: "show_first_biggest_size_base_type_member"},
		{Short: 'm', Long: "nr_methods"},
		{Short: 'M', Long: "show_only_data_members"},
		{Short: 'p', Long: "expand_pointers"},
		{Short: 's', Long: "sizes"},
		{Short: 't', Long: "separator", Arg: required},
		{Short: 'T', Long: "nr_definitions"},
		{Short: 'D', Long: "decl_exclude", Arg: required},
		{Short: 'x', Long: "exclude", Arg: required},
		{Short: 'y', Long: "prefix_filter", Arg: required},
		{Short: 'X', Long: "cu_exclude", Arg: required},
		{Short: 'a', Long: "anon_include"},
		{Short: 'A', Long: "nested_anon_include"},
		{Short: 'q', Long: "quiet", Help: "as without it"},
		{Short: 'u', Long: "defined_in"},
		{Short: 'V', Long: "verbose", Help: "say what is encoded, for which kernel, and which functions are left out"},
		{Short: 'w', Long: "word_size", Arg: required},
		{Short: 'Z', Long: "ctf_encode"},
		{Long: "flat_arrays"},
		{Long: "suppress_aligned_attribute"},
		{Long: "suppress_force_paddings"},
		{Long: "suppress_packed"},
		{Long: "show_private_classes"},
		{Long: "fixup_silly_bitfields"},
		{Long: "first_obj_only"},
		{Long: "classes_as_structs"},
		{Long: "hex"},
		{Long: "btf_base", Arg: required, ArgName: "FILE", Help: "leave out what the BTF of FILE has: vmlinux or raw BTF"},
		{Long: "kabi_prefix", Arg: required, ArgName: "TEXT", Help: "make TEXT of every name that begins with it"},
		{Short: 'j', Long: "jobs", Arg: optional, ArgName: "N", Help: "encode N files, or units of one, at once; without N as many as there are CPUs"},
		{Short: 'J', Long: "btf_encode", Help: "encode the DWARF of each FILE as BTF and put it into FILE"},
		{Long: "btf_encode_detached", Arg: required, ArgName: "OUT", Help: "encode the DWARF of FILE as BTF and write it to OUT"},
		{Long: "skip_encoding_btf_vars", Help: "no per-CPU variables"},
		{Long: "btf_encode_force", Help: "leave out variables whose names are no identifiers"},
		{Long: "btf_gen_floats", Help: "floating point types as such"},
		{Long: "btf_gen_all", Help: "the default features"},
		{Long: "compile"},
		{Long: "structs"},
		{Long: "unions"},
		{Long: "packed"},
		{Long: "numeric_version", Help: "print the version that is stood in for, as 131"},
		{Long: "sort"},
		{Long: "prettify", Arg: required},
		{Long: "hashbits", Arg: required, ArgName: "BITS", Help: "as without it"},
		{Long: "ptr_table_stats"},
		{Long: "skip_encoding_btf_decl_tag", Help: "no declaration tags"},
		{Long: "skip_missing"},
		{Long: "skip_encoding_btf_type_tag", Help: "no type tags"},
		{Long: "lang", Arg: required, ArgName: "LIST", Help: "take the units of the languages in LIST only"},
		{Long: "lang_exclude", Arg: required, ArgName: "LIST", Help: "leave out the units of the languages in LIST"},
		{Long: "skip_encoding_btf_enum64", Help: "cut enumerators of 64 bits to 32"},
		{Long: "skip_emitting_atomic_typedefs"},
		{Long: "btf_gen_optimized", Help: "functions whose every symbol ends in .isra.N or .constprop.N, too"},
		{Long: "skip_encoding_btf_inconsistent_proto", Help: "no functions with differing prototypes or parameters"},
		{Long: "btf_features", Arg: required, ArgName: "LIST", Help: "encode the features of LIST: names, default, or +names to add to the default; lists add up; unknown names are passed over"},
		{Long: "supported_btf_features", Help: "print the names of features"},
		{Long: "btf_features_strict", Arg: required, ArgName: "LIST", Help: "the same, but an unknown name is an error"},
		{Long: "reproducible_build", Help: "as without it: the same input gives the same bytes"},
		{Long: "running_kernel_vmlinux"},
		{Long: "btf_attributes", Help: "mark the pointers into an arena that kfuncs take and return"},

		// What argp adds to every command.
		{Short: '?', Long: "help", Help: "print this"},
		{Long: "usage", Help: "print the options only"},
		{Long: "program-name", Arg: required},
		{Long: "HANG", Arg: optional},
		{Long: "version", Help: "print the version that is stood in for, as v1.31"},
	}
}

// paholeDoes says what pahole does for an option that is refused here.
func paholeDoes(long string) string {
	switch long {
	case "count", "skip", "seek_bytes", "size_bytes", "range", "header_type", "prettify":
		return "prints data by its type"
	case "format_path":
		return "reads other formats than DWARF"
	case "decl_exclude", "cu_exclude":
		return "leaves out units by their names"
	case "word_size":
		return "changes the size of words"
	case "ctf_encode":
		return "encodes CTF"
	case "fixup_silly_bitfields", "first_obj_only", "flat_arrays":
		return "changes how types are shown"
	case "ptr_table_stats", "HANG":
		return "is for pahole's developers"
	case "running_kernel_vmlinux":
		return "looks for a vmlinux"
	}
	return "shows types"
}
