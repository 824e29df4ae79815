// Command selftest compares the verdict and the message of btf.Check with those
// that the kernel's own selftest expects of BPF_BTF_LOAD.
//
//	selftest SOURCE
//
// SOURCE is an unpacked kernel source. The tests are a table in C, in its
// tools/testing/selftests/bpf/prog_tests/btf.c, which is under the GPL and
// therefore not here: it is compiled, with testdata/extract.c, when it is to be compared
// with. The exit status is 1 if a test differs.
package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/checks"
)

// minTests is how many tests there are at least.
const minTests = 150

// rules are those of Linux 6.12, whose source it is.
var rules = btf.Rules{Load: true, TagsFirst: true, NoTagFlag: true, NarrowInfo: true}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: selftest SOURCE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "selftest:", err)
		os.Exit(1)
	}
}

func run(source string) error {
	all, err := extract(source)
	if err != nil {
		return err
	}
	var t checks.Tally
	refused, differ := 0, 0
	for _, test := range all {
		err := btf.Check(test.data, nil, rules)
		if test.refused {
			refused++
		}
		if (err != nil) != test.refused || !strings.Contains(message(err), test.message) {
			differ++
			t.Note("%s: refused: %v, with %q; we say: %v", test.name, test.refused, test.message, err)
		}
	}
	t.Check(differ == 0 && len(all) >= minTests, "the kernel's selftest: of %d BTFs it refuses %d, and so do we with its messages: %d differ", len(all), refused, differ)
	return t.Close()
}

// message returns what a kernel writes into its log about an error of btf.Check.
func message(err error) string {
	var h *btf.HeaderError
	var r *btf.RuleError
	switch {
	case errors.As(err, &h):
		return h.Msg
	case errors.As(err, &r):
		return strings.Join(r.Log, "\n")
	}
	return ""
}

// test is one of the kernel's.
type test struct {
	name    string
	refused bool
	message string // part of the log, empty where the test does not look
	data    []byte
}

//go:embed testdata/extract.c
var extractor []byte

// extract compiles the table of source and runs it.
func extract(source string) ([]test, error) {
	dir, err := os.MkdirTemp("", "selftest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	selftests := filepath.Join(source, "tools/testing/selftests/bpf")
	text, err := os.ReadFile(filepath.Join(selftests, "prog_tests/btf.c"))
	if err != nil {
		return nil, err
	}
	table, err := cut(text)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "extract")
	err = errors.Join(os.WriteFile(filepath.Join(dir, "raw_tests.inc"), table, 0o644), os.WriteFile(program+".c", extractor, 0o644))
	if err != nil {
		return nil, err
	}
	gcc := exec.Command("gcc", "-w", "-I", dir, "-I", selftests, "-I", filepath.Join(source, "tools/include/uapi"), "-o", program, program+".c")
	if out, err := gcc.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("gcc: %w\n%s", err, out)
	}
	out, err := exec.Command(program).Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	return parse(out)
}

// cut returns the part of the kernel's file from its first line to the function
// that gives BTF to the kernel, without what it includes.
func cut(text []byte) ([]byte, error) {
	table, _, found := bytes.Cut(text, []byte("\nstatic int load_raw_btf("))
	if !found {
		return nil, errors.New("prog_tests/btf.c has no function load_raw_btf")
	}
	var b []byte
	for line := range bytes.Lines(table) {
		if !bytes.HasPrefix(line, []byte("#include")) {
			b = append(b, line...)
		}
	}
	return append(b, '\n'), nil
}

// parse reads what testdata/extract.c prints.
func parse(out []byte) ([]test, error) {
	var all []test
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 4 {
			return nil, fmt.Errorf("test %d: %.80q", len(all), lines.Text())
		}
		data, err := hex.DecodeString(fields[3])
		if err != nil {
			return nil, fmt.Errorf("test %d: %w", len(all), err)
		}
		all = append(all, test{name: fields[0], refused: fields[1] == "1", message: fields[2], data: data})
	}
	return all, lines.Err()
}
