package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/adrg/xdg"
	"github.com/gofrs/flock"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/private"
)

// DefaultName is the name of the sandbox when none is given.
const DefaultName = "default"

// maxName is the length of a DNS label.
const maxName = 63

func checkName(name string) error {
	bad := name == "" || len(name) > maxName || name[0] == '-' || name[len(name)-1] == '-'
	for _, r := range name {
		bad = bad || r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}
	if !bad {
		return nil
	}
	return hint.New("BAD_NAME", hint.Usage, fmt.Sprintf("%q cannot be the name of a sandbox", name),
		fmt.Sprintf("use up to %d of a-z, 0-9 and -, neither beginning nor ending with -, as in --name demo-2", maxName))
}

// stateDir is where sandboxes are kept.
func stateDir() (string, error) {
	if os.Getenv("HOME") == "" && os.Getenv("XDG_STATE_HOME") == "" && filepath.Separator == '/' {
		return "", hint.New("NO_STATE_DIR", hint.Preflight, "there is no place to keep a sandbox: neither HOME nor XDG_STATE_HOME is set",
			"set one of them to a directory that is yours, as in XDG_STATE_HOME=/tmp/my-state")
	}
	return filepath.Join(xdg.StateHome, "gwctl"), nil
}

func stateHint(dir string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return hint.New("DISK_FULL", hint.Resources, "there is no room for the sandbox in "+dir,
			"make room there, or choose another place: XDG_STATE_HOME=/path/to/a/directory gwctl …").Because(err)
	}
	return hint.New("STATE_NOT_WRITABLE", hint.Preflight, "the sandbox's directory "+dir+" cannot be used",
		"make it yours and writable, or choose another place: XDG_STATE_HOME=/path/to/a/directory gwctl …").Because(err)
}

// makePrivate makes the directory, or makes sure that it is the user's alone. It
// reports whether it was not there.
func makePrivate(dir string) (made bool, err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return false, stateHint(dir, err)
	}
	if err := os.Mkdir(dir, 0o700); err == nil {
		return true, nil
	} else if !errors.Is(err, fs.ErrExist) {
		return false, stateHint(dir, err)
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return false, stateHint(dir, err)
	case !info.IsDir():
		return false, stateHint(dir, errors.New("it is not a directory"))
	case !ownedByUser(info):
		return false, stateHint(dir, errors.New("it belongs to somebody else"))
	case info.Mode().Perm()&0o077 != 0:
		if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory
			return false, stateHint(dir, err)
		}
	}
	return false, nil
}

// record is what is remembered of a sandbox beside its gateway.
type record struct {
	Name    string    `json:"name"`
	Runtime string    `json:"runtime"`
	Created time.Time `json:"created"`
	// Manifests is the user's own directory or file, "" for the demo.
	Manifests string `json:"manifests,omitempty"`
	// Port is the one that it had last.
	Port int `json:"port,omitempty"`
}

// absent reports whether the error says that a file is not there.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

const recordFile = "sandbox.json"

// load reads what is remembered; ok is false where nothing is.
func load(dir string) (r record, ok bool, err error) {
	path := filepath.Join(dir, recordFile)
	raw, err := os.ReadFile(path)
	switch {
	case absent(err):
		return r, false, nil
	case err != nil:
		return r, false, stateHint(dir, err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return record{}, false, hint.New("BAD_STATE", hint.Broken, "what is remembered of the sandbox cannot be read",
			"gwctl down removes it; gwctl up makes a new one").Because(fmt.Errorf("reading %s: %w", path, err))
	}
	return r, true, nil
}

func (r record) save(dir string) error {
	path := filepath.Join(dir, recordFile)
	if old, ok, err := load(dir); ok && err == nil && old == r {
		return nil
	}
	if err := private.Write(path, r); err != nil { // one at a time: the lock is held
		return stateHint(dir, err)
	}
	return nil
}

// lockRetry is how often a lock that another holds is tried.
const lockRetry = 20 * time.Millisecond

// lock waits until nobody else changes the sandbox. waiting is called once when
// somebody does.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	for {
		l := flock.New(path, flock.SetPermissions(0o600))
		ok, err := l.TryLock()
		if err == nil && !ok {
			waiting()
			waiting = func() {}
			ok, err = l.TryLockContext(ctx, lockRetry)
		}
		if !ok {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, stateHint(path, err)
		}
		mine, err := l.Stat()
		if there, err2 := os.Stat(path); err == nil && err2 == nil && os.SameFile(mine, there) {
			return func() { _ = l.Unlock() }, nil
		}
		_ = l.Unlock() // it was removed meanwhile: what we hold locks nothing
	}
}

// Names lists the sandboxes of this user.
func Names() ([]string, error) {
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, stateHint(dir, err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && checkName(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
