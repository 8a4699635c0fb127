package preflight

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/term"

	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/image"
)

// Reachable asks the registry of kind's node image.
func (h *Here) Reachable(ctx context.Context) error { return engine.Reachable(ctx, h.Image) }

// Writable makes a file and removes it.
func (*Here) Writable(dir string) error {
	for {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return errors.New(dir + " is not a directory")
		}
		if err == nil {
			break
		}
		up := filepath.Dir(dir)
		if !errors.Is(err, os.ErrNotExist) || up == dir {
			return err
		}
		dir = up
	}
	f, err := os.CreateTemp(dir, ".gwctl-doctor-")
	if err != nil {
		return err
	}
	_, err = f.WriteString("x")
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// Listen listens for a moment.
func (*Here) Listen(ctx context.Context, address string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return l.Close()
}

// Lookup resolves a name.
func (*Here) Lookup(ctx context.Context, name string) ([]string, error) {
	return net.DefaultResolver.LookupHost(ctx, name)
}

// someWatchers is how many inotify instances a node needs beside what runs.
const someWatchers = 24

// Watchers makes as many inotify instances as a node needs and closes them.
func (*Here) Watchers() error {
	for range someWatchers {
		w, err := fsnotify.NewWatcher()
		if err != nil {
			return err
		}
		defer w.Close() //nolint:errcheck // nothing was watched
	}
	return nil
}

// OnPath looks through PATH.
func (*Here) OnPath(name string) []string {
	var list []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			list = append(list, path)
		}
	}
	return list
}

// Self is this program's path, links followed.
func (*Here) Self() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(exe); err == nil {
		return real
	}
	return exe
}

// Images looks for the binaries for linux.
func (*Here) Images() error {
	s, err := image.Open()
	if err != nil {
		return err
	}
	if len(s.Arches()) == 0 {
		_, err := s.Images("amd64")
		return err
	}
	return nil
}

// Terminal tells of standard output.
func (*Here) Terminal() (is bool, columns, rows int) {
	fd := int(os.Stdout.Fd()) //nolint:gosec // a small number
	if !term.IsTerminal(fd) {
		return false, 0, 0
	}
	columns, rows, err := term.GetSize(fd)
	return err == nil, columns, rows
}

func trimmed(s string) string { return strings.TrimSpace(s) }
