package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/gnuopt"
)

// TestPaholeFeatures compares what options ask for.
func TestPaholeFeatures(t *testing.T) {
	const byItself = "var,decl_tag,type_tag,enum64"
	for _, c := range []struct{ args, want string }{
		{"", byItself},
		{"--btf_gen_floats", "var,float,decl_tag,type_tag,enum64"},
		{"--skip_encoding_btf_vars --skip_encoding_btf_enum64", "decl_tag,type_tag"},
		{"--skip_encoding_btf_decl_tag --skip_encoding_btf_type_tag", "var,enum64"},
		{"--btf_encode_force --btf_gen_optimized --skip_encoding_btf_inconsistent_proto --btf_attributes --reproducible_build",
			"encode_force,var,decl_tag,type_tag,enum64,optimized_func,consistent_func,reproducible_build,attributes"},
		{"--btf_gen_all", encoder.DefaultFeatures().String()},

		// Lists.
		{"--btf_features=", ""},
		{"--btf_features=float", "float"},
		{"--btf_features=float --btf_features var", "var,float"},
		{"--btf_features=default", encoder.DefaultFeatures().String()},
		{"--btf_features=+layout", encoder.DefaultFeatures().String() + ",layout"},
		{"--btf_features=float,+layout,,all,inline,Var", "float"},
		{"--btf_features=float --btf_features=+distilled_base", encoder.DefaultFeatures().String() + ",distilled_base"},
		{"--btf_features_strict=float --btf_features=inline", "float"},

		// In order: the first list forgets what was before it.
		{"--skip_encoding_btf_vars --btf_features=var,float", "var,float"},
		{"--btf_features=var,float --skip_encoding_btf_vars", "float"},
		{"--btf_features=float --skip_encoding_btf_vars --btf_features=var", "var,float"},
		{"--btf_gen_optimized --btf_features=var", "var"},
		{"--btf_features=var --btf_gen_optimized", "var,optimized_func"},
	} {
		call := paholeCall{features: newPaholeFeatures()}
		answer, err := call.read(strings.Fields(c.args))
		if got := call.features.set.String(); err != nil || answer != "" || got != c.want {
			t.Errorf("%s\ngot  %s, %q, %v\nwant %s", c.args, got, answer, err, c.want)
		}
	}
}

func TestPaholeJobs(t *testing.T) {
	for _, c := range []struct {
		arg  string
		want int
	}{{"8", 8}, {"1", 1}, {"0", 1}, {"-3", 1}, {"", 1}, {" 2", 2}, {"4x", 4}, {"x", 1}, {"99999999999999999999", 1}} {
		if got := paholeJobs(&gnuopt.Given{Arg: c.arg, HasArg: true}); got != c.want {
			t.Errorf("%q: %d, want %d", c.arg, got, c.want)
		}
	}
	if got := paholeJobs(&gnuopt.Given{}); got < 1 {
		t.Errorf("no number: %d", got)
	}
}

// TestPaholeOptions wants every option to do something or to be refused with a
// reason, and none to be there twice.
func TestPaholeOptions(t *testing.T) {
	names := map[string]bool{}
	for _, o := range paholeTable() {
		for _, name := range []string{"--" + o.Long, "-" + string(rune(o.Short))} {
			if name != "-\x00" && names[name] {
				t.Errorf("%s is there twice", name)
			}
			names[name] = true
		}
		call := paholeCall{features: newPaholeFeatures()}
		arg := "dwarf" // a format; as a list of features, unknown
		if o.Long == "btf_features_strict" {
			arg = "var"
		}
		if _, err := call.option(&gnuopt.Given{Option: &o, Arg: arg, HasArg: o.Arg != gnuopt.NoArg}); err != nil {
			t.Errorf("--%s: %v", o.Long, err)
		}
		hidden := o.Long == "program-name"
		if refused := len(call.refused) > 0; refused == (o.Help != "" || hidden) {
			t.Errorf("--%s: refused %v, help %q", o.Long, refused, o.Help)
		}
		if o.Help != "" && o.Arg != gnuopt.NoArg && o.ArgName == "" {
			t.Errorf("--%s: the argument has no name", o.Long)
		}
	}
}

// realPahole returns the path of Debian 12's pahole, which is behind that of
// this test.
func realPahole(t *testing.T) string {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "pahole")
		if out, err := exec.Command(path, "--version").Output(); err == nil && string(out) == "v1.24\n" {
			return path
		}
	}
	t.Skip("no pahole v1.24")
	return ""
}

// outcome is what a command did.
type outcome struct {
	status int
	first  string // line on standard error, without the command's name
	hint   bool   // Try …
}

func runAs(t *testing.T, path string, args []string) outcome {
	t.Helper()
	cmd := exec.Command(path)
	cmd.Args = append([]string{"pahole"}, args...)
	cmd.Env = []string{"LC_ALL=C"}
	cmd.Dir = t.TempDir()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	var ee *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(stderr.String(), "\n")
	first = strings.TrimPrefix(strings.TrimPrefix(first, "gobtfenc "), "pahole: ")
	return outcome{cmd.ProcessState.ExitCode(), first, rest == "Try `pahole --help' or `pahole --usage' for more information.\n"}
}

// TestPaholeMisuse runs command lines that are mistakes, or ask nothing of a
// file, by pahole and by us.
func TestPaholeMisuse(t *testing.T) {
	pahole := realPahole(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"--bogus", "--bogus=1", "-J --bogus x.ko", "x.ko --bogus -J", "-JO x.ko", "-OJj8", "-j8 -O", "-:", "-J-",
		"--btf_base", "--class_name", "-C", "-J x.ko -F", "--btf_encode_detached",
		"--btf_encode=1 x.ko", "--verbose=", "--help=1", "--version=x", "--usage=x",
		"--btf_en", "--s", "--h", "--bt=1", "--=", "--=x", "--ver",
		"--help", "--usage", "-?", "--help --bogus", "--bogus --help", "--version", "--vers", "--usa",
		"--btf_base -- --bogus", "-C -J --bogus", "-- --bogus --version",
	} {
		args := strings.Fields(line)
		want, got := runAs(t, pahole, args), runAs(t, self, args)
		if strings.Contains(want.first, "ambiguous") {
			// Versions differ in what there is.
			cut := regexp.MustCompile(`possibilities:.*`)
			want.first, got.first = cut.ReplaceAllString(want.first, ""), cut.ReplaceAllString(got.first, "")
		}
		if strings.HasPrefix(line, "-- ") {
			// Files that are not there: pahole without -J shows types of them.
			if want.status == 64 || got.first != "shows types without -J; this pahole only encodes BTF" {
				t.Errorf("%s: pahole %+v, here %+v", line, want, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%s\npahole %+v\nhere   %+v", line, want, got)
		}
	}
}

// TestPaholeKnowsOptions compares with the options that pahole names.
func TestPaholeKnowsOptions(t *testing.T) {
	out, err := exec.Command(realPahole(t), "--usage").Output()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]gnuopt.ArgKind{}
	letters := map[string]gnuopt.ArgKind{}
	for _, o := range paholeTable() {
		kinds[o.Long] = o.Arg
		letters[string(rune(o.Short))] = o.Arg
	}
	found := regexp.MustCompile(`\[--([a-zA-Z0-9_-]+)(\[?=?)`).FindAllStringSubmatch(string(out), -1)
	if len(found) < 50 {
		t.Fatalf("%d options", len(found))
	}
	for _, m := range found {
		want := map[string]gnuopt.ArgKind{"": gnuopt.NoArg, "=": gnuopt.RequiredArg, "[=": gnuopt.OptionalArg}[m[2]]
		if got, ok := kinds[m[1]]; !ok || got != want {
			t.Errorf("--%s: argument %d, want %d (known %v)", m[1], got, want, ok)
		}
	}
	cluster := regexp.MustCompile(`Usage: pahole \[-([^]]+)\]`).FindStringSubmatch(string(out))
	if cluster == nil {
		t.Fatalf("%s", out)
	}
	for _, c := range cluster[1] {
		if got, ok := letters[string(c)]; !ok || got != gnuopt.NoArg {
			t.Errorf("-%c: argument %d (known %v)", c, got, ok)
		}
	}
	for _, m := range regexp.MustCompile(`\[-(\w)([ [])`).FindAllStringSubmatch(string(out), -1) {
		want := map[string]gnuopt.ArgKind{" ": gnuopt.RequiredArg, "[": gnuopt.OptionalArg}[m[2]]
		if got, ok := letters[m[1]]; !ok || got != want {
			t.Errorf("-%s: argument %d, want %d (known %v)", m[1], got, want, ok)
		}
	}
}

// TestPaholeResult encodes modules by pahole and by us with one command line
// and compares by meaning.
func TestPaholeResult(t *testing.T) {
	pahole := realPahole(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	encode := func(t *testing.T, path, flags, base, file string) (out string) {
		t.Helper()
		cmd := exec.Command(path)
		out = filepath.Join(t.TempDir(), "out.btf")
		cmd.Args = append([]string{"pahole", "-J", "--btf_base", base, "--btf_encode_detached=" + out, file}, strings.Fields(flags)...)
		if text, err := cmd.CombinedOutput(); err != nil || len(text) > 0 {
			t.Fatalf("%s: %v: %s", path, err, text)
		}
		return out
	}
	compare := func(name, flags, base, file, differs string) {
		t.Run(name+flags, func(t *testing.T) {
			want, err := encoder.ReadSplit(encode(t, pahole, flags, base, file), base)
			if err != nil {
				t.Fatal(err)
			}
			got, err := encoder.ReadSplit(encode(t, self, flags, base, file), base)
			if err != nil {
				t.Fatal(err)
			}
			d := btftest.Compare(want, got)
			if !strings.HasPrefix(d.String(), differs) || differs == "" && !d.Empty() {
				t.Errorf("want %q, got %s", differs, d)
			}
		})
	}
	base := filepath.Join(objects, "vmlinux.btf")
	const since513 = " -j1 --btf_gen_floats --lang_exclude=rust"
	for _, c := range []struct{ names, flags, differs string }{
		{"kinds tags dup split recursive conflict fwdbase lto rust asm", since513, ""},
		// 1.31 has not __UNIQUE_ID_*, __exitcall_* and what is static in a function.
		{"percpu", since513, "missing=4 extra=1 dup=0 dup_in_base=0"},
		{"kinds tags dup", "", ""},
		{"percpu", " --skip_encoding_btf_vars", ""},
		{"kinds", " --skip_encoding_btf_enum64", ""},
		{"kinds tags", " --skip_encoding_btf_decl_tag", ""},
		{"kinds tags", " --skip_encoding_btf_type_tag", ""},
		{"rust", " --btf_gen_floats --lang=c11", ""},
		{"kinds dup split", " --kabi_prefix=d", ""},
	} {
		for name := range strings.FieldsSeq(c.names) {
			compare(name, c.flags, base, filepath.Join(objects, name+".ko"), c.differs)
		}
	}
	if testing.Short() {
		return
	}
	base = unpackCorpus(t, dir, "vmlinux.btf")
	for _, name := range []string{"af_key", "8021q", "tls", "dummy"} {
		compare(name, since513, base, unpackCorpus(t, dir, name+".ko"), "")
	}
}

// unpackCorpus unpacks a file of the corpus of real modules into dir, or skips
// the test.
func unpackCorpus(t *testing.T, dir, name string) string {
	t.Helper()
	corpus := os.Getenv("GOBTFENC_CORPUS")
	if corpus == "" {
		corpus = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	f, err := os.Open(filepath.Join(corpus, name+".zst"))
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no corpus of kernel modules:", err)
		}
		t.Skip("no corpus of kernel modules; set GOBTFENC_CORPUS:", err)
	}
	defer f.Close()
	zr, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer zr.Close()
	data, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
