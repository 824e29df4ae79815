package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The guest's report has a line for each step, in their order, and a closing
// one:
//
//	@0 ok "" stage "modules"
//	@1 error "no such device" load ...
//	@end 2
//
// The serial line that it comes through may lose or garble bytes, and the guest
// may die at any of them. So a line counts if it is whole and the one that was
// due; the first that is not ends the report.

// answer is what the guest said to one step.
type answer struct {
	ok     bool
	detail string
}

// maxAnswer is how long a line of the report may be, in bytes. The longest
// carry the BTF of a module.
const maxAnswer = 4 << 20

func formatAnswer(i int, a answer) string {
	verdict := "error"
	if a.ok {
		verdict = "ok"
	}
	return fmt.Sprintf("@%d %s %q\n", i, verdict, a.detail)
}

func formatEnd(steps int) string { return fmt.Sprintf("@end %d\n", steps) }

// parseReport reads a report on so many steps. It returns the answers that came
// before something went wrong, and what did.
func parseReport(r io.Reader, steps int) ([]answer, error) {
	var answers []answer
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

func parseAnswer(line string, due int) (answer, error) {
	bad := fmt.Errorf("step %d: the answer is %.80q", due, line)
	rest, ok := strings.CutPrefix(line, fmt.Sprintf("@%d ", due))
	verdict, quoted, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || verdict != "ok" && verdict != "error" {
		return answer{}, bad
	}
	detail, err := strconv.Unquote(quoted)
	if err != nil || !strings.HasPrefix(quoted, `"`) {
		return answer{}, bad
	}
	return answer{verdict == "ok", detail}, nil
}
