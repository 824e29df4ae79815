package dwarfconv

import "testing"

// TestParameterPlaces: how many registers a parameter takes shows in where the
// next one is expected. A struct forgives a wrong register, a union does not.
func TestParameterPlaces(t *testing.T) {
	for _, c := range []struct {
		name, raw, want string
		clang           bool
	}{
		{name: "the size is that of the origin's type", raw: `
			10 sub foo inline=1
			11 param u type=9
			12 param b type=1
			20 sub - origin=10 pc=0x40
			21 param - origin=11 loc=559308549308
			22 param - origin=12 loc=51`,
			want: "0 foo(9 u, 1 b): inline\n0 foo(9 u, 1 b) @0x40\n"},
		{name: "a struct of the origin forgives", raw: `
			10 sub foo inline=1
			11 param p type=7
			12 param b type=1
			20 sub - origin=10 pc=0x40
			21 param - origin=11 loc=559308549308
			22 param - origin=12 loc=50`,
			want: "0 foo(7 p, 1 b): inline\n0 foo(7 p, 1 b) @0x40\n"},
		{name: "memory takes one place", raw: `
			10 sub foo pc=0x40
			11 param u type=16 loc=9108
			12 param b type=1 loc=54`,
			want: "0 foo(16 u, 1 b) @0x40: optimized_params\n"},
		{name: "memory does not take as many as its size", raw: `
			10 sub foo pc=0x40
			11 param u type=16 loc=9108
			12 param b type=1 loc=52`,
			want: "0 foo(16 u, 1 b) @0x40: unexpected_reg optimized_params\n"},
		{name: "clang: memory takes none", clang: true, raw: `
			10 sub foo pc=0x40
			11 param u type=16 loc=9108
			12 param b type=1 loc=55`,
			want: "0 foo(16 u, 1 b) @0x40\n"},
		{name: "clang: and not the next", clang: true, raw: `
			10 sub foo pc=0x40
			11 param u type=16 loc=9108
			12 param b type=1 loc=54`,
			want: "0 foo(16 u, 1 b) @0x40: unexpected_reg\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := convertTrue(t, c.raw, amd64ABI, c.clang, false); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}
