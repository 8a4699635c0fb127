package killercoda_test

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/killercoda"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/lessons"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
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
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

func open(t *testing.T, dir string) fs.FS {
	t.Helper()
	f, done, err := killercoda.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = done() })
	return f
}

// TestRoundTrip: every lesson becomes a scenario, and that a lesson again, with
// the same steps, something to run in each that had, and every check.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	all, err := lessons.All(lesson.Options{})
	if err != nil || len(all) < 8 {
		t.Fatalf("%d lessons, %v", len(all), err)
	}
	for _, l := range all {
		t.Run(l.ID, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "scenario")
			if err := killercoda.Export(l, dir, killercoda.Options{}); err != nil {
				t.Fatal(err)
			}
			scripts(t, dir)
			text, _, err := killercoda.Import(open(t, dir), "scenario")
			if err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(t.TempDir(), "lesson")
			if err := killercoda.Write(to, text); err != nil {
				t.Fatal(err)
			}
			back, err := lesson.Load(os.DirFS(to), lesson.Options{Name: "lesson"})
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			same(t, l, back)
		})
	}
}

// scripts checks that scripts can be run and name no key.
func scripts(t *testing.T, dir string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*.sh"))
	if err != nil || len(found) < 3 {
		t.Errorf("%d scripts, %v", len(found), err)
	}
	for _, path := range found {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v", path, err)
		}
	}
}

func same(t *testing.T, l, back *lesson.Lesson) {
	t.Helper()
	if len(back.Steps) != len(l.Steps) || back.Title != l.Title || back.Summary != l.Summary {
		t.Fatalf("got %q, %d steps; want %q, %d", back.Title, len(back.Steps), l.Title, len(l.Steps))
	}
	for n := range l.Steps {
		was, is := &l.Steps[n], &back.Steps[n]
		if was.Title != is.Title || (len(was.Checks()) > 0) != (len(is.Checks()) == 1) || (len(was.Solve) > 0) != (len(is.Solve) > 0) {
			t.Errorf("step %s: got %q, %d checks, %d solves", was.ID, is.Title, len(is.Checks()), len(is.Solve))
		}
		if len(is.Hints) < len(was.Hints) {
			t.Errorf("step %s: %d hints, want %d", was.ID, len(is.Hints), len(was.Hints))
		}
		runs := map[string]bool{}
		for _, i := range is.Items {
			if i.Kind == lesson.Run {
				runs[i.Text] = true
			}
		}
		for _, i := range was.Items {
			call := "gwctl tutorial step " + l.ID + " " + was.ID + " " + i.ID
			if i.Kind == lesson.Run {
				call = i.Text
			}
			if (i.Kind == lesson.Apply || i.Kind == lesson.Fire || i.Kind == lesson.Run) && !runs[call] {
				t.Errorf("step %s does not run %q", was.ID, call)
			}
		}
	}
}

// TestExport: the files of a scenario, of a lesson that travels along.
func TestExport(t *testing.T) {
	t.Parallel()
	source := fstest.MapFS{"lesson.md": {Data: []byte(own)}, "manifests/a.yaml": {Data: []byte("# nothing\n")}}
	l, err := lesson.Load(source, lesson.Options{Name: "own"})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "scenario")
	if err := killercoda.Export(l, dir, killercoda.Options{Source: source, Install: "curl -o gwctl x", Image: "debian"}); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all.WriteString("==== " + filepath.ToSlash(name) + "\n" + string(raw))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "export.golden", all.String())
	if err := killercoda.Export(l, dir, killercoda.Options{}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("it was written again: %v", err)
	}
}

const own = "---\nformat: 1\nid: own\ntitle: My own\nsummary: Mine.\nminutes: 2\nparams: {n: 3}\n---\n\nHello.\n\n" +
	"<!-- speaker_note: Smile. -->\n\n## One {#one}\n\nSend {{n}}.\n\n```quiz {predict of=status:200 answer=3}\nHow many?\n```\n\n" +
	"```http {fire id=burst count=3 rate=2/s at=58s}\n### ann\nPOST /a\nX-A: b\n\nbody\n\n### bob count=1\nGET /b\n```\n\n" +
	"```sh {run}\n#!/bin/sh\nfor i in 1 2; do echo $i; done\n```\n\n```sh {run}\ngwctl status\n# no\ngwctl version\n```\n\n" +
	"```yaml {check id=c}\nstatus: {404: 4}\n```\n\n```md {hint when=c}\nLook.\n```\n\n```yaml {solve}\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n```\n\n" +
	"<!-- pause -->\n\n<!-- speaker_note: Wait. -->\n\n## Two {#two}\n\n```quiz {predict answer=a}\nWhich?\n- a: this\n- b: that\n```\n\n```http {fire wait=3s}\nGET /\n```\n"

// TestImport: a scenario with all that scenarios have.
func TestImport(t *testing.T) {
	t.Parallel()
	text, id, err := killercoda.Import(open(t, "testdata/scenario"), "scenario")
	if err != nil {
		t.Fatal(err)
	}
	if id != "files-and-folders" {
		t.Errorf("the id is %q", id)
	}
	golden(t, "import.golden.md", text)
	l, err := lesson.Parse(text, lesson.Options{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	commands := strings.Join(l.Commands(), "\n")
	for _, want := range []string{"mkdir /tmp/a", "test -d /tmp/a", "echo background", "echo foreground", "touch /tmp/a/b", "cat <<EOF"} {
		if !strings.Contains(commands, want) {
			t.Errorf("%q is not among what is to be agreed to:\n%s", want, commands)
		}
	}
}

// TestNoScenario: what is no scenario is told, with what to do.
func TestNoScenario(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for name, c := range map[string]struct {
		dir          fstest.MapFS
		says, advice string
	}{
		"empty":    {fstest.MapFS{}, "x is no scenario: it has no index.json", "name the directory that holds"},
		"course":   {fstest.MapFS{"a/index.json": file("{}"), "b/index.json": file("{}")}, "it has no index.json", "name one of them: x/a, x/b"},
		"no JSON":  {fstest.MapFS{"index.json": file("<html>")}, "is not the JSON of one: invalid character", "mend"},
		"no steps": {fstest.MapFS{"index.json": file(`{"title":"t"}`)}, "names no step in details.steps", "mend"},
		"missing":  {fstest.MapFS{"index.json": file(`{"details":{"steps":[{"text":"s.md","verify":"v.sh"}]}}`)}, "reading x/s.md: file does not exist", ""},
		"outside":  {fstest.MapFS{"index.json": file(`{"details":{"steps":[{"text":"../../etc/passwd"}]}}`)}, `"../../etc/passwd" is no file of the scenario`, ""},
		"too long": {fstest.MapFS{"index.json": file(strings.Repeat(" ", 2<<20))}, "larger than", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := killercoda.Import(c.dir, "x")
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want %s", err, c.says)
			}
			if h, ok := errors.AsType[*hint.Hint](err); ok && !strings.Contains(h.Advice, c.advice) {
				t.Errorf("advises %q", h.Advice)
			}
		})
	}
	if _, _, err := killercoda.Dir(filepath.Join(t.TempDir(), "nothing")); err == nil || !strings.Contains(err.Error(), "is no scenario") {
		t.Errorf("got %v", err)
	}
}

// FuzzImport: whatever the texts of a scenario are, what comes of them is a
// lesson.
func FuzzImport(f *testing.F) {
	f.Add("# T\n\n`ls`{{exec}}\n", "test -e x")
	f.Add("a\n---\n```sh\nls\nls\n```{{execute T1}}\n<details><summary>Solution</summary>\n```\nx\n```{{exec}}\n</details>", "#!/bin/sh\nexit 1")
	f.Add("<!-- speaker_note: a -->\n<!-- x\n{{ a b }} {{}} {{X}}\n~~~yaml {apply}\na\n~~~\n", "")
	f.Add("{{\xa2}}", "\xff")
	f.Add("<details\nx <de<detailstails>", "")
	f.Add("- a\n\n  ```yaml {apply}\n  x\n  ```\n> ```http {fire}\n", "\t\x00")
	f.Add("a\x1b[2K\rb\u009b\u202e\n\n`ls\x1b[1A`{{exec}}\n", "test\b\x1b[2K")
	f.Fuzz(func(t *testing.T, text, verify string) {
		index, err := json.Marshal(map[string]any{"title": "t", "details": map[string]any{
			"intro": map[string]string{"text": "i.md"}, "steps": []any{map[string]string{"title": text, "text": "s.md", "verify": "v.sh", "background": "v.sh"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := killercoda.Import(fstest.MapFS{
			"index.json": {Data: index}, "i.md": {Data: []byte(text)}, "s.md": {Data: []byte(text)}, "v.sh": {Data: []byte(verify)},
		}, "x")
		if err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
	})
}
