/* SPDX-License-Identifier: BSD-2-Clause */
/* Lays out .BTF_ids as the kernel's build finds it, in words of 32 bits:
 *
 *	set8:  count, flags, then per function: id, flags
 *	list:  ids
 *
 * All ids and the count are 0 until after the link. What to put where is in the symbols'
 * names: __BTF_ID__KIND__NAME__SERIAL for an id, __BTF_ID__set8__NAME for a set. The set's
 * symbol has the whole set's size, an id's has 4.
 */
#ifndef TK_BTF_IDS_H
#define TK_BTF_IDS_H

#define BTF_SET8_IS_KFUNCS 1

#define TK_STR1(...) #__VA_ARGS__
#define TK_STR(...) TK_STR1(__VA_ARGS__)

#define ID_SECTION_BEGIN ".pushsection .BTF_ids, \"a\"\n.balign 4\n"
#define ID_SECTION_END ".popsection\n"

#define ID_WORDS(label, size, words)                                                               \
	".local " label "\n.type " label ", STT_OBJECT\n.size " label ", " size "\n" label ":\n" words

#define SET8_BEGIN(name, flags)                                                                    \
	ID_SECTION_BEGIN ID_WORDS("__BTF_ID__set8__" #name, "end_of_set8_" #name                    \
						   " - __BTF_ID__set8__" #name,                     \
				  ".long 0, " TK_STR(flags) "\n")
#define SET8_FUNC(name, n, flags)                                                                  \
	ID_WORDS("__BTF_ID__func__" #name "__" #n, "4", ".long 0, " TK_STR(flags) "\n")
#define SET8_END(name) ".local end_of_set8_" #name "\nend_of_set8_" #name ":\n" ID_SECTION_END

#define ID_ONE(kind, name, n)                                                                      \
	ID_SECTION_BEGIN ID_WORDS("__BTF_ID__" #kind "__" #name "__" #n, "4", ".long 0\n")          \
		ID_SECTION_END

#endif
