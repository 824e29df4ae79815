package main

import (
	"bufio"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/encoder"
)

func dumpCommand() *cobra.Command {
	var base, format string
	c := &cobra.Command{
		Use:                   "dump [--base VMLINUX] [--format raw] FILE",
		DisableFlagsInUseLine: true,
		Short:                 "Print BTF",
		Long: `Prints the BTF of FILE, an ELF file with a .BTF section or raw BTF, in the form of
bpftool btf dump format raw. Split BTF needs the base that it was made for.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misusef("dump takes one file, not %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if format != "raw" {
				return misusef("unknown format %q: raw is what there is", format)
			}
			return dump(args[0], base)
		},
	}
	c.Flags().StringVar(&base, "base", "", "base BTF: an ELF file with .BTF (`VMLINUX`), or raw BTF")
	c.Flags().StringVar(&format, "format", "raw", "print in `FORMAT`; raw: one line per type and member, as bpftool prints it")
	return c
}

func dump(path, base string) error {
	b, err := encoder.ReadSplit(path, base)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(os.Stdout)
	if err := errors.Join(encoder.Dump(w, b), w.Flush()); err != nil {
		return outputError(err)
	}
	return nil
}
