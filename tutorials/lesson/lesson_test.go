package lesson_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/tutorials/lesson"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file, or writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
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
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return list
}

// TestGood: what a lesson means, as JSON beside it.
func TestGood(t *testing.T) {
	t.Parallel()
	for _, path := range files(t, "testdata/good/*.md") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			l, err := lesson.Parse(string(text), lesson.Options{Name: "l"})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.MarshalIndent(l, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(path, ".md")+".golden.json", string(raw)+"\n")
		})
	}
}

// TestBad: every fault of a file at once, each with its line.
func TestBad(t *testing.T) {
	t.Parallel()
	for _, path := range files(t, "testdata/bad/*.md") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = lesson.Parse(string(text), lesson.Options{Name: "l"})
			if _, ok := errors.AsType[lesson.Faults](err); !ok {
				t.Fatalf("got %v, want faults", err)
			}
			golden(t, strings.TrimSuffix(path, ".md")+".golden", err.Error()+"\n")
		})
	}
}

const small = `---
format: 1
id: small
title: Small
summary: s
minutes: 1
params: {path: /echo-1}
---
Intro.

## One {#one}

Read.

` + "```quiz {predict answer=a}\nWhich?\n- a: this\n- b: that\n```\n\n```http {fire}\nGET {{path}}\n```\n\n```md {hint}\nLook.\n```\n"

const german = `---
title: Klein
---
Einleitung.

## Eins {#one}

Lies.

` + "```quiz {predict}\nWelche?\n- a: diese\n- b: jene\n```\n\n```http {fire}\n```\n\n```md {hint}\nSchau.\n```\n"

// TestTranslation: prose comes from the translation, what is done from the
// lesson.
func TestTranslation(t *testing.T) {
	t.Parallel()
	dir := fstest.MapFS{lesson.File: {Data: []byte(small)}, "lesson.de.md": {Data: []byte(german)}}
	l, err := lesson.Load(dir, lesson.Options{Name: "l", Lang: "de"})
	if err != nil {
		t.Fatal(err)
	}
	s := l.Steps[0]
	got := []string{l.Title, l.Intro, s.Title, s.Items[0].Text, s.Items[1].Quiz.Question, s.Items[1].Quiz.Choices[1].Text, s.Items[2].Volley.Lanes[0].Path, s.Hints[0].Text}
	want := []string{"Klein", "Einleitung.", "Eins", "Lies.", "Welche?", "jene", "/echo-1", "Schau."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("translation differs (-want +got):\n%s", diff)
	}
	english, err := lesson.Load(dir, lesson.Options{Name: "l"})
	if err != nil || english.Title != "Small" || english.Steps[0].Items[1].Quiz.Question != "Which?" {
		t.Errorf("got %v, %v; want English", english, err)
	}
}

// TestTranslationIsRefused: one that does anything, or leaves something away.
func TestTranslationIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, want string }{
		{"an action of its own", "```http {fire}\n```", "```http {fire}\nGET /x\n```", "lesson.de.md:16: leave the block empty"},
		{"a block is missing", "```http {fire}\n```\n", "", "lacks blocks"},
		{"another block", "```http {fire}\n```", "```yaml {apply}\n```", "has other blocks here"},
		{"a choice is missing", "- b: jene\n", "", "translate the question and each of its 2 choices"},
		{"another key", "- b: jene", "- c: jene", `choice "c" must keep its key "b"`},
		{"a step is missing", "{#one}", "{#two}", `step "one" is not translated`},
		{"an unknown field", "title: Klein", "title: Klein\nminutes: 3", `has no field "minutes"`},
		{"a solve", "```md {hint}", "```yaml {solve}\n```\n\n```md {hint}", "leaves solve away"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(german, tt.old, tt.new, 1)
			if text == german {
				t.Fatal("nothing was replaced")
			}
			dir := fstest.MapFS{lesson.File: {Data: []byte(small)}, "lesson.de.md": {Data: []byte(text)}}
			if _, err := lesson.Load(dir, lesson.Options{Name: "l"}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestParams: a value that is given takes the place of the lesson's own.
func TestParams(t *testing.T) {
	t.Parallel()
	l, err := lesson.Parse(small, lesson.Options{Params: map[string]string{"path": "/other"}})
	if err != nil || l.Steps[0].Items[2].Volley.Lanes[0].Path != "/other" {
		t.Errorf("got %v, %v; want the path /other", l, err)
	}
	if _, err := lesson.Parse(small, lesson.Options{Params: map[string]string{"x": "1"}}); err == nil {
		t.Error("got no error for a param that the lesson has not")
	}
}

// TestFiles: manifests may stand in files of the lesson's directory, and in no
// others.
func TestFiles(t *testing.T) {
	t.Parallel()
	with := func(attr string) string {
		return strings.Replace(small, "Read.\n", "Read.\n\n```yaml {apply file="+attr+"}\n```\n", 1)
	}
	dir := fstest.MapFS{
		lesson.File:          {Data: []byte(with("manifests/a.yaml"))},
		"manifests/a.yaml":   {Data: []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")},
		"manifests/bad.yaml": {Data: []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nspeck: 1\n")},
	}
	l, err := lesson.Load(dir, lesson.Options{Name: "l"})
	if err != nil || !strings.Contains(l.Steps[0].Items[1].Text, "kind: Namespace") {
		t.Errorf("got %v, %v; want the file's text", l, err)
	}
	for attr, want := range map[string]string{
		"../a.yaml":          "is no file of the lesson's directory",
		"manifests/b.yaml":   "reading manifests/b.yaml",
		"manifests/bad.yaml": "l/manifests/bad.yaml:4: Namespace a: speck",
	} {
		dir[lesson.File] = &fstest.MapFile{Data: []byte(with(attr))}
		if _, err := lesson.Load(dir, lesson.Options{Name: "l"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", attr, err, want)
		}
	}
}

func TestParsePath(t *testing.T) {
	t.Parallel()
	got, err := lesson.ParsePath("{.metadata.annotations['konghq.com/plugins']}")
	if diff := cmp.Diff([]any{"metadata", "annotations", "konghq.com/plugins"}, got); err != nil || diff != "" {
		t.Errorf("got %v: %s", err, diff)
	}
	got, err = lesson.ParsePath(".spec.rules[0].http")
	if diff := cmp.Diff([]any{"spec", "rules", 0, "http"}, got); err != nil || diff != "" {
		t.Errorf("got %v: %s", err, diff)
	}
	for _, bad := range []string{"", "{}", "a", ".", ".a..b", ".a[", ".a[-1]", ".a[x]", "['a"} {
		if _, err := lesson.ParsePath(bad); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}

// FuzzParse: no text makes the parser panic or hang; what it accepts has steps,
// and every fault a line.
func FuzzParse(f *testing.F) {
	f.Add(small)
	for _, pattern := range []string{"testdata/*/*.md", "../lessons/*/lesson.md"} {
		list, _ := filepath.Glob(pattern)
		for _, path := range list {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := lesson.Parse(text, lesson.Options{Name: "l"})
		var faults lesson.Faults
		switch {
		case err == nil && (len(l.Steps) == 0 || l.ID == "" || l.Minutes < 1):
			t.Errorf("accepted a lesson without steps, id or minutes: %+v", l)
		case err != nil && !errors.As(err, &faults):
			t.Errorf("got %v, want faults", err)
		}
		lines := strings.Count(text, "\n") + 1
		for _, fault := range faults {
			if fault.Line < 1 || fault.Line > lines {
				t.Errorf("fault %q at line %d of %d", fault.Message, fault.Line, lines)
			}
		}
	})
}
