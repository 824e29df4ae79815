package main

import (
	"bufio"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// The guest's report has a line for each step, in their order, and a closing
// one:
//
//	@0 ok 3 ""
//	@1 error 120 "no such device"
//	@end 2
//
// The number is the milliseconds that the step took.
//
// The serial line that it comes through may lose or garble bytes, and the guest
// may die at any of them. So a line counts if it is whole and the one that was
// due; the first that is not ends the report.

// answer is what the guest said to one step.
type answer struct {
	ok     bool
	detail string
}

// timed is an answer and how long it took.
type timed struct {
	answer
	took time.Duration // in milliseconds
}

// maxAnswer is how long a line of the report may be, in bytes. The longest
// carry the BTF of a module.
const maxAnswer = 4 << 20

// maxUnpacked is how long the BTF of a module may be, in bytes.
const maxUnpacked = 16 << 20

func formatAnswer(i int, a timed) string {
	verdict := "error"
	if a.ok {
		verdict = "ok"
	}
	return fmt.Sprintf("@%d %s %d %q\n", i, verdict, a.took.Milliseconds(), a.detail)
}

func formatEnd(steps int) string { return fmt.Sprintf("@end %d\n", steps) }

// parseReport reads a report on so many steps. It returns the answers that came
// before something went wrong, and what did.
func parseReport(r io.Reader, steps int) ([]timed, error) {
	var answers []timed
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if len(answers) == steps {
			if line+"\n" != formatEnd(steps) {
				return answers, fmt.Errorf("instead of the end: %.80q", line)
			}
			if lines.Scan() {
				return answers, fmt.Errorf("behind the end: %.80q", lines.Text())
			}
			return answers, lines.Err()
		}
		a, err := parseAnswer(line, len(answers))
		if err != nil {
			return answers, err
		}
		answers = append(answers, a)
	}
	if err := lines.Err(); err != nil {
		return answers, fmt.Errorf("step %d: %w", len(answers), err)
	}
	return answers, fmt.Errorf("%d of %d steps answered", len(answers), steps)
}

func parseAnswer(line string, due int) (timed, error) {
	bad := fmt.Errorf("step %d: the answer is %.80q", due, line)
	words := strings.SplitN(line, " ", 4)
	if len(words) != 4 || words[0] != fmt.Sprintf("@%d", due) || words[1] != "ok" && words[1] != "error" {
		return timed{}, bad
	}
	ms, err := strconv.ParseUint(words[2], 10, 32)
	if err != nil {
		return timed{}, bad
	}
	detail, err := strconv.Unquote(words[3])
	if err != nil || words[3][0] != '"' {
		return timed{}, bad
	}
	return timed{answer{words[1] == "ok", detail}, time.Duration(ms) * time.Millisecond}, nil
}

// fingerprint tells BTF from other BTF: its size and a hash.
func fingerprint(raw []byte) string { return fmt.Sprintf("%d %x", len(raw), sha256.Sum256(raw)) }

// pack makes bytes into text that takes little of the serial line's time, and
// unpack makes it bytes again.
func pack(b []byte) (string, error) {
	var text strings.Builder
	enc := base64.NewEncoder(base64.StdEncoding, &text)
	w, err := flate.NewWriter(enc, flate.BestSpeed)
	if err != nil {
		return "", err
	}
	_, err = w.Write(b)
	err = errors.Join(err, w.Close(), enc.Close())
	return text.String(), err
}

func unpack(text string) ([]byte, error) {
	r := flate.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	b, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	if err == nil && len(b) > maxUnpacked {
		err = fmt.Errorf("more than %d bytes", maxUnpacked)
	}
	return b, err
}
