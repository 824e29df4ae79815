// Command kbuildtest has Kbuild build a kernel and modules with gobtfenc for pahole, and checks
// what came of it: by meaning against the same tree with pahole, and in what make does and says
// when files change, are broken, or it is interrupted.
//
//	kbuildtest [FLAG...] -source DIR -work DIR    a kernel, and modules out of its tree
//	kbuildtest [FLAG...] -headers DIR -work DIR   modules alone, against a kernel's headers
//	kbuildtest [FLAG...] -llvm -19 -source DIR -work DIR    kernels by clang, see clang.go
//
// DIR of -source is an unpacked kernel source, DIR of -work takes the object trees and the log of
// make; the tree built with pahole stays there and is taken as it is by the next run. Each check
// prints a line; the last one counts them. The exit status is 1 if one failed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// minModules is how many modules the tree has to have at least.
const minModules = 40

// jobs is -j of every make but one.
var jobs = runtime.NumCPU()

// options are the flags; all paths are absolute.
type options struct {
	tool, shim, config, modules, source, headers, work string

	llvm  string // LLVM=, empty for gcc
	newer string // a pahole whose default features are those of gobtfenc, empty for none
}

func main() {
	var o options
	flag.StringVar(&o.tool, "gobtfenc", "bin/gobtfenc", "the command under test")
	flag.StringVar(&o.shim, "pahole", "scripts/kbuild/pahole", "what Kbuild is given as PAHOLE=")
	flag.StringVar(&o.config, "config", "scripts/kbuild/test.config", "symbols that are set in the kernel")
	flag.StringVar(&o.modules, "modules", "testdata/outoftree", "folder of modules out of the tree")
	flag.StringVar(&o.source, "source", "", "kernel source")
	flag.StringVar(&o.headers, "headers", "", "a kernel's build directory")
	flag.StringVar(&o.work, "work", "", "folder for what is built")
	flag.StringVar(&o.llvm, "llvm", "", "build with LLVM's tools of this version: 1, or a suffix like -19")
	flag.StringVar(&o.newer, "newer", "", "with -llvm: a pahole to compare the default features with")
	flag.Parse()
	if flag.NArg() != 0 || (o.source == "") == (o.headers == "") || o.work == "" || o.llvm != "" && o.source == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "kbuildtest:", err)
		os.Exit(1)
	}
}

// bench is what all steps share.
type bench struct {
	*checks.Tally
	options
	reference string // the pahole to compare with
	log       io.Writer
}

func run(o options) error {
	for _, p := range []*string{&o.tool, &o.shim, &o.config, &o.modules, &o.source, &o.headers, &o.work} {
		if *p == "" {
			continue
		}
		var err error
		if *p, err = filepath.Abs(*p); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(o.work, 0o755); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(o.work, "make.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	// The shim finds the command under test by this name.
	if err := os.Setenv("GOBTFENC", o.tool); err != nil {
		return err
	}
	pahole, err := exec.LookPath("pahole")
	if err != nil {
		return errors.New("no pahole to compare with")
	}
	b := &bench{&checks.Tally{}, o, pahole, log}
	switch {
	case o.llvm != "":
		err = b.clang()
	case o.source != "":
		err = b.inTree()
	default:
		err = b.outOfTree(o.headers)
	}
	if err != nil {
		return fmt.Errorf("%w (what make said is in %s)", err, log.Name())
	}
	return b.Close()
}

// version is a pahole's version.
type version struct {
	number int    // as Kbuild has it: 124
	text   string // 1.24
}

func (v version) String() string { return v.text }

func paholeVersion(pahole string) (version, error) {
	out, err := exec.Command(pahole, "--version").Output()
	if err != nil {
		return version{}, fmt.Errorf("%s --version: %w", pahole, err)
	}
	text := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
	n, err := strconv.Atoi(strings.ReplaceAll(text, ".", ""))
	if err != nil {
		return version{}, fmt.Errorf("%s --version: %q", pahole, out)
	}
	return version{n, text}, nil
}
