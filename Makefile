# SPDX-License-Identifier: BSD-2-Clause
#
#	make demo                   encode the small kernel of testdata and show what splitting does
#	make demo KERNEL=debian     the same with a whole Debian kernel, fetched through apt
#	make test                   everything that needs no network but for Go modules and apt
#	make test-kernel            a whole Debian kernel, against the BTF it ships with
#	make test-qemu              a Debian kernel in qemu loads the modules and is asked about them
#	make test-arch              a whole Debian kernel for arm64, or for ARCH='s390x armel …', each
#	                            against the BTF it ships with or against pahole; SAMPLE=0 for all modules
#	make test-outoftree         Kbuild makes modules with gobtfenc for pahole, against Debian's headers
#	make test-fault             every fault at every system call, files made to do harm, and 10,000
#	                            damaged modules; POINTS=5 COUNT=500 for less
#	make test-kbuild            Kbuild makes a kernel with gobtfenc for pahole, against pahole
#	make test-clang             the same kernel by clang, with DWARF 5 and ThinLTO and with DWARF 4,
#	                            against pahole; LLVM=-19, NEWER=PAHOLE for the default features
#	make regress-defconfig      a kernel's defconfig is built; what is worse in its BTF than at the
#	                            first run; REGRESS=--update accepts it
#	make test-slurm             a Slurm array measures a Debian kernel in parts
#	make bench                  time and memory against pahole and the bare walk, as a table;
#	                            PAHOLE, BENCH='-runs 7 -only xfs' or BENCH=-scale, with a plot
#	make bench-stages           speed and allocations of each stage on xfs.ko
#	make fuzz FUZZTIME=1m       every fuzz target for that long, or as often as FUZZTIME=1000x says
#	make cover                  which statements no test runs; fails below 90 %
#	make vuln                   known vulnerabilities in what the program calls
#	make release                static binaries for all hosts, packages, a list of modules, made twice;
#	                            TARGETS="linux/amd64 ..." for some
#	make man                    docs/man/*.1, from the texts of --help and docs/man/*.roff
#	make install                PREFIX (/usr/local), DESTDIR
#
# What a target needs beyond Go is installed from Debian's packages when it is missing.

# Go's own installer does not touch PATH, and Debian keeps bpftool from a user's.
export PATH := $(PATH):/usr/local/go/bin:/usr/sbin:/sbin

# Go keeps its caches below HOME, which a bare environment lacks.
ifeq ($(HOME),)
export HOME := $(or $(shell getent passwd $$(id -u) | cut -d: -f6),/tmp)
endif

PREFIX ?= /usr/local
FUZZTIME ?= 30s
VERSION := $(or $(shell git describe --tags --always --dirty 2>/dev/null),devel)

bin := bin/gobtfenc
share = $(DESTDIR)$(PREFIX)/share
install_packages := scripts/install-packages.sh

.PHONY: all
all: $(bin)

# Go knows better than make what is up to date.
.PHONY: $(bin)
$(bin):
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/gobtfenc

.PHONY: demo
demo: $(bin)
	GOBTFENC=$(CURDIR)/$(bin) KERNEL='$(or $(KERNEL),testdata)' scripts/demo.sh

.PHONY: test
test: bin/staticcheck $(bin)
	$(install_packages) gcc eu-elflint objcopy clang bpftool pahole chromium yamllint mandoc \
		/usr/share/bash-completion/bash_completion zsh fish script
	scripts/test.sh

bin/staticcheck: tools/go.mod tools/go.sum
	go -C tools build -o ../$@ honnef.co/go/tools/cmd/staticcheck

.PHONY: test-kernel
test-kernel: $(bin)
	$(install_packages) pahole bpftool gcc clang
	scripts/test-kernel.sh

.PHONY: test-arch
test-arch: $(bin)
	$(install_packages) pahole
	SAMPLE='$(SAMPLE)' scripts/test-arch.sh $(ARCH)

.PHONY: test-outoftree
test-outoftree: $(bin)
	$(install_packages) gcc gcc-12 pahole
	scripts/test-outoftree.sh

.PHONY: test-fault
test-fault: $(bin)
	scripts/test-fault.sh

.PHONY: test-qemu
test-qemu: $(bin)
	$(install_packages) objcopy qemu-system-x86_64
	scripts/test-qemu.sh

.PHONY: test-kbuild
test-kbuild: $(bin)
	$(install_packages) gcc flex bison bc kmod xz libelf.h pahole
	scripts/test-kbuild.sh

LLVM ?= -19
.PHONY: test-clang
test-clang: $(bin)
	$(install_packages) gcc flex bison bc kmod xz libelf.h pahole clang$(LLVM) ld.lld$(LLVM) llvm-objcopy$(LLVM)
	LLVM='$(LLVM)' scripts/test-clang.sh

.PHONY: regress-defconfig
regress-defconfig: $(bin)
	$(install_packages) gcc flex bison bc kmod xz libelf.h openssl/ssl.h
	scripts/regress-defconfig.sh $(REGRESS)

.PHONY: test-slurm
test-slurm: $(bin)
	GOBTFENC=$(CURDIR)/$(bin) scripts/test-slurm.sh

.PHONY: bench
bench: $(bin) bin/gobtfenc-walk
	$(install_packages) pahole objcopy
	scripts/bench.sh $(BENCH)

# What gobtfenc is measured against; it is not installed.
.PHONY: bin/gobtfenc-walk
bin/gobtfenc-walk:
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o $@ ./internal/bench/gobtfenc-walk

.PHONY: bench-stages
bench-stages:
	go test -run '^$$' -bench Stage -count 5 ./encoder

.PHONY: fuzz
fuzz:
	$(install_packages) bpftool
	scripts/fuzz.sh $(FUZZTIME)

.PHONY: man
man:
	go test -run 'TestManualPages$$' ./cmd/gobtfenc -update

.PHONY: cover
cover:
	scripts/cover.sh

bin/nfpm: tool := github.com/goreleaser/nfpm/v2/cmd/nfpm
bin/cyclonedx-gomod: tool := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
bin/govulncheck: tool := golang.org/x/vuln/cmd/govulncheck
# The list of modules has a digest of what made it, so that this too is to be the same everywhere.
bin/nfpm bin/cyclonedx-gomod bin/govulncheck: tools/release/go.mod tools/release/go.sum
	CGO_ENABLED=0 go -C tools/release build -trimpath -buildvcs=false -o ../../$@ $(tool)

.PHONY: vuln
vuln: bin/govulncheck
	$(install_packages) jq
	scripts/vuln.sh

.PHONY: release
release: bin/nfpm bin/cyclonedx-gomod
	$(install_packages) readelf
	TARGETS='$(TARGETS)' scripts/release.sh

.PHONY: install
install:
	test -x $(bin) || $(MAKE) $(bin)
	install -D -m 755 $(bin) $(DESTDIR)$(PREFIX)/bin/gobtfenc
	install -d $(addprefix $(share)/,man/man1 bash-completion/completions zsh/site-functions fish/vendor_completions.d)
	install -m 644 docs/man/*.1 $(share)/man/man1
	$(bin) completion bash >$(share)/bash-completion/completions/gobtfenc
	$(bin) completion zsh >$(share)/zsh/site-functions/_gobtfenc
	$(bin) completion fish >$(share)/fish/vendor_completions.d/gobtfenc.fish
	install -D -m 755 scripts/kbuild/pahole $(share)/gobtfenc/kbuild/pahole
	ln -sf pahole $(share)/gobtfenc/kbuild/resolve_btfids
	ln -sf pahole $(share)/gobtfenc/kbuild/gobtfenc-tree
	install -D -m 644 scripts/kbuild/gobtfenc.mk $(share)/gobtfenc/kbuild/gobtfenc.mk

.PHONY: clean
clean:
	rm -rf bin
