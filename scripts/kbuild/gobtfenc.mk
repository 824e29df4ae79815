# SPDX-License-Identifier: BSD-2-Clause
#
# A kernel's modules with BTF from one call of gobtfenc, instead of one of pahole and one of
# resolve_btfids for each. In a kernel's source or build directory:
#
#	make -f .../gobtfenc.mk -j8                modules, and their BTF
#	make -f .../gobtfenc.mk -j8 O=../build
#	make -f .../gobtfenc.mk -j8 M=drivers/drv [MO=DIR]
#
# Or in a makefile that packages a kernel:
#
#	include .../gobtfenc.mk
#	build:
#		$(MAKE) -C linux PAHOLE=... $(GOBTFENC_KBUILD) modules
#		+$(call gobtfenc_tree,linux)
#
# modules_install comes after it: it strips, signs and compresses what is there, and builds nothing.
#
#	GOBTFENC_FLAGS  options of gobtfenc encode

# Kbuild's rule for a module's BTF is $(call cmd,btf_ko), since Linux 5.11. A variable that is given to
# make is that in all makes below it. Linux 6.1 still announces an empty command, 6.12 does not.
GOBTFENC_KBUILD := cmd_btf_ko= quiet_cmd_btf_ko=

gobtfenc_dir := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
GOBTFENC_FLAGS ?= --resolve-btfids

# $(call gobtfenc_tree,OBJDIR[,VMLINUX]). A recipe line that begins with + is run under make -n, too.
gobtfenc_tree = $(if $(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),: )"$(gobtfenc_dir)/gobtfenc-tree" $(1) \
	$(if $(2),--base $(2)) $(GOBTFENC_FLAGS)

# By itself: what make -f does. Kbuild takes O, M and MO (Linux 6.13) from the command line only, but
# the variables that they stand for from the environment, too. PAHOLE also comes from the command line
# only; without one Kbuild would take the pahole in PATH for vmlinux, and turn BTF off if there is none.
ifeq ($(words $(MAKEFILE_LIST)),1)
gobtfenc_option = $(if $(filter command,$(origin $(1))),$($(1)),$($(2)))
gobtfenc_kernel := $(or $(call gobtfenc_option,O,KBUILD_OUTPUT),.)
gobtfenc_extmod := $(call gobtfenc_option,M,KBUILD_EXTMOD)
gobtfenc_extout := $(or $(call gobtfenc_option,MO,KBUILD_EXTMOD_OUTPUT),$(gobtfenc_extmod))
gobtfenc_pahole := $(if $(filter command,$(origin PAHOLE)),,PAHOLE=$(gobtfenc_dir)/pahole)

.PHONY: modules_btf
modules_btf:
	+$(MAKE) -f Makefile $(gobtfenc_pahole) $(GOBTFENC_KBUILD) modules
	+$(call gobtfenc_tree,$(if $(gobtfenc_extmod),$(gobtfenc_extout),$(gobtfenc_kernel)),$(if $(gobtfenc_extmod),$(gobtfenc_kernel)/vmlinux))
endif
