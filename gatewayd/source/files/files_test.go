package files_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/files"
)

func namespace(name string) string {
	return "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + name + "\n"
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// names lists the Namespaces of a set.
func names(set source.Set) string {
	var out []string
	for _, n := range set.Namespaces {
		out = append(out, n.Object.Name)
	}
	return strings.Join(out, " ")
}

func problems(set source.Set, dir string) []string {
	var out []string
	for _, p := range set.Problems {
		out = append(out, strings.ReplaceAll(p.String(), dir+"/", ""))
	}
	return out
}

// watching is a running source.
type watching struct {
	t    *testing.T
	sets chan source.Set
}

// watch runs a source until the test ends.
func watch(t *testing.T, opts files.Options, paths ...string) watching {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := watching{t, make(chan source.Set, 100)}
	done := make(chan error, 1)
	go func() { done <- files.New(paths, opts).Run(ctx, func(s source.Set) { w.sets <- s }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("got error %v from Run", err)
		}
	})
	return w
}

// wait returns the first set whose Namespaces are those.
func (w watching) wait(want string) source.Set {
	w.t.Helper()
	got := "nothing"
	for deadline := time.After(10 * time.Second); ; {
		select {
		case s := <-w.sets:
			if got = names(s); got == want {
				return s
			}
		case <-deadline:
			w.t.Fatalf("got %q last, want %q", got, want)
		}
	}
}

// next returns the next set.
func (w watching) next() source.Set {
	w.t.Helper()
	select {
	case s := <-w.sets:
		return s
	case <-time.After(10 * time.Second):
		w.t.Fatal("got no set")
	}
	return source.Set{}
}

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/b.yaml", "\n"+namespace("b")+"---\n"+namespace("c"))
	write(t, dir+"/sub/a.yml", namespace("a"))
	write(t, dir+"/sub/j.json", `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "j"}}`)
	for _, name := range []string{".hidden.yaml", "x.yaml~", "README.md", ".git/x.yaml"} {
		write(t, filepath.Join(dir, name), namespace("left-out"))
	}
	if err := os.Symlink(filepath.Join(dir, "sub/a.yml"), filepath.Join(dir, "z.yaml")); err != nil {
		t.Fatal(err)
	}
	set, err := files.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(set); got != "a b c j" {
		t.Errorf("got %q", got)
	}
	if got := set.Namespaces[2].Origin; got.File != filepath.Join(dir, "b.yaml") || got.Line != 7 || len(got.Version) != 64 {
		t.Errorf("got origin %+v, want line 7 of b.yaml", got)
	}
	want := []string{"error: z.yaml:1: Namespace a: metadata.name: stands in sub/a.yml:1 already, which is the one that is used; remove one of them"}
	if diff := cmp.Diff(want, problems(set, dir)); diff != "" {
		t.Errorf("problems differ (-want +got):\n%s", diff)
	}
	if _, err := files.Read(dir + "/none"); err == nil || !strings.Contains(err.Error(), "reading manifests") {
		t.Errorf("got error %v for a path that is not there", err)
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/a.yaml", namespace("a"))
	w := watch(t, files.Options{Poll: -1}, dir)
	w.wait("a")
	write(t, dir+"/b.yaml", namespace("b"))
	w.wait("a b")
	write(t, dir+"/new/deep/c.yaml", namespace("c")) // in directories that come with it
	w.wait("a b c")
	write(t, dir+"/new/deep/d.yaml", namespace("d"))
	w.wait("a b c d")
	write(t, dir+"/tmp", namespace("e")) // as editors do
	if err := os.Rename(dir+"/tmp", dir+"/a.yaml"); err != nil {
		t.Fatal(err)
	}
	w.wait("b c d e")
	if err := os.RemoveAll(dir + "/new"); err != nil {
		t.Fatal(err)
	}
	w.wait("b e")
}

// TestConfigMapMount swaps the symbolic link that kubelet swaps.
func TestConfigMapMount(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := func(old, name string) {
		if err := os.Symlink(old, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir+"/..1/m.yaml", namespace("a"))
	link("..1", "..data")
	link("..data/m.yaml", "m.yaml")
	w := watch(t, files.Options{Poll: -1}, dir)
	w.wait("a")
	write(t, dir+"/..2/m.yaml", namespace("b"))
	link("..2", "..data_tmp")
	if err := os.Rename(dir+"/..data_tmp", dir+"/..data"); err != nil {
		t.Fatal(err)
	}
	w.wait("b")
}

func TestPollAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/a.yaml", namespace("a"))
	w := watch(t, files.Options{Poll: 10 * time.Millisecond, NoEvents: true}, dir)
	w.wait("a")
	write(t, dir+"/b.yaml", namespace("b"))
	w.wait("a b")
}

func TestSingleFileOfAnyName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/manifests", namespace("a"))
	w := watch(t, files.Options{Poll: -1}, dir+"/manifests")
	w.wait("a")
	write(t, dir+"/tmp", namespace("b"))
	if err := os.Rename(dir+"/tmp", dir+"/manifests"); err != nil {
		t.Fatal(err)
	}
	w.wait("b")
}

// TestLastGoodVersion breaks and mends a file.
func TestLastGoodVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/a.yaml", namespace("a")+"---\n"+namespace("b"))
	write(t, dir+"/other.yaml", namespace("o"))
	w := watch(t, files.Options{Poll: -1}, dir)
	good := w.wait("a b o")

	write(t, dir+"/a.yaml", namespace("c")+"spec: {finalizer: []}\n")
	broken := w.next()
	if got := names(broken); got != "a b o" {
		t.Errorf("got %q, want what was served before", got)
	}
	want := []string{
		"warning: a.yaml: has faults: its last good version (2 objects) is still served",
		"error: a.yaml:5: Namespace c: spec.finalizer: unknown field; did you mean finalizers?",
	}
	if diff := cmp.Diff(want, problems(broken, dir)); diff != "" {
		t.Errorf("problems differ (-want +got):\n%s", diff)
	}
	if good.Namespaces[0].Origin != broken.Namespaces[0].Origin || good.Namespaces[0].Object != broken.Namespaces[0].Object {
		t.Error("what is still served is not what was served")
	}

	write(t, dir+"/a.yaml", namespace("c")+"  x: [\n") // not YAML at all, on top of it
	if got := w.next(); names(got) != "a b o" || len(got.Problems) != 2 {
		t.Errorf("got %q and problems %v", names(got), got.Problems)
	}
	write(t, dir+"/other.yaml", namespace("p"))
	w.wait("a b p")
	write(t, dir+"/a.yaml", namespace("c"))
	if got := w.wait("c p"); len(got.Problems) > 0 {
		t.Errorf("got problems %v after mending", got.Problems)
	}
}

func TestFaultyFromTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/a.yaml", namespace("a")+"x: 1\n---\n"+namespace("b"))
	set, err := files.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(set); got != "a b" {
		t.Errorf("got %q, want what is sound and what is broken", got)
	}
	if got := set.Namespaces[0].Origin.Broken; got != "x: unknown field; remove it" {
		t.Errorf("got Broken %q", got)
	}
	if got := set.Namespaces[1].Origin.Broken; got != "" {
		t.Errorf("got Broken %q for a sound document", got)
	}
}

func TestVanishedDirectoryKeepsWhatItHad(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "d")
	write(t, dir+"/a.yaml", namespace("a"))
	w := watch(t, files.Options{Poll: 10 * time.Millisecond}, dir)
	w.wait("a")
	if err := os.Rename(dir, dir+"2"); err != nil {
		t.Fatal(err)
	}
	gone := w.next()
	if names(gone) != "a" || len(gone.Problems) != 1 || !strings.Contains(gone.Problems[0].Reason, "no such file") {
		t.Errorf("got %q and problems %v", names(gone), gone.Problems)
	}
	write(t, dir+"/b.yaml", namespace("b"))
	w.wait("b")
}

func TestExtendAndUnchanged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/a.yaml", namespace("a"))
	calls := 0
	w := watch(t, files.Options{Poll: -1, Extend: func(s source.Set) source.Set {
		calls++
		s = s.Clone()
		s.Add(s.Namespaces[0].Object, source.Origin{File: "(made)"})
		s.Sort()
		return s
	}}, dir)
	if got := w.next(); len(got.Problems) != 1 {
		t.Errorf("got problems %v, want the duplicate that Extend made", got.Problems)
	}
	write(t, dir+"/a.yaml", namespace("a")) // an event and no change
	write(t, dir+"/README.md", "no manifest")
	write(t, dir+"/b.yaml", namespace("b"))
	w.wait("a b")
	if calls != 2 {
		t.Errorf("got %d sets, want 2", calls)
	}
}

func TestNoPath(t *testing.T) {
	t.Parallel()
	if err := files.New(nil, files.Options{}).Run(t.Context(), func(source.Set) {}); err == nil {
		t.Error("got no error for a source of nothing")
	}
}
