package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// completions are what somebody types, a tab where they press that key, and what
// gobtfenc is then called with.
var completions = []struct{ typed, called string }{
	{"enc\t--base vml\tsub/z\t", "encode --base vmlinux sub/z.ko"},
	{"encode one\t", "encode one two.ko"},
	{"encode --out-d\tsu\tnew x.k\t", "encode --out-dir sub/new x.ko.xz"},
	{"encode --base=vm\tno\t", "encode --base=vmlinux notes"}, // nothing of ours: any file
	{"measure --format m\t", "measure --format markdown"},
	{"measure --format=h\t", "measure --format=html"},
	{"measure --features +float,global\t sub/z\t", "measure --features +float,global_var sub/z.ko"},
	{"measure me\tr\t", "measure merge r.json"},
	{"diff --fail-on rem\t", "diff --fail-on removed"},
	{"dump --format c --as\tr\t", "dump --format c --asserts raw.btf"},
	{"completion z\t", "completion zsh"},
	{"pahole --btf_encode_d\t", "pahole --btf_encode_detached="},
	{"resolve-btfids --pat\t", "resolve-btfids --patch_btfids="},
}

// completionDir makes a folder with files that are what is completed, and files that
// are not, and goes there.
func completionDir(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.Mkdir("sub", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vmlinux", "vm.c", "sub/z.ko", "sub/z.o", "one two.ko", "one two.mod.c", "x.ko.xz", "x.key", "notes", "raw.btf", "r.json"} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// shellSetup ends what a shell reads first. It makes gobtfenc a function that says what it
// is called with, but for the questions of the completion.
const shellSetup = `
PS1='$ '
gobtfenc() {
	case $1 in
	__complete*) command gobtfenc "$@" ;;
	*) printf 'called:'; printf ' %s' "$@"; echo '!' ;;
	esac
}
`

// At a terminal, bash and zsh make of what is typed what is meant.
func TestCompletionAtTerminal(t *testing.T) {
	for shell, setup := range map[string]string{
		"bash": ". /usr/share/bash-completion/bash_completion\n. <(gobtfenc completion bash)\n",
		"zsh":  "autoload -Uz compinit\ncompinit -u -D\n. <(gobtfenc completion zsh)\n",
	} {
		t.Run(shell, func(t *testing.T) {
			for _, needed := range []string{shell, "script"} {
				if _, err := exec.LookPath(needed); err != nil {
					t.Skipf("no %s", needed)
				}
			}
			if _, err := os.Stat("/usr/share/bash-completion/bash_completion"); shell == "bash" && err != nil {
				t.Skip("no bash-completion")
			}
			completionDir(t)
			home := t.TempDir()
			rc := filepath.Join(home, ".zshrc")
			if err := os.WriteFile(rc, []byte(setup+shellSetup), 0o644); err != nil {
				t.Fatal(err)
			}
			command := map[string]string{"bash": "bash --rcfile '" + rc + "' -i", "zsh": "zsh -d -i"}[shell]
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "script", "-qefc", command, "/dev/null")
			cmd.Env = append(os.Environ(), "HOME="+home, "ZDOTDIR="+home, "TERM=dumb", "INPUTRC=/dev/null", "COLUMNS=200")
			keys, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			screen, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// Nobody types ahead: that would be read in another mode of the terminal.
			shown := bufio.NewReader(screen)
			for _, c := range completions {
				fmt.Fprintf(keys, "gobtfenc %s\n", c.typed)
				before, err := readPast(shown, "called: ")
				called, err2 := readPast(shown, "!\r\n")
				if err != nil || err2 != nil {
					t.Fatalf("%q: %v:\n%q", c.typed, errors.Join(err, err2), before+called)
				}
				if got := strings.TrimRight(called, " "); got != c.called {
					t.Errorf("%q\ngot  %s\nwant %s", c.typed, got, c.called)
				}
			}
			fmt.Fprint(keys, "exit\n")
			if _, err := io.Copy(io.Discard, shown); err != nil {
				t.Error(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// readPast reads past an end and returns what was before it.
func readPast(r *bufio.Reader, end string) (string, error) {
	var b strings.Builder
	for {
		c, err := r.ReadByte()
		if err != nil {
			return b.String(), err
		}
		b.WriteByte(c)
		if before, ok := strings.CutSuffix(b.String(), end); ok {
			return before, nil
		}
	}
}

// fish says what it would offer.
func TestCompletionFish(t *testing.T) {
	if _, err := exec.LookPath("fish"); err != nil {
		t.Skip("no fish")
	}
	completionDir(t)
	for _, c := range []struct{ typed, offered string }{
		{"enc", "encode"},
		{"encode ", "one two.ko sub/ vmlinux x.ko.xz"},
		{"encode sub/", "sub/z.ko"},
		{"encode --base vm", "vmlinux"},
		{"encode no", "notes"},
		{"measure --format ", "csv html json markdown table"},
		{"pahole --btf_encode_", "--btf_encode_detached= --btf_encode_force"},
	} {
		cmd := exec.CommandContext(t.Context(), "fish", "--no-config", "-c", "gobtfenc completion fish | source; complete -C $argv[1]", "gobtfenc "+c.typed)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		var offered []string
		for l := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(l), "\t")
			offered = append(offered, word)
		}
		if got := strings.Join(offered, " "); err != nil || got != c.offered {
			t.Errorf("%q: %v\ngot  %s\nwant %s", c.typed, err, got, c.offered)
		}
	}
}

// make install puts everything where it is looked for.
func TestInstall(t *testing.T) {
	program, err := exec.LookPath("gobtfenc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("no make")
	}
	dest := t.TempDir()
	if out, err := exec.Command("make", "-s", "-C", "../..", "install", "bin="+program, "DESTDIR="+dest, "PREFIX=/usr").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for path, want := range map[string]string{
		"share/bash-completion/completions/gobtfenc":    "complete -o default",
		"share/zsh/site-functions/_gobtfenc":            "#compdef gobtfenc",
		"share/fish/vendor_completions.d/gobtfenc.fish": "complete -c gobtfenc",
		"share/man/man1/gobtfenc.1":                     ".TH GOBTFENC 1",
		"share/man/man1/gobtfenc-encode.1":              "\\-\\-out\\-dir",
		"share/gobtfenc/kbuild/pahole":                  "#!/bin/sh",
		"share/gobtfenc/kbuild/gobtfenc.mk":             "",
	} {
		data, err := os.ReadFile(filepath.Join(dest, "usr", path))
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: no %q in it (%v)", path, want, err)
		}
	}
}
