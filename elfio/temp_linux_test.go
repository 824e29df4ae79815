package elfio

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What a killed process left is taken away by the next one that replaces the file,
// whether that makes its temporary file with a name or gives it one late; what
// somebody works on is not.
func TestStaleTemp(t *testing.T) {
	for _, named := range []bool{false, true} {
		dir := t.TempDir()
		path := filepath.Join(dir, "x.ko")
		stale, live := tempName(path, 0), tempName(path, 1)
		for _, name := range []string{stale, live} {
			if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		other, err := os.Open(live)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		if err := syscall.Flock(int(other.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		create := createTemp
		if named {
			create = createNamed
		}
		for range 2 {
			tmp, err := create(path, 0o644)
			if err != nil {
				t.Fatal(err)
			}
			if named && tmp.name != stale {
				t.Errorf("is called %s", tmp.name)
			}
			if err := tmp.publish(path); err != nil {
				t.Fatal(err)
			}
			if names := fileNames(t, path); names != ".x.ko.gobtfenc-1 x.ko" {
				t.Errorf("named %v: directory has %s", named, names)
			}
		}
	}
}

// Where a file has all already, nothing is written, and what was left beside it goes
// all the same.
func TestStaleTempUnchanged(t *testing.T) {
	path, _ := module(t)
	if _, err := ReplaceSection(path, ".BTF", newTypes, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	for try := range 3 {
		if err := os.WriteFile(tempName(path, try), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	live, err := os.Open(tempName(path, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	if err := syscall.Flock(int(live.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if changed, err := ReplaceSection(path, ".BTF", newTypes, WriteOptions{}); err != nil || changed {
		t.Errorf("changed %v, error %v", changed, err)
	}
	if names := fileNames(t, path); names != ".x.ko.gobtfenc-1 x.ko" {
		t.Errorf("directory has %s", names)
	}
}

// Two processes that replace one file have temporary files of their own.
func TestTempsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ko")
	var temps []*tempFile
	for range lockedNames + 3 {
		tmp, err := createNamed(path, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range temps {
			if other.name == tmp.name {
				t.Fatalf("%s twice", tmp.name)
			}
		}
		temps = append(temps, tmp)
	}
	for i, tmp := range temps {
		if i%2 == 0 {
			tmp.discard()
		} else if err := tmp.publish(path); err != nil {
			t.Error(err)
		}
	}
	if names := fileNames(t, path); names != "x.ko" {
		t.Error("directory has", names)
	}
}

// A symbolic link where a temporary file would be is left alone, and so is what
// it leads to.
func TestTempNotFollowed(t *testing.T) {
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "x.ko"), filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, tempName(path, 0)); err != nil {
		t.Fatal(err)
	}
	if err := WriteFileAtomic(path, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := string(mustRead(t, victim)); got != "old" {
		t.Errorf("victim has %q", got)
	}
	if names := fileNames(t, path); names != ".x.ko.gobtfenc-0 victim x.ko" {
		t.Error("directory has", names)
	}
}
