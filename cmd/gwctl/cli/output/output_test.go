package output

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// TestFormat: text unless JSON is asked for; what is neither is refused.
func TestFormat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		json bool
		want string
	}{
		{nil, false, ""},
		{[]string{"-o", "text"}, false, ""},
		{[]string{"--output=json"}, true, ""},
		{[]string{"-o", "yaml"}, false, `--output "yaml" is not known`},
	} {
		var f Format
		c := &cobra.Command{Use: "x", RunE: func(*cobra.Command, []string) error {
			got, err := f.JSON()
			if got != tt.json {
				t.Errorf("%q: JSON is %t, want %t", tt.args, got, tt.json)
			}
			return err
		}, SilenceErrors: true, SilenceUsage: true}
		f.Flag(c)
		c.SetArgs(tt.args)
		if err := c.Execute(); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got error %v, want %q", tt.args, err, tt.want)
		}
	}
}

func TestTold(t *testing.T) {
	t.Parallel()
	base := errors.New("x")
	if err := fmt.Errorf("doing: %w", Told(base)); !WasTold(err) || !errors.Is(err, base) {
		t.Error("a told error is not known, or has lost its cause")
	}
	if WasTold(base) || WasTold(nil) {
		t.Error("an error that nobody told counts as told")
	}
}

// TestWrap: no line is longer than the width unless one word is, no word is lost.
func TestWrap(t *testing.T) {
	t.Parallel()
	const text = "Häuser are wide\nand  words of every length, unbreakablywide-beyond-all-measure, follow"
	for width := 8; width < 60; width += 7 {
		got := Wrap(text, width, "  ")
		for line := range strings.Lines(got) {
			line = strings.TrimSuffix(line, "\n")
			if !strings.HasPrefix(line, "  ") || utf8.RuneCountInString(line) > width && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("width %d: line %q", width, line)
			}
		}
		if words := strings.Fields(got); strings.Join(words, " ") != strings.Join(strings.Fields(text), " ") {
			t.Errorf("width %d: the words are %q", width, words)
		}
	}
}

// TestPaint: nothing is coloured where there is no terminal.
func TestPaint(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if p := For(&b); p.Good("a")+p.Bad("b")+p.Warn("c")+p.Dim("d")+p.Bold("e")+p.Status(500, "f") != "abcdef" {
		t.Error("text for a buffer is coloured")
	}
	on := Paint{on: true}
	seen := map[string]int{}
	for _, status := range []int{200, 301, 401, 404, 429, 500, 0} {
		seen[on.Status(status, "x")]++
	}
	if len(seen) != 4 {
		t.Errorf("%d colours for success, refusals, limits and faults, want 4: %v", len(seen), seen)
	}
}
