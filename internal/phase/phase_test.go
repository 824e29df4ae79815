package phase

import (
	"strings"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	var c Clock
	c.Start("read")
	c.Start("convert")
	c.Start("read")
	c.Stop()
	o := Clock{names: []string{"inject", "read"}, spent: []time.Duration{time.Second, time.Minute}}
	c.Add(&o)
	if got := strings.Join(c.names, " "); got != "read convert inject" {
		t.Errorf("passes are %q", got)
	}
	if c.spent[0] < time.Minute || c.spent[2] != time.Second {
		t.Errorf("spent %v", c.spent)
	}
	var out strings.Builder
	if _, err := c.WriteTo(&out); err != nil || strings.Count(out.String(), "\n") != 3 {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}

func TestNilClock(t *testing.T) {
	var c *Clock
	c.Start("read")
	c.Add(&Clock{})
	c.Stop()
	if n, err := c.WriteTo(nil); n != 0 || err != nil {
		t.Errorf("a nil clock printed %d bytes, %v", n, err)
	}
}
