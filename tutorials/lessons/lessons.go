// Package lessons holds the lessons that gwctl brings along: a directory each,
// NN-name, found by walking the tree. Adding one touches its directory only.
package lessons

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/gwctl/gwctl/tutorials/lesson"
)

//go:embed [0-9]*/*.md [0-9]*/manifests
var files embed.FS

// Dirs lists the directories of the lessons, in order.
func Dirs() ([]string, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("listing the lessons: %w", err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out, nil
}

// Load reads the lesson in a directory of Dirs.
func Load(dir string, o lesson.Options) (*lesson.Lesson, error) {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		return nil, fmt.Errorf("reading the lesson %s: %w", dir, err)
	}
	o.Name = dir
	return lesson.Load(sub, o)
}

// All reads every lesson, in order.
func All(o lesson.Options) ([]*lesson.Lesson, error) {
	dirs, err := Dirs()
	if err != nil {
		return nil, err
	}
	var out []*lesson.Lesson
	for _, dir := range dirs {
		l, err := Load(dir, o)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// Find reads the lesson of an id; ok is false when there is none.
func Find(id string, o lesson.Options) (l *lesson.Lesson, ok bool, err error) {
	params := o.Params
	o.Params = nil // other lessons have other params
	dirs, err := Dirs()
	if err != nil {
		return nil, false, err
	}
	for _, dir := range dirs {
		l, err := Load(dir, o)
		if err != nil {
			return nil, false, err
		}
		if l.ID == id {
			o.Params = params
			l, err = Load(dir, o)
			return l, err == nil, err
		}
	}
	return nil, false, nil
}
