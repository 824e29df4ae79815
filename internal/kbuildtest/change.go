package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// unchanged checks that make has nothing to do after the build.
func (b *bench) unchanged(o *objtree, want *kernelBTF) error {
	before, err := o.stamps()
	if err != nil {
		return err
	}
	m := o.make()
	after, err := o.stamps()
	if err != nil {
		return err
	}
	b.Check(m.err == nil && len(m.targets("BTF [M]"))+len(m.targets("LD [M]"))+len(m.targets("LD")) == 0 && slices.Equal(before, after),
		"make again makes nothing%s", because(m.err))
	return nil
}

// stamps returns when vmlinux and each module last changed.
func (o *objtree) stamps() ([]time.Time, error) {
	names, err := o.modules()
	if err != nil {
		return nil, err
	}
	var all []time.Time
	for _, n := range append(names, "vmlinux") {
		st, err := os.Stat(o.path(n))
		if err != nil {
			return nil, err
		}
		all = append(all, st.ModTime())
	}
	return all, nil
}

// oneSource touches the object of one module and wants the BTF of that one alone.
func (b *bench) oneSource(o *objtree, want *kernelBTF) error {
	const module = "net/ipv4/tcp_bbr.ko"
	if want.modules[module] == nil {
		return fmt.Errorf("the tree has no %s", module)
	}
	if err := o.remove("net/ipv4/tcp_bbr.o"); err != nil {
		return err
	}
	m := o.make()
	b.Check(m.err == nil && slices.Equal(m.targets("CC [M]"), []string{"net/ipv4/tcp_bbr.o"}) && slices.Equal(m.targets("BTF [M]"), []string{module}),
		"one object is gone: make compiles it and makes the BTF of %s%s", strings.Join(m.targets("BTF [M]"), " "), because(m.err))
	return b.still(o, want, "after that")
}

// newVmlinux links vmlinux anew, which makes the BTF of all modules anew, before 7.0 in .ko that
// have one and are not linked again. make runs eight jobs.
func (b *bench) newVmlinux(o *objtree, want *kernelBTF) error {
	if err := o.remove("vmlinux"); err != nil {
		return err
	}
	m := o.make("-j8")
	b.Check(m.err == nil && len(m.targets("BTF [M]")) == len(want.modules),
		"vmlinux linked anew, make -j8: BTF of %d modules, %d of them linked anew%s", len(m.targets("BTF [M]")), len(m.targets("LD [M]")), because(m.err))
	if err := b.still(o, want, "after that"); err != nil {
		return err
	}
	return b.unchanged(o, want)
}

// batch makes all modules without BTF, and then the BTF of all at once.
func (b *bench) batch(o *objtree, want *kernelBTF) error {
	if _, err := o.removeModules(); err != nil {
		return err
	}
	mk := filepath.Join(filepath.Dir(b.shim), "gobtfenc.mk")
	m := o.make("-f", mk)
	b.Check(m.err == nil && len(m.targets("BTF [M]")) == 0, "make -f gobtfenc.mk%s", because(m.err))
	for _, l := range m.lines("gobtfenc: ", " modules") {
		b.Note("%s", l)
	}
	if err := b.still(o, want, "after that"); err != nil {
		return err
	}
	before, err := o.stamps()
	if err != nil {
		return err
	}
	m = o.make("-f", mk)
	plain := o.make()
	after, err := o.stamps()
	if err != nil {
		return err
	}
	b.Check(m.err == nil && plain.err == nil && slices.Equal(before, after), "make -f gobtfenc.mk and make after it change nothing%s%s",
		because(m.err), because(plain.err))
	return nil
}

// ourIDs has Kbuild call gobtfenc in place of its own resolve_btfids.
func (b *bench) ourIDs(o *objtree, want *kernelBTF) error {
	if err := o.remove("vmlinux"); err != nil {
		return err
	}
	m := o.make("RESOLVE_BTFIDS=" + filepath.Join(filepath.Dir(b.shim), "resolve_btfids"))
	b.Check(m.err == nil && len(m.complaints()) == 0, "make PAHOLE=shim RESOLVE_BTFIDS=shim%s", because(m.err))
	tell(b, m.complaints())
	return b.still(o, want, "after that")
}

// still checks that all modules have the BTF and the .BTF_ids that they had.
func (b *bench) still(o *objtree, want *kernelBTF, when string) error {
	got, err := o.read()
	if err != nil {
		b.Check(false, "%s: %v", when, err)
		return nil
	}
	other := append(otherIDs(want, got), sameBytes(want, got)...)
	b.Check(len(other) == 0, "%s: %d of %d modules have another .BTF or .BTF_ids", when, len(other), len(want.modules))
	tell(b, other)
	return nil
}

// interrupted stops make while it makes BTF and wants every file whole, and the next make to do
// the rest.
func (b *bench) interrupted(o *objtree, want *kernelBTF) error {
	for _, s := range []struct {
		name string
		sig  syscall.Signal
	}{{"SIGINT", syscall.SIGINT}, {"SIGTERM", syscall.SIGTERM}} {
		if err := o.touch("vmlinux"); err != nil {
			return err
		}
		at := len(want.modules) / 3
		out, err := stopAt(o.log, o.command(), "BTF [M]", at, s.sig)
		b.Check(err != nil, "%s in the BTF of module %d stops make", s.name, at)
		done := built{out: out}
		b.whole(o, want, fmt.Sprintf("%s after %d modules", s.name, len(done.targets("BTF [M]"))))
		b.rest(want, done, o.make())
		if err := b.still(o, want, "after that"); err != nil {
			return err
		}
	}
	return nil
}

// rest checks that a make did what the one before it, which was interrupted, had not: the modules
// that it had not begun, and those that it was busy with, one a job at most.
func (b *bench) rest(want *kernelBTF, before, m built) {
	begun, done := before.targets("BTF [M]"), m.targets("BTF [M]")
	never, twice := 0, 0
	for name := range want.modules {
		first, second := slices.Contains(begun, name), slices.Contains(done, name)
		switch {
		case first && second:
			twice++
		case !first && !second:
			never++
		}
	}
	b.Check(m.err == nil && never == 0 && twice <= jobs, "make again does %d modules: %d were not begun, %d not finished%s",
		len(done), len(want.modules)-len(begun), twice, because(m.err))
}

// stopAt runs cmd and sends a signal to it and to all that it started, as a terminal does, when it
// has announced n times what begins with name.
func stopAt(log io.Writer, cmd *exec.Cmd, name string, n int, sig syscall.Signal) (string, error) {
	// A signal that is ignored here, as in a job in the background, would be ignored there; one
	// that is caught here is not.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, sig)
	defer signal.Stop(caught)

	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	var out strings.Builder
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			out.WriteString(lines.Text() + "\n")
			if strings.HasPrefix(strings.Join(strings.Fields(lines.Text()), " "), name) {
				if n--; n == 0 {
					// The process group is ours alone; see Setpgid.
					syscall.Kill(-cmd.Process.Pid, sig) //nolint:errcheck // make may have ended
				}
			}
		}
	}()
	err := cmd.Wait()
	w.Close()
	<-read
	fmt.Fprintf(log, "$ %s, %v\n%s", strings.Join(cmd.Args, " "), sig, out.String())
	return out.String(), err
}

// whole checks that each module is missing or can be read to the end, and that nothing else was
// left beside it.
func (b *bench) whole(o *objtree, want *kernelBTF, when string) {
	var bad []string
	gone := 0
	for name := range want.modules {
		_, err := section(o.path(name), ".symtab")
		switch {
		case os.IsNotExist(err) || err != nil && strings.Contains(err.Error(), "no such file"):
			gone++
		case err != nil:
			bad = append(bad, err.Error())
		}
		left, _ := filepath.Glob(o.path(filepath.Join(filepath.Dir(name), "*gobtfenc*")))
		bad = append(bad, left...)
	}
	b.Check(len(bad) == 0, "%s: %d modules were removed by make, %d files are broken or left over", when, gone, len(bad))
	tell(b, bad)
}

// broken checks what a kernel developer reads when something is wrong, and that make does not go
// on as if it were not.
func (b *bench) broken(o *objtree, want *kernelBTF) error {
	const module = "net/ipv4/tcp_bbr.ko"
	half := func() error {
		st, err := os.Stat(o.path(module))
		if err != nil {
			return err
		}
		return os.Truncate(o.path(module), st.Size()/2)
	}
	nothing := func() error { return nil }
	for _, c := range []struct {
		what  string
		spoil func() error
		env   string // for make
		says  string // that a line of make's has
		mend  func() error
	}{
		// make removes only what a failed command has changed.
		{"half a .ko", half, "", "tcp_bbr.ko", func() error { return o.remove(module) }},
		{"no gobtfenc", nothing, "GOBTFENC=/nonexistent/gobtfenc", "gobtfenc", nothing},
	} {
		if err := c.spoil(); err != nil {
			return err
		}
		if err := o.touch("vmlinux"); err != nil {
			return err
		}
		cmd := o.command()
		cmd.Env = append(os.Environ(), c.env)
		m := start(o.log, cmd)
		said := slices.DeleteFunc(m.complaints(), func(l string) bool { return strings.Contains(l, "***") || !strings.Contains(l, c.says) })
		b.Check(m.err != nil && len(said) > 0, "%s: make fails and says why", c.what)
		for _, l := range said[:min(2, len(said))] {
			b.Note("%s", l)
		}
		if err := c.mend(); err != nil {
			return err
		}
		m = o.make()
		b.Check(m.err == nil, "make again, with that put right%s", because(m.err))
		if err := b.still(o, want, "after that"); err != nil {
			return err
		}
	}
	return nil
}
