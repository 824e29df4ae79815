// SPDX-License-Identifier: BSD-2-Clause

package encoder

import (
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/basecache"
	"github.com/gobtfenc/gobtfenc/internal/phase"
)

// A base that is loaded beside the only module that is encoded against it.
//
// For one small module the base is most of the work, and what is left of it need not
// wait: to read and relocate the module's sections nothing of the base is asked for, to
// convert units the index of its strings alone, which is there long before that of its
// types. So the two go on side by side on two processors, for as many units as there
// is room for. What of the module is wrong is told only where the base is good.

// loading is a base that is being loaded.
type loading struct {
	named chan struct{} // closed when strs is set
	strs  *btf.StrIndex // nil where there is none to come
	done  chan struct{} // closed when all fields of the base are set, or err
	kept  chan struct{} // closed when the cache has what it wants
	err   error
	took  phase.Clock
}

// StartBase is [LoadBaseCached] that goes on while it returns. Until [Base.Wait] has
// returned, the base is good for [Options] only. The cache is that which open returns,
// and is closed.
func StartBase(path string, open func() *basecache.Cache) *Base {
	l := &loading{named: make(chan struct{}), done: make(chan struct{}), kept: make(chan struct{})}
	b := &Base{Path: path, loading: l}
	named := sync.OnceFunc(func() { close(l.named) })
	go func() {
		defer close(l.kept)
		done := sync.OnceFunc(func() { named(); close(l.done) })
		defer done()
		l.took.Start("base")
		defer l.took.Stop()
		cache := open()
		defer cache.Close()
		full, keep, err := loadBaseToKeep(path, cache, func(x *btf.StrIndex) {
			if l.strs == nil { // else the cache is good for that alone
				l.strs = x
				named()
			}
		})
		if err == nil && !l.strs.Of(full.BTF.Strs) { // in the cache and in the file later
			err = errChanged
		}
		if err != nil {
			l.err = baseError(path, err)
			return
		}
		b.BTF, b.data, b.dedup, b.machine, b.wordSize, b.release = full.BTF, full.data, full.dedup, full.machine, full.wordSize, full.release
		done()
		keep()
	}()
	return b
}

// Wait waits for a base that StartBase has begun to load. The error is LoadBaseCached's.
func (b *Base) Wait() error {
	if b == nil || b.loading == nil {
		return nil
	}
	<-b.loading.done
	return b.loading.err
}

// loaded tells whether Wait returns at once.
func (b *Base) loaded() bool {
	if b == nil || b.loading == nil {
		return true
	}
	select {
	case <-b.loading.done:
		return true
	default:
		return false
	}
}

// finish waits until there is nothing left to do for b, and adds what it took to the
// clock.
func (b *Base) finish(clock *phase.Clock) {
	if b != nil && b.loading != nil {
		<-b.loading.kept
		clock.Add(&b.loading.took)
	}
}
