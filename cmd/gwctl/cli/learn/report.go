package learn

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/report"
)

// reported gives what keeps the events of a lesson, and what writes their report
// to a file in the end. A file that cannot be written is told at once; one that
// is there stays until the new one is whole.
func (a App) reported(path string) (keep func(engine.Event), write func() error, err error) {
	if path == "" {
		return func(engine.Event) {}, func() error { return nil }, nil
	}
	fail := func(err error) error {
		return hint.New("NO_REPORT", hint.Preflight, "the report cannot be written", "name a file in a directory of yours").Because(err)
	}
	if i, err := os.Stat(path); err == nil && i.IsDir() {
		return nil, nil, fail(errors.New(path + " is a directory"))
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".report-*.tmp")
	if err != nil {
		return nil, nil, fail(err)
	}
	var c report.Collector
	return c.Add, func() error {
		err := errors.Join(c.Write(f), f.Chmod(0o644), f.Close()) //nolint:gosec // it is meant to be shown
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err == nil {
			return nil
		}
		_ = os.Remove(f.Name())
		if errors.Is(err, report.ErrNothing) {
			return nil // what kept the lesson from beginning has been told
		}
		return fail(err)
	}, nil
}
