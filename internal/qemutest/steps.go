package main

import (
	"fmt"
	"strings"
)

// The host writes down what the guest has to do, a step to a line, in a file of
// the initramfs:
//
//	stage NAME          write a mark into the kernel's log
//	load NAME FILE      load a module
//	unload NAME STAGE   unload it again; the stage tells this from other times
//	btf NAME            hash /sys/kernel/btf/NAME
//	bytes NAME          send /sys/kernel/btf/NAME as it is
//	flips COUNT FILE    give BTF to the kernel with one bit changed, so often
//	check NAME          do what guestchecks.go has under this name
//	log NAME            send what the kernel's log has of interest since then
//
// and the guest answers each in its turn.

// stepsFile is where the steps lie in the guest.
const stepsFile = "/steps"

// step is one line of it.
type step struct {
	verb, name, file string
}

func (s step) String() string {
	return strings.TrimRight(s.verb+" "+s.name+" "+s.file, " ")
}

// verbs says how many words follow each verb.
var verbs = map[string]int{"stage": 1, "load": 2, "unload": 2, "btf": 1, "bytes": 1, "flips": 2, "check": 1, "log": 1}

func formatSteps(steps []step) []byte {
	var b []byte
	for _, s := range steps {
		b = fmt.Appendln(b, s)
	}
	return b
}

func parseSteps(text string) ([]step, error) {
	var steps []step
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			return nil, fmt.Errorf("step %d: empty", len(steps))
		}
		if n, known := verbs[words[0]]; !known || n != len(words)-1 {
			return nil, fmt.Errorf("step %d: %q", len(steps), line)
		}
		words = append(words, "", "")
		steps = append(steps, step{words[0], words[1], words[2]})
	}
	return steps, nil
}
