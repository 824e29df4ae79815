//go:build unix && !linux

package elfio

import (
	"syscall"
	"time"
)

// changeTime is not known: the field has another name on every system.
func changeTime(*syscall.Stat_t) time.Time { return time.Time{} }
