package encoder_test

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/encoder"
)

// FuzzEncode encodes made-up files: no panic, no long time, and what comes out
// without an error is BTF that a kernel takes for a module.
func FuzzEncode(f *testing.F) {
	for _, o := range treeObjects(f) {
		f.Add(readFile(f, o.path), false)
		if !o.alone {
			f.Add(readFile(f, o.path), true)
		}
	}
	for _, rel := range []string{"foreign/cpp-gcc4-units", "foreign/cpp-clang5-units", "foreign/rust", "foreign/slim", "dress/clang5-thin/lto", "dress/gcc5-units/funcs"} {
		f.Add(readFile(f, treePath(rel)), true)
	}
	e := newHostile(f)
	f.Fuzz(func(t *testing.T, data []byte, split bool) {
		if len(data) < 1<<20 {
			e.encode(t, data, split)
		}
	})
}

// TestMutants changes what the encoder looks at in the small tree's objects:
// the bytes of debug sections, of symbols, relocations and section headers.
func TestMutants(t *testing.T) {
	n := 60
	if testing.Short() {
		n = 10
	}
	e, rnd := newHostile(t), rand.New(rand.NewPCG(3, 4))
	good, bad := 0, 0
	for _, o := range treeObjects(t) {
		data := readFile(t, o.path)
		spans := interesting(t, data)
		for range n {
			if e.encode(t, mutant(rnd, data, spans), !o.alone && rnd.IntN(2) == 0) {
				good++
			} else {
				bad++
			}
			if t.Failed() {
				return
			}
		}
	}
	if t.Logf("%d mutants encoded, %d refused", good, bad); good < 100 || bad < 100 {
		t.Error("they say little")
	}
}

// hostile encodes files from outside.
type hostile struct {
	base *encoder.Base
	dir  string
	opts encoder.Options
}

func newHostile(t testing.TB) *hostile {
	dir, err := os.MkdirTemp(scratch, "hostile-")
	if err != nil {
		t.Fatal(err)
	}
	return &hostile{treeBase(t), dir, options(t)}
}

// timeLimit is ten thousand times what a file of some kilobytes takes.
const timeLimit = 20 * time.Second

// encode reports whether data could be encoded, and fails t where that went
// another way than it may.
func (e *hostile) encode(t *testing.T, data []byte, split bool) bool {
	path := filepath.Join(e.dir, "x.ko")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	opts, under := e.opts, (*btf.BTF)(nil)
	opts.OutDir = e.dir
	if split {
		opts.Base, under = e.base, e.base.BTF
	}
	watchdog := time.AfterFunc(timeLimit, func() {
		e.keep(t, data)
		panic("encoding takes longer than " + timeLimit.String())
	})
	results, err := encoder.Run(context.Background(), []string{path}, opts)
	watchdog.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if err := results[0].Err; err != nil {
		if strings.Contains(err.Error(), "x.ko: internal error") {
			e.fail(t, data, "%v", err)
		}
		return false
	}
	out := readFile(t, filepath.Join(e.dir, "x.btf"))
	b, err := btf.Parse(out, under)
	if err != nil {
		e.fail(t, data, "result: %v", err)
	}
	if b.NumOwn() == 0 && under == nil {
		return true // no types, which no kernel takes without a base
	}
	rules := btf.Rules{Libbpf: true}
	if len(data) > elf.EI_CLASS && data[elf.EI_CLASS] == byte(elf.ELFCLASS32) {
		rules.PtrSize = 4
	}
	if err := btf.Check(out, under, rules); err != nil {
		e.fail(t, data, "result: %v", err)
	}
	return true
}

func (e *hostile) fail(t *testing.T, data []byte, format string, args ...any) {
	t.Helper()
	e.keep(t, data)
	t.Fatalf(format, args...)
}

// keep writes the file to the folder GOBTFENC_KEEP for whoever looks at it.
func (e *hostile) keep(t *testing.T, data []byte) {
	if dir := os.Getenv("GOBTFENC_KEEP"); dir != "" {
		path := filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "_")+".ko")
		t.Log(path, os.WriteFile(path, data, 0o600))
	}
}

type span struct{ off, size int }

// interesting returns what of an object the encoder looks at.
func interesting(t *testing.T, data []byte) []span {
	f := elfFile(t, data)
	var spans []span
	for _, s := range f.Sections {
		if s.FileSize == 0 || s.Type == elf.SHT_NOBITS {
			continue
		}
		for _, part := range []string{"debug_info", "debug_abbrev", "debug_str", "debug_addr", "debug_loc", ".symtab", ".BTF_ids"} {
			if strings.Contains(s.Name, part) {
				spans = append(spans, span{int(s.Offset), int(s.FileSize)})
			}
		}
		// Most files are small, and .debug_info is what most is made of.
		if s.Name == ".debug_info" || s.Name == ".debug_abbrev" {
			for range 4 {
				spans = append(spans, span{int(s.Offset), int(s.FileSize)})
			}
		}
	}
	headers := f.ByteOrder.Uint64(data[0x28:])
	if f.Class == elf.ELFCLASS32 {
		headers = uint64(f.ByteOrder.Uint32(data[0x20:]))
	}
	return append(spans, span{int(headers), len(data) - int(headers)})
}

// mutant changes one to four places of data.
func mutant(rnd *rand.Rand, data []byte, spans []span) []byte {
	data = bytes.Clone(data)
	for range 1 + rnd.IntN(4) {
		s := spans[rnd.IntN(len(spans))]
		at := data[s.off+rnd.IntN(s.size):]
		switch rnd.IntN(6) {
		case 0:
			at[0] = byte(rnd.Uint32())
		case 1:
			at[0] ^= 1 << rnd.IntN(8)
		case 2:
			at[0] += byte(rnd.IntN(7) - 3)
		case 3:
			at[0] = []byte{0, 1, 0x7f, 0x80, 0xff}[rnd.IntN(5)]
		case 4:
			if len(at) >= 4 {
				binary.LittleEndian.PutUint32(at, []uint32{0, 1, 0x7fffffff, 0x80000000, 0xffffffff, rnd.Uint32N(64)}[rnd.IntN(6)])
			}
		case 5:
			from := s.off + rnd.IntN(s.size)
			copy(at[:min(len(at), 1+rnd.IntN(12))], data[from:s.off+s.size])
		}
	}
	return data
}
