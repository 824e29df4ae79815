package bpftool

import "testing"

func TestCompare(t *testing.T) {
	enum := func(bits, value string) string {
		return `{"types":[{"id":1,"kind":"ENUM` + bits + `","name":"e","encoding":"UNSIGNED","values":[{"name":"A","val":` + value + `}]}]}`
	}
	const types = "struct s {\n\tint i;\n};\n"
	for _, c := range []struct {
		name, format, got, want string
		same                    bool
	}{
		{"equal", "raw", "[1] INT 'int'\n", "[1] INT 'int'\n", true},
		{"raw", "raw", "[1] INT 'int'\n", "[1] INT 'long'\n", false},
		{"longer", "raw", "a\n", "a\nb\n", false},
		{"mode", "c", "enum e {\n\tA = 0,\n} __attribute__((mode(byte)));\n", "enum e {\n\tA = 0,\n};\n", true},
		{"filler", "c", "union u {\n\tchar _[8];\n};\n", "union u {\n};\n", true},
		{"defines", "c", types, "#ifndef __weak\n#define __weak __attribute__((weak))\n#endif\n\n" + types, true},
		{"kfuncs", "c", types, types + "\n/* BPF kfuncs */\n#ifndef BPF_NO_KFUNC_PROTOTYPES\nextern int f(void) __weak __ksym;\n#endif\n\n", true},
		{"member", "c", types, "struct s {\n\tlong i;\n};\n", false},
		{"sign", "json", enum("", "4294967295"), enum("", "18446744073709551615"), true},
		{"wide", "json", enum("64", "4294967295"), enum("64", "18446744073709551615"), false},
		{"far", "json", enum("", "0"), enum("", "18446744000000000000"), false},
		{"value", "json", `{"val":1}`, `{"val":2}`, false},
	} {
		if err := Compare(c.format, []byte(c.got), []byte(c.want)); (err == nil) != c.same {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
