package main

import (
	"context"
	"encoding/hex"
	"os"
	"slices"
	"strings"

	"github.com/gobtfenc/gobtfenc/encoder"
	"github.com/gobtfenc/gobtfenc/report/measure"
)

// A module with DWARF is encoded several times: on top of the base, alone, and
// with or without each feature whose cost is asked for. Each time is a run over
// all modules, so that what is held is one module's BTF for each worker.

// measureRun is what one call of measure does.
type measureRun struct {
	opts   encoder.Options // of a module's own BTF
	costs  []cost
	part   measure.Part
	report *measure.Collector
}

// cost is a feature whose cost is asked for.
type cost struct {
	name string
	set  encoder.Features // the feature alone
}

// plan reads the flags, and the base.
func (f *measureFlags) plan() (*measureRun, error) {
	run := &measureRun{opts: encoder.Options{Jobs: f.jobs.count(), Shipped: f.shipped}}
	var err error
	if run.opts.Features, err = encoder.ParseFeatures(f.features, encoder.FeaturesStrict); err != nil {
		return nil, misuse{err}
	}
	if run.opts.Features.Has(encoder.FeatureDistilledBase) {
		return nil, misusef("--features distilled_base: what it makes is not measured")
	}
	if run.costs, err = parseCosts(f.costs); err != nil {
		return nil, err
	}
	if run.part, err = parsePart(f.shard, os.Getenv); err != nil {
		return nil, err
	}
	run.report = measure.NewCollector(nil, "", 0)
	if f.base != "" {
		base, err := encoder.LoadBase(f.base)
		if err != nil {
			return nil, err
		}
		sum := base.Sum()
		run.opts.Base = base
		run.report = measure.NewCollector(base.BTF, hex.EncodeToString(sum[:]), base.Len())
	}
	return run, nil
}

// parseCosts reads the names of single features.
func parseCosts(names []string) (costs []cost, err error) {
	for _, name := range names {
		if !slices.Contains(encoder.FeatureNames(), name) {
			return nil, misusef("--cost: unknown feature %q; known are %s", name, strings.Join(encoder.FeatureNames(), ", "))
		}
		set, err := encoder.ParseFeatures([]string{name}, encoder.FeaturesStrict)
		if err != nil {
			return nil, misuse{err}
		}
		costs = append(costs, cost{name, set})
	}
	return costs, nil
}

// measure puts files into the report.
func (run *measureRun) measure(ctx context.Context, files []string) error {
	own, err := run.encode(ctx, files, run.opts, func(r *encoder.Result) {
		source := measure.SourceDWARF
		if r.NoDWARF {
			source = measure.SourceBTF
		}
		run.report.AddOwn(r.Path, source, r.BTF, r.After, r.Before)
	})
	if err != nil {
		return err
	}
	var encoded []string // those that were made of DWARF
	size := map[string]uint64{}
	for i := range own {
		if r := &own[i]; r.Err == nil && !r.NoDWARF {
			encoded = append(encoded, r.Path)
			size[r.Path] = r.After
		}
	}
	if run.opts.Base != nil {
		alone := run.opts
		alone.Base = nil
		if _, err := run.encode(ctx, encoded, alone, func(r *encoder.Result) {
			run.report.AddAlone(r.Path, r.BTF, r.After)
		}); err != nil {
			return err
		}
	}
	for _, c := range run.costs {
		if err := run.measureCost(ctx, encoded, size, c); err != nil {
			return err
		}
	}
	return nil
}

// measureCost encodes files, whose own BTF has the sizes given, with a feature
// turned.
func (run *measureRun) measureCost(ctx context.Context, files []string, size map[string]uint64, c cost) error {
	opts, sign := run.opts, int64(1)
	opts.Features = opts.Features.With(c.set)
	if opts.Features == run.opts.Features { // it is on
		opts.Features, sign = opts.Features.Without(c.set), -1
	}
	_, err := run.encode(ctx, files, opts, func(r *encoder.Result) {
		run.report.AddCost(r.Path, c.name, sign*(int64(r.After)-int64(size[r.Path])))
	})
	return err
}

// encode has take see the BTF of all files, and puts the errors of files into
// the report.
func (run *measureRun) encode(ctx context.Context, files []string, opts encoder.Options, take func(*encoder.Result)) ([]encoder.Result, error) {
	opts.Take = take
	results, err := runWithProgress(ctx, files, opts)
	if err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for i := range results {
		if r := &results[i]; r.Err != nil {
			run.report.AddError(r.Path, r.Err)
		}
	}
	return results, nil
}
