package encoder

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarfconv"
	"github.com/gobtfenc/gobtfenc/internal/bigmem"
	"github.com/gobtfenc/gobtfenc/internal/phase"
)

// The units of one file are converted at once by as many goroutines as there
// are jobs, but become part of the module one by one, in the order of
// .debug_info: which of two types is seen first decides their ids, and the
// first definition of a function counts. Conversion takes two thirds of the
// time, so that two jobs keep two processors busy.
//
// No goroutine has a part of its own. Each one takes what is to be done next:
// to add the unit whose turn it is, if that is converted and nobody adds
// another one, else to convert one more unit, else to wait. A ring of slots
// bounds how far conversion runs ahead. The unit whose turn it is always has a
// slot, since slots are given in order; so one goroutine can always go on. While
// the base is being loaded, nothing can be added, and more is converted.
//
// An error belongs to its unit and counts when it is that unit's turn, so the
// first one in the file is reported, not the first one in time.

// slotsPerJob is how many units a goroutine may be ahead on average. Units
// differ in size by a factor of 100.
const slotsPerJob = 4

// bytesPerJob is how much .debug_info is worth one more goroutine: some
// milliseconds of work. It is variable for tests.
var bytesPerJob = 1 << 20

// pipeline is the state of one file's conversion; its memory is reused.
type pipeline struct {
	convs []*dwarfconv.Converter // the first one is reset, the others share its module
	slots []slot                 // unit i is in slots[i%len(slots)]
	jobs  int                    // convs in use for this file
	base  *Base                  // what units are added on top of

	mu     sync.Mutex
	wake   sync.Cond
	total  int // units
	next   int // to be converted
	done   int // have been added
	adding bool
	err    error
}

type slot struct {
	unit  dwarfconv.Unit
	ready bool // converted; the fields below say how it went
	empty bool // nothing to add
	err   error
}

func newPipeline(jobs int) *pipeline {
	p := &pipeline{convs: make([]*dwarfconv.Converter, jobs), slots: make([]slot, 1)}
	if jobs > 1 {
		p.slots = make([]slot, slotsPerJob*jobs)
	}
	for i := range p.convs {
		p.convs[i] = dwarfconv.NewConverter()
	}
	for i := range min(2, len(p.slots)) { // what the units of a small module need
		p.slots[i].unit.Types = btf.Types{Rows: bigmem.First[btf.Row](8192)[:0], Items: bigmem.First[btf.Item](16384)[:0]}
	}
	p.wake.L = &p.mu
	return p
}

// run converts the units of the module that convs[0] is set to and calls begin and,
// for each of them, add, one call at a time, in order.
func (p *pipeline) run(infoSize int, opts *Options, clock *phase.Clock, begin func() error, add func(*dwarfconv.Unit, *phase.Clock) error) error {
	p.total, p.next, p.done, p.adding, p.err = p.convs[0].Groups(), 0, 0, false, nil
	for i := range p.slots {
		p.slots[i].ready = false
	}
	p.base = opts.Base
	p.jobs = max(1, min(len(p.convs), p.total, 1+infoSize/bytesPerJob))
	unfinished, finished := context.WithCancel(context.Background())
	defer finished()
	var others sync.WaitGroup
	var clocks []*phase.Clock
	for i := 1; i < p.jobs; i++ {
		var c *phase.Clock
		if clock != nil {
			c = new(phase.Clock)
			clocks = append(clocks, c)
		}
		p.convs[i].Share(p.convs[0])
		others.Go(func() {
			opts.asHelper(unfinished, func() { p.work(p.convs[i], c, begin, add) })
		})
	}
	if p.total == 0 {
		p.err = begin()
	}
	p.work(p.convs[0], clock, begin, add)
	finished()
	others.Wait()
	for _, c := range clocks {
		clock.Add(c)
	}
	return p.err
}

// work does what is to be done next until all is done.
func (p *pipeline) work(conv *dwarfconv.Converter, clock *phase.Clock, begin func() error, add func(*dwarfconv.Unit, *phase.Clock) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer clock.Stop()
	for p.err == nil && p.done < p.total {
		first := &p.slots[p.done%len(p.slots)]
		more := p.next < min(p.total, p.done+len(p.slots))
		switch {
		case first.ready && !p.adding && (!more || p.base.loaded()):
			p.adding = true
			isFirst := p.done == 0
			err := p.unlocked(func() error {
				if isFirst {
					clock.Start("wait")
					if err := begin(); err != nil {
						return err
					}
				}
				return first.add(clock, add)
			})
			first.ready, p.adding = false, false
			p.done++
			p.fail(err)
		case more:
			s := &p.slots[p.next%len(p.slots)]
			i := p.next
			p.next++
			clock.Start("convert")
			s.err = p.unlocked(func() error {
				done, err := conv.Convert(i, &s.unit)
				s.empty = !done
				return err
			})
			s.ready = true
		default:
			clock.Start("wait")
			p.wake.Wait()
			continue
		}
		p.wake.Broadcast()
	}
}

func (s *slot) add(clock *phase.Clock, add func(*dwarfconv.Unit, *phase.Clock) error) error {
	if s.err != nil || s.empty {
		return s.err
	}
	return add(&s.unit, clock)
}

func (p *pipeline) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// unlocked calls f without the lock. A panic becomes its error, which another
// goroutine than the file's would not survive.
func (p *pipeline) unlocked(f func() error) (err error) {
	p.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
		p.mu.Lock()
	}()
	return f()
}

// stats sums up what the Converters met.
func (p *pipeline) stats() (sum dwarfconv.Stats) {
	for _, c := range p.convs[:p.jobs] {
		s := c.Stats()
		sum.Units += s.Units
		sum.Excluded += s.Excluded
		sum.DIEs += s.DIEs
		sum.Dangling += s.Dangling
	}
	return sum
}

// internalError is what a panic, a bug of ours, becomes.
type internalError struct {
	value any
	stack []byte
}

func (e *internalError) Error() string {
	return fmt.Sprintf("internal error: %v\n%s", e.value, e.stack)
}

func panicked(p any) error { return &internalError{p, debug.Stack()} }
