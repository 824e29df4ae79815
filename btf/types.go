package btf

// Row is one type, 16 bytes.
type Row struct {
	Name StrOff
	Info Info

	// Type is the word that the format calls "size or type": a size in bytes
	// (INT, STRUCT, UNION, ENUM, ENUM64, DATASEC, FLOAT) or a type id (PTR,
	// TYPEDEF, modifiers, FUNC, FUNC_PROTO's return, VAR, DECL_TAG, TYPE_TAG).
	Type uint32

	// Aux is the index of the first Item for kinds with items (ARRAY has
	// one), else the word behind the row: INT's encoding<<24|offset<<16|bits,
	// VAR's linkage, DECL_TAG's component_idx (as uint32, -1 is 0xffffffff).
	Aux uint32
}

// Item is one record of a type's tail, 12 bytes. What a field means depends on
// the kind of its row:
//
//	           Name        Type          Val
//	STRUCT     name        type id       offset word (bitfield_size<<24|offset with kind_flag)
//	UNION      name        type id       offset word
//	ENUM       name        0             value
//	ENUM64     name        value, high   value, low
//	FUNC_PROTO name        type id       0
//	DATASEC    size        VAR id        offset
//	ARRAY      index type  element type  nelems
//
// [Shapes] says which of them are names and which are type ids.
type Item struct {
	Name, Type, Val uint32
}

// Types is a flat store of types. What id the first row has is said by who
// owns the store.
type Types struct {
	Rows  []Row
	Items []Item
}

// Shape says which fields of a kind refer to types or strings. It is the only
// place that knows; dedup, remapping, dump and validation all ask it.
type Shape struct {
	TypeIsRef   bool // Row.Type is a type id
	HasItems    bool // Row.Aux is an index into Items; their number is Row.NumItems
	ItemNameStr bool // Item.Name is a string offset
	ItemNameRef bool // Item.Name is a type id (ARRAY's index type)
	ItemTypeRef bool // Item.Type is a type id
}

// Shapes is indexed by kind.
var Shapes = [NumKinds]Shape{
	KindPtr:       {TypeIsRef: true},
	KindArray:     {HasItems: true, ItemNameRef: true, ItemTypeRef: true},
	KindStruct:    {HasItems: true, ItemNameStr: true, ItemTypeRef: true},
	KindUnion:     {HasItems: true, ItemNameStr: true, ItemTypeRef: true},
	KindEnum:      {HasItems: true, ItemNameStr: true},
	KindTypedef:   {TypeIsRef: true},
	KindVolatile:  {TypeIsRef: true},
	KindConst:     {TypeIsRef: true},
	KindRestrict:  {TypeIsRef: true},
	KindFunc:      {TypeIsRef: true},
	KindFuncProto: {TypeIsRef: true, HasItems: true, ItemNameStr: true, ItemTypeRef: true},
	KindVar:       {TypeIsRef: true},
	KindDatasec:   {HasItems: true, ItemTypeRef: true},
	KindDeclTag:   {TypeIsRef: true},
	KindTypeTag:   {TypeIsRef: true},
	KindEnum64:    {HasItems: true, ItemNameStr: true},
}

// NumItems returns how many Items the row has.
func (r *Row) NumItems() int {
	switch r.Info.Kind() {
	case KindArray:
		return 1
	case KindStruct, KindUnion, KindEnum, KindFuncProto, KindDatasec, KindEnum64:
		return r.Info.Vlen()
	}
	return 0
}

// ItemsOf returns the items of r, nil where its kind has none.
func (t *Types) ItemsOf(r *Row) []Item {
	n := r.NumItems()
	if n == 0 {
		return nil
	}
	return t.Items[r.Aux : int(r.Aux)+n : int(r.Aux)+n]
}

// Reset empties the store and keeps its memory.
func (t *Types) Reset() { t.Rows, t.Items = t.Rows[:0], t.Items[:0] }
