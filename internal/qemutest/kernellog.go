package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// What a kernel thinks of a module's BTF it says in its log only: "failed to
// validate module [x] BTF: -22", "missing module BTF, cannot register kfuncs".
// The log is read record by record from /dev/kmsg, and stages of the test are
// told apart by records of our own.

// guest is what the steps have to keep in mind.
type guest struct {
	log *os.File // /dev/kmsg, at the first record that was not reported
}

// stageMark begins the records by which steps mark the kernel's log.
const stageMark = "qemutest stage "

// ofInterest are parts of records that say something of BTF, or that the kernel
// is broken.
var ofInterest = []string{stageMark, "BTF", "BPF:", "kfunc", "BUG:", "Oops", "WARNING:"}

// kernelLog returns the records that came since it was called last and are of
// interest, each with its line's end.
func (g *guest) kernelLog() (string, error) {
	if g.log == nil {
		f, err := os.OpenFile("/dev/kmsg", os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return "", err
		}
		g.log = f
	}
	var out strings.Builder
	record := make([]byte, 8192)
	for {
		// Not through os.File, which would wait for the next record.
		n, err := syscall.Read(int(g.log.Fd()), record)
		switch {
		case err == syscall.EAGAIN:
			return out.String(), nil
		case err == syscall.EPIPE:
			return "", fmt.Errorf("records of the kernel's log were overwritten")
		case err == syscall.EINTR:
			continue
		case err != nil:
			return "", err
		}
		line := message(string(record[:n]))
		for _, part := range ofInterest {
			if strings.Contains(line, part) {
				out.WriteString(line + "\n")
				break
			}
		}
	}
}

// message takes the text out of a record: level,number,time,flags;text, and
// lines with what belongs to it.
func message(record string) string {
	_, text, _ := strings.Cut(record, ";")
	text, _, _ = strings.Cut(text, "\n")
	return text
}
