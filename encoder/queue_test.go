package encoder

import (
	"io/fs"
	"os"
	"reflect"
	"testing"
	"time"
)

// sized is a file of a name and size.
type sized struct {
	name string
	size int64
}

func (s sized) Name() string       { return s.name }
func (s sized) Size() int64        { return s.size }
func (s sized) Mode() fs.FileMode  { return 0 }
func (s sized) ModTime() time.Time { return time.Time{} }
func (s sized) IsDir() bool        { return false }
func (s sized) Sys() any           { return nil }

func queueOf(files ...os.FileInfo) (q *queue, empty *bool) {
	empty = new(bool)
	return newQueue(files, func() { *empty = true }), empty
}

// The largest that fits beside what is in work comes next, and where none fits, the largest.
func TestQueue(t *testing.T) {
	const mb = 1 << 20
	q, empty := queueOf(sized{"a", 10 * mb}, sized{"b", 600 * mb}, nil, sized{"c", 500 * mb}, sized{"d.xz", 5 * mb}, sized{"e", 10 * mb}, sized{"f", 41 * mb})
	var got []int
	take := func() {
		i, ok := q.take()
		if !ok {
			i = -100
		}
		got = append(got, i)
	}
	take()    // b, the largest
	take()    // d, 30 MB; f has one too many
	take()    // a, 10 MB that just fit
	q.done(0) // 10 MB are left
	take()    // e
	take()    // the one that is not known, whose size is nothing
	take()    // c does not fit, nor does f: the largest
	q.done(1)
	take() // f
	if !*empty {
		t.Error("not empty")
	}
	take()
	if want := []int{1, 4, 0, 5, 2, 3, 6, -100}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for i := range 7 {
		if i != 0 && i != 1 {
			q.done(i)
		}
	}
	if q.used != 0 {
		t.Errorf("%d bytes in work at the end", q.used)
	}
}

// Alone, files come by falling size, those of one size in input order.
func TestQueueOfOne(t *testing.T) {
	q, _ := queueOf(sized{"a", 1}, nil, sized{"b", 3}, sized{"c", 1}, sized{"d", sumInWork + 1}, nil)
	var got []int
	for {
		i, ok := q.take()
		if !ok {
			break
		}
		got = append(got, i)
		q.done(i)
	}
	if want := []int{4, 2, 0, 3, 1, 5}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
