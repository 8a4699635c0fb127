package files

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/problem"
)

// tree is what stands below the paths that were given.
type tree struct {
	files    []string // to be read, sorted, each once
	dirs     []string // to be watched
	lost     []string // could not be listed, or are not there
	problems []problem.Problem
}

// list walks the paths.
func list(paths []string) tree {
	var t tree
	for _, path := range paths {
		path = filepath.Clean(path)
		info, err := os.Stat(path)
		switch {
		case err != nil:
			t.miss(path, err)
			t.dirs = append(t.dirs, filepath.Dir(path))
		case info.IsDir():
			t.walk(path)
		default:
			t.files = append(t.files, path)
			t.dirs = append(t.dirs, filepath.Dir(path))
		}
	}
	slices.Sort(t.files)
	t.files = slices.Compact(t.files)
	slices.Sort(t.dirs)
	t.dirs = slices.Compact(t.dirs)
	return t
}

func (t *tree) miss(path string, err error) {
	t.lost = append(t.lost, path)
	t.problems = append(t.problems, problem.Problem{
		Severity: problem.Error, Object: path, File: path,
		Reason: "cannot be read: " + plain(err) + "; what it held before is still served",
	})
}

func (t *tree) walk(dir string) {
	t.dirs = append(t.dirs, dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.miss(dir, err)
		return
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), "~"):
		case e.IsDir():
			t.walk(path)
		case manifest(e.Name()) && (e.Type().IsRegular() || linksToFile(path, e)):
			t.files = append(t.files, path)
		}
	}
}

func manifest(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

func linksToFile(path string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// fingerprint tells trees apart by names, sizes and times, without reading.
func fingerprint(paths []string) digest {
	t := list(paths)
	h := sha256.New()
	var num [16]byte
	for _, path := range t.files {
		_, _ = io.WriteString(h, path+"\x00")
		if info, err := os.Stat(path); err == nil {
			binary.LittleEndian.PutUint64(num[:8], uint64(info.Size()))               //nolint:gosec // a size is not negative
			binary.LittleEndian.PutUint64(num[8:], uint64(info.ModTime().UnixNano())) //nolint:gosec // any bits will do
			_, _ = h.Write(num[:])
		}
	}
	for _, path := range t.lost {
		_, _ = io.WriteString(h, path+"\x01")
	}
	return digest(h.Sum(nil))
}
