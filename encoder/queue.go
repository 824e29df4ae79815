package encoder

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Which file is next. The largest one is, so that no worker is left with it at the end; but
// the largest few of a kernel are so much larger than all others (amdgpu.ko has 596 MB, of
// which 127 MB of strings have to be held, a module in the mean 1.5 MB) that side by side
// they would be what all the memory is for. So the next one is the largest that fits in what
// those in work leave of a sum of sizes. Small ones are always left while a huge one is in
// work, unless there is nothing else to do: then the sum does not count, and nobody waits.

// sumInWork is what the sizes of the files in work may sum up to, in bytes: amdgpu.ko and
// what is usual beside it, or the four that come behind it.
const sumInWork = 640 << 20

// hugeFile is the size in bytes of a file above which the memory that a worker has got
// for it is not kept for the next one: it is too much for any other.
const hugeFile = 64 << 20

// packedRatio is how much larger a compressed file is held than its size says.
const packedRatio = 6

// queue hands out files. It is safe for concurrent use.
type queue struct {
	mu    sync.Mutex
	sizes []int64 // by file; -1 where it is not known
	left  []int   // files by falling size, those of one size in input order
	used  int64   // by files in work
	empty func()  // called when nothing is left
}

// newQueue returns a queue of all files; nil is one that cannot be looked at, which comes
// last, where its error is found.
func newQueue(infos []os.FileInfo, empty func()) *queue {
	q := &queue{sizes: make([]int64, len(infos)), left: make([]int, len(infos)), empty: empty}
	for i, info := range infos {
		q.left[i], q.sizes[i] = i, -1
		if info != nil {
			q.sizes[i] = info.Size()
			switch filepath.Ext(info.Name()) {
			case ".gz", ".xz", ".zst":
				q.sizes[i] *= packedRatio
			}
		}
	}
	slices.SortStableFunc(q.left, func(a, b int) int { return cmp.Compare(q.sizes[b], q.sizes[a]) })
	return q
}

// take returns the next file, until there is none.
func (q *queue) take() (file int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.left) == 0 {
		return 0, false
	}
	at := 0
	if q.used > 0 {
		at, _ = slices.BinarySearchFunc(q.left, sumInWork-q.used, func(i int, room int64) int { return cmp.Compare(room, q.sizes[i]) })
		if at == len(q.left) { // nothing fits
			at = 0
		}
	}
	file = q.left[at]
	q.left = slices.Delete(q.left, at, at+1)
	q.used += max(q.sizes[file], 0)
	if len(q.left) == 0 {
		q.empty()
	}
	return file, true
}

// isHuge tells whether the memory for a file is not to be kept.
func (q *queue) isHuge(file int) bool { return q.sizes[file] > hugeFile }

// done says that a file taken is not in work any more.
func (q *queue) done(file int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used -= max(q.sizes[file], 0)
}
