package number_test

import (
	"math"
	"testing"

	"github.com/gobtfenc/gobtfenc/internal/number"
)

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", -999: "-999", -123456: "-123,456", 9668112: "9,668,112",
		math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := number.Grouped(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	if got := number.Grouped(uint64(math.MaxUint64)); got != "18,446,744,073,709,551,615" {
		t.Error(got)
	}
}

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 modules", 1: "1 module", 1138: "1,138 modules"} {
		if got := number.Plural(n, "module", "modules"); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
