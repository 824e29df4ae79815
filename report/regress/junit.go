package regress

import (
	"encoding/xml"
	"io"
	"strings"

	"github.com/gobtfenc/gobtfenc/internal/escape"
)

// JUnit XML has no standard; these are the elements and attributes that Jenkins,
// GitLab and GitHub's actions agree on. A module is a test case.

type testSuites struct {
	XMLName xml.Name  `xml:"testsuites"`
	Suite   testSuite `xml:"testsuite"`
}

type testSuite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Cases    []testCase `xml:"testcase"`
}

type testCase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Failure *failure `xml:"failure"`
}

type failure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes r as JUnit XML: a test case for each module, one for vmlinux
// and one for all together. What has leave is no failure.
func (r *Report) WriteJUnit(w io.Writer) error {
	byModule := map[string][]*Finding{}
	for i := range r.Findings {
		if f := &r.Findings[i]; !f.Allowed {
			byModule[f.Module] = append(byModule[f.Module], f)
		}
	}
	s := testSuite{Name: "BTF"}
	s.add("all modules", byModule[""])
	if found := byModule[vmlinux]; len(found) > 0 {
		s.add(vmlinux, found)
	}
	for _, name := range r.Modules {
		s.add(name, byModule[name])
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(&testSuites{Suite: s}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *testSuite) add(name string, found []*Finding) {
	c := testCase{Class: "gobtfenc.regress", Name: escape.Terminal(name)}
	s.Tests++
	if len(found) > 0 {
		s.Failures++
		c.Failure = &failure{Message: escape.Terminal(found[0].text()), Type: string(found[0].Rule)}
		var text []string
		for _, f := range found {
			text = append(text, escape.Terminal(f.text()))
			for _, d := range f.Details {
				text = append(text, "  "+escape.Terminal(d))
			}
		}
		c.Failure.Text = strings.Join(text, "\n")
	}
	s.Cases = append(s.Cases, c)
}
