// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"math"
	"strings"
)

// A plot of how cost grows with work, from a report of -scale: time for each MB of
// .debug_info, and peak memory, over how many MB there are. All axes are
// logarithmic, since modules differ by a factor of 1,000 in size: cost in
// proportion to work is a level line above and one of slope 1 below.

// Sizes in pixels.
const (
	plotLeft   = 70 // of the panels
	plotTop    = 40
	plotWidth  = 620
	plotHeight = 260 // of one panel
	plotGap    = 60
)

// series are the points that one line connects.
type series struct {
	name, style string // style: attributes of the line
	points      []point
}

type point struct{ x, y float64 }

// panel is one pair of axes.
type panel struct {
	top    int
	title  string
	x, y   axis
	series []series
}

// axis spans whole powers of ten.
type axis struct{ low, high int }

// growthPlot returns the plot as SVG. Rows without .debug_info are left out.
func growthPlot(r *report) string {
	single, many := `stroke="#1f6feb"`, `stroke="#bc4c00"`
	dashed := ` stroke-dasharray="5 4"`
	perMB := func(walk bool, wall bool) func(*row) float64 {
		return func(r *row) float64 {
			c := r.Ours.Median
			if walk {
				c = r.Walk.Median
			}
			t := c.CPU
			if wall {
				t = c.Wall
			}
			return 1e3 * t.Seconds() / (float64(r.DebugInfo) / 1e6)
		}
	}
	memory := func(r *row) float64 { return float64(r.Ours.Median.RSS) / (1 << 20) }
	one := func(r *row) bool { return r.Files == 1 }
	several := func(r *row) bool { return r.Files > 1 }
	panels := []panel{
		{title: "ms for each MB of .debug_info", series: []series{
			{"one module: CPU", single, pointsOf(r.Rows, one, perMB(false, false))},
			{"one module: wall", single + dashed, pointsOf(r.Rows, one, perMB(false, true))},
			{"10, 100, all: CPU", many, pointsOf(r.Rows, several, perMB(false, false))},
			{"10, 100, all: wall", many + dashed, pointsOf(r.Rows, several, perMB(false, true))},
			{"bare walk: CPU", `stroke="#6e7781"`, pointsOf(r.Rows, one, perMB(true, false))},
		}},
		{title: "peak memory in MiB", series: []series{
			{"one module", single, pointsOf(r.Rows, one, memory)},
			{"10, 100, all", many, pointsOf(r.Rows, several, memory)},
		}},
	}
	height := plotTop + len(panels)*(plotHeight+plotGap)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", plotLeft+plotWidth+180, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n")
	kernel := r.Kernel
	if r.Full != "" {
		kernel = r.Full
	}
	fmt.Fprintf(&b, `<text x="%d" y="18">Modules of %s, -j%d, median of %d; MB of .debug_info from left to right</text>`+"\n", plotLeft, escape(kernel), jobs, r.Runs)
	for i := range panels {
		panels[i].top = plotTop + i*(plotHeight+plotGap)
		panels[i].draw(&b)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// pointsOf returns a point over its size for each row of those chosen.
func pointsOf(rows []*row, which func(*row) bool, y func(*row) float64) (all []point) {
	for _, r := range rows {
		if r.DebugInfo > 0 && r.Walk != nil && which(r) && y(r) > 0 {
			all = append(all, point{float64(r.DebugInfo) / 1e6, y(r)})
		}
	}
	return all
}

// span returns the smallest axis that has all values.
func span(values []float64) axis {
	a := axis{math.MaxInt, math.MinInt}
	for _, v := range values {
		a.low = min(a.low, int(math.Floor(math.Log10(v))))
		a.high = max(a.high, int(math.Ceil(math.Log10(v))))
	}
	if a.low > a.high {
		return axis{0, 1}
	}
	a.high = max(a.high, a.low+1)
	return a
}

// at returns how far along the axis v is, from 0 to 1.
func (a axis) at(v float64) float64 {
	return (math.Log10(v) - float64(a.low)) / float64(a.high-a.low)
}

func (p *panel) px(v float64) float64 { return plotLeft + plotWidth*p.x.at(v) }

func (p *panel) py(v float64) float64 { return float64(p.top+plotHeight) - plotHeight*p.y.at(v) }

func (p *panel) draw(b *strings.Builder) {
	var xs, ys []float64
	for _, s := range p.series {
		for _, q := range s.points {
			xs, ys = append(xs, q.x), append(ys, q.y)
		}
	}
	p.x, p.y = span(xs), span(ys)
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", plotLeft, p.top-6, p.title)
	for e := p.x.low; e <= p.x.high; e++ {
		x := p.px(math.Pow10(e))
		fmt.Fprintf(b, `<path d="M%.1f %dv%d" stroke="#d0d7de"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, p.top, plotHeight, x, p.top+plotHeight+16, power(e))
	}
	for e := p.y.low; e <= p.y.high; e++ {
		y := p.py(math.Pow10(e))
		fmt.Fprintf(b, `<path d="M%d %.1fh%d" stroke="#d0d7de"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", plotLeft, y, plotWidth, plotLeft-6, y+4, power(e))
	}
	for i, s := range p.series {
		if len(s.points) == 0 {
			continue
		}
		var line, dots strings.Builder
		for _, q := range s.points {
			fmt.Fprintf(&line, " %.1f,%.1f", p.px(q.x), p.py(q.y))
			fmt.Fprintf(&dots, `<circle cx="%.1f" cy="%.1f" r="3"/>`, p.px(q.x), p.py(q.y))
		}
		fmt.Fprintf(b, `<g fill="none" stroke-width="1.5" %s><polyline points="%s"/>%s`, s.style, line.String()[1:], dots.String())
		y := p.top + 10 + 18*i
		fmt.Fprintf(b, `<path d="M%d %dh24"/></g><text x="%d" y="%d">%s</text>`+"\n", plotLeft+plotWidth+14, y, plotLeft+plotWidth+44, y+4, s.name)
	}
}

// power writes a power of ten.
func power(e int) string { return fmt.Sprintf("%g", math.Pow10(e)) }
