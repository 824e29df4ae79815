//go:build linux && amd64

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	"unsafe"
)

// The guest has no user space but this process. It does one step after the
// other and answers each before it begins the next, so that the last answer
// tells where a kernel died. It judges only what needs to be there to be seen:
// a program that is attached and what that read.

// guestMain is the first process of the guest. It must not return: the kernel
// panics when its first process ends.
func guestMain() {
	defer powerOff()
	debug.SetGCPercent(400) // there is more memory than time
	report, err := guestSetup()
	if err != nil {
		fmt.Println("qemutest:", err)
		return
	}
	text, err := os.ReadFile(stepsFile)
	if err != nil {
		fmt.Println("qemutest:", err)
		return
	}
	steps, err := parseSteps(string(text))
	if err != nil {
		fmt.Println("qemutest:", err)
		return
	}
	g := &guest{}
	for i, s := range steps {
		start := time.Now()
		detail, err := g.do(s)
		a := timed{answer{err == nil, detail}, time.Since(start)}
		if err != nil {
			a.detail = err.Error()
		}
		report.WriteString(formatAnswer(i, a))
	}
	report.WriteString(formatEnd(len(steps)))
	drain(report)
}

// reportDevice is the second serial line.
const reportDevice = "/dev/ttyS1"

// guestSetup mounts what programs expect and opens the line for the report.
func guestSetup() (*os.File, error) {
	for _, m := range []struct{ kind, on string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"},
		{"tracefs", "/sys/kernel/tracing"}, {"bpf", "/sys/fs/bpf"},
	} {
		if err := syscall.Mount(m.kind, m.on, m.kind, 0, ""); err != nil {
			return nil, fmt.Errorf("mount %s on %s: %w", m.kind, m.on, err)
		}
	}
	report, err := os.OpenFile(reportDevice, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	return report, rawMode(report)
}

// rawMode keeps a terminal from answering itself and from changing bytes.
func rawMode(f *os.File) error {
	var t syscall.Termios
	if err := ioctl(f, syscall.TCGETS, unsafe.Pointer(&t)); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	if err := ioctl(f, syscall.TCSETS, unsafe.Pointer(&t)); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return nil
}

// drain waits until all that was written has left.
func drain(f *os.File) {
	const tcsbrk = 0x5409
	syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), tcsbrk, 1)
}

func ioctl(f *os.File, request uintptr, arg unsafe.Pointer) error {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(arg))
	runtime.KeepAlive(f)
	if errno != 0 {
		return errno
	}
	return nil
}

func powerOff() {
	if r := recover(); r != nil {
		fmt.Println("qemutest: panic:", r)
	}
	syscall.Sync()
	syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	select {}
}

// do carries out a step.
func (g *guest) do(s step) (detail string, err error) {
	switch s.verb {
	case "stage":
		// A record without a line's end is open for more, and hidden.
		return "", os.WriteFile("/dev/kmsg", []byte(stageMark+s.name+"\n"), 0)
	case "load":
		return "", loadModule(s.file)
	case "unload":
		return "", unloadModule(s.name)
	case "btf":
		raw, err := os.ReadFile(sysBTF(s.name))
		if err != nil {
			return "", err
		}
		return fingerprint(raw), nil
	case "bytes":
		raw, err := os.ReadFile(sysBTF(s.name))
		if err != nil {
			return "", err
		}
		return pack(raw)
	case "check":
		check := guestChecks[s.name]
		if check == nil {
			return "", fmt.Errorf("no check %s", s.name)
		}
		return check()
	case "flips":
		return flips(s.name, s.file)
	case "log":
		return g.kernelLog()
	}
	return "", fmt.Errorf("unknown step %s", s)
}

// sysBTF is where the kernel shows a module's BTF.
func sysBTF(name string) string { return filepath.Join("/sys/kernel/btf", name) }

func loadModule(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	noParams := []byte{0}
	const sysFinitModule = 313
	_, _, errno := syscall.Syscall(sysFinitModule, f.Fd(), uintptr(unsafe.Pointer(&noParams[0])), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// unloadModule waits for a module that is still in use for a moment: a program
// that was refused lets go of it some time after.
func unloadModule(name string) error {
	p, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, _, errno := syscall.Syscall(syscall.SYS_DELETE_MODULE, uintptr(unsafe.Pointer(p)), syscall.O_NONBLOCK, 0)
		switch {
		case errno == 0:
			return nil
		case errno != syscall.EAGAIN || time.Now().After(deadline):
			return errno
		}
	}
}
