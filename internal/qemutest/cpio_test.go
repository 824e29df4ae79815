package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"
)

type cpioEntry struct {
	name    string
	mode    uint64
	content string
}

// readCpio reads an archive back, by the text of buffer-format.rst.
func readCpio(b []byte) (all []cpioEntry, err error) {
	off := 0
	take := func(n int) (part []byte) {
		if err != nil || n < 0 || n > len(b)-off {
			err = fmt.Errorf("%d bytes at %#x: behind the end", n, off)
			return nil
		}
		part = b[off : off+n]
		off += n
		return part
	}
	for err == nil {
		head := take(110)
		if err != nil {
			break
		}
		if off%4 != 2 || string(head[:6]) != "070701" {
			return nil, fmt.Errorf("header %q at %#x", head[:6], off-110)
		}
		number := func(i int) int {
			n, e := strconv.ParseUint(string(head[6+8*i:14+8*i]), 16, 32)
			err = errors.Join(err, e)
			return int(n)
		}
		mode, size, nameLen := number(1), number(6), number(11)
		name := string(take(nameLen))
		take(-off & 3)
		content := string(take(size))
		take(-off & 3)
		if err != nil || name[len(name)-1] != 0 {
			return nil, fmt.Errorf("entry %q: %w", name, err)
		}
		if name = name[:len(name)-1]; name == "TRAILER!!!" {
			if off != len(b) {
				err = fmt.Errorf("%d bytes behind the end", len(b)-off)
			}
			return all, err
		}
		all = append(all, cpioEntry{name, uint64(mode), content})
	}
	return nil, err
}

func TestCpio(t *testing.T) {
	want := []cpioEntry{
		{"dir", cpioFolder, ""},
		{"dir/a", cpioFile, ""},
		{"dir/ab", cpioFile, "1"},
		{"dir/abc", cpioProg, "12"},
		{"dir/abcd", cpioFile, "123"},
		{"dir/abcde", cpioFile, string(make([]byte, 4096))},
	}
	var out bytes.Buffer
	c := cpioWriter{w: &out}
	for _, e := range want {
		c.add(e.name, uint32(e.mode), []byte(e.content))
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	got, err := readCpio(out.Bytes())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("read back %+v, %v", got, err)
	}
	const head = "070701" + "00000001" + "000041ed" + "00000000" + "00000000" + "00000002" + "00000000" + "00000000" +
		"00000000" + "00000000" + "00000000" + "00000000" + "00000004" + "00000000" + "dir\x00"
	if !bytes.HasPrefix(out.Bytes(), []byte(head)) {
		t.Errorf("begins %q", out.Bytes()[:len(head)])
	}
}

// fullDisk takes so many bytes and no more.
type fullDisk int

func (f *fullDisk) Write(b []byte) (int, error) {
	if len(b) > int(*f) {
		return 0, io.ErrShortWrite
	}
	*f -= fullDisk(len(b))
	return len(b), nil
}

func TestCpioFullDisk(t *testing.T) {
	archive := func(w io.Writer) error {
		c := cpioWriter{w: w}
		c.add("a", cpioFile, []byte("content"))
		return c.close()
	}
	var whole bytes.Buffer
	if err := archive(&whole); err != nil {
		t.Fatal(err)
	}
	for room := range whole.Len() {
		disk := fullDisk(room)
		if err := archive(&disk); err == nil {
			t.Fatalf("no error with room for %d of %d bytes", room, whole.Len())
		}
	}
}
