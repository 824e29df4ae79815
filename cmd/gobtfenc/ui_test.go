package main

import (
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
