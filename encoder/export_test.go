package encoder

import "testing"

// ManyJobs has even the smallest file converted by all jobs until the test ends.
func ManyJobs(t testing.TB) {
	old := bytesPerJob
	bytesPerJob = 1
	t.Cleanup(func() { bytesPerJob = old })
}

// OnBusy has f called with 1 when a goroutine of a run begins to work and with
// -1 when it ends.
func (o *Options) OnBusy(f func(int)) { o.busy = f }

// BytesPerJob is how much .debug_info is worth one more goroutine.
var BytesPerJob = &bytesPerJob
