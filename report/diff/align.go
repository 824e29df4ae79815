package diff

import "github.com/gobtfenc/gobtfenc/btf"

// part is an enumerator, a parameter, a member or a variable in a section.
type part struct {
	name string
	at   uint64 // where it is: its value, its index or its offset
	text string // without its name
	full string // with it
	id   btf.ID // its type
	size uint32 // in bytes, of a variable
}

// match is a part of both, by index; -1 where a side has it not.
type match struct{ old, new int }

// align finds parts again: by name, and the second one of a name is the second
// one. Of those left over, two at one place are one renamed. What is removed
// comes first, then all in the new order.
func (d *detailer) align(old, new []part) []match {
	if !d.take(len(old) + len(new)) {
		return nil
	}
	toNew, toOld := filled(len(old)), filled(len(new))
	pairParts(old, new, toNew, toOld, func(p *part) any { return p.name })
	pairParts(old, new, toNew, toOld, func(p *part) any { return p.at })
	var all []match
	for i, j := range toNew {
		if j < 0 {
			all = append(all, match{i, -1})
		}
	}
	for j, i := range toOld {
		all = append(all, match{i, j})
	}
	return all
}

// filled returns n indexes of nothing.
func filled(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = -1
	}
	return all
}

// pairParts pairs those without a pair that have one key, in order.
func pairParts(old, new []part, toNew, toOld []int, key func(*part) any) {
	waiting := map[any][]int{}
	for i := range old {
		if toNew[i] < 0 {
			k := key(&old[i])
			waiting[k] = append(waiting[k], i)
		}
	}
	for j := range new {
		if toOld[j] >= 0 {
			continue
		}
		k := key(&new[j])
		if queue := waiting[k]; len(queue) > 0 {
			toNew[queue[0]], toOld[j] = j, queue[0]
			waiting[k] = queue[1:]
		}
	}
}

// parts tells of parts that are no more than their texts.
func (d *detailer) parts(what string, old, new []part) {
	run := shift{what: what}
	for _, m := range d.align(old, new) {
		if m.new < 0 {
			d.add(what+" "+old[m.old].name, old[m.old].text, "")
			continue
		}
		b := &new[m.new]
		if m.old < 0 {
			run.end(d)
			d.add(what+" "+b.name, "", b.text)
			continue
		}
		a := &old[m.old]
		if a.name == b.name && a.size == b.size {
			run.add(d, b.name, b.at-a.at, a.text, b.text)
			continue
		}
		run.end(d)
		if a.name == b.name {
			d.add(what+" "+b.name, a.text, b.text)
		} else {
			d.add(what+" "+b.name, a.full, b.full)
		}
	}
	run.end(d)
}
