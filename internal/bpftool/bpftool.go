// Package bpftool dumps BTF with the kernel's own tool, for tests that want the
// same of gobtfenc, and knows what docs/differences.md lists. It also has
// compilers look at C.
package bpftool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

// Tool is the path of a bpftool.
type Tool string

// Find looks for bpftool, which Debian keeps from a user's PATH.
func Find() (Tool, error) {
	for _, name := range []string{"bpftool", "/usr/sbin/bpftool"} {
		if path, err := exec.LookPath(name); err == nil {
			return Tool(path), nil
		}
	}
	return "", errors.New("no bpftool")
}

// Dump returns what bpftool prints of a file in a format of gobtfenc dump, in
// order of ids. base is empty for none.
func (t Tool) Dump(file, base, format string) ([]byte, error) {
	var args []string
	if base != "" {
		args = append(args, "-B", base)
	}
	switch format {
	case "json":
		return t.run(append(args, "-j", "btf", "dump", "file", file)...)
	case "c":
		// Without the word, bpftool sorts since Linux 6.11; before, it
		// does not know it.
		args = append(args, "btf", "dump", "file", file, "format", "c")
		if out, err := t.run(append(args, "unsorted")...); err == nil {
			return out, nil
		}
		return t.run(args...)
	}
	return t.run(append(args, "btf", "dump", "file", file, "format", format)...)
}

func (t Tool) run(args ...string) ([]byte, error) {
	var errs bytes.Buffer
	cmd := exec.Command(string(t), args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", t, err, errs.Bytes())
	}
	return out, nil
}

// Compare compares what gobtfenc dump printed in a format with what bpftool
// did. The error has the first lines that differ, but for what is named in
// docs/differences.md.
func Compare(format string, got, want []byte) error {
	switch format {
	case "c":
		got, want = withoutNamed(got), withoutNamed(want)
	case "json":
		got, want = linesOfJSON(got), linesOfJSON(want)
		want = enums.ReplaceAllFunc(want, func(enum []byte) []byte { return extended.ReplaceAllFunc(enum, truncate) })
	}
	if bytes.Equal(got, want) {
		return nil
	}
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			return fmt.Errorf("got %q, bpftool %q", g[i], w[i])
		}
	}
	return fmt.Errorf("%d lines, bpftool %d", len(g), len(w))
}

// named are the texts that differ in C.
var named = []*regexp.Regexp{
	regexp.MustCompile(` __attribute__\(\(mode\((byte|HI|word)\)\)\)`),
	regexp.MustCompile(`\n\t+char _\[\d+\];`),
	regexp.MustCompile(`#ifndef (__ksym|__weak)\n#define .*\n#endif\n\n`),
	regexp.MustCompile(`(?s)\n/\* BPF kfuncs \*/\n.*?\n#endif\n\n`),
}

func withoutNamed(c []byte) []byte {
	for _, re := range named {
		c = re.ReplaceAll(c, nil)
	}
	return c
}

var (
	// enums are the lines of linesOfJSON for those of 32 bits.
	enums = regexp.MustCompile(`(?m)^{"id":[0-9]+,"kind":"ENUM","name":"[^"]*","encoding":"UNSIGNED".*$`)

	// extended is a value of such an enum that bpftool takes for a signed
	// one, and then for one of 64 bits.
	extended = regexp.MustCompile(`"val":1844674[0-9]{13}\b`)
)

func truncate(field []byte) []byte {
	key, value, _ := bytes.Cut(field, []byte(":"))
	n, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil || int64(n) != int64(int32(n)) {
		return field
	}
	return fmt.Appendf(nil, "%s:%d", key, uint32(n))
}

// linesOfJSON gives each type a line.
func linesOfJSON(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte(`{"id":`), []byte("\n{\"id\":"))
}

// Compile has a compiler look whether a header with static assertions is C and
// has them true.
func Compile(cc string, header []byte) error {
	path, err := exec.LookPath(cc)
	if err != nil {
		return fmt.Errorf("no %s", cc)
	}
	cmd := exec.Command(path, "-std=gnu11", "-w", "-fsyntax-only", "-xc", "-")
	cmd.Stdin = bytes.NewReader(header)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cc, err, out[:min(len(out), 4000)])
	}
	return nil
}
