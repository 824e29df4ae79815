package objtree

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gobtfenc/gobtfenc/elfio"
)

func testKey() Key {
	return Key{Tool: "v1.0", Base: sha256.Sum256([]byte("base")), Options: "features=var,float sort=false"}
}

// module puts a file into dir and returns it as ReadOrder does.
func module(t *testing.T, dir, name, text string) Module {
	t.Helper()
	put(t, dir, name, text)
	return lookAt(t, dir, name)
}

func lookAt(t *testing.T, dir, name string) Module {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return Module{name, path, st}
}

func entry(mod Module, others ...Other) Entry {
	e, _ := EntryOf(elfio.StampOf(mod.Info), 3, false, others...)
	return e
}

func read(t *testing.T, dir string) *Manifest {
	t.Helper()
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What is written is read again, and what was not touched is up to date.
func TestManifest(t *testing.T) {
	dir := t.TempDir()
	a, b := module(t, dir, "fs/a b.ko", "module a"), module(t, dir, "b.ko", "module b")
	m := &Manifest{Key: testKey(), Entries: map[string]Entry{a.Name: entry(a), b.Name: entry(b)}}
	e := m.Entries["b.ko"]
	e.BTF, e.NoDWARF = 0, true
	m.Entries["b.ko"] = e
	if err := m.Write(dir, nil); err != nil {
		t.Fatal(err)
	}
	got := read(t, dir)
	if !bytes.Equal(got.append(nil), m.append(nil)) || got.Key != m.Key || !reflect.DeepEqual(got.Entries["b.ko"].NoDWARF, true) || got.Entries["fs/a b.ko"].BTF != 3 {
		t.Errorf("got %+v, want %+v", got, m)
	}
	if why := got.Stale(testKey()); why != "" {
		t.Error(why)
	}
	for _, mod := range []Module{a, b} {
		if why := got.Changed(mod); why != "" {
			t.Errorf("%s: %s", mod.Name, why)
		}
	}
	if why := got.Changed(module(t, dir, "c.ko", "")); why != "not encoded before" {
		t.Error(why)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 4 {
		t.Errorf("left over: %v", entries)
	}
}

// A manifest that says what it said is not written again.
func TestManifestKept(t *testing.T) {
	dir := t.TempDir()
	a := module(t, dir, "a.ko", "module a")
	m := &Manifest{Key: testKey(), Entries: map[string]Entry{a.Name: entry(a)}}
	if err := m.Write(dir, nil); err != nil {
		t.Fatal(err)
	}
	old := lookAt(t, dir, ManifestName)
	if err := m.Write(dir, read(t, dir)); err != nil {
		t.Fatal(err)
	}
	if now := lookAt(t, dir, ManifestName); elfio.StampOf(now.Info) != elfio.StampOf(old.Info) {
		t.Error("was written again")
	}
	m.Key.Tool = "v2"
	if err := m.Write(dir, read(t, dir)); err != nil {
		t.Fatal(err)
	}
	if read(t, dir).Key.Tool != "v2" {
		t.Error("was not written again")
	}
}

func TestStale(t *testing.T) {
	m := &Manifest{Key: testKey()}
	for _, c := range []struct {
		change func(*Key)
		want   string
	}{
		{func(k *Key) {}, ""},
		{func(k *Key) { k.Tool = "v1.1" }, "gobtfenc was v1.0, is v1.1"},
		{func(k *Key) { k.Base[31]++ }, "the base was another one"},
		{func(k *Key) { k.Options = "sort=true" }, "options were features=var,float sort=false, are sort=true"},
	} {
		k := testKey()
		if c.change(&k); m.Stale(k) != c.want {
			t.Errorf("%q, want %q", m.Stale(k), c.want)
		}
	}
}

// Whatever is done to a module, it is not up to date any more: also where its
// size stays, and its time is given back.
func TestChanged(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(path string, was os.FileInfo) error
		want   string
	}{
		{"nothing", func(string, os.FileInfo) error { return nil }, ""},
		{"longer", func(p string, _ os.FileInfo) error { return os.WriteFile(p, []byte("module a, longer"), 0o644) }, "had 8 bytes, has 16"},
		{"touched", func(p string, _ os.FileInfo) error { return os.Chtimes(p, time.Time{}, time.Unix(1e9, 5)) }, "was of "},
		{"other bytes", func(p string, _ os.FileInfo) error { return os.WriteFile(p, []byte("MODULE A"), 0o644) }, "was of "},
		{"other bytes, old time", func(p string, was os.FileInfo) error {
			if err := os.WriteFile(p, []byte("MODULE A"), 0o644); err != nil {
				return err
			}
			return os.Chtimes(p, time.Time{}, was.ModTime())
		}, "its inode was changed at "},
		{"other file, old time", func(p string, was os.FileInfo) error {
			if err := os.WriteFile(p+"2", []byte("MODULE A"), 0o644); err != nil {
				return err
			}
			if err := os.Chtimes(p+"2", time.Time{}, was.ModTime()); err != nil {
				return err
			}
			return os.Rename(p+"2", p)
		}, "another file has taken its place"},
		{"mode", func(p string, _ os.FileInfo) error { return os.Chmod(p, 0o600) }, "its inode was changed at "},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			a := module(t, dir, "a.ko", "module a")
			m := &Manifest{Key: testKey(), Entries: map[string]Entry{a.Name: entry(a)}}
			if err := m.Write(dir, nil); err != nil {
				t.Fatal(err)
			}
			if elfio.StampOf(a.Info).Change.IsZero() && strings.Contains(c.want, "inode was") {
				t.Skip("the system does not say when an inode was changed")
			}
			if err := c.change(a.Path, a.Info); err != nil {
				t.Fatal(err)
			}
			got := read(t, dir).Changed(lookAt(t, dir, "a.ko"))
			if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// A module is not up to date either when another file that it was made of has changed, or has come
// to where it was looked for first.
func TestOtherChanged(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(dir string) error
		want   string
	}{
		{"nothing", func(string) error { return nil }, ""},
		{"longer", func(d string) error { return os.WriteFile(filepath.Join(d, "a.dwo"), []byte("longer"), 0o644) }, "/a.dwo had 3 bytes, has 6"},
		{"gone", func(d string) error { return os.Remove(filepath.Join(d, "a.dwo")) }, "/a.dwo cannot be looked at: no such file or directory"},
		{"there", func(d string) error { return os.WriteFile(filepath.Join(d, "b c.dwo"), nil, 0o644) }, "/b c.dwo was not there"},
		{"an empty one", func(d string) error { return os.WriteFile(filepath.Join(d, "empty.dwo"), []byte("x"), 0o644) }, "/empty.dwo had 0 bytes, has 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			a, other, empty := module(t, dir, "a.ko", "module a"), module(t, dir, "a.dwo", "dwo"), module(t, dir, "empty.dwo", "")
			e := entry(a, Other{Path: filepath.Join(dir, "b c.dwo")}, Other{empty.Path, elfio.StampOf(empty.Info)},
				Other{other.Path, elfio.StampOf(other.Info)}, Other{other.Path, elfio.StampOf(other.Info)})
			if len(e.Others) != 3 {
				t.Errorf("others %v", e.Others)
			}
			m := &Manifest{Key: testKey(), Entries: map[string]Entry{a.Name: e, "z.ko": entry(a)}}
			if err := m.Write(dir, nil); err != nil {
				t.Fatal(err)
			}
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			old := read(t, dir)
			want := c.want
			if want != "" {
				want = dir + want
			}
			if got := old.Changed(lookAt(t, dir, "a.ko")); got != want {
				t.Errorf("%q, want %q", got, want)
			}
			if !bytes.Equal(old.append(nil), m.append(nil)) {
				t.Errorf("read as %s", old.append(nil))
			}
		})
	}
	if _, ok := EntryOf(elfio.Stamp{}, 0, false, Other{Path: "a\nb"}); ok {
		t.Error("a path with a newline is noted")
	}
}

// The time of another file counts as that of the module.
func TestOtherTooNew(t *testing.T) {
	dir := t.TempDir()
	a, other := module(t, dir, "a.ko", "module a"), module(t, dir, "a.dwo", "dwo")
	o := Other{other.Path, elfio.StampOf(other.Info)}
	o.Stamp.Change = o.Stamp.Change.Add(time.Hour)
	m := &Manifest{Key: testKey(), written: time.Now(), Entries: map[string]Entry{a.Name: entry(a, o)}}
	if !m.tooNew(m.Entries[a.Name]) {
		t.Error("not too new")
	}
}

// What was changed in the tick in which the manifest was written, or after it by
// the file system's clock, may have been changed after it was noted. Once the
// manifest is newer, it counts.
func TestTooNew(t *testing.T) {
	dir := t.TempDir()
	a := module(t, dir, "a.ko", "module a")
	m := &Manifest{Key: testKey(), Entries: map[string]Entry{a.Name: entry(a)}}
	if err := m.Write(dir, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ManifestName)
	for _, c := range []struct {
		written time.Duration // behind the module's last change
		want    bool
	}{{-time.Hour, true}, {-1, true}, {0, true}, {1, false}, {time.Second, false}} {
		if err := os.Chtimes(path, time.Time{}, latest(entry(a)).Add(c.written)); err != nil {
			t.Fatal(err)
		}
		old := read(t, dir)
		if got := old.Changed(a) == "may have been changed while it was noted"; got != c.want {
			t.Errorf("manifest %v later: too new is %v", c.written, got)
		}
		// The next run notes the same, and must write it to be believed.
		if got := m.betterThan(old); got != c.want {
			t.Errorf("manifest %v later: written again is %v", c.written, got)
		}
	}
}

// A file from the time to come, when a clock was set back, is never up to date,
// and the manifest is not written for it again and again.
func TestClockSetBack(t *testing.T) {
	dir := t.TempDir()
	a := module(t, dir, "a.ko", "module a")
	e := entry(a)
	e.Stamp.Change = time.Now().Add(time.Hour)
	m := &Manifest{Key: testKey(), Entries: map[string]Entry{a.Name: e}}
	start := time.Now()
	if err := m.Write(dir, nil); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("waited %v", took)
	}
	old := read(t, dir)
	if !old.tooNew(e) || m.betterThan(old) {
		t.Errorf("too new: %v, written again: %v", old.tooNew(e), m.betterThan(old))
	}
}

// signed gives text the digest that a manifest ends with.
func signed(text string) string { return fmt.Sprintf("%ssum %x\n", text, sha256.Sum256([]byte(text))) }

// A manifest that is not one of ours to the last byte is none.
func TestManifestRefused(t *testing.T) {
	m := &Manifest{Key: testKey(), Entries: map[string]Entry{
		"a.ko": {Stamp: elfio.Stamp{Size: 10, Ino: 7}, BTF: 3}, "b.ko": {Stamp: elfio.Stamp{Size: 10, Ino: 8}, NoDWARF: true},
	}}
	good := string(m.append(nil))
	if _, err := parseManifest([]byte(good)); err != nil {
		t.Fatalf("%v:\n%s", err, good)
	}
	for n := range len(good) {
		if _, err := parseManifest([]byte(good[:n])); err == nil {
			t.Errorf("cut to %d bytes: no error", n)
		}
	}
	text := good[:strings.LastIndex(good, "sum ")]
	head := text[:strings.Index(text, "3 10 ")]
	for name, data := range map[string]string{
		"a byte changed":      strings.Replace(good, "3 10 0", "4 10 0", 1),
		"more behind it":      good + "\n",
		"twice":               good + good,
		"another form":        signed(strings.Replace(text, "tree 1", "tree 2", 1)),
		"no base":             signed(strings.Replace(text, "base ", "basis ", 1)),
		"a short base":        signed(strings.Replace(text, fmt.Sprintf("%x", m.Key.Base), "00", 1)),
		"capital digits":      signed(strings.Replace(text, fmt.Sprintf("%x", m.Key.Base), fmt.Sprintf("%X", m.Key.Base), 1)),
		"no head":             signed(""),
		"half a head":         signed("gobtfenc tree 1\ntool x\n"),
		"absolute path":       signed(head + "3 10 0 0 7 /etc/a.ko\n"),
		"path outside":        signed(head + "3 10 0 0 7 ../a.ko\n"),
		"no path":             signed(head + "3 10 0 0 7 \n"),
		"no number":           signed(head + "3 x 0 0 7 a.ko\n"),
		"a number too many":   signed(head + "3 10 0 0 99999999999999999999999 a.ko\n"),
		"negative size":       signed(head + "3 -10 0 0 7 a.ko\n"),
		"more BTF than file":  signed(head + "11 10 0 0 7 a.ko\n"),
		"huge BTF":            signed(head + "18446744073709551615 10 0 0 7 a.ko\n"),
		"a plus":              signed(head + "+3 10 0 0 7 a.ko\n"),
		"zeros before":        signed(head + "003 10 0 0 7 a.ko\n"),
		"two spaces":          signed(head + "3  10 0 0 7 a.ko\n"),
		"not in order":        signed(head + "3 10 0 0 7 b.ko\n3 10 0 0 7 a.ko\n"),
		"a name twice":        signed(head + "3 10 0 0 7 a.ko\n3 10 0 0 7 a.ko\n"),
		"other of nothing":    signed(head + "+ 10 0 0 7 /a.dwo\n"),
		"other, not absolute": signed(head + "3 10 0 0 7 a.ko\n+ 10 0 0 7 a.dwo\n"),
		"absent with inode":   signed(head + "3 10 0 0 7 a.ko\n+ -1 0 0 7 /a.dwo\n"),
		"absent module":       signed(head + "3 -1 0 0 7 a.ko\n"),
		"no newline":          signed(head + "3 10 0 0 7 a.ko"),
	} {
		if m, err := parseManifest([]byte(data)); err == nil || m != nil {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

// What lies where the manifest should is not opened if it is no file, and not
// read if it is too large.
func TestManifestUnreadable(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ManifestName)
	want := func(what, want string) {
		t.Helper()
		if _, err := ReadManifest(dir); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", what, err, want)
		}
		os.Remove(path)
	}
	want("nothing", "no such file or directory")
	os.Mkdir(path, 0o755)
	want("a folder", "not a regular file")
	os.Symlink("/dev/zero", path)
	want("a link", "not a regular file")
	put(t, dir, ManifestName, "")
	want("empty", "cut or damaged")
	put(t, dir, ManifestName, "")
	os.Truncate(path, maxManifest+1)
	want("large", fmt.Sprintf("more than %d bytes", maxManifest))
}

// FuzzParseManifest: what is taken is what would be written.
func FuzzParseManifest(f *testing.F) {
	m := &Manifest{Key: testKey(), Entries: map[string]Entry{
		"a.ko": {Stamp: elfio.Stamp{Size: 10, Ino: 7}, BTF: 3}, "d/b.ko": {Stamp: elfio.Stamp{Size: 10, Ino: 8}, NoDWARF: true},
		"e.ko": {Stamp: elfio.Stamp{Size: 10, Ino: 7}, BTF: 3, Others: []Other{{"/a.dwo", elfio.Stamp{Size: 1, Ino: 9}}, {Path: "/b.dwo"}}},
	}}
	data := m.append(nil)
	f.Add(string(data[:bytes.LastIndex(data, []byte("sum "))]))
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseManifest([]byte(signed(text)))
		if err != nil {
			return
		}
		if string(m.append(nil)) != signed(text) {
			t.Errorf("%q is not what is written for it", text)
		}
		for name, e := range m.Entries {
			if !filepath.IsLocal(name) || e.BTF > uint64(e.Stamp.Size) {
				t.Errorf("%q: %+v", name, e)
			}
		}
	})
}
