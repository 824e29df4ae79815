// Package tidy has no code: its tests keep the rules that hold for the whole
// tree.
package tidy

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/gobtfenc/gobtfenc"
)

// What a package that every byte of input passes through may import besides
// the standard library.
var hot = []string{
	"github.com/go-delve/delve/pkg/dwarf/op",
	"github.com/go-delve/delve/pkg/dwarf/regnum",
	"github.com/klauspost/compress",
	"golang.org/x/sync",
}

// allowed says what each package may import besides the standard library. An
// import path stands for all below it, a relative one is of this module.
// Imports go one way:
//
//	cmd → encoder, report → dwarfconv, splitdedup, elfio, btfids → dwarf, btf
//
// so that a package can be read, tested and measured with what is right of it
// alone.
var allowed = map[string][]string{
	"cmd/gobtfenc": {
		"encoder", "report", "elfio", "internal/basecache", "internal/escape", "internal/gnuopt", "internal/jobserver", "internal/modtree", "internal/number", "internal/objtree", "internal/phase",
		"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term",
	},
	"encoder": append([]string{"dwarfconv", "splitdedup", "elfio", "btfids", "dwarf", "btf", "internal/basecache", "internal/bigmem", "internal/phase"}, hot...),
	"report":  {"dwarfconv", "splitdedup", "elfio", "dwarf", "btf"},

	"report/check":   {"splitdedup", "btf", "internal/escape", "golang.org/x/sync"},
	"report/diff":    {"btf", "internal/escape", "internal/number", "golang.org/x/sync"},
	"report/regress": {"report/diff", "btf", "internal/escape", "internal/number", "golang.org/x/sync", "github.com/klauspost/compress"},
	"report/measure": {"btf", "internal/escape", "internal/number", "github.com/jedib0t/go-pretty/v6"},
	"report/explain": {"report/diff", "btf", "internal/escape", "internal/number"},

	"dwarfconv":  append([]string{"dwarf", "btf"}, hot...),
	"splitdedup": append([]string{"dwarf", "btf", "internal/bigmem"}, hot...),
	"elfio":      append([]string{"dwarf", "btf", "internal/bigmem", "github.com/mikelolasagasti/xz"}, hot...),
	"btfids":     {"btf"},
	"dwarf":      hot,
	"btf":        append([]string{"internal/bigmem", "internal/escape"}, hot...),
	"btf/colour": {"btf"},
	"btf/cdump":  {"btf"},

	"internal/basecache": {"btf", "splitdedup"},
	"internal/bigmem":    nil,
	"internal/escape":    nil,
	"internal/gnuopt":    nil,
	"internal/manpage":   nil,
	"internal/phase":     nil,
	"internal/number":    nil,
	"internal/jobserver": nil,
	"internal/objtree":   {"elfio"},
	"internal/kerneldir": nil,
	"internal/modtree":   nil,
	"internal/checks":    nil,
	"internal/cost":      nil,
	"internal/diewalk":   {"dwarf", "elfio", "golang.org/x/sync"},
	"internal/bench":     {"elfio", "internal/cost", "internal/kerneldir"},

	"internal/bench/gobtfenc-walk": {"internal/diewalk", "golang.org/x/sync"},

	"internal/btftest":   {"btf"},
	"internal/bpftool":   nil,
	"internal/corpus":    {"github.com/klauspost/compress"},
	"internal/dwarftest": {"dwarf", "btf"},
	"internal/idstest":   {"btf"},
	"internal/kerneltest": {
		"btf", "internal/bpftool", "internal/btftest", "internal/checks", "internal/cost", "internal/idstest", "internal/kerneldir", "report/explain",
		"github.com/cilium/ebpf", "github.com/klauspost/compress", "golang.org/x/sync",
	},
	"internal/qemutest": {
		"encoder", "btf", "internal/btftest", "internal/checks", "internal/kerneldir",
		"github.com/cilium/ebpf", "golang.org/x/sync",
	},
	"internal/selftest":    {"btf", "internal/checks"},
	"internal/archtest":    {"btf", "internal/btftest", "internal/checks", "internal/cost", "internal/kerneldir", "golang.org/x/sync"},
	"internal/kbuildtest":  {"btf", "dwarf", "internal/btftest", "internal/checks", "internal/cost", "internal/idstest", "golang.org/x/sync"},
	"internal/tidy":        nil,
	"internal/faulttest":   {"golang.org/x/sync"},
	"internal/hostiletest": {"github.com/klauspost/compress"},
}

// forTests may be imported by tests only, by those of any package.
var forTests = []string{
	"internal/bpftool", "internal/btftest", "internal/corpus", "internal/dwarftest", "internal/diewalk", "internal/idstest", "internal/jobserver", "internal/manpage",
	"github.com/cilium/ebpf",
	"github.com/go-delve/delve/pkg/dwarf",
	"github.com/google/go-cmp",
	"github.com/klauspost/compress",
	"github.com/rogpeppe/go-internal",
	"golang.org/x/sys",
	"golang.org/x/term",
	"pgregory.net/rapid",
}

// source is a parsed Go file.
type source struct {
	path string // relative to root
	*ast.File
}

func (s source) folder() string { return path.Dir(s.path) }
func (s source) isTest() bool   { return strings.HasSuffix(s.path, "_test.go") }

// sources returns every Go file of the module but the tools'.
func sources(t *testing.T, fset *token.FileSet) []source {
	t.Helper()
	var all []source
	for _, p := range files(t) {
		if path.Ext(p) != ".go" || strings.HasPrefix(p, "tools/") || strings.Contains(p, "testdata/") {
			continue
		}
		f, err := parser.ParseFile(fset, filepath.Join(root, p), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{p, f})
	}
	if len(all) < 50 {
		t.Fatalf("only %d Go files found below %s", len(all), root)
	}
	return all
}

// TestNoFlags: texts of the packages that cmd is made of name no options of gobtfenc,
// which are cmd's to know. Those of other programs they may.
func TestNoFlags(t *testing.T) {
	option := regexp.MustCompile(`(^|[^-\w])--[a-z]`)
	fset := token.NewFileSet()
	for _, s := range sources(t, fset) {
		if dir, _, _ := strings.Cut(s.path, "/"); s.isTest() || dir == "cmd" || dir == "internal" {
			continue
		}
		ast.Inspect(s.File, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && option.MatchString(strings.ReplaceAll(lit.Value, "objcopy --", "")) {
				t.Errorf("%v: %s", fset.Position(lit.Pos()), lit.Value)
			}
			return true
		})
	}
}

// files returns every file of the tree but git's and what a build leaves,
// relative to root.
func files(t *testing.T) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		if rel == ".git" || rel == "bin" || d.Name() == "node_modules" {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() {
			all = append(all, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestImports(t *testing.T) {
	for _, s := range sources(t, token.NewFileSet()) {
		may, known := allowed[s.folder()]
		if !known {
			t.Errorf("%s: package %s is not in the table of imports", s.path, s.folder())
			continue
		}
		if s.isTest() {
			may = slices.Concat(may, forTests, []string{s.folder()})
		}
		for _, spec := range s.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !mayImport(may, p) {
				t.Errorf("%s imports %s", s.path, p)
			}
		}
	}
}

func mayImport(may []string, p string) bool {
	first, _, _ := strings.Cut(p, "/")
	if !strings.Contains(first, ".") {
		return true // the standard library
	}
	p = strings.TrimPrefix(p, module+"/")
	return slices.ContainsFunc(may, func(m string) bool {
		return p == m || strings.HasPrefix(p, m+"/")
	})
}

// TestImportsOneWay checks the table itself.
func TestImportsOneWay(t *testing.T) {
	level := map[string]int{}
	for i, packages := range []string{"internal/escape", "btf dwarf internal/gnuopt internal/jobserver internal/modtree internal/number internal/phase", "dwarfconv splitdedup elfio btfids", "encoder report report/check report/diff report/measure internal/objtree", "report/explain report/regress", "cmd/gobtfenc"} {
		for p := range strings.FieldsSeq(packages) {
			level[p] = i
		}
	}
	for _, p := range slices.Sorted(maps.Keys(level)) {
		for _, to := range allowed[p] {
			if l, ours := level[to]; ours && l >= level[p] {
				t.Errorf("%s may import %s, which is not below it", p, to)
			}
		}
	}
}

// TestDocComments wants a doc comment on what other packages see. Constants
// may have one for the group, or be the values of a type that has one; the
// methods by which a type meets a well-known interface need none.
func TestDocComments(t *testing.T) {
	fset := token.NewFileSet()
	for _, s := range sources(t, fset) {
		if s.isTest() || s.Name.Name == "main" {
			continue
		}
		for _, d := range s.Decls {
			for _, id := range undocumented(d) {
				t.Errorf("%s:%d: %s has no doc comment", s.path, fset.Position(id.Pos()).Line, id.Name)
			}
		}
	}
}

func undocumented(d ast.Decl) (ids []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && !isInterfaceMethod(d) && hasExportedReceiver(d) {
			ids = append(ids, d.Name)
		}
	case *ast.GenDecl:
		if isEnum(d) {
			return nil
		}
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					ids = append(ids, s.Name)
				}
			case *ast.ValueSpec:
				if d.Doc != nil || s.Doc != nil || s.Comment != nil {
					continue
				}
				for _, name := range s.Names {
					if name.IsExported() {
						ids = append(ids, name)
					}
				}
			}
		}
	}
	return ids
}

// isEnum reports whether d is a group of constants of a type with a name.
func isEnum(d *ast.GenDecl) bool {
	if d.Tok != token.CONST || !d.Lparen.IsValid() {
		return false
	}
	first := d.Specs[0].(*ast.ValueSpec)
	_, named := first.Type.(*ast.Ident)
	return named
}

func isInterfaceMethod(d *ast.FuncDecl) bool {
	return d.Recv != nil && slices.Contains([]string{"Error", "Unwrap", "Is", "String"}, d.Name.Name)
}

func hasExportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

// TestDocsNameTests wants the tests that the tables in docs name to exist.
func TestDocsNameTests(t *testing.T) {
	tests := map[string]bool{}
	for _, s := range sources(t, token.NewFileSet()) {
		for _, d := range s.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.isTest() && f.Recv == nil {
				tests[f.Name.Name] = true
			}
		}
	}
	for _, doc := range []string{"docs/differences.md", "docs/regressions.md"} {
		text, err := os.ReadFile(filepath.Join(root, doc))
		if err != nil {
			t.Fatal(err)
		}
		named := regexp.MustCompile("`(Test\\w+)").FindAllSubmatch(text, -1)
		if len(named) < 10 {
			t.Fatalf("%s: %d tests named", doc, len(named))
		}
		for _, m := range named {
			if !tests[string(m[1])] {
				t.Errorf("%s names %s, which does not exist", doc, m[1])
			}
		}
	}
}

// TestNoPlaces keeps what holds on one machine only out of the tree: paths of
// a work place, and hosts that packages come from, which are a matter of each
// machine's own set-up.
func TestNoPlaces(t *testing.T) {
	var places []string
	for _, parts := range [][]string{
		{"/wo", "rk/"}, {"/ho", "me/"},
		{"proxy.gol", "ang.org"}, {"sum.gol", "ang.org"},
		{"deb.deb", "ian.org"}, {"registry.n", "pmjs.org"},
	} {
		places = append(places, strings.Join(parts, ""))
	}
	for _, p := range files(t) {
		b, err := os.ReadFile(filepath.Join(root, p))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(b, 0) >= 0 {
			continue
		}
		for _, place := range places {
			if i := bytes.Index(b, []byte(place)); i >= 0 {
				t.Errorf("%s:%d: %s", p, 1+bytes.Count(b[:i], []byte("\n")), place)
			}
		}
		if len(b) > 0 && b[len(b)-1] != '\n' {
			t.Errorf("%s: no newline at the end", p)
		}
	}
}

// TestDocsNameTargets wants docs/fuzzing.md to name every fuzz target, and no other.
func TestDocsNameTargets(t *testing.T) {
	const doc = "docs/fuzzing.md"
	text, err := os.ReadFile(filepath.Join(root, doc))
	if err != nil {
		t.Fatal(err)
	}
	named, there := map[string]bool{}, map[string]bool{}
	for _, m := range regexp.MustCompile("`[^` ]*(Fuzz[^` ]*)`").FindAllSubmatch(text, -1) {
		named[string(m[1])] = true
	}
	for _, s := range sources(t, token.NewFileSet()) {
		for _, d := range s.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.isTest() && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
				there[f.Name.Name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if !named[name] {
			t.Errorf("%s does not name %s", doc, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !there[name] {
			t.Errorf("%s names %s, which does not exist", doc, name)
		}
	}
}
