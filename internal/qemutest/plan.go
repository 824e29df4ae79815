package main

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Modules are loaded in stages, because some of what is looked at is only to be
// seen once in a boot or hides something else:
//
//	programs   modules that programs are attached to; while few are loaded,
//	           for programs look through the BTF of all
//	unfilled   a module whose .BTF_ids has no ids; unloaded again
//	kfuncs     the same module with a distilled base, unloaded again, and with
//	           vmlinux as the base
//	modules    all others
//	distilled  modules made for another base, with a base of their own
//	foreign    modules made for another base, without; last, because the kernel
//	           warns once
//
// At the end the kernel is given broken BTF without a module (flips.go).

const (
	stagePrograms  = "programs"
	stageUnfilled  = "unfilled"
	stageKfuncs    = "kfuncs"
	stageModules   = "modules"
	stageDistilled = "distilled"
	stageForeign   = "foreign"
)

// programChecks are done in stagePrograms, with these modules.
var (
	programChecks  = []string{"loop-fentry", "loop-fexit", "loop-kprobe", "loop-events", "zram", "overlay", "vsock", "watchdog"}
	programModules = []string{"loop", "zram", "vsock", "softdog"}
)

// kfuncModule has the kfuncs of kfunc.go.
const kfuncModule = "nf_conntrack"

// distilledEarly is loaded in stagePrograms and has a check there.
const distilledEarly = "overlay"

// distilledModules and foreignModules are of all sizes, load without hardware
// and are needed by no other.
var (
	distilledModules = []string{
		distilledEarly, "8021q", "bonding", "btrfs", "cifs", "dm_crypt", "erofs", "geneve", "hid_steam", "macsec",
		"nbd", "nft_ct", "null_blk", "openvswitch", "sctp", "squashfs", "tun", "veth", "wireguard", "xfs",
	}
	foreignModules = []string{"bcachefs", "dummy", "ntfs3", "team_mode_random", "ublk_drv"}
)

// alsoNeeds are dependencies that modules do not declare: the kernel asks user
// space for them, which is not there.
var alsoNeeds = map[string]string{
	"nf_conntrack_amanda": "ts_kmp",
	"nls_koi8_ru":         "nls_koi8_u",
}

// boot is one start of the guest: what it gets, and what it answered.
type boot struct {
	*host

	variants map[string]*variant
	built    map[string]map[string]built // by variant, then module

	flipSets []flipSet

	steps     []step
	answers   map[step]answer
	took      map[string]time.Duration // by verb
	qemuErr   error
	reportErr error
}

// build encodes all variants.
func (b *boot) build() error {
	for from, to := range alsoNeeds {
		if m := b.modules[from]; m != nil && b.modules[to] != nil {
			m.depends = append(m.depends, to)
		}
	}
	order, err := loadOrder(b.modules, slices.Collect(maps.Keys(b.modules)))
	if err != nil {
		return err
	}
	other, err := b.shuffledBase()
	if err != nil {
		return err
	}
	plain := slices.DeleteFunc(order, func(name string) bool {
		return slices.Contains(distilledModules, name) || slices.Contains(foreignModules, name)
	})
	const resolve = "--resolve-btfids"
	b.variants, b.built = map[string]*variant{}, map[string]map[string]built{}
	for _, v := range []*variant{
		{stageModules, plain, b.vmlinux, []string{resolve}},
		{stageDistilled, append([]string{kfuncModule}, distilledModules...), other, []string{resolve, "--features", "+distilled_base"}},
		{stageForeign, foreignModules, other, nil},
		{stageUnfilled, []string{kfuncModule}, b.vmlinux, nil},
	} {
		b.variants[v.name] = v
		if b.built[v.name], err = b.host.build(v); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	b.flipSets, err = b.writeFlips()
	return err
}

// planner writes the steps of a boot.
type planner struct {
	*boot
	files  map[string]string // which file of the guest is which here
	loaded map[string]bool   // modules
	err    error             // the first
}

// plan writes the steps and returns which file of the guest is which here.
func (b *boot) plan() (map[string]string, error) {
	p := &planner{boot: b, files: map[string]string{}, loaded: map[string]bool{}}
	p.add("btf", "vmlinux", "")
	p.programs()
	p.kfuncs()
	p.allModules()
	p.distilled()
	p.foreign()
	for _, s := range b.flipSets {
		p.files[s.guestPath()] = s.path
		p.steps = append(p.steps, s.step())
	}
	return p.files, p.err
}

func (p *planner) add(verb, name, file string) {
	p.steps = append(p.steps, step{verb, name, file})
}

// loadAs loads a module as it is in a variant.
func (p *planner) loadAs(variant, name string) {
	file := p.variants[variant].guestPath(name)
	p.files[file] = p.built[variant][name].path
	p.loaded[name] = true
	p.add("load", name, file)
}

// load loads modules as they are in stageModules, and what they need, once.
func (p *planner) load(names ...string) {
	order, err := loadOrder(p.modules, names)
	if err != nil && p.err == nil {
		p.err = err
	}
	for _, name := range order {
		if !p.loaded[name] {
			p.loadAs(stageModules, name)
		}
	}
}

func (p *planner) programs() {
	p.add("stage", stagePrograms, "")
	p.load(p.modules[distilledEarly].depends...)
	p.load(programModules...)
	p.loadAs(stageDistilled, distilledEarly)
	for _, name := range programChecks {
		p.add("check", name, "")
	}
	p.add("log", stagePrograms, "")
}

// kfuncs loads one module in three ways, one after the other. The last stays.
func (p *planner) kfuncs() {
	p.load(p.modules[kfuncModule].depends...)
	p.add("stage", stageUnfilled, "")
	p.loadAs(stageUnfilled, kfuncModule)
	p.add("check", "kfunc-unfilled", "")
	p.add("unload", kfuncModule, stageUnfilled)
	p.add("log", stageUnfilled, "")

	p.add("stage", stageKfuncs, "")
	p.loadAs(stageDistilled, kfuncModule)
	p.add("check", "kfunc-distilled", "")
	p.add("bytes", kfuncModule, "")
	p.add("unload", kfuncModule, stageKfuncs)
	delete(p.loaded, kfuncModule)
	p.load(kfuncModule)
	p.add("check", "kfunc", "")
	p.add("log", stageKfuncs, "")
}

func (p *planner) allModules() {
	p.add("stage", stageModules, "")
	for _, name := range p.variants[stageModules].modules {
		if !p.loaded[name] {
			p.loadAs(stageModules, name)
		}
	}
	for _, name := range p.variants[stageModules].modules {
		p.add("btf", name, "")
	}
	p.add("log", stageModules, "")
}

func (p *planner) distilled() {
	p.add("stage", stageDistilled, "")
	for _, name := range distilledModules {
		if !p.loaded[name] {
			p.loadAs(stageDistilled, name)
		}
		p.add("bytes", name, "")
	}
	p.add("log", stageDistilled, "")
}

func (p *planner) foreign() {
	p.add("stage", stageForeign, "")
	for _, name := range foreignModules {
		p.loadAs(stageForeign, name)
		p.add("btf", name, "")
	}
	p.add("log", stageForeign, "")
}
