// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && amd64

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// scene is a command that writes files, in a folder of its own.
type scene struct {
	name    string
	modules []string // of the objects, by their names there
	prepare [][]string
	links   bool // every module has a second hard link, under links/
	argv    []string
	failed  int // exit status where a file fails, 1 if it is 0

	// exit is the exit status of a good run.
	exit int
}

// scenes are all the ways in which gobtfenc writes a file.
var scenes = []scene{
	{name: "encode in place", modules: []string{"kinds.ko"}, argv: words("gobtfenc encode -j1 --base vmlinux.btf kinds.ko")},
	{name: "encode in place, two links", modules: []string{"kinds.ko"}, links: true, argv: words("gobtfenc encode -j1 --base vmlinux.btf kinds.ko")},
	{name: "encode three in place, -j2", modules: []string{"kinds.ko", "split.ko", "tags.ko"}, argv: words("gobtfenc encode -j2 --base vmlinux.btf kinds.ko split.ko tags.ko")},
	{name: "encode in place, .BTF.base and ids", modules: []string{"kfunc.ko"}, argv: words("gobtfenc encode -j1 --base vmlinux.btf --features +distilled_base --resolve-btfids kfunc.ko")},
	{name: "encode --out-dir", modules: []string{"kinds.ko", "tags.ko"}, prepare: [][]string{words("mkdir out")}, argv: words("gobtfenc encode -j2 --base vmlinux.btf --features +distilled_base --out-dir out kinds.ko tags.ko")},
	{name: "encode --out-dir over old", modules: []string{"kinds.ko"}, prepare: [][]string{words("mkdir out"), words("cp vmlinux.btf out/kinds.btf")}, argv: words("gobtfenc encode -j1 --base vmlinux.btf --out-dir out kinds.ko")},
	{name: "encode --detached --btf-object", modules: []string{"kinds.ko"}, argv: words("gobtfenc encode -j1 --base vmlinux.btf --detached kinds.btf --btf-object kinds.o kinds.ko")},
	{name: "encode --tree", modules: []string{"kinds.ko", "tags.ko"}, prepare: [][]string{words("cp vmlinux.btf vmlinux"), words("order kinds.o tags.o")}, argv: words("gobtfenc encode -j1 --tree .")},
	{name: "pahole -J, new sections by hand", modules: []string{"kinds.ko"}, argv: words("pahole -J -j1 --btf_base vmlinux.btf kinds.ko")},
	{name: "pahole --btf_encode_detached", modules: []string{"kinds.ko"}, argv: words("pahole -J -j1 --btf_encode_detached=kinds.btf --btf_base vmlinux.btf kinds.ko")},
	{name: "encode, filling the cache", modules: []string{"kinds.ko"}, prepare: [][]string{words("gobtfenc encode -j1 --base vmlinux.btf --detached first.btf kinds.ko")},
		argv: words("gobtfenc encode -j1 --base vmlinux.btf --detached kinds.btf kinds.ko")},
	{name: "encode with the cache", modules: []string{"kinds.ko"}, prepare: [][]string{words("gobtfenc encode -j1 --base vmlinux.btf --detached first.btf kinds.ko"), words("gobtfenc encode -j1 --base vmlinux.btf --detached second.btf kinds.ko")},
		argv: words("gobtfenc encode -j1 --base vmlinux.btf --detached kinds.btf kinds.ko")},
	{name: "resolve_btfids", modules: []string{"kfunc.ko"}, prepare: [][]string{words("gobtfenc encode -j1 --base vmlinux.btf kfunc.ko")}, argv: words("resolve_btfids -b vmlinux.btf kfunc.ko"), failed: 255},
	{name: "measure -o json", modules: []string{"kinds.ko", "tags.ko"}, argv: words("gobtfenc measure -j1 --base vmlinux.btf --format json -o report.json kinds.ko tags.ko")},
	{name: "measure -o html", modules: []string{"kinds.ko"}, argv: words("gobtfenc measure -j1 --base vmlinux.btf --format html -o report.html kinds.ko")},
	{name: "regress --update", modules: []string{"kinds.ko", "tags.ko"}, prepare: [][]string{words("mkdir tree"), words("cp kinds.ko tree/kinds.ko"), words("gobtfenc regress -j1 --baseline baseline --update --base vmlinux.btf tree"), words("cp tags.ko tree/tags.ko")},
		argv: words("gobtfenc regress -j1 --baseline baseline --update --base vmlinux.btf tree")},
	{name: "regress --junit --markdown", modules: []string{"kinds.ko"}, prepare: [][]string{words("mkdir tree"), words("cp kinds.ko tree/kinds.ko"), words("gobtfenc regress -j1 --baseline baseline --update --base vmlinux.btf tree")},
		argv: words("gobtfenc regress -j1 --baseline baseline --base vmlinux.btf --junit out.xml --markdown out.md tree")},
}

func words(s string) []string { return strings.Fields(s) }

// file is what a file of the folder is.
type file struct {
	data []byte
	mode fs.FileMode
	same string // the path of the first file that it is a link to, "" for none
}

type snapshot map[string]file

// look reads all files below dir.
func look(dir string) (snapshot, error) {
	s := snapshot{}
	seen := map[string]os.FileInfo{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		f := file{mode: info.Mode()}
		if d.Type().IsRegular() {
			for _, other := range slices.Sorted(maps.Keys(seen)) {
				if os.SameFile(seen[other], info) {
					f.same = other
				}
			}
			seen[rel] = info
			if f.data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		s[rel] = f
		return nil
	})
	return s, err
}

// put makes dir have exactly the files of s.
func (s snapshot) put(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		f, path := s[name], filepath.Join(dir, name)
		var err error
		switch {
		case f.mode.IsDir():
			err = os.Mkdir(path, f.mode.Perm())
		case f.same != "":
			err = os.Link(filepath.Join(dir, f.same), path)
		default:
			err = os.WriteFile(path, f.data, f.mode.Perm())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stage is a scene that is set up: what is there before, and after a good run.
type stage struct {
	*scene
	dir, bin      string
	env           []string
	before, after snapshot
}

// setUp makes the folder of a scene and runs the command once. bin is a folder
// with gobtfenc and its other names, objects one with modules.
func (sc *scene) setUp(dir, bin, objects string) (*stage, error) {
	st := &stage{scene: sc, dir: dir, bin: bin, env: []string{"HOME=" + dir, "LC_ALL=C"}}
	if err := (snapshot{}).put(dir); err != nil {
		return nil, err
	}
	for _, name := range append([]string{"vmlinux.btf"}, sc.modules...) {
		data, err := os.ReadFile(filepath.Join(objects, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o640)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, argv := range sc.prepare {
		if err := st.do(argv); err != nil {
			return nil, fmt.Errorf("%s: %w", sc.name, err)
		}
	}
	if sc.links {
		for _, name := range sc.modules {
			if err := os.MkdirAll(filepath.Join(dir, "links"), 0o755); err != nil {
				return nil, err
			}
			if err := os.Link(filepath.Join(dir, name), filepath.Join(dir, "links", name)); err != nil {
				return nil, err
			}
		}
	}
	var err error
	if st.before, err = look(dir); err != nil {
		return nil, err
	}
	if err := st.do(sc.argv); err != nil {
		return nil, fmt.Errorf("%s: %w", sc.name, err)
	}
	st.after, err = look(dir)
	return st, err
}

// do runs a command of the preparation, or the scene's own without a fault.
func (st *stage) do(argv []string) error {
	switch argv[0] {
	case "mkdir":
		return os.Mkdir(filepath.Join(st.dir, argv[1]), 0o755)
	case "cp":
		data, err := os.ReadFile(filepath.Join(st.dir, argv[1]))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(st.dir, argv[2]), data, 0o644)
	case "order":
		return os.WriteFile(filepath.Join(st.dir, "modules.order"), []byte(strings.Join(argv[1:], "\n")+"\n"), 0o644)
	}
	end, err := st.run(&tracer{}, argv)
	if err != nil {
		return err
	}
	if end.status != st.exit {
		return fmt.Errorf("%s: exit status %d: %s", strings.Join(argv, " "), end.status, end.stderr)
	}
	return nil
}

// run runs argv in the folder.
func (st *stage) run(t *tracer, argv []string) (*ended, error) {
	t.dir = st.dir
	return t.run(filepath.Join(st.bin, argv[0]), argv, st.env)
}

// isManifest says that a file has times and numbers of inodes in it, and so other
// bytes after each run.
func isManifest(name string) bool { return filepath.Base(name) == ".gobtfenc.tree" }

// isCache says that a file is of the cache of bases. It has other bytes after each run,
// and is used only if it is whole: whatever a fault leaves there, the run behind it has
// to come to the same result.
func isCache(name string) bool { return strings.HasPrefix(name, ".cache/") || name == ".cache" }

// wholeManifest checks the digest at the end of a manifest.
func wholeManifest(data []byte) bool {
	end := bytes.LastIndex(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) + 1
	return string(data[end:]) == fmt.Sprintf("sum %x\n", sha256.Sum256(data[:end]))
}
