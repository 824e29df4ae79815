// SPDX-License-Identifier: BSD-2-Clause

package basecache

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// entry is what is known of a small base, which differs with name.
func entry(tb testing.TB, name string) *Entry {
	tb.Helper()
	text := fmt.Sprintf(`
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] PTR '(anon)' type_id=3
[3] STRUCT '%s' size=16 vlen=2
	'next' type_id=2 bits_offset=0
	'n' type_id=1 bits_offset=64
[4] FWD 'later' fwd_kind=struct
[5] ENUM 'e' encoding=UNSIGNED size=4 vlen=1
	'one' val=1
`, name)
	made := btftest.MustParse(tb, text, nil)
	data := btf.Append(nil, &made.Types, made.Strs, made.Order)
	b, err := btf.Parse(data, nil)
	if err != nil {
		tb.Fatal(err)
	}
	d, err := splitdedup.NewBase(&b.Types, b.Strs)
	if err != nil {
		tb.Fatal(err)
	}
	x, ok := d.Index()
	if !ok {
		tb.Fatal("a base that should have an index has none")
	}
	return &Entry{BTF: data, Types: b.Types, Index: *x}
}

func reader(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

const path = "/boot/vmlinux"

// cacheIn returns a cache below a folder, as a process of the version has it.
func cacheIn(t *testing.T, dir, version string) *Cache {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", dir)
	c := Open(version)
	if c == nil {
		t.Fatal("no cache")
	}
	t.Cleanup(c.Close)
	return c
}

// filled returns a cache that holds e, and the name of its file.
func filled(t *testing.T, e *Entry) (c *Cache, file string) {
	t.Helper()
	c = cacheIn(t, t.TempDir(), "v1")
	if c.Wants(path) {
		t.Error("the first process is to keep the base")
	}
	if c.Has(path) || c.Lookup(path, reader(e.BTF), nil) != nil {
		t.Error("something is known of a base that nobody has kept")
	}
	if !c.Wants(path) {
		t.Fatal("the second process is not to keep the base")
	}
	c.Store(path, e)
	name, _ := c.name(path)
	return c, filepath.Join(c.dir, name)
}

// TestEarly changes each byte of a file: the index of the strings is told if the header,
// the strings and their index are good, whatever the rest is.
func TestEarly(t *testing.T) {
	e := entry(t, "node")
	_, file := filled(t, e)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data := bytesOf(make([]uint64, len(b)/8)) // aligned
	copy(data, b)
	from, to, err := btf.StringRange(e.BTF)
	if err != nil || to != uint64(len(e.BTF)) {
		t.Fatal(err)
	}
	table := len(data) - int(roundUp(uint64(4*len(e.Index.Strs)), blockLen))
	types, end, sum := headerLen+btf.HeaderLen, headerLen+int(from), int(unsafe.Offsetof(header{}.sum))
	told := 0
	for i := range data {
		data[i] ^= 1
		calls := 0
		got := parse(data, "v1", reader(e.BTF), func(x *btf.StrIndex) {
			if off, ok := x.Find([]byte("later")); !ok || !x.Of(e.BTF[from:]) || string(x.Bytes(off)) != "later" {
				t.Errorf("byte %#x: another index", i)
			}
			calls++
		})
		data[i] ^= 1
		good := got != nil || i >= types && i < end || i >= headerLen+int(to) && i < table || i >= sum && i < sum+8
		if calls > 1 || good != (calls == 1) {
			t.Errorf("byte %#x: told %d times, used: %v", i, calls, got != nil)
		}
		told += calls
	}
	if told == 0 {
		t.Error("it was never told")
	}
}

func TestLookup(t *testing.T) {
	e := entry(t, "node")
	c, _ := filled(t, e)
	if !c.Has(path) {
		t.Error("Has does not know of it")
	}
	got := c.Lookup(path, reader(e.BTF), nil)
	if got == nil {
		t.Fatal("not found")
	}
	if !reflect.DeepEqual(got, e) {
		t.Errorf("got %+v\nwant %+v", got, e)
	}
	if c.Lookup("/other/vmlinux", reader(e.BTF), nil) != nil {
		t.Error("found by another path")
	}
	// The next kernel at this path takes its place, without being asked for twice.
	other := entry(t, "edon")
	if c.Lookup(path, reader(other.BTF), nil) != nil || !c.Wants(path) {
		t.Fatal("stale, and not to be replaced")
	}
	c.Store(path, other)
	if got := c.Lookup(path, reader(other.BTF), nil); !reflect.DeepEqual(got, other) {
		t.Errorf("got %+v\nwant %+v", got, other)
	}
	if c.Lookup(path, reader(e.BTF), nil) != nil {
		t.Error("found with the BTF that it had before")
	}
}

// TestUnusable looks for a base in files that are not as they should be: it is not
// found, and the next process makes the file good.
func TestUnusable(t *testing.T) {
	e := entry(t, "node")
	write := func(change func(b []byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, file string) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(file); err != nil { // it is mapped
				t.Fatal(err)
			}
			if err := os.WriteFile(file, change(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	flip := func(at int) func(*testing.T, string) {
		return write(func(b []byte) []byte {
			if at < 0 {
				at += len(b)
			}
			b[at] ^= 1
			return b
		})
	}
	field := func(off uintptr) func(*testing.T, string) { return flip(int(off)) }
	var h header
	tests := []struct {
		name string
		harm func(t *testing.T, file string)
	}{
		{"empty", write(func(b []byte) []byte { return nil })},
		{"one byte", write(func(b []byte) []byte { return b[:1] })},
		{"header cut", write(func(b []byte) []byte { return b[:100] })},
		{"header alone", write(func(b []byte) []byte { return b[:headerLen] })},
		{"cut in half", write(func(b []byte) []byte { return b[:len(b)/2] })},
		{"last byte missing", write(func(b []byte) []byte { return b[:len(b)-1] })},
		{"byte too many", write(func(b []byte) []byte { return append(b, 0) })},
		{"page of zeros in the arrays", write(func(b []byte) []byte { clear(b[2*pageLen : 2*pageLen+512]); return b })},
		{"text", write(func(b []byte) []byte { return []byte(strings.Repeat("no index\n", 2000)) })},
		{"magic", field(unsafe.Offsetof(h.magic))},
		{"another byte order", write(func(b []byte) []byte {
			order := b[unsafe.Offsetof(h.order):][:8]
			for i := range 4 {
				order[i], order[7-i] = order[7-i], order[i]
			}
			return b
		})},
		{"version", field(unsafe.Offsetof(h.version))},
		{"size", field(unsafe.Offsetof(h.size))},
		{"checksum", field(unsafe.Offsetof(h.sum))},
		{"length of the BTF", field(unsafe.Offsetof(h.btf))},
		{"number of rows", field(unsafe.Offsetof(h.counts))},
		{"huge number of rows", field(unsafe.Offsetof(h.counts) + 7)},
		{"number of strings' slots", field(unsafe.Offsetof(h.counts) + 8*strs)},
		{"seed", field(unsafe.Offsetof(h.seed))},
		{"seed of strings", field(unsafe.Offsetof(h.strSeed))},
		{"reserved", field(unsafe.Offsetof(h.reserved))},
		{"BTF", flip(headerLen + 40)},
		{"rows", flip(2*pageLen + 20)},
		{"last array", flip(-blockLen)},
		{"others may write", func(t *testing.T, file string) { chmod(t, file, 0o666) }},
		{"the group may write", func(t *testing.T, file string) { chmod(t, file, 0o660) }},
		{"another user's", func(t *testing.T, file string) { chown(t, file) }},
		{"link out of the folder", func(t *testing.T, file string) {
			to := filepath.Join(t.TempDir(), "x")
			if err := os.Rename(file, to); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(to, file); err != nil {
				t.Fatal(err)
			}
		}},
		{"pipe", func(t *testing.T, file string) {
			os.Remove(file)
			if out, err := exec.Command("mkfifo", file).CombinedOutput(); err != nil {
				t.Fatalf("mkfifo: %v: %s", err, out)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, file := filled(t, e)
			if c.Lookup(path, reader(e.BTF), nil) == nil {
				t.Fatal("not found before")
			}
			tt.harm(t, file)
			if c.Lookup(path, reader(e.BTF), nil) != nil {
				t.Fatal("it was used")
			}
			if !c.Wants(path) {
				t.Fatal("it is not to be replaced")
			}
			c.Store(path, e)
			if got := c.Lookup(path, reader(e.BTF), nil); !reflect.DeepEqual(got, e) {
				t.Error("it was not made good")
			}
		})
	}
	t.Run("folder in its place", func(t *testing.T) {
		c, file := filled(t, e)
		os.Remove(file)
		if err := os.Mkdir(file, 0o700); err != nil {
			t.Fatal(err)
		}
		if c.Lookup(path, reader(e.BTF), nil) != nil {
			t.Error("it was used")
		}
		c.Wants(path)
		c.Store(path, e)
	})
	t.Run("another version", func(t *testing.T) {
		c, file := filled(t, e)
		o := cacheIn(t, filepath.Dir(filepath.Dir(c.dir)), "v2")
		if o.Has(path) || o.Lookup(path, reader(e.BTF), nil) != nil {
			t.Error("found by another version")
		}
		// Under the name that the other version looks for.
		name, _ := o.name(path)
		if err := os.Rename(file, filepath.Join(o.dir, name)); err != nil {
			t.Fatal(err)
		}
		if o.Lookup(path, reader(e.BTF), nil) != nil {
			t.Error("used by another version")
		}
	})
	t.Run("another base", func(t *testing.T) {
		c, _ := filled(t, e)
		for i := range e.BTF {
			b := bytes.Clone(e.BTF)
			b[i] ^= 0x80
			if c.Lookup(path, reader(b), nil) != nil {
				t.Fatalf("found for a base with another byte at %#x", i)
			}
		}
		if c.Lookup(path, reader(e.BTF[:len(e.BTF)-1]), nil) != nil || c.Lookup(path, reader(append(bytes.Clone(e.BTF), 0)), nil) != nil {
			t.Error("found for a base of another length")
		}
	})
}

func chmod(t *testing.T, file string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}

// chown gives a file to another user.
func chown(t *testing.T, file string) {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("only root can give a file away")
		}
		t.Skip("only root can give a file away")
	}
	if err := os.Chown(file, 12345, 12345); err != nil {
		t.Fatal(err)
	}
}

// TestEveryByte changes each byte of a file: there is none that does not matter,
// but for the padding of the header and of the BTF.
func TestEveryByte(t *testing.T) {
	e := entry(t, "node")
	_, file := filled(t, e)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	words := aligned(good)
	if parse(words, "v1", reader(e.BTF), nil) == nil {
		t.Fatal("not good before")
	}
	padding := func(i int) bool {
		return i >= int(unsafe.Sizeof(header{})) && i < headerLen || i >= headerLen+len(e.BTF) && i < 2*pageLen
	}
	for i := range words {
		words[i] ^= 0x10
		if used := parse(words, "v1", reader(e.BTF), nil) != nil; used != padding(i) {
			t.Errorf("byte %#x changed: used: %v", i, used)
		}
		words[i] ^= 0x10
	}
	for n := range words {
		if parse(words[:n], "v1", reader(e.BTF), nil) != nil {
			t.Errorf("cut to %#x bytes: used", n)
		}
	}
}

// aligned copies b to where a file is mapped to.
func aligned(b []byte) []byte {
	words := make([]uint64, (len(b)+7)/8)
	out := bytesOf(words)[:len(b)]
	copy(out, b)
	return out
}

// TestPlace goes through what the environment may say.
func TestPlace(t *testing.T) {
	home := t.TempDir()
	for _, tt := range []struct{ cache, home, want string }{
		{"/c", home, "/c/gobtfenc/bases"},
		{"/c", "", "/c/gobtfenc/bases"},
		{"", home, home + "/.cache/gobtfenc/bases"},
		{"cache", home, home + "/.cache/gobtfenc/bases"},
		{"./cache", home, home + "/.cache/gobtfenc/bases"},
		{"", "", ""},
		{"", "home", ""},
		{"cache", "", ""},
	} {
		t.Setenv("XDG_CACHE_HOME", tt.cache)
		t.Setenv("HOME", tt.home)
		if got := place(); got != tt.want {
			t.Errorf("XDG_CACHE_HOME=%s HOME=%s: %q, want %q", tt.cache, tt.home, got, tt.want)
		}
	}
	os.Unsetenv("XDG_CACHE_HOME")
	os.Unsetenv("HOME")
	if c := Open("v1"); c != nil {
		t.Error("a cache without HOME")
	}
	var none *Cache
	if none.Has(path) || none.Wants(path) || none.Lookup(path, reader(nil), nil) != nil {
		t.Error("no cache has something")
	}
	none.Store(path, nil)
	none.Close()
}

// TestFolder has folders that are not to be used or made, and some that are.
func TestFolder(t *testing.T) {
	e := entry(t, "node")
	own := func(t *testing.T, dir string) { mkdir(t, dir) }
	for _, tt := range []struct {
		name  string
		below string // what is made ready, below HOME
		ready func(t *testing.T, dir string)
		works bool
	}{
		{"nothing there", "", own, true},
		{"there already", ".cache/gobtfenc/bases", own, true},
		{"no HOME", "", func(t *testing.T, dir string) { os.RemoveAll(dir) }, false},
		{"HOME is a file", "", func(t *testing.T, dir string) { os.RemoveAll(dir); os.WriteFile(dir, nil, 0o600) }, false},
		{"HOME of another user", "", func(t *testing.T, dir string) { mkdir(t, dir); chown(t, dir) }, false},
		{"cache of another user", ".cache", func(t *testing.T, dir string) { mkdir(t, dir); chown(t, dir) }, false},
		{"folder of another user", ".cache/gobtfenc/bases", func(t *testing.T, dir string) { mkdir(t, dir); chown(t, dir) }, false},
		{"others may write", ".cache/gobtfenc/bases", func(t *testing.T, dir string) { mkdir(t, dir); chmod(t, dir, 0o777) }, false},
		{"the group may write", ".cache/gobtfenc/bases", func(t *testing.T, dir string) { mkdir(t, dir); chmod(t, dir, 0o770) }, false},
		{"a file in its place", ".cache/gobtfenc", func(t *testing.T, dir string) { mkdir(t, filepath.Dir(dir)); os.WriteFile(dir, nil, 0o600) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "home")
			mkdir(t, home)
			tt.ready(t, filepath.Join(home, tt.below))
			before := tree(home)
			t.Setenv("XDG_CACHE_HOME", "")
			t.Setenv("HOME", home)
			c := Open("v1")
			defer c.Close()
			c.Wants(path)
			if c.Wants(path) {
				c.Store(path, e)
			}
			if found := c.Lookup(path, reader(e.BTF), nil) != nil; found != tt.works {
				t.Errorf("kept and found: %v, want %v", found, tt.works)
			}
			if after := tree(home); !tt.works && after != before {
				t.Errorf("was\n%sis\n%s", before, after)
			}
		})
	}
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

// tree lists what is in a folder.
func tree(dir string) string {
	var b strings.Builder
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		fmt.Fprintln(&b, path, err)
		return nil
	})
	return b.String()
}

// TestBeingWritten has another process at work on the file, or dead.
func TestBeingWritten(t *testing.T) {
	e := entry(t, "node")
	c, file := filled(t, e)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	temp := file + temporary
	half := []byte("half of it")
	if err := os.WriteFile(temp, half, 0o600); err != nil {
		t.Fatal(err)
	}
	c.Store(path, e)
	if got, _ := os.ReadFile(temp); !bytes.Equal(got, half) {
		t.Error("the file that another process writes was touched")
	}
	if c.Lookup(path, reader(e.BTF), nil) != nil {
		t.Error("what another process writes was used")
	}
	long := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(temp, long, long); err != nil {
		t.Fatal(err)
	}
	c.Store(path, e)
	if c.Lookup(path, reader(e.BTF), nil) == nil {
		t.Error("a process that died keeps the others from writing")
	}
	if _, err := os.Lstat(temp); err == nil {
		t.Error("the half of it is still there")
	}
}

// TestShared has many at work on one folder: what is found is right.
func TestShared(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	kinds := []*Entry{entry(t, "node"), entry(t, "edon")}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for round := range 50 {
				c := Open("v1")
				e := kinds[(i+round)%2]
				if got := c.Lookup(path, reader(e.BTF), nil); got != nil {
					if !reflect.DeepEqual(got, e) {
						t.Error("found something else")
					}
				} else if c.Wants(path) {
					c.Store(path, e)
				}
				c.Close()
			}
		})
	}
	all.Wait()
	entries, err := os.ReadDir(filepath.Join(dir, "gobtfenc", "bases"))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, error %v", entries, err)
	}
}

// TestPrune fills a cache beyond its bounds: the oldest go, and nothing that is not
// of the cache.
func TestPrune(t *testing.T) {
	e := entry(t, "node")
	c, file := filled(t, e)
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	alien := filepath.Join(c.dir, "README")
	if err := os.WriteFile(alien, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	c.limit = 3*st.Size() + 100
	longAgo := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(file, longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		p := fmt.Sprintf("/%d/vmlinux", i)
		c.Wants(p)
		c.Store(p, e)
		name, _ := c.name(p)
		then := time.Now().Add(time.Duration(i-100) * time.Minute)
		if err := os.Chtimes(filepath.Join(c.dir, name), then, then); err != nil {
			t.Fatal(err)
		}
	}
	c.Wants("/6/vmlinux")
	var left []string
	for i := range 6 {
		if c.Has(fmt.Sprintf("/%d/vmlinux", i)) {
			left = append(left, fmt.Sprint(i))
		}
	}
	if got := strings.Join(left, ""); got != "345" || c.Has(path) {
		t.Errorf("left are %s and the first: %v, want 345", got, c.Has(path))
	}
	if _, err := os.Stat(alien); err != nil {
		t.Error("removed what is not the cache's:", err)
	}
	for i := range 2 * maxFiles {
		c.Wants(fmt.Sprintf("/more/%d/vmlinux", i))
	}
	if entries, _ := os.ReadDir(c.dir); len(entries) > maxFiles+1 {
		t.Errorf("%d files", len(entries))
	}
}

// TestUseRenews has a file that is used not be the oldest.
func TestUseRenews(t *testing.T) {
	e := entry(t, "node")
	c, file := filled(t, e)
	old := time.Now().Add(-2 * fresh)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	if c.Lookup(path, reader(e.BTF), nil) == nil {
		t.Fatal("not found")
	}
	if st, err := os.Stat(file); err != nil || time.Since(st.ModTime()) > fresh {
		t.Errorf("it is as old as before: %v, %v", st.ModTime(), err)
	}
}

// FuzzFile changes the file of a base: what is read of it, if it is used at all, is
// in the file, and what comes of a file with a right checksum has the sizes that
// RestoreBase asks for or is refused by it.
func FuzzFile(f *testing.F) {
	e := entry(f, "node")
	var whole bytes.Buffer
	if err := e.writeTo(&whole, "v1"); err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(0), []byte{}, false)
	f.Add(uint16(unsafe.Offsetof(header{}.counts)), []byte{255, 255, 255, 255, 255, 255, 255, 255}, true)
	f.Add(uint16(2*pageLen), []byte{1, 2, 3, 4}, true)
	f.Add(uint16(whole.Len()-100), []byte{1, 2, 3, 4}, true)
	f.Fuzz(func(t *testing.T, at uint16, change []byte, right bool) {
		data := aligned(whole.Bytes())
		copy(data[min(int(at), len(data)):], change)
		if right {
			h := (*header)(unsafe.Pointer(unsafe.SliceData(data)))
			if from := roundUp(headerLen+uint64(len(e.BTF)), pageLen); from <= uint64(len(data)) {
				h.sum = checksum(h, data[from:])
			}
		}
		got := parse(data, "v1", reader(e.BTF), nil)
		if got == nil {
			return
		}
		all, _ := got.arrays()
		end := uintptr(unsafe.Pointer(unsafe.SliceData(data))) + uintptr(len(data))
		for i, b := range all {
			if len(b) > 0 && uintptr(unsafe.Pointer(unsafe.SliceData(b)))+uintptr(len(b)) > end {
				t.Fatalf("array %d ends beyond the file", i)
			}
		}
		if b, err := btf.Restore(got.BTF, got.Types); err == nil {
			splitdedup.RestoreBase(&b.Types, b.Strs, &got.Index)
		}
	})
}
