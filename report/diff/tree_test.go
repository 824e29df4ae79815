package diff_test

import (
	"slices"
	"testing"

	"github.com/gobtfenc/gobtfenc/report/diff"
)

func TestPairTrees(t *testing.T) {
	old := []string{"a/net/x.ko.xz", "a/fs/y.ko", "a/gone.ko", "a/one/twice.ko", "a/two/twice.ko", "a/z.ko", "a/z.ko.gz"}
	new := []string{"b/net/x.ko", "b/drivers/y.btf", "b/come.ko", "b/twice.ko", "b/z.ko.zst"}
	want := []diff.Pair{
		{Name: "come", New: "b/come.ko"},
		{Name: "drivers/y", Old: "a/fs/y.ko", New: "b/drivers/y.btf"},
		{Name: "gone", Old: "a/gone.ko"},
		{Name: "net/x", Old: "a/net/x.ko.xz", New: "b/net/x.ko"},
		{Name: "one/twice", Old: "a/one/twice.ko"},
		{Name: "twice", New: "b/twice.ko"},
		{Name: "two/twice", Old: "a/two/twice.ko"},
		{Name: "z", Old: "a/z.ko", New: "b/z.ko.zst"},
		{Name: "z", Old: "a/z.ko.gz"},
	}
	if got := diff.PairTrees("a", old, "b", new); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
