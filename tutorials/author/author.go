// Package author helps those who write lessons: a new one to begin with, and the
// proof that a lesson's checks fail before its solves and hold after them.
package author

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/progress"
)

//go:embed new.md
var templates embed.FS

// New writes a lesson to begin with into a directory that is not there yet; its
// id is the directory's name.
func New(dir string) (path string, err error) {
	id := filepath.Base(filepath.Clean(dir))
	path = filepath.Join(dir, lesson.File)
	if _, err := os.Stat(dir); err == nil {
		return "", hint.New("LESSON_EXISTS", hint.Usage, dir+" is there already", "choose a directory that is not there yet")
	}
	raw, err := templates.ReadFile("new.md")
	if err != nil {
		return "", fmt.Errorf("writing the lesson: %w", err)
	}
	text := strings.ReplaceAll(string(raw), "ID", id)
	if _, err := lesson.Parse(text, lesson.Options{Name: dir}); err != nil {
		return "", hint.New("BAD_LESSON_NAME", hint.Usage, fmt.Sprintf("%q cannot be the id of a lesson", id), "use a-z, 0-9 and -, as in my-lesson").Because(err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", fmt.Errorf("writing the lesson: %w", err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("writing the lesson: %w", err)
	}
	return path, nil
}

// Result is what Test says of one lesson.
type Result struct {
	Lesson string       `json:"lesson"`
	Proof  engine.Proof `json:"proof"`
	Err    error        `json:"-"`
	Error  string       `json:"error,omitempty"`
}

// Test proves lessons, some side by side, each in the sandbox that its options
// name, and tells of each as it ends. Its error joins theirs.
func Test(ctx context.Context, list []engine.Options, parallel int, told func(Result)) error {
	t := &tests{left: slices.Clone(list), told: told}
	var all sync.WaitGroup
	for range max(1, min(parallel, len(list))) {
		all.Go(func() { t.work(ctx, func(o engine.Options) engine.Options { return o }) })
	}
	all.Wait()
	return errors.Join(t.errs...)
}

// test proves one lesson. Nothing of it stays.
func test(ctx context.Context, o engine.Options) (r Result) {
	r.Lesson = o.Lesson.ID
	defer func() {
		if r.Err != nil {
			r.Err = fmt.Errorf("lesson %s: %w", r.Lesson, r.Err)
			r.Error = r.Err.Error()
		}
	}()
	dir, err := os.MkdirTemp("", "gwctl-lesson-*")
	if err != nil {
		r.Err = err
		return r
	}
	defer os.RemoveAll(dir)
	o.Store, o.Fresh = progress.At(dir), true
	if o.Emit == nil {
		o.Emit = func(engine.Event) {}
	}
	s, err := engine.Open(ctx, o)
	if s != nil {
		defer func() { r.Err = errors.Join(r.Err, s.Close(ctx)) }()
	}
	if err != nil {
		r.Err = err
		return r
	}
	r.Proof, r.Err = s.Prove(ctx)
	return r
}

// SandboxName is the name of the sandbox that a lesson is tested in.
func SandboxName(id string, pid int) string {
	const long = 40
	name := fmt.Sprintf("test-%d-%s", pid, id)
	return strings.TrimRight(name[:min(len(name), long)], "-")
}
