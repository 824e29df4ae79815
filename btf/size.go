package btf

// LongSize returns the size in bytes of the type long of C, which in a kernel is
// that of an address, 4 or 8; 0 where b and its base have none. The spellings are
// GCC's and clang's.
func LongSize(b *BTF) uint32 {
	if b.Base != nil {
		if size := LongSize(b.Base); size != 0 {
			return size
		}
	}
	for i := range b.Types.Rows {
		r := &b.Types.Rows[i]
		if r.Info.Kind() != KindInt {
			continue
		}
		name, _ := b.Str(r.Name)
		switch string(name) {
		case "long unsigned int", "unsigned long", "long int", "long":
			if r.Type == 4 || r.Type == 8 {
				return r.Type
			}
		}
	}
	return 0
}
