package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
)

// damaged are modules that between them have every section that is read:
// relocated, compressed, old and new DWARF, .BTF_ids, .modinfo.
var damaged = []string{"split.ko", "kinds.ko", "kfunc.ko", "percpu.ko", "plain/gcc4.ko", "plain/gcc5-zstd.ko", "plain/clang5.ko", "this/thismodule.ko"}

// A module cut anywhere, or with a bit turned over anywhere, is encoded or
// fails with one line; then it has the bytes that it had. No other module
// suffers, and nothing is left over.
func TestDamaged(t *testing.T) {
	stride := 37 // of bytes between two copies' damage
	if testing.Short() {
		stride = 311
	}
	for _, name := range damaged {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := object(t, name)
			var copies [][]byte
			for off := 0; off < len(whole); off += stride {
				flipped := bytes.Clone(whole)
				flipped[off] ^= 1 << (off / stride % 8)
				copies = append(copies, whole[:off], flipped)
			}
			encodeDamaged(t, copies)
		})
	}
}

// The same for what is most fragile, every third bit of it: the ELF header and
// the section headers.
func TestDamagedHeaders(t *testing.T) {
	whole := object(t, "this/thismodule.ko")
	shoff := int(whole[40]) | int(whole[41])<<8
	var copies [][]byte
	for off := range whole {
		if off >= 64 && (off < shoff || testing.Short()) {
			continue
		}
		for bit := off % 3; bit < 8; bit += 3 {
			flipped := bytes.Clone(whole)
			flipped[off] ^= 1 << bit
			copies = append(copies, flipped)
		}
	}
	encodeDamaged(t, copies)
}

func object(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(objects, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// encodeDamaged encodes copies in one call, and a good module with them.
func encodeDamaged(t *testing.T, copies [][]byte) {
	dir := t.TempDir()
	base := filepath.Join(dir, "base.btf")
	good := filepath.Join(dir, "good.ko")
	write(t, base, object(t, "vmlinux.btf"))
	write(t, good, object(t, "tags.ko"))
	paths := []string{good}
	for i, data := range copies {
		path := filepath.Join(dir, fmt.Sprintf("m%05d.ko", i))
		write(t, path, data)
		paths = append(paths, path)
	}
	list := filepath.Join(dir, "list")
	write(t, list, []byte(strings.Join(paths, "\n")))

	cmd := exec.Command("sh", "-c", `xargs gobtfenc encode --allow-mismatch -j2 --base "$0" <"$1"`, base, list)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if s := stderr.String(); strings.Contains(s, "panic") || strings.Contains(s, "internal error") {
		t.Fatalf("%s", s)
	}
	if err == nil {
		t.Error("not one copy failed")
	} else if code := cmd.ProcessState.ExitCode(); code != 123 { // xargs' word for 1 to 125
		t.Fatalf("exit status %d: %v\n%s", code, err, stderr.String())
	}

	said := map[string]string{}
	for line := range strings.Lines(stderr.String()) {
		rest, ok := strings.CutPrefix(line, "gobtfenc: ")
		path, what, ok2 := strings.Cut(rest, ": ")
		if !ok || !ok2 || said[path] != "" {
			t.Errorf("%s: second or odd line: %q", path, line)
		}
		if strings.Contains(what, dir) {
			t.Errorf("path twice: %q", line)
		}
		if !strings.HasPrefix(what, "no DWARF") && !strings.HasPrefix(what, "warning: ") {
			said[path] = what
		}
	}
	failed, encoded := 0, 0
	for i, path := range paths[1:] {
		after, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(after, copies[i]) {
			failed++
			continue
		}
		encoded++
		if what := said[path]; what != "" {
			t.Errorf("%s was changed, but said to have failed: %s", path, what)
		}
		if _, err := encoder.ReadSplit(path, base); err != nil {
			t.Errorf("the .BTF that was written is bad: %v", err)
		}
	}
	if _, err := encoder.ReadSplit(good, base); err != nil {
		t.Errorf("the good module: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != len(paths)+2 {
		t.Errorf("%d files where there were %d", len(entries), len(paths)+2)
	}
	t.Logf("%d copies: %d left alone, %d encoded", len(copies), failed, encoded)
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
