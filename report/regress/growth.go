package regress

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/number"
)

// Growth is by how much BTF may become larger. Where both are given, what is
// within one of them may be.
type Growth struct {
	Bytes   uint64
	Percent float64
}

// ParseGrowth reads "4096", "64K", "1.5%", or one of each: "1%,4K".
func ParseGrowth(s string) (g Growth, err error) {
	var bytes, percent bool
	for part := range strings.SplitSeq(s, ",") {
		if text, ok := strings.CutSuffix(part, "%"); ok && !percent {
			percent = true
			g.Percent, err = strconv.ParseFloat(text, 64)
			if err != nil || g.Percent < 0 || math.IsInf(g.Percent, 0) || math.IsNaN(g.Percent) {
				return Growth{}, fmt.Errorf("%q is no percentage", part)
			}
			continue
		}
		if bytes {
			return Growth{}, fmt.Errorf("%q: a number of bytes, a percentage or one of each", s)
		}
		bytes = true
		if g.Bytes, err = parseBytes(part); err != nil {
			return Growth{}, err
		}
	}
	return g, nil
}

// parseBytes reads a number of bytes, KiB or MiB.
func parseBytes(s string) (uint64, error) {
	shift := 0
	switch {
	case strings.HasSuffix(s, "K"):
		shift = 10
	case strings.HasSuffix(s, "M"):
		shift = 20
	}
	n, err := strconv.ParseUint(s[:len(s)-min(shift, 1)], 10, 40)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of bytes", s)
	}
	return n << shift, nil
}

// exceeded reports whether the step from old to now bytes is more than g.
func (g Growth) exceeded(old, now uint64) bool {
	if now <= old {
		return false
	}
	grown := now - old
	return grown > g.Bytes && float64(grown) > float64(old)*g.Percent/100
}

// grownBy says how much larger now is: "by 300 bytes (1.5 %)".
func grownBy(old, now uint64) string {
	text := "by " + number.Grouped(now-old) + " bytes"
	if old > 0 {
		text += fmt.Sprintf(" (%.1f %%)", 100*float64(now-old)/float64(old))
	}
	return text
}
