//go:build unix

package preflight

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Free asks the file system, of the first directory that is there.
func (*Here) Free(path string) (int64, error) {
	for {
		if _, err := os.Stat(path); err == nil || filepath.Dir(path) == path {
			break
		}
		path = filepath.Dir(path)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:gosec,unconvert // types differ between systems
}
