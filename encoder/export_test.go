package encoder

import "testing"

// ManyJobs has even the smallest file converted by all jobs until the test ends.
func ManyJobs(t testing.TB) {
	old := bytesPerJob
	bytesPerJob = 1
	t.Cleanup(func() { bytesPerJob = old })
}
