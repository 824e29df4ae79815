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
//	shipped    a module whose .BTF_ids are those of the BTF that it was shipped
//	           with; unloaded again
//	kfuncs     the same module with a distilled base; unloaded again
//	modules    all others
//	distilled  modules made for another base, with a base of their own
//	foreign    modules made for another base, without; last, because the kernel
//	           warns once

const (
	stagePrograms  = "programs"
	stageShipped   = "shipped"
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
	order []string // all modules, dependencies first

	variants map[string]*variant
	built    map[string]map[string]built // by variant, then module

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
	var err error
	if b.order, err = loadOrder(b.modules, slices.Collect(maps.Keys(b.modules))); err != nil {
		return err
	}
	other, err := b.shuffledBase()
	if err != nil {
		return err
	}
	const resolve = "--resolve-btfids"
	plain := &variant{name: stageModules, base: b.vmlinux, flags: []string{resolve}}
	for _, name := range b.order {
		if !slices.Contains(distilledModules, name) && !slices.Contains(foreignModules, name) {
			plain.modules = append(plain.modules, name)
		}
	}
	all := []*variant{
		plain,
		{name: stageDistilled, base: other, flags: []string{resolve, "--features", "+distilled_base"}, modules: append([]string{kfuncModule}, distilledModules...)},
		{name: stageForeign, base: other, modules: foreignModules},
		{name: stageShipped, base: b.vmlinux, modules: []string{kfuncModule}},
	}
	b.variants, b.built = map[string]*variant{}, map[string]map[string]built{}
	for _, v := range all {
		b.variants[v.name] = v
		if b.built[v.name], err = b.host.build(v); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return nil
}

// plan writes the steps and returns which file of the guest is which here.
func (b *boot) plan() (map[string]string, error) {
	files := map[string]string{}
	loaded := map[string]bool{}
	add := func(verb, name, file string) { b.steps = append(b.steps, step{verb, name, file}) }
	loadAs := func(variant, name string) {
		file := b.variants[variant].guestPath(name)
		files[file] = b.built[variant][name].path
		loaded[name] = true
		add("load", name, file)
	}
	// load loads modules and what they need, once.
	load := func(names ...string) error {
		order, err := loadOrder(b.modules, names)
		if err != nil {
			return err
		}
		for _, name := range order {
			if !loaded[name] {
				loadAs(stageModules, name)
			}
		}
		return nil
	}
	needsOf := func(names ...string) (needs []string) {
		for _, name := range names {
			needs = append(needs, b.modules[name].depends...)
		}
		return needs
	}

	add("btf", "vmlinux", "")
	add("stage", stagePrograms, "")
	if err := load(append(needsOf(distilledEarly), programModules...)...); err != nil {
		return nil, err
	}
	loadAs(stageDistilled, distilledEarly)
	for _, name := range programChecks {
		add("check", name, "")
	}
	add("log", stagePrograms, "")

	if err := load(needsOf(kfuncModule)...); err != nil {
		return nil, err
	}
	add("stage", stageShipped, "")
	loadAs(stageShipped, kfuncModule)
	add("check", "kfunc-shipped", "")
	add("unload", kfuncModule, stageShipped)
	add("log", stageShipped, "")

	add("stage", stageKfuncs, "")
	loadAs(stageDistilled, kfuncModule)
	add("check", "kfunc-distilled", "")
	add("bytes", kfuncModule, "")
	add("unload", kfuncModule, stageKfuncs)
	add("log", stageKfuncs, "")
	delete(loaded, kfuncModule)

	add("stage", stageModules, "")
	if err := load(kfuncModule); err != nil {
		return nil, err
	}
	add("check", "kfunc", "")
	for _, name := range b.variants[stageModules].modules {
		if !loaded[name] {
			loadAs(stageModules, name)
		}
	}
	for _, name := range b.variants[stageModules].modules {
		add("btf", name, "")
	}
	add("log", stageModules, "")

	add("stage", stageDistilled, "")
	for _, name := range distilledModules {
		if !loaded[name] {
			loadAs(stageDistilled, name)
		}
		add("bytes", name, "")
	}
	add("log", stageDistilled, "")

	add("stage", stageForeign, "")
	for _, name := range foreignModules {
		loadAs(stageForeign, name)
		add("btf", name, "")
	}
	add("log", stageForeign, "")
	return files, nil
}
