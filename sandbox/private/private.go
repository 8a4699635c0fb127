// Package private keeps what a sandbox remembers: JSON files that only their
// owner can read, written whole or not at all.
package private

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Read reads a file into v; ok is false when it is not there. What cannot be
// parsed gives an error that is a *SyntaxError.
func Read(path string, v any) (ok bool, err error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return true, &SyntaxError{Path: path, err: err}
	}
	return true, nil
}

// SyntaxError says that a file is there and cannot be parsed.
type SyntaxError struct {
	Path string
	err  error
}

// Error names the file.
func (e *SyntaxError) Error() string { return fmt.Sprintf("reading %s: %v", e.Path, e.err) }

// Unwrap gives the cause.
func (e *SyntaxError) Unwrap() error { return e.err }

// Write writes v into a file.
func Write(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	next := path + ".new"
	if err := os.WriteFile(next, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// Remove removes a file that may not be there.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
