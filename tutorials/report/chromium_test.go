package report_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browse loads an address in a browser without a screen, and gives the document
// as it then is and what the browser's console says.
func browse(t *testing.T, address string, more ...string) (dom, console string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("GWCTL_TEST_NO_SKIP") != "" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed")
	}
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir(), "--enable-logging=stderr", "--v=0",
	}, more...)
	c := exec.CommandContext(t.Context(), path, append(args, "--dump-dom", address)...)
	c.WaitDelay = 10 * time.Second
	var out, log strings.Builder
	c.Stdout, c.Stderr = &out, &log
	if err := c.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, log.String())
	}
	var said []string
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, ":CONSOLE") {
			said = append(said, line)
		}
	}
	return out.String(), strings.Join(said, "")
}

// TestBrowser: the page opens from a file without a word on the console, and has
// what it should.
func TestBrowser(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(page(t, lesson())), 0o600); err != nil {
		t.Fatal(err)
	}
	dom, console := browse(t, "file://"+path)
	if console != "" {
		t.Errorf("the console says:\n%s", console)
	}
	for what, want := range map[string]string{
		"title": "<title>A lesson &amp; more</title>", "dots": `aria-label="5 × 200, then 3 × 429"`, "limiter": "<polyline", "edge": `<span class="edge">03:05:00</span>`,
		"Retry-After": `<td data-name="Retry-After">30 s</td>`, "check": "✗ does not hold", "prediction": "✓ right", "hint": "Hint 1 of 2", "command": "all &lt;well&gt;",
		"verdict": "minute 5/5, resets in 30 s",
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("%s: the document has no %s", what, want)
		}
	}
}

// TestConsoleIsHeard: what breaks the page's policy does get onto the console, so
// that TestBrowser can fail.
func TestConsoleIsHeard(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "report.html")
	broken := strings.Replace(page(t, lesson()), "</body>", `<p style="color: red">x</p></body>`, 1)
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, console := browse(t, "file://"+path); !strings.Contains(console, "Content Security Policy") {
		t.Errorf("the console says %q", console)
	}
}

// TestNarrow: at 360 pixels nothing stands beside the page.
func TestNarrow(t *testing.T) {
	t.Parallel()
	content := page(t, lesson())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/report" {
			_, _ = fmt.Fprint(w, content)
			return
		}
		_, _ = fmt.Fprint(w, `<iframe src="/report" style="width:360px;height:800px;border:0"></iframe><p id="is"></p><script>
onload = () => { const d = document.querySelector("iframe").contentDocument; document.getElementById("is").textContent =
"wide " + d.documentElement.scrollWidth + " of " + d.documentElement.clientWidth + ", paper " + d.defaultView.getComputedStyle(d.body).backgroundColor } </script>`)
	}))
	defer s.Close()
	dom, _ := browse(t, s.URL)
	got := regexp.MustCompile(`wide (\d+) of (\d+), paper (.*?)<`).FindStringSubmatch(dom)
	if got == nil || got[1] != got[2] || got[3] != "rgb(255, 255, 255)" {
		t.Errorf("got %q", got)
	}
	dom, _ = browse(t, s.URL, "--blink-settings=preferredColorScheme=0")
	if !strings.Contains(dom, "paper rgb(20, 24, 28)") {
		t.Errorf("the page is not dark where the reader's colours are: %s", regexp.MustCompile(`paper .*?<`).FindString(dom))
	}
}
