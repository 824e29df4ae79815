// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// corruptor damages copies of modules and gives them to every command that reads
// modules. Copies are made and read in batches, by processes of their own.
type corruptor struct {
	tool, dir string
	out       io.Writer
	seed      uint64
	count     int
	from      int // how many copies are left out, which a run before had
	base      string
	modules   []string

	runs, failed  int // copies that the tool looked at, and refused
	changed       int // copies that it wrote to
	byKind        map[string]int
	cpu           time.Duration // the largest of a file
	mem           int
	slowest, most string
	wrong         int
}

const (
	batch      = 100
	perFile    = 10 * time.Second // of the processor
	damagedMem = 512              // MiB
)

// copyOf is one damaged copy.
type copyOf struct {
	Path, Kind string
	Sum        [sha256.Size]byte
}

// run damages count copies for encode, and as many in all for the commands that
// read BTF.
func (c *corruptor) run() error {
	if len(c.modules) == 0 {
		return errors.New("no modules")
	}
	c.byKind = map[string]int{}
	base := ""
	if c.base != "" {
		base = filepath.Join(c.dir, "base.btf")
		data, err := readPacked(c.base)
		if err == nil {
			err = os.WriteFile(base, data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	start := time.Now()
	for done := c.from; done < c.count; done += batch {
		n := done / batch
		module := c.modules[n%len(c.modules)]
		copies, err := c.damaged(module, n, min(batch, c.count-done), "any")
		if err != nil {
			return err
		}
		slow, err := c.encode(copies, base)
		if err == nil && slow {
			if copies, err = c.damaged(module, n, len(copies), "any"); err == nil {
				err = c.alone(copies, base)
			}
		}
		if err != nil {
			return err
		}
		if n%4 == 3 {
			if err := c.readers(module, n, base); err != nil {
				return err
			}
		}
		if n%4 == 3 {
			fmt.Fprintf(c.out, "%d of %d copies, %.0f s\n", done+batch, c.count, time.Since(start).Seconds())
		}
	}
	for _, kind := range slices.Sorted(mapKeys(c.byKind)) {
		fmt.Fprintf(c.out, "%-28s %6d\n", kind, c.byKind[kind])
	}
	fmt.Fprintf(c.out, "%d runs, %d refused, %d written to, %d wrong; at most %.2f s of processor time (%s) and %d MiB (%s)\n",
		c.runs, c.failed, c.changed, c.wrong, c.cpu.Seconds(), c.slowest, c.mem, c.most)
	if c.wrong > 0 {
		return fmt.Errorf("%d runs went wrong", c.wrong)
	}
	return nil
}

func mapKeys(m map[string]int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// damaged makes n copies of a module.
func (c *corruptor) damaged(module string, number, n int, where string) ([]copyOf, error) {
	dir := filepath.Join(c.dir, "copies")
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := self(damageFlag, module, dir, fmt.Sprint(c.seed), fmt.Sprint(number), fmt.Sprint(n), where); err != nil {
		return nil, err
	}
	var copies []copyOf
	data, err := os.ReadFile(filepath.Join(c.dir, "copies.json"))
	if err == nil {
		err = json.Unmarshal(data, &copies)
	}
	return copies, err
}

// bad says that a run on damaged files ended otherwise than well or with a refusal.
func (o *outcome) bad() bool {
	return o.panics() || o.status < 0 || o.status > 1 || o.mem > damagedMem
}

// encoding is the command that encodes files in place.
func (c *corruptor) encoding(base string) []string {
	argv := []string{c.tool, "encode", "-j1", "--allow-mismatch"}
	if base != "" {
		argv = append(argv, "--base", base)
	}
	return argv
}

// alone encodes copies one by one: some took long together, of which one may have taken
// nearly all.
func (c *corruptor) alone(copies []copyOf, base string) error {
	argv := c.encoding(base)
	for _, f := range copies {
		o, err := measured(c.dir, damagedMem, perFile, append(argv[:len(argv):len(argv)], f.Path)...)
		if err != nil {
			return err
		}
		c.note(o, f.Path, 1)
		if o.bad() || o.cpu > perFile {
			c.fail("encode "+f.Path, o)
			c.keep(f)
		}
	}
	return nil
}

// encode encodes copies in place: all at once, as long as nothing goes wrong. slow
// says that one of them may have taken more time than is enough.
func (c *corruptor) encode(copies []copyOf, base string) (slow bool, err error) {
	argv := c.encoding(base)
	batched := argv
	for _, f := range copies {
		batched = append(batched[:len(batched):len(batched)], f.Path)
	}
	o, err := measured(c.dir, damagedMem, perFile+time.Duration(len(copies))*time.Second, batched...)
	if err != nil {
		return false, err
	}
	c.runs += len(copies)
	c.note(o, copies[0].Path, len(copies))
	if o.bad() {
		c.fail(fmt.Sprintf("encode %s and %d more", copies[0].Path, len(copies)-1), o)
		// The copies go away with the folder: keep those that did it.
		for _, f := range copies {
			one, err := measured(c.dir, damagedMem, perFile, append(argv[:len(argv):len(argv)], f.Path)...)
			if err != nil {
				return false, err
			}
			if one.bad() {
				c.keep(f)
			}
		}
		return false, nil
	}
	for _, f := range copies {
		c.tally(f.Kind)
		refused := strings.Contains(o.said, f.Path+": ") && !onlyWarned(o.said, f.Path)
		same, err := isSame(f)
		if err != nil {
			return false, err
		}
		switch {
		case refused:
			c.failed++
			if !same {
				c.fail(f.Path+" ("+f.Kind+"): refused, but not as it was", o)
				c.keep(f)
			}
		case !same:
			c.changed++
		}
	}
	entries, err := os.ReadDir(filepath.Join(c.dir, "copies"))
	if err != nil {
		return false, err
	}
	if len(entries) != len(copies) {
		c.fail(fmt.Sprintf("%d files where there were %d", len(entries), len(copies)), o)
	}
	return o.cpu > perFile, nil
}

// tally counts what is damaged, and how.
func (c *corruptor) tally(kind string) {
	where, how, _ := strings.Cut(kind, ", ")
	c.byKind["in: "+where]++
	c.byKind["how: "+how]++
}

// onlyWarned says that what is told of a path is no failure.
func onlyWarned(said, path string) bool {
	for line := range strings.Lines(said) {
		rest, ok := strings.CutPrefix(line, "gobtfenc: "+path+": ")
		if ok && !strings.HasPrefix(rest, "warning: ") && !strings.HasPrefix(rest, "no DWARF") {
			return false
		}
	}
	return true
}

// isSame says whether a copy is as it was made.
func isSame(f copyOf) (bool, error) {
	r, err := os.Open(f.Path)
	if err != nil {
		return false, err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return false, err
	}
	return [sha256.Size]byte(h.Sum(nil)) == f.Sum, nil
}

// readers are given copies whose BTF, or what leads to it, is damaged.
func (c *corruptor) readers(module string, number int, base string) error {
	copies, err := c.damaged(module, number, 8, "btf")
	if err != nil {
		return err
	}
	for i, f := range copies {
		other := copies[(i+1)%len(copies)].Path
		commands := [][]string{
			{"check", f.Path}, {"measure", f.Path}, {"dump", f.Path}, {"dump", "--format", "c", f.Path}, {"dump", "--format", "json", f.Path},
			{"diff", other, f.Path}, {"explain", f.Path}, {"resolve-btfids", f.Path},
		}
		// Two commands for each copy: all have their turn.
		for _, argv := range [][]string{commands[(number+i)%8], commands[(number+i+3)%8]} {
			if base != "" {
				flag := "--base"
				if argv[0] == "resolve-btfids" {
					flag = "--btf_base"
				}
				argv = append([]string{argv[0], flag, base}, argv[1:]...)
			}
			o, err := measured(c.dir, damagedMem, perFile, append([]string{c.tool}, argv...)...)
			if err != nil {
				return err
			}
			c.runs++
			c.byKind["read by "+argv[0]]++
			c.note(o, argv[0]+" "+f.Path, 1)
			same, err := isSame(f)
			if err != nil {
				return err
			}
			if o.status != 0 {
				c.failed++
			}
			if o.panics() || o.status < 0 || o.status > 1 && o.status != 255 || o.mem > damagedMem || !same && (argv[0] != "resolve-btfids" || o.status != 0) {
				c.fail(fmt.Sprintf("%q (%s), the same %v", argv, f.Kind, same), o)
				c.keep(f)
			}
			if !same { // resolve-btfids has filled ids in
				data, err := os.ReadFile(f.Path)
				if err != nil {
					return err
				}
				copies[i].Sum = sha256.Sum256(data)
				f = copies[i]
			}
		}
	}
	return nil
}

func (c *corruptor) note(o *outcome, what string, files int) {
	what = filepath.Base(what)
	if cpu := o.cpu / time.Duration(files); cpu > c.cpu {
		c.cpu, c.slowest = cpu, what
	}
	if o.mem > c.mem {
		c.mem, c.most = o.mem, what
	}
}

func (c *corruptor) fail(what string, o *outcome) {
	c.wrong++
	fmt.Fprintf(c.out, "WRONG: %s: exit status %d, %.1f s, %d MiB: %s\n", what, o.status, o.cpu.Seconds(), o.mem, o.said)
}

// keep saves a copy from the end of the run.
func (c *corruptor) keep(f copyOf) {
	to := filepath.Join(os.TempDir(), "hostiletest-"+filepath.Base(f.Path))
	data, err := os.ReadFile(f.Path)
	if err == nil {
		err = os.WriteFile(to, data, 0o644)
	}
	fmt.Fprintf(c.out, "\t%s (%s) is kept as %s, error %v\n", f.Path, f.Kind, to, err)
}

// readPacked reads a file that may be compressed by zstd.
func readPacked(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(path, ".zst") {
		return data, err
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(data, nil)
}

// damage writes damaged copies of a module: MODULE DIR SEED NUMBER COUNT WHERE. Their
// list is DIR.json.
func damage(args []string) error {
	if len(args) != 6 {
		return errors.New("damage: six arguments")
	}
	data, err := readPacked(args[0])
	if err != nil {
		return err
	}
	var seed, number uint64
	var count int
	if _, err := fmt.Sscan(strings.Join(args[2:5], " "), &seed, &number, &count); err != nil {
		return err
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return err
	}
	d := &damager{rnd: rand.New(rand.NewPCG(seed, number)), whole: data, elf: f}
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(args[0]), ".zst"), ".ko")
	var copies []copyOf
	for i := range count {
		made, kind := d.one(args[5] == "btf")
		c := copyOf{Path: filepath.Join(args[1], fmt.Sprintf("%s-%d-%d-%d.ko", name, seed, number, i)), Kind: kind, Sum: sha256.Sum256(made)}
		if err := os.WriteFile(c.Path, made, 0o644); err != nil {
			return err
		}
		copies = append(copies, c)
	}
	list, err := json.Marshal(copies)
	if err != nil {
		return err
	}
	return os.WriteFile(args[1]+".json", list, 0o644)
}

// damager makes damaged copies of one file.
type damager struct {
	rnd   *rand.Rand
	whole []byte
	elf   *elf.File
}

// place is a range of the file that is worth to be damaged.
type place struct {
	name     string
	off, end uint64
}

// places are the parts of the file that its readers look at.
func (d *damager) places(btf bool) (all []place) {
	shoff := le.Uint64(d.whole[40:])
	all = append(all, place{"ELF header", 0, 64}, place{"section headers", shoff, shoff + uint64(64*len(d.elf.Sections))})
	for _, s := range d.elf.Sections {
		if s.Type == elf.SHT_NOBITS || s.FileSize == 0 {
			continue
		}
		isBTF := strings.HasPrefix(s.Name, ".BTF")
		isDebug := strings.Contains(s.Name, "debug_") || s.Type == elf.SHT_SYMTAB || s.Type == elf.SHT_STRTAB || s.Name == ".modinfo" || strings.Contains(s.Name, "export")
		if btf && isBTF || !btf && isDebug {
			all = append(all, place{s.Name, s.Offset, s.Offset + s.FileSize})
		}
		if btf && s.Name == ".BTF" {
			// Its header, and where types begin, more often.
			all = append(all, place{".BTF header", s.Offset, s.Offset + 24}, place{".BTF types", s.Offset + 24, s.Offset + 24 + (s.FileSize-24)/2})
		}
	}
	return all
}

// one makes a copy with one damage, or a few of one kind, in one place.
func (d *damager) one(btf bool) (made []byte, kind string) {
	places := d.places(btf)
	p := places[d.rnd.IntN(len(places))]
	made = bytes.Clone(d.whole)
	at := func() uint64 { return p.off + d.rnd.Uint64N(p.end-p.off) }
	switch how := d.rnd.IntN(8); {
	case how == 0 && !btf:
		made = made[:d.rnd.IntN(len(made))]
		return made, "file, cut"
	case how <= 2:
		made[at()] ^= 1 << d.rnd.IntN(8)
		kind = "a bit"
	case how == 3:
		for range 1 + d.rnd.IntN(50) {
			made[at()] ^= 1 << d.rnd.IntN(8)
		}
		kind = "bits"
	case how == 4: // a word becomes one that is interesting
		off := at() &^ 3
		words := []uint32{0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 0xffff, 0x10000, uint32(len(made)), d.rnd.Uint32()}
		if off+4 <= uint64(len(made)) {
			le.PutUint32(made[off:], words[d.rnd.IntN(len(words))])
		}
		kind = "a word"
	case how == 5: // two chunks change places
		n := min(1+d.rnd.Uint64N(256), (p.end-p.off)/2)
		a, b := p.off+d.rnd.Uint64N(p.end-p.off-n+1), p.off+d.rnd.Uint64N(p.end-p.off-n+1)
		c := bytes.Clone(made[a : a+n])
		copy(made[a:a+n], d.whole[b:b+n])
		copy(made[b:b+n], c)
		kind = "chunks swapped"
	case how == 6: // a chunk becomes zeros or ones
		off := at()
		n := min(1+d.rnd.Uint64N(4096), p.end-off)
		fill := byte(0)
		if d.rnd.IntN(2) == 0 {
			fill = 0xff
		}
		copy(made[off:off+n], bytes.Repeat([]byte{fill}, int(n)))
		kind = "a chunk wiped"
	default: // a chunk from anywhere
		off, from := at(), d.rnd.Uint64N(uint64(len(made)))
		n := min(1+d.rnd.Uint64N(4096), p.end-off, uint64(len(made))-from)
		copy(made[off:off+n], d.whole[from:from+n])
		kind = "a chunk from elsewhere"
	}
	name := p.name
	if strings.HasPrefix(name, ".rel") {
		name = "relocations"
	}
	switch name {
	case "ELF header", "section headers", "relocations", ".debug_info", ".debug_abbrev", ".debug_str", ".BTF", ".BTF header", ".BTF types", ".symtab":
	default:
		name = "other sections"
	}
	return made, name + ", " + kind
}
