package cdump

import "strconv"

// bufferSize is how many bytes of text are gathered before a write.
const bufferSize = 64 << 10

func (d *dumper) flush() {
	if d.err == nil {
		_, d.err = d.w.Write(d.buf)
	}
	d.buf = d.buf[:0]
}

func (d *dumper) text(s string) *dumper {
	d.buf = append(d.buf, s...)
	if len(d.buf) >= bufferSize {
		d.flush()
	}
	return d
}

func (d *dumper) num(v uint64) *dumper {
	d.buf = strconv.AppendUint(d.buf, v, 10)
	return d
}

func (d *dumper) int(v int64) *dumper {
	d.buf = strconv.AppendInt(d.buf, v, 10)
	return d
}

// maxIndent is how deep lines are indented at most, in tabs.
const maxIndent = 12

const tabs = "\n\t\t\t\t\t\t\t\t\t\t\t\t"

// line begins a line at a level.
func (d *dumper) line(level int) { d.text(tabs[:1+min(level, maxIndent)]) }
