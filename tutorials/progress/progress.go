// Package progress remembers how far learners have come: one private file a
// lesson under $XDG_STATE_HOME/gwctl-tutorial, written whole or not at all.
package progress

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adrg/xdg"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// Record is how far one lesson has come.
type Record struct {
	// Lesson is its id, Source the directory of one that is not built in.
	Lesson string `json:"lesson"`
	Source string `json:"source,omitempty"`
	// Step is the id of the step that comes next or is under way, Item how many
	// items of it are done.
	Step string `json:"step,omitempty"`
	Item int    `json:"item,omitempty"`
	// Asked are the predictions of that step whose answer has not been told, by
	// id, "" for one that was skipped; Hinted the numbers of its hints that were
	// shown.
	Asked  map[string]string `json:"asked,omitempty"`
	Hinted []int             `json:"hinted,omitempty"`
	// Done are the ids of the steps that have been finished.
	Done []string `json:"done,omitempty"`
	// Guesses are the predictions by step and id; true is a right one.
	Guesses map[string]bool `json:"guesses,omitempty"`
	// Hints counts those that were shown, Solved the steps that were solved by
	// the lesson.
	Hints  int      `json:"hints,omitempty"`
	Solved []string `json:"solved,omitempty"`
	// Finished is when the last step was first finished, zero until then. A lesson
	// that has been finished and has a Step is gone through once more.
	Finished time.Time `json:"finished,omitzero"`
	Updated  time.Time `json:"updated,omitzero"`
	// Docs are the manifests of the sandbox when the lesson was left.
	Docs string `json:"docs,omitempty"`
}

// Score counts the right predictions and all of them.
func (r Record) Score() (right, of int) {
	for _, ok := range r.Guesses {
		of++
		if ok {
			right++
		}
	}
	return right, of
}

// Store keeps records. The zero Store keeps nothing.
type Store struct{ dir string }

// Open finds the store; it makes no file.
func Open() (*Store, error) {
	if os.Getenv("HOME") == "" && os.Getenv("XDG_STATE_HOME") == "" && filepath.Separator == '/' {
		return nil, hint.New("NO_STATE_DIR", hint.Preflight, "there is no place to keep your progress: neither HOME nor XDG_STATE_HOME is set",
			"set one of them to a directory that is yours, as in XDG_STATE_HOME=/tmp/my-state")
	}
	return &Store{filepath.Join(xdg.StateHome, "gwctl-tutorial")}, nil
}

// At makes a store in a directory.
func At(dir string) *Store { return &Store{dir} }

// Path gives the path of a file of the store and makes its directory, "" for the
// zero Store.
func (s *Store) Path(name ...string) (string, error) {
	if s.dir == "" {
		return "", nil
	}
	path := filepath.Join(append([]string{s.dir}, name...)...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", hint.New("STATE_NOT_WRITABLE", hint.Preflight, "your progress cannot be kept in "+s.dir,
			"make the directory yours and writable, or choose another place: XDG_STATE_HOME=/path/to/a/directory gwctl …").Because(err)
	}
	return path, nil
}

func file(lesson string) []string { return []string{"lessons", lesson + ".json"} }

// Load gives the record of a lesson; one that is not there or cannot be read is
// a fresh one.
func (s *Store) Load(lesson string) (Record, error) {
	fresh := Record{Lesson: lesson}
	if s.dir == "" {
		return fresh, nil
	}
	raw, err := os.ReadFile(filepath.Join(append([]string{s.dir}, file(lesson)...)...))
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return fresh, fmt.Errorf("reading your progress: %w", err)
	}
	var r Record
	if json.Unmarshal(raw, &r) != nil || r.Lesson != lesson {
		return fresh, nil
	}
	return r, nil
}

// Save keeps a record.
func (s *Store) Save(r Record) error {
	r.Updated = time.Now().UTC()
	return s.Write(r, file(r.Lesson)...)
}

// Write keeps any value as JSON under a name of the store.
func (s *Store) Write(v any, name ...string) error {
	path, err := s.Path(name...)
	if err != nil || path == "" {
		return err
	}
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("keeping your progress: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".*.tmp") // 0600
	if err != nil {
		return fmt.Errorf("keeping your progress: %w", err)
	}
	_, err = tmp.Write(append(raw, '\n'))
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("keeping your progress: %w", err)
	}
	return nil
}

// Delete forgets a lesson, and reports whether there was something to forget.
func (s *Store) Delete(lesson string) (bool, error) {
	err := os.Remove(filepath.Join(append([]string{s.dir}, file(lesson)...)...))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Clear removes what Write has kept under names that match; the last may have *
// in it.
func (s *Store) Clear(name ...string) error {
	if s.dir == "" {
		return nil
	}
	list, err := filepath.Glob(filepath.Join(append([]string{s.dir}, name...)...))
	for _, path := range list {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		return fmt.Errorf("forgetting steps: %w", err)
	}
	return nil
}

// All lists the records, those touched last first.
func (s *Store) All() ([]Record, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "lessons"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading your progress: %w", err)
	}
	var out []Record
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || strings.HasPrefix(id, ".") {
			continue
		}
		r, err := s.Load(id)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Record) int { return b.Updated.Compare(a.Updated) })
	return out, nil
}
