//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/lessons"
)

const lessonsDir = "../../tutorials/lessons"

// normal leaves out of a transcript what differs from run to run: times, ids,
// ports, and the order in which answers of one moment came.
func normal(text, state string) string {
	text = strings.ReplaceAll(text, state, "STATE")
	for _, r := range [][2]string{
		{`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\dZ?`, "TIME"},
		{`\b[0-9a-f]{32}\b`, "ID"},
		{`127\.0\.0\.1:\d+`, "127.0.0.1:PORT"},
		{`pid \d+`, "pid N"},
		{`(revision +)[0-9a-f]{12}`, "${1}REVISION"},
		{`gwctl-lessons-[0-9a-f]{8}`, "gwctl-lessons-INSTANCE"},
		{`(resets in|retry after|moved by|Retry-After is|RateLimit-Reset is|Latency is) \d+`, "$1 N"},
		{`waited \d+(\.\d+)?(ms|s| s)`, "waited N s"},
	} {
		text = regexp.MustCompile(r[0]).ReplaceAllString(text, r[1])
	}
	// Lanes run side by side: whose request came first, and so which of them
	// were refused, differs.
	lane := regexp.MustCompile(`(?m)^(\S+), request \d+ of (\d+): (.*)$`)
	left := regexp.MustCompile(`\d+ of (\d+) left`)
	text = lane.ReplaceAllStringFunc(text, func(line string) string {
		return left.ReplaceAllString(lane.ReplaceAllString(line, "$1, a request of $2: $3"), "N of $1 left")
	})
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		from := i
		for i < len(lines) && strings.Contains(lines[i], ", a request of ") {
			i++
		}
		slices.Sort(lines[from:i])
	}
	return strings.Join(lines, "\n")
}

// TestTranscripts: every lesson can be completed with --plain, its text is clean
// for a screen reader, and it says what it said.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	dirs, err := lessons.Dirs()
	if err != nil || len(dirs) < 8 {
		t.Fatalf("got %d lessons, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			l, err := lessons.Load(dir, lesson.Options{})
			if err != nil {
				t.Fatal(err)
			}
			b := newBox(t)
			got := b.must("tutorial", "run", l.ID, "--plain", "--auto", "--pace", "0", "--no-wait")
			b.within(deadline, "the end of the lesson's sandbox", func() bool { return len(b.processes()) == 0 })
			clean(t, got)
			got = normal(got, b.state)
			path := filepath.Join(lessonsDir, dir, "transcript.txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the transcript differs (-want +got):\n%s", diff)
			}
		})
	}
}

// clean makes sure that a screen reader can read a text: no control characters
// but line ends, no Braille, no blocks and boxes, and no line that only draws.
func clean(t *testing.T, text string) {
	t.Helper()
	for i, line := range strings.Split(text, "\n") {
		words := false
		for _, r := range line {
			words = words || unicode.IsLetter(r) || unicode.IsDigit(r)
			switch {
			case unicode.IsControl(r):
				t.Errorf("line %d has the control character %U: %q", i+1, r, line)
			case r >= 0x2800 && r <= 0x28ff, r >= 0x2500 && r <= 0x259f:
				t.Errorf("line %d draws with %U: %q", i+1, r, line)
			}
		}
		if line != "" && !words {
			t.Errorf("line %d says nothing: %q", i+1, line)
		}
	}
}

// TestTutorialTestAll: every check of every lesson fails before its solve and
// holds after it.
func TestTutorialTestAll(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	begin := time.Now()
	out := b.must("tutorial", "test", "--all", "--parallel", "2")
	if n := strings.Count(out, "holds "); n < 8 {
		t.Errorf("got %d lessons that hold:\n%s", n, out)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("it took %s, more than a minute", took)
	}
}

// TestTutorialJSON: the events of a lesson as JSON lines, to its end.
func TestTutorialJSON(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	out := b.must("tutorial", "run", "rate-limiting", "--auto", "--pace", "0", "--no-wait", "-o", "json")
	var last engine.Event
	counts := map[engine.Type]int{}
	for line := range strings.Lines(out) {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		counts[last.Type]++
	}
	if last.Type != engine.Left || counts[engine.Finished] != 1 || counts[engine.Answered] < 20 || counts[engine.Revealed] != 2 {
		t.Errorf("got %v, ending with %s", counts, last.Type)
	}
}

// TestContributing: what CONTRIBUTING.md shows of a lesson works as it stands.
func TestContributing(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(page), "````markdown\n")
	text, _, ok2 := strings.Cut(after, "````\n")
	if !ok || !ok2 {
		t.Fatal("CONTRIBUTING.md shows no lesson")
	}
	dir := filepath.Join(t.TempDir(), "from-the-page")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, lesson.File), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newBox(t)
	b.must("tutorial", "lint", dir)
	if out := b.must("tutorial", "test", dir); !strings.Contains(out, "1 lessons hold") {
		t.Errorf("got %s", out)
	}
}
