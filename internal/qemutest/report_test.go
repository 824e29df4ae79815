package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	want := []timed{{answer{true, ""}, 0}, {answer{false, "no such device"}, time.Second}, {answer{true, "a\nb\x00\xff\"@2 ok 1 \"\""}, 0}}
	var text strings.Builder
	for i, a := range want {
		text.WriteString(formatAnswer(i, a))
	}
	text.WriteString(formatEnd(len(want)))
	got, err := parseReport(strings.NewReader(text.String()), len(want))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("read back %+v, %v", got, err)
	}
	// Whatever is lost at the end, the report is not taken for whole.
	for n := range len(text.String()) - 1 {
		if _, err := parseReport(strings.NewReader(text.String()[:n]), len(want)); err == nil {
			t.Errorf("no error for the first %d bytes", n)
		}
	}
}

func TestReportHostile(t *testing.T) {
	const first = "@0 ok 7 \"a\"\n"
	for _, test := range []struct {
		text    string
		answers int    // of two
		err     string // part of it
	}{
		{"", 0, "0 of 2 steps answered"},
		{first, 1, "1 of 2 steps answered"},
		{first + "@end 1\n", 1, `step 1: the answer is "@end 1"`},
		{first + "@end 2\n", 1, "step 1"},
		{first + first, 1, "step 1"},
		{first + "@2 ok 7 \"\"\n", 1, "step 1"},
		{first + "@1  ok 7 \"\"\n", 1, "step 1"},
		{first + "@01 ok 7 \"\"\n", 1, "step 1"},
		{first + "@-1 ok 7 \"\"\n", 1, "step 1"},
		{first + "@1 okay 7 \"\"\n", 1, "step 1"},
		{first + "@1 ok\n", 1, "step 1"},
		{first + "@1 ok 7\n", 1, "step 1"},
		{first + "@1 ok 7 \n", 1, "step 1"},
		{first + "@1 ok \"a\"\n", 1, "step 1"},
		{first + "@1 ok -7 \"a\"\n", 1, "step 1"},
		{first + "@1 ok 7777777777 \"a\"\n", 1, "step 1"},
		{first + "@1 ok \n", 1, "step 1"},
		{first + "@1 ok 7 a\n", 1, "step 1"},
		{first + "@1 ok 7 'a'\n", 1, "step 1"},
		{first + "@1 ok 7 `a`\n", 1, "step 1"},
		{first + "@1 ok 7 \"a\n", 1, "step 1"},
		{first + "@1 ok 7 \"a\" b\n", 1, "step 1"},
		{first + "\n@1 ok 7 \"a\"\n@end 2\n", 1, "step 1"},
		{first + "[    1.0] Kernel panic\n", 1, "step 1"},
		{first + "\x00\xff\n", 1, "step 1"},
		{first + "@1 ok 7 \"" + strings.Repeat("a", maxAnswer) + "\"\n", 1, "step 1: bufio.Scanner: token too long"},
		{first + "@1 ok 7 \"\"\n", 2, "2 of 2 steps answered"},
		{first + "@1 ok 7 \"\"\n@2 ok 7 \"\"\n", 2, `instead of the end: "@2 ok`},
		{first + "@1 ok 7 \"\"\n@end 1\n", 2, "instead of the end"},
		{first + "@1 ok 7 \"\"\n@end 2\nmore\n", 2, `behind the end: "more"`},
		{first + "@1 ok 7 \"\"\r\n@end 2\r\n", 2, ""},
	} {
		got, err := parseReport(strings.NewReader(test.text), 2)
		if len(got) != test.answers {
			t.Errorf("%.80q: %d answers, want %d", test.text, len(got), test.answers)
		}
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%.80q: error %v, want %q", test.text, err, test.err)
		}
	}
}

func TestSteps(t *testing.T) {
	want := []step{{"stage", "one", ""}, {"load", "x_y", "/m/x_y.ko"}, {"log", "one", ""}}
	got, err := parseSteps(string(formatSteps(want)))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("read back %q, %v", got, err)
	}
	for _, bad := range []string{"\n", "frob x\n", "load x\n", "load x y z\n", "stage\n"} {
		if _, err := parseSteps("stage a\n" + bad); err == nil || !strings.HasPrefix(err.Error(), "step 1: ") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

func TestPack(t *testing.T) {
	for _, want := range []string{"", "a", strings.Repeat("\x00\xff", 5000)} {
		text, err := pack([]byte(want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := unpack(text)
		if err != nil || string(got) != want {
			t.Errorf("%d bytes: read back %d, %v", len(want), len(got), err)
		}
		for n := range len(text) - 4 {
			if _, err := unpack(text[:n]); err == nil {
				t.Errorf("%d bytes: no error for the first %d of %d", len(want), n, len(text))
			}
		}
	}
	bomb, err := pack(make([]byte, maxUnpacked+1))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"!", "AAAA", bomb} {
		if _, err := unpack(bad); err == nil {
			t.Errorf("no error for %.20q", bad)
		}
	}
}
