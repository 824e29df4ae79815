package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestSpread: a sample has the smallest and the largest file and equal steps between them,
// whatever the order of the files.
func TestSpread(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for size := range 11 {
		path := filepath.Join(dir, fmt.Sprintf("%02d.ko", 10-size))
		if err := os.WriteFile(path, make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	for n, want := range map[int][]int{0: {}, 1: {0}, 2: {0, 10}, 3: {0, 5, 10}, 11: {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 99: {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}} {
		for range 2 {
			got := []int{}
			for _, f := range spread(files, n) {
				st, err := os.Stat(f)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, int(st.Size()))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d of 11: sizes %v, want %v", n, got, want)
			}
			slices.Reverse(files)
		}
	}
}
