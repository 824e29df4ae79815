//go:build linux && amd64

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	cbtf "github.com/cilium/ebpf/btf"
)

// A kfunc is a function of the kernel or a module that BPF programs may call.
// The module lists the ids of its kfuncs in .BTF_ids and registers them when it
// is loaded. A program calls one by its id, and the verifier allows it only if
// the very id was registered: so this fails if the ids in .BTF_ids are of other
// BTF than the module's.

// callKfunc runs a program that looks for a connection in nf_conntrack's table,
// where there is none.
func callKfunc() (string, error) {
	const module = "nf_conntrack"
	spec, err := cbtf.LoadKernelModuleSpec(module)
	if err != nil {
		return "", err
	}
	lookup, err := kfuncID(spec, "bpf_xdp_ct_lookup")
	if err != nil {
		return "", err
	}
	release, err := kfuncID(spec, "bpf_ct_release")
	if err != nil {
		return "", err
	}
	h, err := moduleBTF(module)
	if err != nil {
		return "", err
	}
	defer h.Close()
	prog, err := loadWithModule(ebpf.XDP, lookupProgram(lookup, release), h.FD())
	if err != nil {
		return "", err
	}
	defer prog.Close()
	code, _, err := prog.Test(make([]byte, 64))
	if err != nil {
		return "", fmt.Errorf("run: %w", err)
	}
	if code != uint32(syscall.ENOENT) {
		return "", fmt.Errorf("bpf_xdp_ct_lookup says %d, should be %d (ENOENT)", int32(code), int(syscall.ENOENT))
	}
	return fmt.Sprintf("bpf_xdp_ct_lookup [%d] and bpf_ct_release [%d] are called", lookup, release), nil
}

func kfuncID(spec *cbtf.Spec, name string) (int64, error) {
	var f *cbtf.Func
	if err := spec.TypeByName(name, &f); err != nil {
		return 0, err
	}
	id, err := spec.TypeID(f)
	return int64(id), err
}

// moduleBTF returns a handle of a loaded module's BTF.
func moduleBTF(name string) (*cbtf.Handle, error) {
	it := new(cbtf.HandleIterator)
	for it.Next() {
		info, err := it.Handle.Info()
		if err != nil {
			return nil, err
		}
		if info.IsModule() && info.Name == name {
			return it.Take(), nil
		}
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("no BTF of module %s is loaded", name)
}

// lookupProgram is, in C:
//
//	struct bpf_sock_tuple tuple = {};
//	struct bpf_ct_opts opts = { .netns_id = -1, .l4proto = IPPROTO_UDP };
//	struct nf_conn *ct = bpf_xdp_ct_lookup(ctx, &tuple, 12, &opts, 16);
//	if (ct)
//		bpf_ct_release(ct);
//	return -opts.error;
func lookupProgram(lookup, release int64) asm.Instructions {
	call := func(id int64) asm.Instruction {
		return asm.Instruction{
			OpCode: asm.OpCode(asm.JumpClass).SetJumpOp(asm.Call),
			Src:    asm.PseudoKfuncCall, Constant: id,
			Offset: 1, // in the array of descriptors
		}
	}
	const tuple, opts = -16, -32
	return asm.Instructions{
		asm.StoreImm(asm.RFP, tuple, 0, asm.Word),
		asm.StoreImm(asm.RFP, tuple+4, 0, asm.Word),
		asm.StoreImm(asm.RFP, tuple+8, 0, asm.Word),
		asm.StoreImm(asm.RFP, opts, -1, asm.Word),
		asm.StoreImm(asm.RFP, opts+4, 0, asm.Word),
		asm.StoreImm(asm.RFP, opts+8, 0, asm.Word),
		asm.StoreImm(asm.RFP, opts+12, 0, asm.Word),
		asm.StoreImm(asm.RFP, opts+8, syscall.IPPROTO_UDP, asm.Byte),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, tuple),
		asm.Mov.Imm(asm.R3, 12),
		asm.Mov.Reg(asm.R4, asm.RFP), asm.Add.Imm(asm.R4, opts),
		asm.Mov.Imm(asm.R5, 16),
		call(lookup),
		asm.JEq.Imm(asm.R0, 0, "none"),
		asm.Mov.Reg(asm.R1, asm.R0),
		call(release),
		asm.LoadMem(asm.R0, asm.RFP, opts+4, asm.Word).WithSymbol("none"),
		asm.Neg.Imm(asm.R0, 0),
		asm.Return(),
	}
}

// progLoad is the part of union bpf_attr that BPF_PROG_LOAD takes.
type progLoad struct {
	progType, insnCount         uint32
	insns, license              uint64
	logLevel, logSize           uint32
	logBuf                      uint64
	kernVersion, progFlags      uint32
	name                        [16]byte
	ifindex, expectedAttachType uint32
	btfFD, funcInfoSize         uint32
	funcInfo                    uint64
	funcInfoCount, lineInfoSize uint32
	lineInfo                    uint64
	lineInfoCount, attachID     uint32
	attachFD, coreReloCount     uint32
	fdArray                     uint64
}

// loadWithModule loads a program with a module's BTF as the first of the
// descriptors that it refers to, which cilium does for compiled programs only.
func loadWithModule(kind ebpf.ProgramType, insns asm.Instructions, moduleFD int) (*ebpf.Program, error) {
	if err := fixJumps(insns); err != nil {
		return nil, err
	}
	var code bytes.Buffer
	if err := insns.Marshal(&code, binary.LittleEndian); err != nil {
		return nil, err
	}
	text, license, log := code.Bytes(), []byte("GPL\x00"), make([]byte, 1<<16)
	fds := []int32{-1, int32(moduleFD)}
	attr := progLoad{
		progType: uint32(kind), insnCount: uint32(len(text) / asm.InstructionSize),
		insns: address(text), license: address(license),
		logLevel: 1, logSize: uint32(len(log)), logBuf: address(log),
		fdArray: uint64(uintptr(unsafe.Pointer(&fds[0]))),
	}
	const sysBPF, bpfProgLoad = 321, 5
	fd, _, errno := syscall.Syscall(sysBPF, bpfProgLoad, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	runtime.KeepAlive([]any{text, license, log, fds})
	if errno != 0 {
		said, _, _ := bytes.Cut(log, []byte{0})
		return nil, fmt.Errorf("load: %w: %s", errno, verifierError(string(said)))
	}
	return ebpf.NewProgramFromFD(int(fd))
}

// verifierError is the last line of a verifier's log in front of its figures.
func verifierError(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if n := len(lines); n > 1 && strings.HasPrefix(lines[n-1], "processed ") {
		return lines[n-2]
	}
	return lines[len(lines)-1]
}

func address(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(&b[0]))) }

// fixJumps gives jumps to labels their distance.
func fixJumps(insns asm.Instructions) error {
	at := map[string]int{}
	for i, in := range insns {
		if in.Symbol() != "" {
			at[in.Symbol()] = i
		}
	}
	for i := range insns {
		to := insns[i].Reference()
		if to == "" {
			continue
		}
		target, known := at[to]
		if !known {
			return fmt.Errorf("no label %s", to)
		}
		insns[i].Offset = int16(target - i - 1)
	}
	return nil
}
