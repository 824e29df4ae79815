package gnuopt

// The short message of --usage, as argp writes it: letters without arguments in
// one cluster, letters with arguments, long names, operands, broken at blanks:
//
//	Usage: pahole [-JV?] [-j[N]] [--btf_base=FILE] [--btf_encode] FILE...

import "strings"

// AppendUsage appends the usage of a command, with the options of table that
// have help, to b.
func AppendUsage(b []byte, name string, table []Option, operands string) []byte {
	line := "Usage: " + name
	for _, word := range usageWords(table, operands) {
		if len(line)+1+len(word) >= helpWidth {
			b = append(append(b, line...), '\n')
			line = strings.Repeat(" ", 11)
		}
		line += " " + word
	}
	return append(append(b, line...), '\n')
}

func usageWords(table []Option, operands string) []string {
	cluster := ""
	var short, long []string
	for i := range table {
		o := &table[i]
		if o.Help == "" {
			continue
		}
		arg := map[ArgKind]string{NoArg: "", OptionalArg: "[" + o.ArgName + "]", RequiredArg: " " + o.ArgName}[o.Arg]
		switch {
		case o.Short == 0:
		case arg == "":
			cluster += string(rune(o.Short))
		default:
			short = append(short, "[-"+string(rune(o.Short))+arg+"]")
		}
		if o.Long == "" {
			continue
		}
		if o.Arg != NoArg {
			arg = "=" + o.ArgName
		}
		if o.Arg == OptionalArg {
			arg = "[" + arg + "]"
		}
		long = append(long, "[--"+o.Long+arg+"]")
	}
	var words []string
	if cluster != "" {
		words = append(words, "[-"+cluster+"]")
	}
	return append(append(append(words, short...), long...), operands)
}
