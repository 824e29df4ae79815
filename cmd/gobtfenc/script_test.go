package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The tests run this binary under the names of the command.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gobtfenc": main, "pahole": main, "resolve_btfids": main})
}

const objects = "../../testdata/kernel/obj"

// TestScript runs testdata/script/*.txtar, each in a folder of its own that is
// empty but for the script's files. KBUILD is scripts/kbuild. Besides
// testscript's commands there are:
//
//	testdata NAME...      copies objects of testdata/kernel/obj here
//	status N CMD ARG...   runs a command, whose exit status must be N
//	save FILE...          remembers files
//	kept FILE...          they are as they were when saved: bytes, mode, inode, time
//	! kept FILE...        they have other bytes
//	same A B...           files of equal bytes
//	cut FILE SIZE         cuts a file
//	poke FILE OFFSET HEX  overwrites bytes
//	append FILE TEXT      appends a text and a newline
//	listing DIR NAME...   DIR has these files and no others, hidden ones included
//	lines stdout|stderr N the last command wrote N lines there
//	copies FILE N         makes m0.ko, m1.ko … of FILE
//	old FILE              gives a file a time long ago
//	snapshot DIR          remembers all below a folder, and all its times but those of access
//	untouched DIR         is as it was then, the folder itself too
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			kbuild, err := filepath.Abs("../../scripts/kbuild")
			if err != nil {
				return err
			}
			e.Setenv("KBUILD", kbuild)
			e.Setenv("MAKEFLAGS", "") // of the make that runs the tests
			e.Values["saved"] = map[string]saved{}
			e.Values["trees"] = map[string]map[string]string{}
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Getuid() == 0, nil
			case "tty":
				f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
				if err == nil {
					f.Close()
				}
				return err == nil, nil
			case "runningbtf":
				_, err := os.ReadFile("/sys/kernel/btf/vmlinux")
				return err == nil, nil
			case "mount":
				return canMount(), nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"testdata":  cmdTestdata,
			"status":    cmdStatus,
			"save":      cmdSave,
			"kept":      cmdKept,
			"same":      cmdSame,
			"cut":       cmdCut,
			"poke":      cmdPoke,
			"append":    cmdAppend,
			"listing":   cmdListing,
			"lines":     cmdLines,
			"copies":    cmdCopies,
			"old":       cmdOld,
			"snapshot":  cmdSnapshot,
			"untouched": cmdUntouched,
		},
	})
}

// canMount reports whether a small file system can be mounted for a command
// alone, which needs root.
func canMount() bool {
	return exec.Command("unshare", "--mount", "sh", "-c", "mount -t tmpfs none /tmp").Run() == nil
}

func cmdTestdata(ts *testscript.TestScript, neg bool, args []string) {
	dir, err := filepath.Abs(objects)
	ts.Check(err)
	for _, name := range args {
		data, err := os.ReadFile(filepath.Join(dir, name))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(filepath.Base(name)), data, 0o644))
	}
}

func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var ee *exec.ExitError
		if !errors.As(err, &ee) {
			ts.Fatalf("%v", err)
		}
		got = ee.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d; stderr:\n%s", got, want, ts.ReadFile("stderr"))
	}
}

// saved is what a file was.
type saved struct {
	sum  [sha256.Size]byte
	mode fs.FileMode
	mod  time.Time
	ino  uint64
}

func look(ts *testscript.TestScript, name string) saved {
	path := ts.MkAbs(name)
	st, err := os.Lstat(path)
	ts.Check(err)
	s := saved{mode: st.Mode(), mod: st.ModTime()}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		s.ino = sys.Ino
	}
	if st.Mode().IsRegular() {
		data, err := os.ReadFile(path)
		ts.Check(err)
		s.sum = sha256.Sum256(data)
	}
	return s
}

func cmdSave(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		ts.Value("saved").(map[string]saved)[name] = look(ts, name)
	}
}

func cmdKept(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		was, ok := ts.Value("saved").(map[string]saved)[name]
		if !ok {
			ts.Fatalf("%s was not saved", name)
		}
		is := look(ts, name)
		switch {
		case neg && is.sum == was.sum:
			ts.Fatalf("%s: has the bytes it had", name)
		case !neg && is != was:
			ts.Fatalf("%s: changed: was %+v, is %+v", name, was, is)
		}
	}
}

func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	first, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, name := range args[1:] {
		data, err := os.ReadFile(ts.MkAbs(name))
		ts.Check(err)
		if bytes.Equal(first, data) == neg {
			ts.Fatalf("%s and %s: equal is %v", args[0], name, !neg)
		}
	}
}

func cmdCut(ts *testscript.TestScript, neg bool, args []string) {
	size, err := strconv.ParseInt(args[1], 0, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

func cmdPoke(ts *testscript.TestScript, neg bool, args []string) {
	off, err := strconv.ParseInt(args[1], 0, 64)
	ts.Check(err)
	data, err := hex.DecodeString(args[2])
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY, 0)
	ts.Check(err)
	defer f.Close()
	_, err = f.WriteAt(data, off)
	ts.Check(err)
}

func cmdAppend(ts *testscript.TestScript, neg bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY|os.O_APPEND, 0)
	ts.Check(err)
	defer f.Close()
	_, err = f.WriteString(args[1] + "\n")
	ts.Check(err)
}

func cmdListing(ts *testscript.TestScript, neg bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if g, w := strings.Join(got, " "), strings.Join(args[1:], " "); g != w {
		ts.Fatalf("%s has %s, want %s", args[0], g, w)
	}
}

// wholeTree describes all below dir.
func wholeTree(dir string) (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := os.Lstat(path)
		if err != nil {
			return err
		}
		what := fmt.Sprint(st.Mode(), st.Size(), st.ModTime().UnixNano())
		if sys, ok := st.Sys().(*syscall.Stat_t); ok {
			what += fmt.Sprint(" ", sys.Ino, reflect.ValueOf(*sys).FieldByName("Ctim"))
		}
		if st.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			what += fmt.Sprintf(" %x", sha256.Sum256(data))
		}
		all[path] = what
		return nil
	})
	return all, err
}

func cmdSnapshot(ts *testscript.TestScript, neg bool, args []string) {
	all, err := wholeTree(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Value("trees").(map[string]map[string]string)[args[0]] = all
}

func cmdUntouched(ts *testscript.TestScript, neg bool, args []string) {
	was := ts.Value("trees").(map[string]map[string]string)[args[0]]
	is, err := wholeTree(ts.MkAbs(args[0]))
	ts.Check(err)
	if was == nil {
		ts.Fatalf("%s was not remembered", args[0])
	}
	for path := range is {
		if was[path] != is[path] {
			ts.Fatalf("%s: was %s, is %s", path, was[path], is[path])
		}
	}
	if len(was) != len(is) {
		ts.Fatalf("%d of %d are left in %s", len(is), len(was), args[0])
	}
}

func cmdLines(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := ts.ReadFile(args[0])
	if got := strings.Count(text, "\n"); got != want {
		ts.Fatalf("%s has %d lines, want %d:\n%s", args[0], got, want, text)
	}
}

func cmdCopies(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	for i := range n {
		ts.Check(os.WriteFile(ts.MkAbs(fmt.Sprintf("m%d.ko", i)), data, 0o644))
	}
}

func cmdOld(ts *testscript.TestScript, neg bool, args []string) {
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	ts.Check(os.Chtimes(ts.MkAbs(args[0]), long, long))
}
