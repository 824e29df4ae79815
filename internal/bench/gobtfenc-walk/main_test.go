package main

import "testing"

const objects = "../../../testdata/kernel/obj/"

// TestWalk walks two files with fewer threads, as many and more.
func TestWalk(t *testing.T) {
	files := []string{objects + "funcs.ko", objects + "split.ko"}
	sum := 0
	for _, f := range files {
		n, err := walk([]string{f}, 2)
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		sum += n
	}
	for jobs := 1; jobs <= 5; jobs++ {
		if n, err := walk(files, jobs); n != sum || err != nil {
			t.Errorf("-j %d: %d DIEs, want %d, error %v", jobs, n, sum, err)
		}
	}
	if _, err := walk(append(files, objects+"none.ko"), 2); err == nil {
		t.Error("no error for a file that is not there")
	}
}
