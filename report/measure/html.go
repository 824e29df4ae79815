package measure

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// The page is one file that needs nothing else: style, script and data stand in
// it, and its policy lets a browser run that script alone and load nothing. The
// script is bundled from web/src (web/README.md).

//go:embed web/style.css
var pageStyle string

//go:embed web/report.js
var pageScript string

//go:embed web/LICENSES
var pageLicences string

// How much of a report is on the page, which is to open at once with thousands of
// modules: the JSON form has it all.
const (
	pageTypes    = 12   // the largest types of each module
	pageRepeated = 1000 // types of several modules
)

// WriteHTML writes r as one page.
func (r *Report) WriteHTML(w io.Writer) error {
	// In a script element of any type nothing may look like its end; Marshal
	// escapes < and > for that.
	data, err := json.Marshal(r.page())
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, strings.NewReplacer(
		"{policy}", fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; img-src data:; script-src 'sha256-%s'; base-uri 'none'; form-action 'none'", digest(pageStyle), digest(pageScript)),
		"{style}", pageStyle, "{script}", pageScript, "{data}", string(data), "{licences}", html.EscapeString(pageLicences),
	).Replace(pageFrame))
	return err
}

// digest is a hash as a Content-Security-Policy has it.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

const pageFrame = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>BTF of kernel modules</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header><h1>BTF of kernel modules</h1><button id="theme" type="button">Dark</button></header>
<main>
<section id="summary"></section>
<div><h2 id="failed-head">Not measured</h2><section id="failed" aria-labelledby="failed-head"></section></div>
<h2 id="treemap-head">Where the bytes are</h2>
<section id="treemap" aria-labelledby="treemap-head"></section>
<h2>Sizes</h2>
<div class="charts"><section id="scatter"></section><section id="histogram"></section></div>
<h2 id="modules-head">Modules</h2>
<section id="modules" aria-labelledby="modules-head"></section>
<h2 id="repeated-head">Own types of several modules</h2>
<section id="repeated" aria-labelledby="repeated-head"></section>
<h2 id="kinds-head">Own bytes by kind</h2>
<section id="kinds" aria-labelledby="kinds-head"></section>
</main>
<footer><details><summary>Licences of what is in this page</summary><pre>{licences}</pre></details></footer>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
`

// page is what the script reads (web/src/data.js).
type page struct {
	Total    pageTotal        `json:"total"`
	Costs    map[string]int64 `json:"costs,omitempty"`
	Kinds    []string         `json:"kinds"` // named by index elsewhere
	OwnKinds []KindSize       `json:"ownKinds"`
	Modules  []pageModule     `json:"modules"`
	Repeated [][5]any         `json:"repeated"` // kind, name, modules, bytes, saved
}

type pageTotal struct {
	Modules int    `json:"modules"`
	Failed  int    `json:"failed,omitempty"`
	Alone   uint64 `json:"alone,omitempty"`
	Split   uint64 `json:"split,omitempty"`
	Least   bool   `json:"least,omitempty"`
	Saved   uint64 `json:"saved"`

	Repeated int `json:"repeated"` // types of several modules
}

type pageModule struct {
	Path     string `json:"path"`
	Error    string `json:"error,omitempty"`
	Alone    uint64 `json:"alone,omitempty"`
	Own      uint64 `json:"own"`
	Split    bool   `json:"split,omitempty"` // Own stands on a base
	Least    bool   `json:"least,omitempty"`
	Types    int    `json:"types"`
	Names    uint64 `json:"names"`
	Repeated uint64 `json:"repeated"` // bytes of records that other modules have, too

	// Parts add up to Own: kind, name (empty for all others of the kind), bytes,
	// and how many modules have it. The last is all that is no kind's.
	Parts [][4]any `json:"parts,omitempty"`
}

// page returns the part of r that the page shows.
func (r *Report) page() *page {
	use := r.typeUses()
	p := &page{Costs: r.Total.Costs, Modules: []pageModule{}, Repeated: [][5]any{}, OwnKinds: []KindSize{}}
	kinds := map[string]int{}
	kind := func(name string) int {
		if _, ok := kinds[name]; !ok {
			kinds[name] = len(p.Kinds)
			p.Kinds = append(p.Kinds, name)
		}
		return kinds[name]
	}
	p.Total = pageTotal{Modules: r.Total.Modules, Failed: r.Total.Failed, Least: r.Total.Least, Saved: r.Repeated.Types.Saved, Repeated: r.Repeated.Types.Count}
	if own := r.Total.own(); own != nil {
		p.OwnKinds = own.Kinds
	}
	if r.Total.Alone != nil {
		p.Total.Alone = r.Total.Alone.Bytes
	}
	if r.Total.Split != nil {
		p.Total.Split = r.Total.Split.Bytes
	}
	for i := range r.Modules {
		p.Modules = append(p.Modules, r.pageModule(&r.Modules[i], use, kind))
	}
	repeated := r.RepeatedTypes()
	for _, t := range repeated[:first(len(repeated), pageRepeated)] {
		p.Repeated = append(p.Repeated, [5]any{kind(t.Kind), t.Name, t.Modules, t.Bytes, t.Saved})
	}
	return p
}

// pageModule returns what the page shows of m. use says how many modules have a
// type, kind gives a kind's index.
func (r *Report) pageModule(m *Module, use []int, kind func(string) int) pageModule {
	if m.Error != "" {
		return pageModule{Path: m.Path, Error: m.Error}
	}
	own := m.Own()
	out := pageModule{Path: m.Path, Own: own.Bytes, Split: m.Split != nil, Least: m.AloneIsLeast(), Types: own.Types, Names: own.StringBytes()}
	if m.Alone != nil {
		out.Alone = m.Alone.Bytes
	}
	var named []uint32
	for _, n := range m.Types {
		if use[n] > 1 {
			out.Repeated += r.Types[n].Bytes
		}
		if r.Types[n].Name != "" {
			named = append(named, n)
		}
	}
	slices.SortStableFunc(named, func(a, b uint32) int { return cmp.Compare(r.Types[b].Bytes, r.Types[a].Bytes) })
	told := map[string]uint64{}
	for _, n := range named[:first(len(named), pageTypes)] {
		t := &r.Types[n]
		told[t.Kind] += t.Bytes
		out.Parts = append(out.Parts, [4]any{kind(t.Kind), t.Name, t.Bytes, use[n]})
	}
	rest := own.Header + own.Unnamed + own.Other
	for _, k := range own.Kinds {
		if left := k.Bytes + k.Strings - min(told[k.Kind], k.Bytes); left > 0 {
			out.Parts = append(out.Parts, [4]any{kind(k.Kind), "", left, 0})
		}
	}
	out.Parts = append(out.Parts, [4]any{kind("header"), "", rest, 0})
	return out
}
