package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gobtfenc/gobtfenc/report/measure"
)

// maxParts bounds how many parts there may be.
const maxParts = 100_000

// parsePart reads I/N, or N with the index of a job's task in the environment:
// that of a Kubernetes Indexed Job, or of a Slurm array, whose first need not be
// 0. Empty is the whole.
func parsePart(s string, getenv func(string) string) (measure.Part, error) {
	if s == "" {
		return measure.Part{Index: 0, Count: 1}, nil
	}
	index, count, both := strings.Cut(s, "/")
	if !both {
		index, count = "", s
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > maxParts {
		return measure.Part{}, misusef("--shard %q: neither I/N nor N, with N from 1 to %d", s, maxParts)
	}
	var i int
	if both {
		i, err = parseIndex(index)
	} else {
		i, err = taskIndex(getenv)
	}
	if err != nil {
		return measure.Part{}, misusef("--shard %q: %w", s, err)
	}
	if i < 0 || i >= n {
		return measure.Part{}, misusef("--shard %q: part %d is not one of 0 to %d", s, i, n-1)
	}
	return measure.Part{Index: i, Count: n}, nil
}

// taskIndex returns which task of a job this is, from 0.
func taskIndex(getenv func(string) string) (int, error) {
	if s := getenv("JOB_COMPLETION_INDEX"); s != "" {
		return parseIndex(s)
	}
	s := getenv("SLURM_ARRAY_TASK_ID")
	if s == "" {
		return 0, errors.New("neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set")
	}
	i, err := parseIndex(s)
	if first := getenv("SLURM_ARRAY_TASK_MIN"); first != "" && err == nil {
		var n int
		n, err = parseIndex(first)
		i -= n
	}
	return i, err
}

func parseIndex(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return n, nil
}
