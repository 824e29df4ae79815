package encoder_test

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/jobserver"
)

// TestJobserver runs below a make, whose recipe that encodes is the test binary,
// called with batchArg. All that work write + and - to one log.

const batchArg = "-batch"

// batch encodes FILES again and again until it had all of N jobs: batch LOG N
// DIR BASE FILE... Several files stand for themselves, one for its units.
func batch(args []string) int {
	log, err := os.OpenFile(args[0], os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fail(err)
	}
	want, _ := strconv.Atoi(args[1])
	var opts encoder.Options
	opts.Features, opts.Jobs, opts.OutDir = encoder.DefaultFeatures(), 8, args[2]
	if opts.Base, err = encoder.LoadBase(args[3]); err != nil {
		return fail(err)
	}
	client, _, err := jobserver.Connect(os.Getenv("MAKEFLAGS"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		opts.Jobs = 1
	}
	if client != nil {
		opts.Tokens = client
	}
	var busy counter
	opts.OnBusy(func(n int) {
		if n > 0 {
			fmt.Fprintln(log, "+ batch")
		}
		busy.add(n)
		if n < 0 {
			fmt.Fprintln(log, "- batch")
		}
	})
	*encoder.BytesPerJob = 1
	for round := 0; round < 5 || round < 500 && busy.max < want; round++ {
		results, err := encoder.Run(context.Background(), args[4:], opts)
		if err != nil {
			return fail(err)
		}
		for _, r := range results {
			if r.Err != nil {
				return fail(r.Err)
			}
		}
	}
	fmt.Printf("batch had %d at once\n", busy.max)
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}
