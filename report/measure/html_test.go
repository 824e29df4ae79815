package measure_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gobtfenc/gobtfenc/internal/btftest"
	"github.com/gobtfenc/gobtfenc/report/measure"
)

// treeReport returns a report of so many modules in two folders, and one that
// failed.
func treeReport(t *testing.T, modules int) *measure.Report {
	t.Helper()
	base := btftest.MustParse(t, baseText, nil)
	c := measure.NewCollector(base, "ba5e", uint64(len(blob(base))))
	text := []string{splitText, otherText}
	for i := range modules {
		path := fmt.Sprintf("kernel/%s/m%d.ko", []string{"fs", "net"}[i%2], i)
		split, alone := btftest.MustParse(t, text[i%2], base), btftest.MustParse(t, baseText+text[i%2], nil)
		c.AddOwn(path, measure.SourceDWARF, split, uint64(len(blob(split))), 0)
		c.AddAlone(path, alone, uint64(len(blob(alone))))
	}
	c.AddError("<b>bad\u202e.ko", errors.New("</script><script>hostile = true</script>"))
	return c.Report()
}

func page(t *testing.T, r *measure.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestHTML: the page refers to nothing outside of it, and what stands in names
// cannot end the data.
func TestHTML(t *testing.T) {
	got := page(t, treeReport(t, 3))
	if n := strings.Count(got, "</script>"); n != 2 {
		t.Errorf("%d scripts end", n)
	}
	for _, m := range regexp.MustCompile(`(?i)\b(?:src|href|action)="([^"]*)"|@import|url\(`).FindAllStringSubmatch(got, -1) {
		if m[1] != "data:," {
			t.Errorf("refers to %s", m[0])
		}
	}
	if strings.Contains(got, "{script}") || strings.Contains(got, "{data}") {
		t.Error("the page has gaps")
	}
	for _, empty := range []*measure.Report{{}, collect(t, map[string]string{"bad.ko": ""})} {
		page(t, empty)
	}
}

// browser returns Debian's Chromium, without which the test is skipped; in CI it
// is a failure.
func browser(t *testing.T) string {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no chromium:", err)
		}
		t.Skip("no chromium (Debian's package of that name):", err)
	}
	return chromium
}

// TestHTMLInBrowser opens the page of as many modules as Debian's largest kernel
// has in Chromium, light and dark, uses it (testdata/drive.js), and wants no
// message of the browser. It opens within two seconds in one of five tries, unless
// the machine is busy with other things.
func TestHTMLInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	chromium := browser(t)
	drive, err := os.ReadFile(filepath.Join("testdata", "drive.js"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(drive)
	html := page(t, treeReport(t, 4230))
	html = strings.Replace(html, "script-src ", "script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"' ", 1)
	html = strings.Replace(html, "</body>", "<script>"+string(drive)+"</script></body>", 1)
	for _, scheme := range []struct{ name, flag, background string }{
		{"light", "--blink-settings=preferredColorScheme=1", "rgb(255, 255, 255)"},
		{"dark", "--blink-settings=preferredColorScheme=0", "rgb(22, 24, 27)"},
	} {
		t.Run(scheme.name, func(t *testing.T) {
			var opened int // ms
			for try := 0; try == 0 || opened >= 2000 && try < 5; try++ {
				dom, messages := browse(t, chromium, html, scheme.flag)
				if got := attribute(dom, "test"); got != "passed" {
					t.Errorf("%q", got)
				}
				if got := attribute(dom, "background"); got != scheme.background {
					t.Errorf("background %s", got)
				}
				for _, line := range messages {
					t.Error(line)
				}
				if opened, err = strconv.Atoi(attribute(dom, "opened")); err != nil {
					t.Fatal(err)
				}
				t.Logf("opened in %d ms", opened)
			}
			if opened >= 2000 && !busy() {
				t.Errorf("took %d ms to open", opened)
			}
		})
	}
}

// busy reports whether twice as many processes want to run as there are CPUs.
func busy() bool {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return false
	}
	load, _, _ := strings.Cut(string(text), " ")
	n, err := strconv.ParseFloat(load, 64)
	return err == nil && n > 2*float64(runtime.NumCPU())
}

// attribute returns what the driver has left in data-name.
func attribute(dom, name string) string {
	m := regexp.MustCompile(`(?s)<html[^>]* data-` + name + `="([^"]*)"`).FindStringSubmatch(dom)
	if m == nil {
		return ""
	}
	return m[1]
}

// browse opens html and returns the document that it has become, and what the
// browser had to say of it.
func browse(t *testing.T, chromium, html, flag string) (dom string, messages []string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	if err := os.WriteFile(path, []byte(html), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,1024", flag,
		"--user-data-dir="+filepath.Join(dir, "profile"), "--enable-logging=stderr", "--dump-dom", "file://"+path)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "CONSOLE") {
			messages = append(messages, line)
		}
	}
	return out.String(), messages
}
