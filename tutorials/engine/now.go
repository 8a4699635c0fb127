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
	// Sandbox and PID say whose it is.
	Sandbox string `json:"sandbox"`
	PID     int    `json:"pid"`
}

const nowFile = "now.json"

// tellNow writes which step is under way.
func (s *Session) tellNow() error {
	st := &s.lesson.Steps[s.step]
	n := Now{Lesson: s.lesson.ID, Title: s.lesson.Title, Step: s.stepInfo(s.step), Since: time.Now(), Sandbox: s.host.Name(), PID: s.opts.PID}
	if s.step == 0 {
		n.Notes = append(n.Notes, s.lesson.Notes...)
	}
	n.Notes = append(n.Notes, st.Notes...)
	if s.step+1 < len(s.lesson.Steps) {
		n.Next = s.lesson.Steps[s.step+1].Title
	}
	return s.opts.Store.Write(n, nowFile)
}

// forgetNow forgets what a session tells, unless another one tells by now.
func forgetNow(store *progress.Store, sandbox string, pid int) error {
	if n, ok := ReadNow(store); !ok || n.Sandbox != sandbox || n.PID != pid {
		return nil
	}
	path, err := store.Path(nowFile)
	if err != nil {
		return err
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s *Session) forgetNow() error { return forgetNow(s.opts.Store, s.host.Name(), s.opts.PID) }

// ReadNow tells which step is under way; ok is false when no lesson runs.
func ReadNow(store *progress.Store) (n Now, ok bool) {
	path, err := store.Path(nowFile)
	if err != nil || path == "" {
		return n, false
	}
	raw, err := os.ReadFile(filepath.Clean(path))
	return n, err == nil && json.Unmarshal(raw, &n) == nil
}
