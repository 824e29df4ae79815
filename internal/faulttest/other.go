// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && amd64

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// other is another process that changes a file in the midst of a run.
type other struct {
	base   bool // the file is the base, and not the first module
	change func(old []byte) []byte
	rename bool // by a new file in its place
}

// target is the path of the file that is changed, below the folder.
func (o *other) target(st *stage) string {
	switch {
	case !o.base:
		name := st.modules[0]
		if _, ok := st.before["tree/"+name]; ok {
			return "tree/" + name
		}
		return name
	case strings.Contains(strings.Join(st.argv, " "), "--tree"):
		return "vmlinux"
	}
	return "vmlinux.btf"
}

// act changes the file as it is now.
func (o *other) act(st *stage) (was, left []byte, err error) {
	path := filepath.Join(st.dir, o.target(st))
	if was, err = os.ReadFile(path); err != nil {
		return nil, nil, err
	}
	left = o.change(was)
	if o.rename {
		if err := os.WriteFile(path+".other", left, 0o640); err != nil {
			return nil, nil, err
		}
		return was, left, os.Rename(path+".other", path)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	if _, err = f.WriteAt(left, 0); err == nil {
		err = f.Truncate(int64(len(left)))
	}
	return was, left, errors.Join(err, f.Close())
}

func half(old []byte) []byte  { return bytes.Clone(old[:len(old)/2]) }
func grown(old []byte) []byte { return append(bytes.Clone(old), "written by another process"...) }

// rewritten is old with another name for something, of the same size.
func rewritten(old []byte) []byte {
	out := bytes.Clone(old)
	if i := bytes.Index(out, []byte("kinds_")); i >= 0 {
		copy(out[i:], "other_")
	}
	return out
}

// settle runs the command where the file was changed before: what the run with
// the change in its midst may also come to.
func (o *other) settle(st *stage) (before, after snapshot, err error) {
	if err := st.before.put(st.dir); err != nil {
		return nil, nil, err
	}
	if _, _, err := o.act(st); err != nil {
		return nil, nil, err
	}
	if before, err = look(st.dir); err != nil {
		return nil, nil, err
	}
	if _, err := st.run(&tracer{}, st.argv); err != nil {
		return nil, nil, err
	}
	after, err = look(st.dir)
	return before, after, err
}

// meddled is what is to be known to judge a run that another process met.
type meddled struct {
	o             *other
	before, after snapshot // of a run that it met before
	was, left     []byte   // by what it did
	late          bool     // it came to a file of several links that was being written
}

// judge says what is wrong with what a run left, and whether the other process's
// change is lost: that cannot be helped if it comes between the last look at the
// file and the change.
func (m *meddled) judge(st *stage, end *ended, now snapshot) (f found, lost bool) {
	target := m.o.target(st)
	for name, is := range now {
		isTarget := name == target || is.same == target || now[target].same == name // other names of one file
		ok := isTarget && bytes.Equal(is.data, m.left) || isManifest(name) && wholeManifest(is.data) || wholeReport(name, is.data)
		if isCache(name) {
			continue
		}
		there := false
		for _, s := range []snapshot{st.before, st.after, m.before, m.after} {
			may, has := s[name]
			there = there || has
			ok = ok || has && bytes.Equal(may.data, is.data)
		}
		if st.links && !ok {
			ok = sameSections(is.data, st.after[name].data) || sameSections(is.data, m.after[name].data)
		}
		switch {
		case !there:
			f.fail("%s is left over", name)
		case !ok && m.late:
		case !ok:
			f.fail("%s is what nobody wrote: %d bytes", name, len(is.data))
		}
	}
	failed := max(st.failed, 1)
	old, new := st.before[target], st.after[target]
	inPlace := !bytes.Equal(old.data, new.data)
	is, ok := now[target]
	switch {
	case !ok:
		f.fail("%s is gone", target)
	case strings.Contains(end.stderr, "panic") || strings.Contains(end.stderr, "goroutine "):
		f.fail("panics: %s", end.stderr)
	case end.status != st.exit && end.status != failed && end.status != 2:
		f.fail("exit status %d: %s", end.status, end.stderr)
	case end.status == failed && end.stderr == "":
		f.fail("fails without a word")
	case m.late:
	case inPlace && end.status == st.exit && bytes.Equal(is.data, m.before[target].data) && !bytes.Equal(m.before[target].data, m.after[target].data):
		f.fail("exit status %d, but %s is not encoded", end.status, target)
	}
	lost = m.late || inPlace && bytes.Equal(m.was, old.data) && bytes.Equal(is.data, new.data)
	return f, lost
}
