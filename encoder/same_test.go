package encoder_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobtfenc/gobtfenc/encoder"
)

// TestSameBytes: the BTF of a module depends on the module, the base and the
// options only. What the worker did before, which worker it is, how many
// there are and the order of arguments do not show. Under the race detector
// this is also the test of what workers share.
func TestSameBytes(t *testing.T) {
	for _, s := range sets {
		t.Run(s.name, func(t *testing.T) {
			opts := options(t)
			opts.Base = s.base(t)
			var files []string
			for _, o := range s.objects(t) {
				if !o.alone {
					files = append(files, o.path)
				}
			}
			if testing.Short() {
				files = files[:8]
			}
			checkSameBytes(t, opts, files)
		})
	}
	t.Run("machines", func(t *testing.T) {
		var files []string
		for _, o := range treeObjects(t) {
			if o.name != "nodebug" {
				files = append(files, o.path)
			}
		}
		checkSameBytes(t, options(t), files)
	})
}

// checkSameBytes encodes files together in many ways and compares with each
// file encoded alone, by a worker that has seen no other.
func checkSameBytes(t *testing.T, opts encoder.Options, files []string) {
	want := map[string][]byte{}
	for _, file := range files {
		want[file] = encode(t, opts, file)
	}
	check := func(jobs int, files []string) {
		opts.Jobs = jobs
		for i, got := range encodeAll(t, opts, files...) {
			if !bytes.Equal(got, want[files[i]]) {
				t.Errorf("%s: differs with %d jobs and %d files", files[i], jobs, len(files))
			}
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	shuffled := append([]string(nil), files...)
	for _, jobs := range []int{1, 2, 3, 4} {
		check(jobs, files)
		rnd.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		check(jobs, shuffled)
	}
	// A run takes the largest file first, so it is other subsets that have
	// one worker see other files one after the other.
	for range 10 {
		rnd.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		check(1, shuffled[:min(4, len(shuffled))])
	}
}

// TestBaseIsShared: a base is not written after it is read, so that several
// runs may use one at a time, and runs with other bases beside them.
func TestBaseIsShared(t *testing.T) {
	base := treeBase(t)
	var files []string
	for _, o := range treeObjects(t) {
		if !o.alone && o.name != "nodebug" {
			files = append(files, o.path)
		}
	}
	split := options(t)
	split.Base, split.Jobs = base, 2
	want, wantAlone := encodeAll(t, split, files...), encodeAll(t, options(t), files...)
	for i := range 4 {
		opts, want := split, want
		if i%2 == 1 {
			opts.Base, want = nil, wantAlone
		}
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for i, got := range encodeAll(t, opts, files...) {
				if !bytes.Equal(got, want[i]) {
					t.Errorf("%s: differs", files[i])
				}
			}
		})
	}
}

// TestUnitsInParallel has more jobs than files, so that the units of one file
// are converted at once. The bytes are those of one job, and so is the error
// of a file that is wrong in several units.
func TestUnitsInParallel(t *testing.T) {
	name := "xfs"
	if testing.Short() {
		name = "tls" // the smallest that two goroutines share
	}
	corpusObjects(t) // says when there is no corpus
	path := unpacked(t, name+".ko")
	one := options(t)
	one.Base, one.OutDir = corpusBase(t), t.TempDir()
	run := func(jobs int, path string) string {
		opts := one
		opts.Jobs = jobs
		results, err := encoder.Run(context.Background(), []string{path}, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := results[0].Err; err != nil {
			return err.Error()
		}
		return string(readFile(t, filepath.Join(opts.OutDir, encoder.OutName(path))))
	}
	want := run(1, path)
	for _, jobs := range []int{2, 3, 4, 8} {
		if run(jobs, path) != want {
			t.Errorf("%d jobs: other bytes", jobs)
		}
	}
	data := readFile(t, path)
	info := elfFile(t, data).Section(".debug_info")
	rnd := rand.New(rand.NewPCG(5, 6))
	file, wrong := filepath.Join(t.TempDir(), "wrong.ko"), 0
	for range 6 {
		bad := bytes.Clone(data)
		for range 6 {
			bad[info.Offset+uint64(rnd.IntN(int(info.FileSize)))] ^= 0x80
		}
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		want := run(1, file)
		if strings.HasPrefix(want, file) {
			wrong++
		}
		for range 2 {
			if got := run(4, file); got != want {
				t.Errorf("4 jobs: %.200q, want %.200q", got, want)
			}
		}
	}
	if wrong < 2 {
		t.Errorf("only %d of 6 files are wrong", wrong)
	}
}
