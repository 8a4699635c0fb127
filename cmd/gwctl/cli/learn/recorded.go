package learn

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/record"
)

// recorded gives where to write, and what records it: a full screen as it is,
// lines with what a terminal makes of their ends. done ends the recording. A file
// that cannot be written is told at once; one that is there stays until the new
// one is whole, and when the lesson did not begin.
func (a App) recorded(path, title string, full bool) (out io.Writer, rec *record.Writer, done func(began bool) error, err error) {
	if path == "" {
		return a.Out, nil, func(bool) error { return nil }, nil
	}
	fail := func(err error) error {
		return hint.New("NO_RECORD", hint.Preflight, "the recording cannot be written", "name a file in a directory of yours").Because(err)
	}
	f, whole, err := recording(path)
	if err != nil {
		return nil, nil, nil, fail(err)
	}
	width, height := a.castSize(full)
	w, err := record.New(f, record.Options{Width: width, Height: height, Title: title, Lines: !full})
	if err != nil {
		return nil, nil, nil, errors.Join(err, f.Close(), whole(false))
	}
	return io.MultiWriter(a.Out, w), w, func(began bool) error {
		if err := errors.Join(w.Err(), f.Close()); err != nil {
			return errors.Join(err, whole(false))
		}
		if err := whole(began); err != nil {
			return fail(err)
		}
		return nil
	}, nil
}

// recording opens a file beside the one that is meant; whole puts it there, or
// drops it. What is no ordinary file, as a pipe or a link, is written to directly.
func recording(path string) (f *os.File, whole func(keep bool) error, err error) {
	if i, err := os.Lstat(path); err == nil && !i.Mode().IsRegular() {
		f, err := os.Create(path)
		return f, func(bool) error { return nil }, err
	}
	f, err = os.CreateTemp(filepath.Dir(path), ".record-*.tmp")
	if err != nil {
		return nil, nil, err
	}
	return f, func(keep bool) error {
		if !keep {
			return os.Remove(f.Name())
		}
		err := os.Chmod(f.Name(), 0o644) //nolint:gosec // it is meant to be shown
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
		return err
	}, nil
}
