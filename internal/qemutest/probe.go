//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	cbtf "github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"

	"github.com/gobtfenc/gobtfenc/btf"
)

// A probe is a BPF program on a function or tracepoint of a module that reads a
// field of a structure of that module. It is the use that BTF is for: the
// program is attached by the id of the FUNC, the kernel makes the trampoline by
// its FUNC_PROTO, and the verifier lets a program follow a pointer only as far
// as the module's types say; the field's offset is from these, too.
//
//	int loop_get_status(struct loop_device *lo, struct loop_info64 *info)
//	        fexit, argument 0 of 2, loop_device.lo_number
//
// So that something can be compared, the function must be one that user space
// can have called, and the field one whose value it knows.
type probe struct {
	how    string // fentry, fexit, kprobe or tp_btf
	module string // whose BTF has all of this
	target string // a function, or a tracepoint
	arg    int    // which argument points to the structure
	args   int    // how many there are
	typ    string // structure
	field  string // of it, with dots through structures in it
}

func (p *probe) String() string { return fmt.Sprintf("%s %s: %s.%s", p.how, p.target, p.typ, p.field) }

// seen is what a program leaves in its map.
type seen struct {
	Value  uint64 // of the field
	Calls  uint64
	Result int64 // of the function, fexit only
}

// run attaches the program, has the function called and compares. trigger
// returns what the field must have held.
func (p *probe) run(trigger func() (want uint64, err error)) (string, error) {
	off, size, err := p.locate()
	if err != nil {
		return "", fmt.Errorf("%v: %w", p, err)
	}
	results, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 24, MaxEntries: 1})
	if err != nil {
		return "", err
	}
	defer results.Close()
	l, err := p.attach(off, size, results)
	if err != nil {
		return "", fmt.Errorf("%v: %w", p, err)
	}
	want, err := trigger()
	l.Close()
	if err != nil {
		return "", fmt.Errorf("%v: trigger: %w", p, err)
	}
	var got seen
	if err := results.Lookup(uint32(0), &got); err != nil {
		return "", err
	}
	switch {
	case got.Calls == 0:
		err = errors.New("was not called")
	case got.Value != want:
		err = fmt.Errorf("is %d, should be %d", got.Value, want)
	case got.Result != 0:
		err = fmt.Errorf("the function returned %d", got.Result)
	}
	if err != nil {
		return "", fmt.Errorf("%v at %d: %w", p, off, err)
	}
	return fmt.Sprintf("%v at %d is %d", p, off, want), nil
}

// attach loads and attaches the program.
func (p *probe) attach(off, size uint32, results *ebpf.Map) (link.Link, error) {
	spec := &ebpf.ProgramSpec{Name: "probe", Type: ebpf.Tracing, AttachTo: p.target, License: "GPL"}
	switch p.how {
	case "fentry":
		spec.AttachType = ebpf.AttachTraceFEntry
	case "fexit":
		spec.AttachType = ebpf.AttachTraceFExit
	case "tp_btf":
		spec.AttachType = ebpf.AttachTraceRawTp
	case "kprobe":
		spec.Type, spec.AttachTo = ebpf.Kprobe, ""
	default:
		return nil, fmt.Errorf("cannot attach %s", p.how)
	}
	spec.Instructions = p.program(off, size, results.FD())
	prog, err := ebpf.NewProgram(spec)
	if err != nil {
		return nil, fmt.Errorf("%+v", err) // with the verifier's log
	}
	defer prog.Close()
	if p.how == "kprobe" {
		return link.Kprobe(p.target, prog, nil)
	}
	return link.AttachTracing(link.TracingOptions{Program: prog})
}

// argRegs are the offsets of the first arguments in struct pt_regs of x86-64:
// di, si, dx, cx.
var argRegs = []int16{112, 104, 96, 88}

// loads are the instructions for a field's size.
var loads = map[uint32]asm.Size{1: asm.Byte, 2: asm.Half, 4: asm.Word, 8: asm.DWord}

// program reads the field into R7 and stores it in the map.
func (p *probe) program(off, size uint32, results int) asm.Instructions {
	insns := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1)}
	if p.how == "kprobe" {
		// The argument is a number here, and reading from it a helper's work.
		insns = append(insns,
			asm.StoreImm(asm.RFP, -8, 0, asm.Word), asm.StoreImm(asm.RFP, -4, 0, asm.Word),
			asm.Mov.Reg(asm.R1, asm.RFP), asm.Add.Imm(asm.R1, -8),
			asm.Mov.Imm(asm.R2, int32(size)),
			asm.LoadMem(asm.R3, asm.R6, argRegs[p.arg], asm.DWord), asm.Add.Imm(asm.R3, int32(off)),
			asm.FnProbeReadKernel.Call(),
			asm.LoadMem(asm.R7, asm.RFP, -8, asm.DWord))
	} else {
		insns = append(insns,
			asm.LoadMem(asm.R7, asm.R6, int16(8*p.arg), asm.DWord),
			// For the verifier the pointers of tracepoints may be NULL.
			asm.JEq.Imm(asm.R7, 0, "out"),
			asm.LoadMem(asm.R7, asm.R7, int16(off), loads[size]))
	}
	insns = append(insns, asm.Mov.Imm(asm.R8, 0))
	if p.how == "fexit" {
		insns = append(insns, asm.LoadMem(asm.R8, asm.R6, int16(8*p.args), asm.DWord))
	}
	return append(insns,
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, results),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.StoreMem(asm.R0, 0, asm.R7, asm.DWord),
		asm.LoadMem(asm.R1, asm.R0, 8, asm.DWord), asm.Add.Imm(asm.R1, 1),
		asm.StoreMem(asm.R0, 8, asm.R1, asm.DWord),
		asm.StoreMem(asm.R0, 16, asm.R8, asm.DWord),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("out"),
		asm.Return())
}

// locate finds the field in the module's BTF, in bytes. The structure must be
// one that the module's own types define.
func (p *probe) locate() (off, size uint32, err error) {
	spec, err := cbtf.LoadKernelModuleSpec(p.module)
	if err != nil {
		return 0, 0, err
	}
	var s *cbtf.Struct
	if err := spec.TypeByName(p.typ, &s); err != nil {
		return 0, 0, err
	}
	id, err := spec.TypeID(s)
	if err != nil {
		return 0, 0, err
	}
	raw, err := os.ReadFile(sysBTF("vmlinux"))
	if err != nil {
		return 0, 0, err
	}
	base, err := btf.Parse(raw, nil)
	if err != nil {
		return 0, 0, err
	}
	if int(id) < base.NumTypes() {
		return 0, 0, fmt.Errorf("type %d is vmlinux's", id)
	}
	var t cbtf.Type = s
	for name := range strings.SplitSeq(p.field, ".") {
		m, err := member(t, name)
		if err != nil {
			return 0, 0, err
		}
		off += m.Offset.Bytes()
		t = m.Type
	}
	n, err := cbtf.Sizeof(t)
	if err != nil {
		return 0, 0, err
	}
	if _, ok := loads[uint32(n)]; !ok || off > 0x7fff {
		return 0, 0, fmt.Errorf("a field of %d bytes at %d cannot be read at once", n, off)
	}
	return off, uint32(n), nil
}

func member(t cbtf.Type, name string) (*cbtf.Member, error) {
	s, ok := cbtf.UnderlyingType(t).(*cbtf.Struct)
	if !ok {
		return nil, fmt.Errorf("%v is no structure", t)
	}
	for i := range s.Members {
		if s.Members[i].Name == name && s.Members[i].BitfieldSize == 0 {
			return &s.Members[i], nil
		}
	}
	return nil, fmt.Errorf("%v has no member %s", t, name)
}
