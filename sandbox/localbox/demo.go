package localbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/manifests"
)

// removed follows the name of a file that the copy no longer has.
const removed = " (removed)"

// Demo is the directory that holds the editable copy of the demo manifests.
func (b *Box) Demo() string { return b.path(manifestsName) }

// Edited lists the files of the copy that are not as they came: changed, added
// or removed.
func (b *Box) Edited() ([]string, error) {
	var edited []string
	theirs, err := demoFiles()
	if err != nil {
		return nil, err
	}
	have, err := b.copied()
	if err != nil {
		return nil, err
	}
	for _, name := range have {
		want, ok := theirs[name]
		got, err := os.ReadFile(filepath.Join(b.Demo(), name))
		if err != nil || !ok || string(got) != string(want) {
			edited = append(edited, name)
		}
		delete(theirs, name)
	}
	for name := range theirs {
		edited = append(edited, name+removed)
	}
	slices.Sort(edited)
	return edited, nil
}

// copyDemo makes the copy where there is none, whole or not at all.
func (b *Box) copyDemo() error {
	theirs, err := demoFiles()
	if err != nil {
		return err
	}
	tmp := b.Demo() + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return fmt.Errorf("copying the demo manifests: %w", err)
	}
	for name, data := range theirs {
		path := filepath.Join(tmp, name)
		if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
			return fmt.Errorf("copying the demo manifests: %w", err)
		}
		if err := os.WriteFile(path, data, fileMode); err != nil {
			return fmt.Errorf("copying the demo manifests: %w", err)
		}
	}
	if err := os.Rename(tmp, b.Demo()); err != nil {
		return fmt.Errorf("copying the demo manifests: %w", err)
	}
	return nil
}

// RestoreDemo makes the copy as it came, and tells which files it changed or
// removed.
func (b *Box) RestoreDemo() ([]string, error) {
	edited, err := b.Edited()
	if err != nil {
		return nil, err
	}
	theirs, err := demoFiles()
	if err != nil {
		return nil, err
	}
	for _, name := range edited {
		if _, ok := theirs[name]; ok || strings.HasSuffix(name, removed) {
			continue
		}
		if err := os.Remove(filepath.Join(b.Demo(), name)); err != nil {
			return nil, fmt.Errorf("removing what the demo has not: %w", err)
		}
	}
	for name, data := range theirs {
		path := filepath.Join(b.Demo(), name)
		err := os.MkdirAll(filepath.Dir(path), dirMode)
		if err == nil {
			err = writeFile(path, data)
		}
		if err != nil {
			return nil, fmt.Errorf("writing the demo manifests: %w", err)
		}
	}
	return edited, nil
}

func demoFiles() (map[string][]byte, error) {
	demo := manifests.Demo()
	out := map[string][]byte{}
	err := fs.WalkDir(demo, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		out[filepath.FromSlash(path)], err = fs.ReadFile(demo, path)
		return err
	})
	return out, err
}

// copied lists the files of the copy, without those that editors leave behind.
func (b *Box) copied() ([]string, error) {
	var out []string
	err := filepath.WalkDir(b.Demo(), func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || e.IsDir():
			return err
		case strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), "~"):
			return nil
		}
		name, err := filepath.Rel(b.Demo(), path)
		out = append(out, name)
		return err
	})
	return out, err
}
