// Package phase times the passes of a run. A nil *Clock does nothing, so that
// callers mark passes without asking whether anybody wants to know.
package phase

import (
	"fmt"
	"io"
	"time"
)

// Clock adds up the time between marks, by name. It is not safe for concurrent
// use: every worker has its own, and Add joins them.
type Clock struct {
	names []string
	spent []time.Duration
	cur   int
	since time.Time
}

// Start ends the pass in work and begins the pass name.
func (c *Clock) Start(name string) {
	if c == nil {
		return
	}
	now := time.Now()
	c.end(now)
	c.cur, c.since = c.slot(name), now
}

// Stop ends the pass in work.
func (c *Clock) Stop() {
	if c == nil {
		return
	}
	c.end(time.Now())
	c.since = time.Time{}
}

func (c *Clock) end(now time.Time) {
	if !c.since.IsZero() {
		c.spent[c.cur] += now.Sub(c.since)
	}
}

func (c *Clock) slot(name string) int {
	for i, n := range c.names {
		if n == name {
			return i
		}
	}
	c.names = append(c.names, name)
	c.spent = append(c.spent, 0)
	return len(c.names) - 1
}

// Add adds the times of o, which must have stopped.
func (c *Clock) Add(o *Clock) {
	if c == nil || o == nil {
		return
	}
	for i, n := range o.names {
		c.spent[c.slot(n)] += o.spent[i]
	}
}

// WriteTo prints one line for every pass, in the order of first use.
func (c *Clock) WriteTo(w io.Writer) (int64, error) {
	if c == nil {
		return 0, nil
	}
	var total time.Duration
	for _, d := range c.spent {
		total += d
	}
	var n int64
	for i, name := range c.names {
		k, err := fmt.Fprintf(w, "%-10s %10.3f ms %5.1f%%\n", name,
			float64(c.spent[i].Microseconds())/1000, 100*float64(c.spent[i])/float64(max(total, 1)))
		n += int64(k)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
