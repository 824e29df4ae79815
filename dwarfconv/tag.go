package dwarfconv

import (
	"slices"

	"github.com/gobtfenc/gobtfenc/btf"
	"github.com/gobtfenc/gobtfenc/dwarf"
)

// Annotations: __attribute__((btf_type_tag("v"))) and btf_decl_tag.
//
// clang writes DW_TAG_LLVM_annotation DIEs as children of what is annotated,
// in source order. GCC 16 writes DW_TAG_GNU_annotation DIEs anywhere and lets
// DW_AT_GNU_annotation lead from what is annotated to the first one, and from
// there to the next.
//
// The type tags of a pointer lie between the pointer and its target. For
//
//	struct s __tag(outer) __tag(inner) *p;
//
// BTF says PTR, TYPE_TAG inner, TYPE_TAG outer, STRUCT s. clang's children
// are "outer", "inner"; GCC's chain is "inner", "outer".

// tagOwner is what is annotated.
type tagOwner uint8

const (
	tagPointer  tagOwner = iota // a PTR row
	tagType                     // a struct, union or typedef row, or its member
	tagVariable                 // an index of Unit.Vars
	tagSub                      // an index of rawFuncs.subs
)

// tagRef is one use of an annotation, or of a chain of them.
type tagRef struct {
	owner     tagOwner
	index     int32
	component int32      // member or parameter, -1 for the owner itself
	value     btf.StrOff // where gnu is 0
	gnu       uint32     // first DIE of a chain
}

// gnuTag is a DW_TAG_GNU_annotation, in ascending order of off.
type gnuTag struct {
	off, next uint32
	value     btf.StrOff
	isType    bool
	isDecl    bool
}

// maxChain bounds a chain of annotations, which could be a ring. The kernel
// takes no more than 32 modifiers in a row.
const maxChain = 32

// annotation reads an annotation DIE.
func (c *Converter) annotation(a *dwarf.Abbrev, top *frame, off uint32) {
	const need = 1<<slotName | 1<<slotConstValue
	if a.Has&need != need {
		return
	}
	name, ok := c.stringAt(c.r.K[slotName], c.r.V[slotName])
	isType, isDecl := string(name) == "btf_type_tag", string(name) == "btf_decl_tag"
	if !ok || !isType && !isDecl {
		return
	}
	value := c.nameNow(c.r.K[slotConstValue], c.r.V[slotConstValue])
	if value == 0 {
		return
	}
	if a.Class == clsGNUAnnotation {
		g := gnuTag{off: off, next: c.refOf(a, slotAnnotation), value: value, isType: isType, isDecl: isDecl}
		c.gnuTags = append(c.gnuTags, g)
	}
	t := tagRef{index: top.row, component: -1, value: value}
	switch top.ctx {
	case ctxPointer:
		t.owner = tagPointer
	case ctxStruct, ctxTypedef:
		t.owner = tagType
	case ctxMember:
		t.owner, t.component = tagType, int32(top.last)
	case ctxVariable:
		t.owner = tagVariable
	case ctxSub:
		t.owner = tagSub
	case ctxParam:
		t.owner, t.component = tagSub, int32(top.last)
	default:
		return
	}
	if isType == (t.owner == tagPointer) {
		c.tagRefs = append(c.tagRefs, t)
	}
}

// gnuRef notes the chain that slotAnnotation leads to, if there is one.
func (c *Converter) gnuRef(a *dwarf.Abbrev, owner tagOwner, index, component int32) {
	if a.Has>>slotAnnotation&1 != 0 {
		c.tagRefs = append(c.tagRefs, tagRef{owner: owner, index: index, component: component, gnu: c.ref(slotAnnotation)})
	}
}

// addTags appends TYPE_TAG and DECL_TAG rows and fills Unit.Tags of variables
// and the raw tags of functions. Types are resolved.
func (c *Converter) addTags() {
	if len(c.tagRefs) == 0 {
		return
	}
	slices.SortStableFunc(c.tagRefs, func(a, b tagRef) int {
		if a.owner != b.owner {
			return int(a.owner) - int(b.owner)
		}
		return int(a.index - b.index)
	})
	for i := 0; i < len(c.tagRefs); {
		j := i
		for j < len(c.tagRefs) && c.tagRefs[j].owner == c.tagRefs[i].owner && c.tagRefs[j].index == c.tagRefs[i].index {
			j++
		}
		refs := c.tagRefs[i:j]
		switch refs[0].owner {
		case tagPointer:
			if c.opts.TypeTag {
				c.addTypeTags(refs)
			}
		case tagType:
			c.addDeclTags(refs)
		case tagVariable:
			c.addVarTags(refs)
		case tagSub:
			c.addSubTags(refs)
		}
		i = j
	}
}

// addTypeTags puts the tags of one pointer between it and its target.
func (c *Converter) addTypeTags(refs []tagRef) {
	// In order from the target to the pointer.
	var chain []btf.StrOff
	for _, r := range refs {
		if r.gnu == 0 {
			chain = append(chain, r.value)
		}
	}
	if len(chain) == 0 {
		for g := range c.chain(refs[0].gnu) {
			if !g.isType {
				break
			}
			chain = append(chain, g.value)
		}
		slices.Reverse(chain)
	}
	t := &c.unit.Types
	target := t.Rows[refs[0].index].Type
	for _, value := range chain {
		t.Rows = append(t.Rows, btf.Row{Name: value, Info: btf.MakeInfo(btf.KindTypeTag, 0, false), Type: target})
		target = uint32(len(t.Rows) - 1)
	}
	t.Rows[refs[0].index].Type = target
}

func (c *Converter) addDeclTags(refs []tagRef) {
	for v, component := range c.declTags(refs) {
		c.unit.Types.Rows = append(c.unit.Types.Rows, btf.Row{
			Name: v, Info: btf.MakeInfo(btf.KindDeclTag, 0, false), Type: uint32(refs[0].index), Aux: uint32(component),
		})
	}
}

func (c *Converter) addVarTags(refs []tagRef) {
	v := &c.unit.Vars[refs[0].index]
	v.TagFirst = int32(len(c.unit.Tags))
	for value, component := range c.declTags(refs) {
		c.unit.Tags = append(c.unit.Tags, Tag{Value: value, Component: component})
		v.TagN++
	}
}

func (c *Converter) addSubTags(refs []tagRef) {
	s := &c.raw.subs[refs[0].index]
	s.tag = int32(len(c.raw.tags))
	for value, component := range c.declTags(refs) {
		c.raw.tags = append(c.raw.tags, rawTag{value: value, component: component})
		s.tags++
	}
}

// declTags yields the declaration tags of one owner with their components. A
// function's own chain comes behind its parameters', as in pahole.
func (c *Converter) declTags(refs []tagRef) func(yield func(btf.StrOff, int32) bool) {
	return func(yield func(btf.StrOff, int32) bool) {
		if !c.opts.DeclTag {
			return
		}
		for _, own := range []bool{false, true} {
			for _, r := range refs {
				if own != (r.gnu != 0 && r.component < 0) {
					continue
				}
				if r.gnu == 0 && !yield(r.value, r.component) {
					return
				}
				for g := range c.chain(r.gnu) {
					if g.isDecl && !yield(g.value, r.component) {
						return
					}
				}
			}
		}
	}
}

// chain yields the annotations from the one at off on.
func (c *Converter) chain(off uint32) func(yield func(*gnuTag) bool) {
	return func(yield func(*gnuTag) bool) {
		for range maxChain {
			i, ok := slices.BinarySearchFunc(c.gnuTags, off, func(g gnuTag, off uint32) int {
				return int(int64(g.off) - int64(off))
			})
			if !ok || !yield(&c.gnuTags[i]) {
				return
			}
			off = c.gnuTags[i].next
		}
	}
}
