package progress_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gwctl/gwctl/tutorials/progress"
)

func TestStore(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	s := progress.At(dir)
	fresh, err := s.Load("a")
	if err != nil || fresh.Lesson != "a" || fresh.Step != "" {
		t.Fatalf("got %+v, %v; want a fresh record", fresh, err)
	}
	if all, err := s.All(); err != nil || len(all) != 0 {
		t.Errorf("got %v, %v; want none", all, err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("looking has made a directory")
	}
	a := progress.Record{Lesson: "a", Step: "two", Item: 3, Done: []string{"one"}, Guesses: map[string]bool{"one/q": true, "one/r": false}, Docs: "kind: X\n", Asked: map[string]string{"q": "4", "r": ""}, Hinted: []int{0, 2}}
	for _, r := range []progress.Record{a, {Lesson: "b"}} {
		if err := s.Save(r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Load("a")
	if diff := cmp.Diff(a, got, cmpopts.IgnoreFields(progress.Record{}, "Updated")); err != nil || diff != "" {
		t.Errorf("%v; record differs (-want +got):\n%s", err, diff)
	}
	if right, of := got.Score(); right != 1 || of != 2 {
		t.Errorf("got %d of %d right, want 1 of 2", right, of)
	}
	if all, err := s.All(); err != nil || len(all) != 2 || all[0].Lesson != "b" {
		t.Errorf("got %v, %v; want b before a", all, err)
	}
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := e.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v; want it private", path, info.Mode(), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if was, err := s.Delete("a"); err != nil || was != want {
			t.Errorf("got %t, %v; want %t", was, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "lessons", "b.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Load("b"); err != nil || r.Step != "" { // it costs the progress of one lesson, no more
		t.Errorf("got %+v, %v; want a fresh record", r, err)
	}
}

// TestNothing: the zero Store keeps nothing and fails nowhere.
func TestNothing(t *testing.T) {
	t.Parallel()
	s := &progress.Store{}
	if err := s.Save(progress.Record{Lesson: "a", Step: "x"}); err != nil {
		t.Error(err)
	}
	if r, err := s.Load("a"); err != nil || r.Step != "" {
		t.Errorf("got %+v, %v; want a fresh record", r, err)
	}
}
