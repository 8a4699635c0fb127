package lesson_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gwctl/gwctl/tutorials/lesson"
)

// TestHidden: what a terminal obeys instead of showing it could hide a command
// from whoever is asked for consent.
func TestHidden(t *testing.T) {
	t.Parallel()
	run := func(command string) string { return small + "\n```sh {run}\n" + command + "\n```\n" }
	check := func(command string) string { return small + "\n```yaml {check id=c}\nexec: " + command + "\n```\n" }
	tests := []struct{ name, text, want string }{
		{"an escape sequence", run("rm x #\x1b[2K"), "l/lesson.md:30: the character 0x1b is not allowed"},
		{"a carriage return", run("rm x\recho"), "l/lesson.md:30: the character 0xd is not allowed"},
		{"a backspace", run("rm x\b\b"), "l/lesson.md:30: the character 0x8 is not allowed"},
		{"NUL", run("\x00"), "l/lesson.md:30: the character 0x0 is not allowed"},
		{"DEL", run("\x7f"), "l/lesson.md:30: the character 0x7f is not allowed"},
		{"an 8-bit control", run("\u009b2K"), "l/lesson.md:30: the character 0x9b is not allowed"},
		{"no UTF-8", run("\x9b2K"), "l/lesson.md:30: the character 0x9b is not allowed"},
		{"another direction", run("rm x \u202e"), "l/lesson.md:30: the character 0x202e is not allowed"},
		{"in prose", strings.Replace(small, "Read.", "Read\x1b[1A.", 1), "l/lesson.md:13: the character 0x1b is not allowed"},
		{"in the front matter", strings.Replace(small, "summary: s", "summary: s\x1b[1A", 1), "l/lesson.md:5: the character 0x1b is not allowed"},
		{"an escape of YAML", check(`"rm x #\e[2K"`), "l/lesson.md:30: the character 0x1b is not allowed"},
		{"in a param", strings.Replace(small, "path: /echo-1", `path: "/\e[2K"`, 1), "l/lesson.md:7: the character 0x1b is not allowed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := lesson.Parse(tt.text, lesson.Options{Name: "l"})
			if faults, ok := errors.AsType[lesson.Faults](err); !ok || !strings.Contains(faults.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	for _, fine := range []string{run("echo\tß ✓"), strings.Replace(small, "Read.", "Read.\r\nOn.", 1)} {
		if _, err := lesson.Parse(fine, lesson.Options{Name: "l"}); err != nil {
			t.Errorf("got %v, want none", err)
		}
	}
}

// TestHiddenInFiles: nor may they stand in manifests and translations.
func TestHiddenInFiles(t *testing.T) {
	t.Parallel()
	with := strings.Replace(small, "Read.\n", "Read.\n\n```yaml {apply file=a.yaml}\n```\n", 1)
	for want, dir := range map[string]fstest.MapFS{
		"l/a.yaml:2: the character 0x1b": {
			lesson.File: {Data: []byte(with)},
			"a.yaml":    {Data: []byte("apiVersion: v1\n# \x1b[2K\nkind: Namespace\nmetadata: {name: a}\n")},
		},
		"l/lesson.de.md:4: the character 0x1b": {
			lesson.File:    {Data: []byte(small)},
			"lesson.de.md": {Data: []byte(strings.Replace(german, "Einleitung.", "Ein\x1b[1Aleitung.", 1))},
		},
	} {
		if _, err := lesson.Load(dir, lesson.Options{Name: "l"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "a\tß\n": "a\tß\n", "a\x1b[2K\r\n\r": "a\uFFFD[2K\r\n\uFFFD", "\x9b\u009b\u202ex": "\uFFFD\uFFFD\uFFFDx",
	} {
		if got := lesson.Shown(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
