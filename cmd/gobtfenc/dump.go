package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gobtfenc/gobtfenc/encoder"
)

func dumpCommand() *cobra.Command {
	var base, format string
	var opts encoder.DumpOptions
	c := &cobra.Command{
		Use:                   "dump [--base VMLINUX] [--format raw|c|json] [--root NAME]... [--sort] [--asserts] FILE",
		DisableFlagsInUseLine: true,
		Short:                 "Print BTF",
		Long: `Prints the BTF of FILE, an ELF file with a .BTF section or raw BTF, as bpftool btf dump
does. Both files may be compressed. Split BTF needs the base that it was made for; raw
and json then have its own types, and c those of the base too.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misusef("dump takes one file, not %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			opts.Format = encoder.DumpFormat(format)
			switch {
			case !slices.Contains(encoder.DumpFormats(), opts.Format):
				return misusef("unknown format %q: raw, c and json are what there is", format)
			case opts.Asserts && opts.Format != encoder.DumpC:
				return misusef("--asserts needs --format c")
			}
			return dump(args[0], base, opts)
		},
	}
	fl := c.Flags()
	fl.StringVar(&base, "base", "", "base BTF: an ELF file with .BTF (`VMLINUX`), or raw BTF")
	fl.StringVar(&format, "format", "raw", "print in `FORMAT`: raw, a line for each type and member; c, a header to\ncompile; json, one object")
	fl.StringArrayVar(&opts.Roots, "root", nil, "print only the types of this `NAME` and what they need; may be repeated")
	fl.BoolVar(&opts.Sorted, "sort", false, "print by name, not by id; in C what is needed still comes first")
	fl.BoolVar(&opts.Asserts, "asserts", false, "end C with static assertions of all sizes and offsets")
	return c
}

func dump(path, base string, opts encoder.DumpOptions) error {
	b, err := encoder.ReadSplit(path, base)
	if err != nil {
		return err
	}
	err = encoder.Dump(os.Stdout, b, opts)
	var onWrite *fs.PathError
	switch {
	case errors.As(err, &onWrite):
		return outputError(err)
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
