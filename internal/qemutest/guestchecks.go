//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// A check has the kernel call a function of a module in a way that any program
// could, with a value that is not there by chance, and looks whether the same
// value is seen through the module's types. Functions are such as compilers do
// not inline: they are called from several places or by pointer.

// guestChecks are what the step check can do. They return what they have seen.
var guestChecks = map[string]func() (string, error){
	"loop-fentry": loopProbe("fentry", "lo_number", func(d *loopDevice) uint64 { return uint64(d.number) }),
	"loop-fexit":  loopProbe("fexit", "lo_offset", func(d *loopDevice) uint64 { return d.offset }),
	"loop-kprobe": loopProbe("kprobe", "lo_offset", func(d *loopDevice) uint64 { return d.offset }),
	"loop-events": loopEvents,
	"zram":        zramProbe,
	"overlay":     overlayProbe,
	"vsock":       vsockProbe,
	"watchdog":    watchdogProbe,
	// With ids that must not do, and with those that must.
	"kfunc-unfilled":  callKfunc,
	"kfunc-distilled": callKfunc,
	"kfunc":           callKfunc,
}

// loopDevice is a loop device with a number and an offset of our own.
type loopDevice struct {
	dev    *os.File
	file   *os.File
	number int
	offset uint64
}

// From include/uapi/linux/loop.h.
const (
	loopSetFD       = 0x4c00
	loopClrFD       = 0x4c01
	loopSetStatus64 = 0x4c04
	loopGetStatus64 = 0x4c05
	loopCtlAdd      = 0x4c80
)

// loopInfo64 is struct loop_info64.
type loopInfo64 struct {
	Device, Inode, Rdevice, Offset, SizeLimit uint64
	Number, EncryptType, KeySize, Flags       uint32
	Names                                     [64 + 64 + 32]byte
	Init                                      [2]uint64
}

func newLoopDevice() (d *loopDevice, err error) {
	d = &loopDevice{number: 23, offset: 12288}
	ctl, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer ctl.Close()
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, ctl.Fd(), loopCtlAdd, uintptr(d.number))
	if errno != 0 && errno != syscall.EEXIST {
		return nil, fmt.Errorf("LOOP_CTL_ADD: %w", errno)
	}
	if d.file, err = os.Create("/tmp/loop"); err != nil {
		return nil, err
	}
	if err := d.file.Truncate(1 << 20); err != nil {
		return nil, err
	}
	if d.dev, err = os.OpenFile(fmt.Sprintf("/dev/loop%d", d.number), os.O_RDWR, 0); err != nil {
		return nil, err
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, d.dev.Fd(), loopSetFD, d.file.Fd()); errno != 0 {
		return nil, fmt.Errorf("LOOP_SET_FD: %w", errno)
	}
	info := loopInfo64{Offset: d.offset}
	if err := ioctl(d.dev, loopSetStatus64, unsafe.Pointer(&info)); err != nil {
		return nil, fmt.Errorf("LOOP_SET_STATUS64: %w", err)
	}
	return d, nil
}

// status has the kernel call loop_get_status.
func (d *loopDevice) status() error {
	var info loopInfo64
	if err := ioctl(d.dev, loopGetStatus64, unsafe.Pointer(&info)); err != nil {
		return fmt.Errorf("LOOP_GET_STATUS64: %w", err)
	}
	if int(info.Number) != d.number || info.Offset != d.offset {
		return fmt.Errorf("LOOP_GET_STATUS64: number %d, offset %d", info.Number, info.Offset)
	}
	return nil
}

func (d *loopDevice) close() {
	syscall.Syscall(syscall.SYS_IOCTL, d.dev.Fd(), loopClrFD, 0)
	d.dev.Close()
	d.file.Close()
}

// loopProbe is a check of int loop_get_status(struct loop_device *lo, struct
// loop_info64 *info).
func loopProbe(how, field string, want func(*loopDevice) uint64) func() (string, error) {
	return func() (string, error) {
		d, err := newLoopDevice()
		if err != nil {
			return "", err
		}
		defer d.close()
		p := probe{how: how, module: "loop", target: "loop_get_status", args: 2, typ: "loop_device", field: field}
		return p.run(func() (uint64, error) { return want(d), d.status() })
	}
}

const tracing = "/sys/kernel/tracing/"

// loopEvents is a kprobe of tracefs whose arguments are expressions in C: the
// kernel itself looks for the function's parameters and their members in the
// BTF of modules (Documentation/trace/kprobetrace.rst, "BTF arguments").
func loopEvents() (string, error) {
	d, err := newLoopDevice()
	if err != nil {
		return "", err
	}
	defer d.close()
	const event = "p:qemutest/status loop_get_status number=lo->lo_number offset=lo->lo_offset info"
	if err := appendTo(tracing+"kprobe_events", event); err != nil {
		return "", fmt.Errorf("%s: %w%s", event, err, tracingError())
	}
	defer appendTo(tracing+"kprobe_events", "-:qemutest/status")
	const enable = tracing + "events/qemutest/status/enable"
	if err := os.WriteFile(enable, []byte("1"), 0); err != nil {
		return "", err
	}
	err = d.status()
	if err := errors.Join(err, os.WriteFile(enable, []byte("0"), 0)); err != nil {
		return "", err
	}
	trace, err := os.ReadFile(tracing + "trace")
	if err != nil {
		return "", err
	}
	want := fmt.Sprintf("number=%d offset=%d info=", d.number, d.offset)
	if !strings.Contains(string(trace), want) {
		return "", fmt.Errorf("no %q in the trace:\n%s", want, trace)
	}
	return "kprobe_events loop_get_status: " + want + "…", nil
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	return errors.Join(err, f.Close())
}

// tracingError is what the kernel says about the expression that it refused.
func tracingError() string {
	log, _ := os.ReadFile(tracing + "error_log")
	return "\n" + string(log)
}

// zramProbe: void zram_reset_device(struct zram *zram).
func zramProbe() (string, error) {
	p := probe{how: "fentry", module: "zram", target: "zram_reset_device", args: 1, typ: "zram", field: "disksize"}
	return p.run(func() (uint64, error) {
		const size = 8 << 20
		if err := os.WriteFile("/sys/block/zram0/disksize", []byte(strconv.Itoa(size)), 0); err != nil {
			return 0, err
		}
		return size, os.WriteFile("/sys/block/zram0/reset", []byte("1"), 0)
	})
}

// overlayProbe: void ovl_free_fs(struct ovl_fs *ofs). Layer 0 is the upper one.
func overlayProbe() (string, error) {
	p := probe{how: "fentry", module: "overlay", target: "ovl_free_fs", args: 1, typ: "ovl_fs", field: "numlayer"}
	return p.run(func() (uint64, error) {
		dir, err := os.MkdirTemp("/tmp", "overlay")
		if err != nil {
			return 0, err
		}
		for _, d := range []string{"one", "two", "three", "upper", "work", "merged"} {
			if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
				return 0, err
			}
		}
		opts := strings.ReplaceAll("lowerdir=DIR/one:DIR/two:DIR/three,upperdir=DIR/upper,workdir=DIR/work", "DIR", dir)
		if err := syscall.Mount("overlay", dir+"/merged", "overlay", 0, opts); err != nil {
			return 0, fmt.Errorf("mount: %w", err)
		}
		return 4, syscall.Unmount(dir+"/merged", 0)
	})
}

// vsockProbe: void vsock_update_buffer_size(struct vsock_sock *vsk, const
// struct vsock_transport *transport, u64 val).
func vsockProbe() (string, error) {
	const (
		afVsock    = 40
		bufferSize = 0 // SO_VM_SOCKETS_BUFFER_SIZE, include/uapi/linux/vm_sockets.h
	)
	s, err := syscall.Socket(afVsock, syscall.SOCK_STREAM, 0)
	if err != nil {
		return "", fmt.Errorf("socket: %w", err)
	}
	defer syscall.Close(s)
	p := probe{how: "fentry", module: "vsock", target: "vsock_update_buffer_size", args: 3, typ: "vsock_sock", field: "buffer_size"}
	set := func(size uint64) error {
		_, _, errno := syscall.Syscall6(syscall.SYS_SETSOCKOPT, uintptr(s), afVsock, bufferSize, uintptr(unsafe.Pointer(&size)), 8, 0)
		if errno != 0 {
			return fmt.Errorf("setsockopt: %w", errno)
		}
		return nil
	}
	// The second call finds what the first has set.
	const size = 54321
	if err := set(size); err != nil {
		return "", err
	}
	return p.run(func() (uint64, error) { return size, set(size + 1) })
}

// watchdogProbe: the tracepoint watchdog_start(struct watchdog_device *wdd, int
// err). To be told that all is well starts a watchdog of software again.
func watchdogProbe() (string, error) {
	const (
		setTimeout = 0xc0045706 // WDIOC_SETTIMEOUT, include/uapi/linux/watchdog.h
		timeout    = 4711
	)
	dev, err := softdog()
	if err != nil {
		return "", err
	}
	defer dev.Close()
	defer dev.WriteString("V") // or it goes on when the device is closed
	want := uint32(timeout)
	if err := ioctl(dev, setTimeout, unsafe.Pointer(&want)); err != nil {
		return "", fmt.Errorf("WDIOC_SETTIMEOUT: %w", err)
	}
	p := probe{how: "tp_btf", module: "watchdog", target: "watchdog_start", args: 2, typ: "watchdog_device", field: "timeout"}
	return p.run(func() (uint64, error) {
		_, err := dev.WriteString("x")
		return timeout, err
	})
}

// softdog opens the watchdog that is software.
func softdog() (*os.File, error) {
	all, err := filepath.Glob("/sys/class/watchdog/*/identity")
	if err != nil {
		return nil, err
	}
	for _, path := range all {
		identity, err := os.ReadFile(path)
		if err == nil && strings.HasPrefix(string(identity), "Software Watchdog") {
			return os.OpenFile(filepath.Join("/dev", filepath.Base(filepath.Dir(path))), os.O_RDWR, 0)
		}
	}
	return nil, fmt.Errorf("no software watchdog among %d", len(all))
}
