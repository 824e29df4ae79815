package tidy

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// hosts are the systems that gobtfenc is built for: modules are encoded where kernels
// are built, which is not only Linux.
var hosts = []string{"linux", "darwin", "freebsd", "openbsd", "netbsd"}

// TestPortable: what the program asks package syscall for is there on all hosts that
// the file is built for. What one system alone has stands in files whose name or build
// tag says so. It is a matter of parsing; scripts/release.sh compiles for all of them.
func TestPortable(t *testing.T) {
	fset := token.NewFileSet()
	all := sources(t, fset)
	ours := programPackages(t, all)
	asked := 0
	for _, goos := range hosts {
		ctx := build.Default
		ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled = goos, "amd64", false
		has := exported(t, &ctx, filepath.Join(build.Default.GOROOT, "src", "syscall"))
		for _, s := range all {
			if s.isTest() || !ours[s.folder()] {
				continue
			}
			dir, name := filepath.Split(filepath.Join(root, s.path))
			if built, err := ctx.MatchFile(dir, name); err != nil {
				t.Fatal(err)
			} else if !built {
				continue
			}
			for _, spec := range s.Imports {
				if p, _ := strconv.Unquote(spec.Path.Value); strings.HasPrefix(p, "golang.org/x/sys") || p == "syscall" && spec.Name != nil {
					t.Errorf("%s imports %s in a way that is not looked into", s.path, p)
				}
			}
			ast.Inspect(s.File, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "syscall" && x.Obj == nil {
					asked++
					if !has[sel.Sel.Name] {
						t.Errorf("%v: syscall.%s is not there on %s", fset.Position(sel.Pos()), sel.Sel.Name, goos)
					}
				}
				return true
			})
		}
	}
	if asked < 50 {
		t.Errorf("only %d uses of syscall seen", asked)
	}
}

// programPackages returns the folders of what cmd/gobtfenc is made of.
func programPackages(t *testing.T, all []source) map[string]bool {
	t.Helper()
	in := map[string]bool{}
	for todo := []string{"cmd/gobtfenc"}; len(todo) > 0; {
		dir := todo[0]
		if todo = todo[1:]; in[dir] {
			continue
		}
		in[dir] = true
		for _, s := range all {
			if s.folder() != dir || s.isTest() {
				continue
			}
			for _, spec := range s.Imports {
				p, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if rel, ok := strings.CutPrefix(p, module+"/"); ok {
					todo = append(todo, rel)
				}
			}
		}
	}
	if len(in) < 15 {
		t.Fatalf("the program has %d packages", len(in))
	}
	return in
}

// exported returns the exported names of a package of the standard library on the
// system of ctx.
func exported(t *testing.T, ctx *build.Context, dir string) map[string]bool {
	t.Helper()
	pkg, err := ctx.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	add := func(id *ast.Ident) {
		if id.IsExported() {
			names[id.Name] = true
		}
	}
	for _, file := range pkg.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), path.Join(dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add(d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						add(spec.Name)
					case *ast.ValueSpec:
						for _, id := range spec.Names {
							add(id)
						}
					}
				}
			}
		}
	}
	if len(names) < 100 {
		t.Fatalf("%s has %d names", dir, len(names))
	}
	return names
}
