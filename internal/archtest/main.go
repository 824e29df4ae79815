// Command archtest has gobtfenc encode a kernel of any machine, vmlinux and all modules, and
// compares the result by meaning with what the kernel ships with or, where it ships without BTF or
// with that of a pahole whose features gobtfenc has no name for, with what pahole makes of the same
// files here.
//
//	archtest -gobtfenc bin/gobtfenc [-own] [-pahole COMMAND] [-features LIST] [-sample N] [-keep FOLDER] KERNEL
//
// KERNEL is a folder with a vmlinux and modules that have DWARF, as scripts/fetch-kernel.sh unpacks
// it. Nothing is run of it, so any machine tests kernels of all others. Each check prints a line; the
// last one counts them. The exit status is 1 if one failed.
package main

import (
	"cmp"
	"debug/elf"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/checks"
	"github.com/gobtfenc/gobtfenc/internal/cost"
	"github.com/gobtfenc/gobtfenc/internal/kerneldir"
)

// jobs is how many modules each encoder works on at once.
const jobs = 2

// options are the flags.
type options struct {
	tool, pahole, paholeFlags, features, keep string
	sample                                    int
	own                                       bool
}

func main() {
	var o options
	flag.StringVar(&o.tool, "gobtfenc", "bin/gobtfenc", "the command under test")
	flag.StringVar(&o.pahole, "pahole", "pahole", "what to compare with where the kernel ships without BTF")
	flag.StringVar(&o.paholeFlags, "pahole-flags", "-J --btf_gen_floats --lang_exclude=rust", "what it is told, separated by blanks")
	flag.StringVar(&o.features, "features", "pahole-1.24", "what gobtfenc is told to be like it")
	flag.IntVar(&o.sample, "sample", 0, "how many modules pahole encodes, spread over all of them by size; 0 for all")
	flag.BoolVar(&o.own, "own", false, "compare with pahole what ships with BTF, too")
	flag.StringVar(&o.keep, "keep", "", "a folder for what pahole makes of this kernel; what an earlier run left there is taken as it is")
	flag.Parse()
	if flag.NArg() != 1 || o.sample < 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(o, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "archtest:", err)
		os.Exit(1)
	}
}

// bench is what the steps share.
type bench struct {
	checks.Tally
	options
	*kerneldir.Kernel
	work string
	elf  elf.FileHeader // of vmlinux

	// base is what modules are encoded on: vmlinux where it ships with BTF,
	// else what was made of it.
	base    string
	shipped []byte // .BTF of vmlinux, nil for none to compare with
	version string // of pahole, v1.24; empty if it is not needed
}

// out is the folder for results of that name. pahole's take so long that they can be kept.
func (b *bench) out(name string) string {
	if b.keep != "" && strings.HasSuffix(name, "pahole") {
		return filepath.Join(b.keep, name)
	}
	return filepath.Join(b.work, name)
}

// result is the file in the folder called out that has the BTF of a file.
func (b *bench) result(out, file string) string {
	return filepath.Join(b.out(out), strings.TrimSuffix(filepath.Base(file), ".ko")+".btf")
}

func run(o options, dir string) error {
	k, err := kerneldir.Find(dir)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "archtest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b := &bench{options: o, Kernel: k, work: work}
	if err := b.readVmlinux(); err != nil {
		return err
	}
	fmt.Printf("kernel %s: %s, %s, %s, %d modules\n", k.Release, strings.TrimPrefix(b.elf.Machine.String(), "EM_"),
		strings.TrimPrefix(b.elf.Class.String(), "ELF"), strings.TrimPrefix(b.elf.Data.String(), "ELFDATA2"), len(k.Modules))
	for _, step := range []func() error{b.vmlinux, b.modules, b.compare, b.defaults} {
		if err := step(); err != nil {
			return err
		}
	}
	return b.Close()
}

// readVmlinux finds out what machine the kernel is for and what there is to compare it with.
func (b *bench) readVmlinux() error {
	f, err := elf.Open(b.Vmlinux)
	if err != nil {
		return fmt.Errorf("%s: %w", b.Vmlinux, err)
	}
	defer f.Close()
	b.elf = f.FileHeader
	if s := f.Section(".BTF"); s != nil && !b.own {
		b.shipped, err = s.Data()
		return err
	}
	return b.checkPahole()
}

// vmlinux encodes vmlinux and compares it with what it ships with, or with
// pahole's.
func (b *bench) vmlinux() error {
	u, err := b.encode("vmlinux", []string{b.Vmlinux}, "--features", b.features)
	if err != nil {
		return err
	}
	b.Note("vmlinux: %s", u)
	got, what, want := b.result("vmlinux", b.Vmlinux), "the .BTF it ships with", b.shipped
	b.base = b.Vmlinux
	if b.shipped == nil {
		b.base = got
		what = "pahole " + b.version
		u, kept, err := b.runPahole("vmlinux-pahole", "", []string{b.Vmlinux})
		if err != nil {
			return err
		}
		if kept == 0 {
			b.Note("vmlinux by %s: %s", what, u)
		}
		if want, err = os.ReadFile(b.result("vmlinux-pahole", b.Vmlinux)); err != nil {
			return err
		}
	}
	return b.compareVmlinux(got, want, what)
}

// modules encodes all modules as the features ask for and has check look at them.
func (b *bench) modules() error {
	u, err := b.encode("modules", b.Modules, "--base", b.base, "--features", b.features)
	b.Check(err == nil, "%d modules encoded as %s: %s", len(b.Modules), b.features, u)
	if err != nil {
		b.tell(strings.Split(err.Error(), "\n"))
		return nil
	}
	return b.checkGood("modules")
}

// defaults encodes all modules with the default features.
func (b *bench) defaults() error {
	u, err := b.encode("default", b.Modules, "--base", b.base)
	b.Check(err == nil, "%d modules encoded with the default features: %s", len(b.Modules), u)
	if err != nil {
		b.tell(strings.Split(err.Error(), "\n"))
		return nil
	}
	return b.checkGood("default")
}

// checkGood has check look at a folder of results, by the rules of a kernel and
// of libbpf.
func (b *bench) checkGood(out string) error {
	files, err := filepath.Glob(filepath.Join(b.out(out), "*.btf"))
	if err != nil {
		return err
	}
	u, err := cost.Run(exec.Command(b.tool, append([]string{"check", fmt.Sprintf("-j%d", jobs), "--base", b.base}, files...)...))
	b.Check(err == nil && len(files) == len(b.Modules), "check finds nothing in %d files: %s", len(files), u)
	if err != nil {
		b.tell(strings.Split(err.Error(), "\n"))
	}
	return nil
}

// compare compares each module's BTF with what it ships with, or a sample of
// them with what pahole makes.
func (b *bench) compare() error {
	if b.shipped != nil {
		return b.compareModules(b.Modules, "the .BTF they ship with", shippedBTF)
	}
	if b.elf.Machine == elf.EM_MIPS {
		b.Note("modules are not compared: libdw knows no relocations of MIPS, so that pahole reads the first string for every name")
		return nil
	}
	files := b.Modules
	if b.sample > 0 {
		files = spread(files, b.sample)
	}
	what := "pahole " + b.version
	u, kept, err := b.runPahole("pahole", b.base, files)
	if err != nil {
		return err
	}
	b.Note("%d modules by %s, %d processes at a time: %s", len(files)-kept, what, jobs, u)
	return b.compareModules(files, what, func(module string) ([]byte, error) { return os.ReadFile(b.result("pahole", module)) })
}

// spread returns n of the files, from the smallest to the largest in equal
// steps, so that every run of the same kernel takes the same.
func spread(files []string, n int) []string {
	size := map[string]int64{}
	for _, f := range files {
		if st, err := os.Stat(f); err == nil {
			size[f] = st.Size()
		}
	}
	files = slices.Clone(files)
	slices.SortFunc(files, func(x, y string) int { return cmp.Or(cmp.Compare(size[x], size[y]), cmp.Compare(x, y)) })
	if n = min(n, len(files)); n < 2 {
		return files[:n]
	}
	some := make([]string, n)
	for i := range some {
		some[i] = files[i*(len(files)-1)/(n-1)]
	}
	return some
}
