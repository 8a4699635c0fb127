package engine

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gwctl/gwctl/tutorials/progress"
)

// Now tells a second terminal which step is under way.
type Now struct {
	Lesson string   `json:"lesson"`
	Title  string   `json:"title"`
	Step   StepInfo `json:"step"`
	// Notes are the speaker's, of the lesson before its first step and of the
	// step.
	Notes []string  `json:"notes"`
	Next  string    `json:"next,omitempty"` // the title of the step that follows
	Since time.Time `json:"since"`
}

const nowFile = "now.json"

// tellNow writes which step is under way.
func (s *Session) tellNow() error {
	st := &s.lesson.Steps[s.step]
	n := Now{Lesson: s.lesson.ID, Title: s.lesson.Title, Step: s.stepInfo(s.step), Since: time.Now()}
	if s.step == 0 {
		n.Notes = append(n.Notes, s.lesson.Notes...)
	}
	n.Notes = append(n.Notes, st.Notes...)
	if s.step+1 < len(s.lesson.Steps) {
		n.Next = s.lesson.Steps[s.step+1].Title
	}
	return s.opts.Store.Write(n, nowFile)
}

func (s *Session) forgetNow() error {
	path, err := s.opts.Store.Path(nowFile)
	if err != nil || path == "" {
		return err
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// ReadNow tells which step is under way; ok is false when no lesson runs.
func ReadNow(store *progress.Store) (n Now, ok bool) {
	path, err := store.Path(nowFile)
	if err != nil || path == "" {
		return n, false
	}
	raw, err := os.ReadFile(filepath.Clean(path))
	return n, err == nil && json.Unmarshal(raw, &n) == nil
}
