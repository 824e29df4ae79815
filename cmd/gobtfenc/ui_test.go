// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestProgress draws the bar at the first file and not again before it is time, and
// removes it.
func TestProgress(t *testing.T) {
	var out strings.Builder
	p := &progress{w: &out, total: 3, start: time.Now()}
	p.step()
	p.next = time.Now().Add(time.Hour)
	p.step()
	p.next = time.Time{}
	p.step()
	p.stop()
	want := "\rmodules 1/3 [==========                    ] 0s " +
		"\rmodules 3/3 [==============================] 0s \r\x1b[K"
	if out.String() != want {
		t.Errorf("drew %q, want %q", out.String(), want)
	}
}

// TestNoProgress has no terminal: nothing is shown.
func TestNoProgress(t *testing.T) {
	for _, p := range []*progress{newProgress(1), {}} {
		p.step()
		p.stop()
		if p.done != 0 {
			t.Error("counted for nobody")
		}
	}
}

// TestLine says what of an error is shown: its beginning and its end.
func TestLine(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"x.ko: section .BTF: offset 0x10", "x.ko: section .BTF: offset 0x10"},
		{"a\nb\x1b[2J", `a\x0ab\x1b[2J`},
		{strings.Repeat("a", maxLine), strings.Repeat("a", maxLine)},
		{"x.ko: " + strings.Repeat("a", 64<<20) + ": Invalid name",
			"x.ko: " + strings.Repeat("a", maxLine/2-6) + "[67092500 bytes more]" + strings.Repeat("a", maxLine/2-14) + ": Invalid name"},
	} {
		if got := line(errors.New(c.in)); got != c.want {
			t.Errorf("%.40q of %d bytes: %.40q… of %d bytes, want %d", c.in, len(c.in), got, len(got), len(c.want))
		}
	}
}
