package encoder

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/elfio"
	"github.com/gobtfenc/gobtfenc/internal/basecache"
	"github.com/gobtfenc/gobtfenc/internal/bigmem"
	"github.com/gobtfenc/gobtfenc/splitdedup"
)

// Base is the BTF that modules are encoded against, read and indexed once. It
// is immutable: all workers share it. A nil *Base stands for none.
type Base struct {
	BTF   *btf.BTF
	Path  string
	data  []byte // that BTF was parsed from
	dedup *splitdedup.Base

	machine  elf.Machine   // EM_NONE: raw BTF does not say
	wordSize int           // of an address in bytes, 0 where it is not known
	release  func() string // of the kernel, empty where it is not known

	arrays sync.Once
	nested bool // see nestsArrays

	loading *loading // nil where it is loaded
}

// maxBase bounds a raw BTF file: the kernel's limits (16 MB of names, a million
// types) allow no useful base beyond it.
const maxBase = 1 << 30

// LoadBase reads a base from raw BTF (/sys/kernel/btf/vmlinux) or from the .BTF
// section of an ELF file (vmlinux, btf_vmlinux.ko); the file may be compressed. Types of kinds that are not
// known must be described by its layout section; no module shares them, and
// those behind them have the ids that they have in the kernel.
func LoadBase(path string) (*Base, error) {
	b, err := loadBase(path, nil)
	if err != nil {
		return nil, baseError(path, err)
	}
	return b, nil
}

// LoadBaseCached is LoadBase with what another process has kept in the cache, and
// keeps it there. It pays off for the call that encodes one small module.
func LoadBaseCached(path string, cache *basecache.Cache) (*Base, error) {
	b, err := loadBaseCached(path, cache, nil)
	if err != nil {
		return nil, baseError(path, err)
	}
	return b, nil
}

// BaseSum returns what Base.Sum of the base at path would be. It only reads the
// BTF, which takes little of LoadBase's time, and does not look whether it is
// good.
func BaseSum(path string) (sum [sha256.Size]byte, err error) {
	file, err := readBTF(path)
	if err != nil {
		return sum, baseError(path, err)
	}
	return sha256.Sum256(file.data), nil
}

func baseError(path string, err error) error {
	if errors.Is(err, ErrNoBTF) {
		err = fmt.Errorf("%w: stripped, or of a kernel without CONFIG_DEBUG_INFO_BTF", err)
	}
	return fmt.Errorf("%s: base: %w", path, plain(err))
}

func loadBase(path string, early func(*btf.StrIndex)) (*Base, error) {
	file, err := readBTF(path)
	if err != nil {
		return nil, err
	}
	b, err := indexBase(path, file, early)
	if err == nil && b.BTF.NumOwn() == 0 {
		err = errors.New("no types")
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// newBase makes a base of what the file at path has.
func newBase(path string, file *btfFile) (*Base, error) { return indexBase(path, file, nil) }

// indexBase is newBase that calls early with the index of the strings once that is
// there, before the types are; nil for nobody.
func indexBase(path string, file *btfFile, early func(*btf.StrIndex)) (*Base, error) {
	// Strings are indexed beside the types. It takes some milliseconds and no token
	// of a jobserver.
	var x *btf.StrIndex
	var strErr error
	var indexed sync.WaitGroup
	strs, err := btf.StringSection(file.data)
	if err == nil {
		indexed.Go(func() {
			if x, strErr = btf.NewStrIndex(strs); strErr == nil && early != nil {
				early(x)
			}
		})
		defer indexed.Wait()
	}
	b, err := btf.Parse(file.data, nil)
	if err != nil {
		return nil, err
	}
	if err := btf.CheckCycles(b); err != nil {
		return nil, err
	}
	d, err := splitdedup.NewBaseBeside(&b.Types, b.Strs, func() (*btf.StrIndex, error) { indexed.Wait(); return x, strErr })
	if err != nil {
		return nil, err
	}
	return baseOf(path, file, b, d), nil
}

func baseOf(path string, file *btfFile, b *btf.BTF, d *splitdedup.Base) *Base {
	base := &Base{BTF: b, Path: path, data: file.data, dedup: d, machine: file.machine, wordSize: file.wordSize}
	if base.wordSize == 0 {
		base.wordSize = int(btf.LongSize(b))
	}
	base.release = sync.OnceValue(func() string { return file.release(path) })
	return base
}

// nestsArrays reports whether the base has an array of arrays, so that an array of
// several dimensions in a module has to be one; without a base, alone.
func (b *Base) nestsArrays(alone bool) bool {
	if b == nil {
		return alone
	}
	b.arrays.Do(func() { b.nested = hasNestedArray(&b.BTF.Types) })
	return b.nested
}

func hasNestedArray(t *btf.Types) bool {
	for i := range t.Rows {
		if r := &t.Rows[i]; r.Info.Kind() == btf.KindArray {
			if of := t.ItemsOf(r)[0].Type; int(of) < len(t.Rows) && t.Rows[of].Info.Kind() == btf.KindArray {
				return true
			}
		}
	}
	return false
}

// release returns the release of the kernel that file, which is at path, is;
// empty where it is not known.
func (file *btfFile) release(path string) string {
	switch {
	case isRunning(path):
		return runningRelease()
	case file.rodata.Size > 0:
		return bannerRelease(path, file.rodata.Off, file.rodata.Size)
	}
	return ""
}

// Sum returns the digest of the base's BTF, by which one tells bases apart that
// have the same path, or the same base in several files.
func (b *Base) Sum() [sha256.Size]byte { return sha256.Sum256(b.data) }

// Bytes returns the base's BTF as it was read. It must not be changed.
func (b *Base) Bytes() []byte { return b.data }

// Len returns how many bytes the base's BTF has.
func (b *Base) Len() uint64 { return uint64(len(b.data)) }

// btfFile is what a file with BTF in it says.
type btfFile struct {
	data      []byte
	distilled []byte // .BTF.base of an ELF file, nil for none

	// Of an ELF file:
	machine  elf.Machine
	wordSize int
	rodata   elfio.Section // zero for none
	linked   bool          // it is not an object or a module
	vermagic string        // the release that a module is for, empty where it does not say
}

// ReadBTF returns the BTF in a raw BTF file or in the .BTF section of an ELF
// file, either of which may be compressed (gzip, xz, zstd).
func ReadBTF(path string) ([]byte, error) {
	f, err := readBTF(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, plain(err))
	}
	return f.data, nil
}

func readBTF(path string) (*btfFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, errNotRegular(st)
	}
	return readSteady(path, f, st)
}

// readSteady reads f, the file at path of which st was just learned.
func readSteady(path string, f *os.File, st fs.FileInfo) (*btfFile, error) {
	return unchanged(path, st, func() (*btfFile, error) { return readOpened(path, f, st.Size()) })
}

var errChanged = errors.New("was changed while it was being read")

// unchanged reads the file at path, of which st was just learned, and refuses
// what was not all the time the same file: a build that links vmlinux while
// modules are encoded would otherwise get the types of either, or of both. A
// file that was cut meanwhile has an error of its own, which is not the one to
// tell.
func unchanged(path string, st fs.FileInfo, read func() (*btfFile, error)) (*btfFile, error) {
	file, err := read()
	after, statErr := os.Stat(path)
	if statErr != nil || !elfio.StampOf(st).Equal(elfio.StampOf(after)) {
		return nil, errChanged
	}
	return file, err
}

// readOpened reads f, which has size bytes and is at path.
func readOpened(path string, f *os.File, size int64) (*btfFile, error) {
	var head [8]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	var r elfio.Reader
	defer r.Close()
	switch magic := string(head[:n]); {
	case elfio.Compression(magic) != "":
		return readPacked(path, f, size)
	case strings.HasPrefix(magic, elf.ELFMAG):
		e, err := r.Open(path)
		if err != nil {
			return nil, err
		}
		return sectionBTF(e)
	case !isRawBTF(magic):
		return nil, notBTF(magic)
	}
	if size > maxBase {
		return nil, fmt.Errorf("%d bytes are too many for BTF", size)
	}
	data := bigmem.Make[byte](int(size))
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, fmt.Errorf("read %#x bytes at 0x0: %w", len(data), plain(err))
	}
	return &btfFile{data: data}, nil
}

// readPacked reads f, a compressed file of size bytes at path.
func readPacked(path string, f *os.File, size int64) (*btfFile, error) {
	data, err := elfio.Unpack(f, uint64(size))
	if err != nil {
		return nil, err
	}
	head := string(data[:min(len(data), 8)])
	switch {
	case isRawBTF(head):
		return &btfFile{data: data}, nil
	case !strings.HasPrefix(head, elf.ELFMAG):
		return nil, fmt.Errorf("decompressed: %w", notBTF(head))
	}
	var r elfio.Reader
	e, err := r.OpenBytes(path, data)
	if err != nil {
		return nil, err
	}
	out, err := sectionBTF(e)
	if err == nil {
		out.rodata = elfio.Section{} // not to be found in the file as it is
	}
	return out, err
}

// isRawBTF reports whether a file with these first bytes is raw BTF, of either
// byte order.
func isRawBTF(head string) bool {
	return strings.HasPrefix(head, "\x9f\xeb") || strings.HasPrefix(head, "\xeb\x9f")
}

// notBTF says what a file is that is neither ELF nor raw BTF, from its first
// bytes.
func notBTF(magic string) error {
	switch {
	case magic == "":
		return errEmpty
	case strings.HasPrefix(magic, "MZ"):
		return errors.New("a bootable kernel image: vmlinux itself is asked for")
	}
	return fmt.Errorf("neither ELF nor raw BTF: offset 0x0: begins with %#x", magic)
}

// ErrNoBTF says that an ELF file has no BTF.
var ErrNoBTF = errors.New("no .BTF section")

func sectionBTF(f *elfio.File) (*btfFile, error) {
	data, err := sectionBytes(f, ".BTF")
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, ErrNoBTF
	}
	out := describe(f)
	out.data = data
	if out.distilled, err = sectionBytes(f, ".BTF.base"); err != nil {
		return nil, err
	}
	return out, nil
}

// describe returns what an ELF file says besides its BTF.
func describe(f *elfio.File) *btfFile {
	out := &btfFile{machine: f.Machine, wordSize: addrSize(f), linked: f.Type != elf.ET_REL, vermagic: vermagic(f)}
	if s := f.Section(".rodata"); s != nil && f.Type != elf.ET_REL && s.Type == elf.SHT_PROGBITS {
		out.rodata = *s
	}
	return out
}

// sectionBytes reads a section into memory of its own, nil where there is none.
func sectionBytes(f *elfio.File, name string) ([]byte, error) {
	i := f.Index(name)
	if i <= 0 {
		return nil, nil
	}
	if t := f.Sections[i].Type; t != elf.SHT_PROGBITS {
		return nil, fmt.Errorf("section %s: has no contents here (%v): a file with debug information only?", name, t)
	}
	return f.ReadSection(i, bigmem.Make[byte])
}

// parsed returns the base's BTF, nil for no base or a bad one.
func (b *Base) parsed() *btf.BTF {
	if b == nil || b.Wait() != nil {
		return nil
	}
	return b.BTF
}

// strings returns the index of the base's strings, nil for no base.
func (b *Base) strings() *btf.StrIndex {
	switch {
	case b == nil:
		return nil
	case b.loading != nil:
		<-b.loading.named
		return b.loading.strs
	}
	return b.dedup.Strings()
}

var noBase = splitdedup.NoBase()

func (b *Base) types() *splitdedup.Base {
	if b == nil {
		return noBase
	}
	return b.dedup
}

// checkMachine says when a module cannot belong to the base, because they are
// for different machines.
func (b *Base) checkMachine(f *elfio.File) error {
	switch {
	case b == nil:
	case b.BTF.Order != f.Order():
		return fmt.Errorf("elf: %s, the base is %s: not a module of this kernel", orderName(f.Order()), orderName(b.BTF.Order))
	case b.wordSize != 0 && b.wordSize != addrSize(f):
		return fmt.Errorf("elf: for %d bits, the base for %d: not a module of this kernel", 8*addrSize(f), 8*b.wordSize)
	case b.machine != elf.EM_NONE && b.machine != f.Machine:
		return fmt.Errorf("elf: for machine %s, the base for %s: not a module of this kernel", machineName(f.Machine), machineName(b.machine))
	}
	return nil
}

// machineName names a machine, an unknown one by its number.
func machineName(m elf.Machine) string {
	if s := m.String(); strings.HasPrefix(s, "EM_") && !strings.Contains(s, "+") {
		return s
	}
	return fmt.Sprintf("%#x", uint16(m))
}

func orderName(o binary.ByteOrder) string {
	if o == binary.BigEndian {
		return "big endian"
	}
	return "little endian"
}
