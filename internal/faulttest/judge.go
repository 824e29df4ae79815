// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && amd64

package main

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// found is what a run with a fault has left.
type found struct {
	old, new int      // files that differ between before and after, as they are
	extra    []string // files that are neither before nor after
	trailing int      // files of several links with bytes behind their end
	wrong    []string // what must not be
}

func (f *found) fail(format string, a ...any) { f.wrong = append(f.wrong, fmt.Sprintf(format, a...)) }

// compare says what the folder has become.
func (st *stage) compare(now snapshot) *found {
	var f found
	names := map[string]bool{}
	for _, s := range []snapshot{st.before, st.after, now} {
		for name := range s {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if isCache(name) {
			continue
		}
		old, wasThere := st.before[name]
		new, comes := st.after[name]
		is, isThere := now[name]
		switch {
		case !wasThere && !comes:
			f.extra = append(f.extra, name)
		case !isThere && wasThere:
			f.fail("%s is gone", name)
		case !isThere:
			f.old++
		case isManifest(name):
			if !wholeManifest(is.data) {
				f.fail("%s is not whole", name)
			}
			f.new++
		case comes && bytes.Equal(is.data, new.data):
			if !wasThere || !bytes.Equal(old.data, new.data) {
				f.new++
			}
			if is.mode != new.mode || is.same != new.same {
				f.fail("%s: mode %v, link to %q; want %v, %q", name, is.mode, is.same, new.mode, new.same)
			}
		case wasThere && bytes.Equal(is.data, old.data):
			f.old++
			if is.mode != old.mode || is.same != old.same {
				f.fail("%s: mode %v, link to %q; was %v, %q", name, is.mode, is.same, old.mode, old.same)
			}
		case wholeReport(name, is.data):
			f.new++
		case st.links && (sameSections(is.data, old.data) || sameSections(is.data, new.data)):
			f.trailing++
		default:
			f.fail("%s is neither old nor new: %d bytes", name, len(is.data))
		}
	}
	return &f
}

// wholeReport says that a report, which is another one where a module fails, is
// not cut.
func wholeReport(name string, data []byte) bool {
	switch filepath.Ext(name) {
	case ".json":
		return json.Valid(data)
	case ".html":
		return bytes.HasSuffix(bytes.TrimSpace(data), []byte("</html>"))
	case ".xml":
		return bytes.HasSuffix(bytes.TrimSpace(data), []byte("</testsuites>"))
	case ".md":
		return bytes.HasPrefix(data, []byte("### BTF: ")) && bytes.HasSuffix(data, []byte("\n"))
	}
	return false
}

// sameSections reports whether two ELF files have the same sections, wherever
// they lie.
func sameSections(a, b []byte) bool {
	x, errX := elf.NewFile(bytes.NewReader(a))
	y, errY := elf.NewFile(bytes.NewReader(b))
	if errX != nil || errY != nil || len(x.Sections) != len(y.Sections) {
		return false
	}
	for i, s := range x.Sections {
		t := y.Sections[i]
		h, g := s.SectionHeader, t.SectionHeader
		h.Offset, g.Offset = 0, 0
		if h != g {
			return false
		}
		if s.Type == elf.SHT_NOBITS || s.Type == elf.SHT_NULL {
			continue
		}
		d, errD := s.Data()
		e, errE := t.Data()
		if errD != nil || errE != nil || !bytes.Equal(d, e) {
			return false
		}
	}
	return true
}

// judge says what is wrong with what a run left that met a fault, and did not
// know what to do but stop (kill) or could tell.
func (st *stage) judge(end *ended, f *found, fault *fault) {
	failed := max(st.failed, 1)
	switch {
	case strings.Contains(end.stderr, "panic") || strings.Contains(end.stderr, "goroutine "):
		f.fail("panics: %s", end.stderr)
	case fault.kill && end.status == -9:
	case end.status == st.exit && fault.kill: // it was over
	case end.status == st.exit:
		if f.old > 0 && !strings.Contains(end.stderr, "warning: ") || f.trailing > 0 {
			f.fail("exit status %d, but %d files are old, %d have bytes behind their end", end.status, f.old, f.trailing)
		}
	case end.status == 2 && f.new == 0: // nothing was begun
	case end.status != failed:
		f.fail("exit status %d: %s", end.status, end.stderr)
	case end.stderr == "":
		f.fail("fails without a word")
	}
	for _, name := range f.extra {
		if !fault.leaves || !strings.Contains(filepath.Base(name), ".gobtfenc-") {
			f.fail("%s is left over", name)
		}
	}
	if f.trailing > 0 && !fault.kill && !strings.Contains(end.stderr, "bytes are left behind the end") {
		f.fail("bytes are left behind the end, which it does not say: %s", end.stderr)
	}
}
