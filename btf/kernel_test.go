package btf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	ebpfbtf "github.com/cilium/ebpf/btf"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/internal/corpus"
)

// load gives data to the running kernel and returns what it says. The test is
// skipped where it may not be asked.
func load(t testing.TB, data []byte) error {
	t.Helper()
	h, err := ebpfbtf.NewHandleFromRawBTF(data)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, ebpf.ErrNotSupported) {
		t.Skipf("the kernel cannot be asked: %v", err)
	}
	if err != nil {
		return err
	}
	return h.Close()
}

// kernelRules finds the rules of the running kernel by what it takes.
func kernelRules(t testing.TB) btf.Rules {
	t.Helper()
	refuses := func(text string) bool {
		b := btftest.MustParse(t, intLine+text, nil)
		return load(t, btf.Append(nil, &b.Types, b.Strs, binary.NativeEndian)) != nil
	}
	wide := "[2] ENUM 'e' size=4\n" + strings.Repeat("'A' val=0\n", btf.MaxVlen+1)
	r := btf.Rules{
		Load:       true,
		NarrowInfo: refuses(wide),
		NoTagFlag:  refuses("[2] TYPE_TAG 'tag' type_id=1 kind_flag=1"),
		TagsFirst:  refuses("[2] CONST '(anon)' type_id=3\n[3] TYPE_TAG 'tag' type_id=1"),
	}
	if refuses("[2] ENUM64 'e' size=8\n'A' val=0") {
		t.Skip("the kernel does not know every kind")
	}
	t.Logf("rules: %+v", r)
	return r
}

// TestKernelAgrees asks the running kernel about every case of the tables.
func TestKernelAgrees(t *testing.T) {
	kernelRules(t)
	for _, c := range ruleCases {
		t.Run(c.name, func(t *testing.T) {
			b := c.parse(t)
			err := load(t, btf.Append(nil, &b.Types, b.Strs, binary.NativeEndian))
			checkKernel(t, err, c.want)
		})
	}
	b := btftest.MustParse(t, intLine, nil)
	good := btf.Append(nil, &b.Types, b.Strs, binary.LittleEndian)
	for _, c := range headerCases {
		t.Run(c.name, func(t *testing.T) {
			data := c.change(bytes.Clone(good))
			if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
				t.Skip("a little-endian blob")
			}
			checkKernel(t, load(t, data), c.want)
		})
	}
}

func checkKernel(t *testing.T, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !inLog(err, want) {
		t.Errorf("kernel: %v, want %q", err, want)
	}
}

// inLog reports whether the kernel's log, if it wrote one, has msg.
func inLog(err error, msg string) bool {
	var log *ebpf.VerifierError
	if !errors.As(err, &log) || len(log.Log) == 0 {
		return true
	}
	return strings.Contains(strings.Join(log.Log, "\n"), msg)
}

// endsWith reports whether the kernel's log, if it wrote one, ends with the last
// of the lines of want and has the others somewhere.
func endsWith(err error, want []string) bool {
	var log *ebpf.VerifierError
	if !errors.As(err, &log) || len(log.Log) == 0 {
		return len(want) == 0
	}
	last := ""
	for line := range strings.SplitSeq(strings.Join(want, "\n"), "\n") { // names may have line ends
		last = strings.TrimRight(line, " \t\r\v\n")
		if !slices.Contains(log.Log, last) {
			return false
		}
	}
	return log.Log[len(log.Log)-1] == last
}

// kernelLog returns what is in the kernel's log about an error of Check.
func kernelLog(err error) []string {
	var re *btf.RuleError
	var he *btf.HeaderError
	switch {
	case errors.As(err, &re):
		return re.Log
	case errors.As(err, &he):
		return []string{he.Msg}
	}
	return nil
}

// TestKernelAgreesOnMutants changes words of valid BTFs at random and compares
// verdicts and messages.
func TestKernelAgreesOnMutants(t *testing.T) {
	rules := kernelRules(t)
	n := 100
	if testing.Short() {
		n = 30
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	for _, c := range ruleCases {
		b := c.parse(t)
		good := btf.Append(nil, &b.Types, b.Strs, binary.NativeEndian)
		if len(good) > 4096 {
			continue
		}
		for range n {
			data := mutate(rnd, good)
			kernel, ours := load(t, data), btf.Check(data, nil, rules)
			if (kernel == nil) != (ours == nil) {
				var text strings.Builder
				if b, err := btf.Parse(data, nil); err == nil {
					_ = btf.Dump(&text, b)
				}
				t.Fatalf("mutant of %s: kernel %v, Check %v\n% x\n%s", c.name, kernel, ours, data, text.String())
			}
			if kernel == nil {
				accepted++
			} else if msg := kernelLog(ours); !endsWith(kernel, msg) {
				t.Fatalf("mutant of %s: kernel %v, Check %q", c.name, kernel, msg)
			}
		}
	}
	if accepted < len(ruleCases) {
		t.Errorf("only %d mutants accepted; they say little", accepted)
	}
}

// mutate changes one to three words of the header or the types.
func mutate(rnd *rand.Rand, good []byte) []byte {
	data := bytes.Clone(good)
	end := len(data) &^ 3
	for range 1 + rnd.IntN(3) {
		at := rnd.IntN(end/4) * 4
		if at < 24 && rnd.IntN(8) != 0 {
			continue
		}
		v := binary.NativeEndian.Uint32(data[at:])
		switch rnd.IntN(6) {
		case 0:
			v = rnd.Uint32N(12)
		case 1:
			v += rnd.Uint32N(7) - 3
		case 2:
			v ^= 1 << rnd.IntN(32)
		case 3:
			v = rnd.Uint32N(20)<<24 | rnd.Uint32N(3)
		case 4:
			v = rnd.Uint32()
		case 5:
			other := 24 + rnd.IntN((end-24)/4)*4
			v = binary.NativeEndian.Uint32(data[other:])
		}
		binary.NativeEndian.PutUint32(data[at:], v)
	}
	return data
}

// TestCiliumReads has the corpus, written by Append, read by a BTF library
// that shares nothing with this one.
func TestCiliumReads(t *testing.T) {
	vmlinux, _ := corpusBase(t)
	base, err := ebpfbtf.LoadSpecFromReader(bytes.NewReader(vmlinux))
	if err != nil {
		t.Fatal(err)
	}
	corpusBlobs(t, func(t *testing.T, name string, data []byte, below *btf.BTF) {
		if strings.Contains(name, "distilled") {
			t.Skip("stands on a base of its own")
		}
		b, err := btf.Parse(data, below)
		if err != nil {
			t.Fatal(err)
		}
		own := bytes.NewReader(btf.Append(nil, &b.Types, b.Strs, b.Order))
		var spec *ebpfbtf.Spec
		if below == nil {
			spec, err = ebpfbtf.LoadSpecFromReader(own)
		} else {
			spec, err = ebpfbtf.LoadSplitSpecFromReader(own, base)
		}
		if err != nil {
			t.Fatal(err)
		}
		last := btf.ID(b.NumTypes() - 1)
		for b.Row(last).Info.Kind() == btf.KindDeclTag {
			last-- // cilium/ebpf keeps these with their target
		}
		typ, err := spec.TypeByID(ebpfbtf.TypeID(last))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := typ.TypeName(), string(b.Name(last)); got != want {
			t.Errorf("last type is %q, want %q", got, want)
		}
		if end := ebpfbtf.TypeID(b.NumTypes()); typeExists(spec, end) {
			t.Errorf("type %d exists", end)
		}
	})
}

func typeExists(spec *ebpfbtf.Spec, id ebpfbtf.TypeID) bool {
	_, err := spec.TypeByID(id)
	return err == nil
}

// TestCorpusIsValid: what pahole made is valid, but for the variables of its
// global_var in vmlinux, of which some have two at one address.
func TestCorpusIsValid(t *testing.T) {
	corpusBlobs(t, func(t *testing.T, name string, data []byte, base *btf.BTF) {
		want := ""
		if name == "vmlinux.global_var" {
			want = "Invalid offset"
		}
		checkMessage(t, "Check", btf.Check(data, base, btf.Rules{Libbpf: true}), want)
		checkMessage(t, "Check for loading", btf.Check(data, base, btf.Rules{Load: true}), want)
		if name != "vmlinux.layout" {
			checkMessage(t, "Check for 6.1", btf.Check(data, base, btf.Rules{TagsFirst: true, NoTagFlag: true, NarrowInfo: true}), want)
		}
	})
	data := readZstd(t, filepath.Join(corpus.Dir(t), "vmlinux.btf.zst"))
	if err := load(t, data); err != nil {
		t.Errorf("kernel: %v", err)
	}
}
