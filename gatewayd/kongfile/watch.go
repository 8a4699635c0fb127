package kongfile

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source/watch"
)

// FileOptions change how a File works; the zero value is fine.
type FileOptions struct {
	Options
	// Poll is how often the file is looked at for changes that caused no event;
	// 0 means every 2 s, less than 0 never.
	Poll time.Duration
	// After is time.After or a test's own clock, for settling and for Poll.
	After func(time.Duration) <-chan time.Time
	// NoEvents leaves finding changes to Poll alone.
	NoEvents bool
}

// File reads and watches one kong.yml. Make it with New; Run may be called once.
type File struct {
	path string
	opts FileOptions

	good    *entity.Config // the last one without faults
	read    [sha256.Size]byte
	why     string // why the file could not be read, "" if it could
	sent    bool
	watcher *watch.Watcher
}

// New returns a provider of the configuration in a kong.yml.
func New(path string, opts FileOptions) *File {
	f := &File{path: path, opts: opts}
	f.watcher = watch.New(watch.Options{Look: f.stat, Poll: opts.Poll, After: opts.After, NoEvents: opts.NoEvents})
	return f
}

// Run sends the configuration at once and after every settled change of the
// file's text, until ctx ends; it then returns nil, and never anything else. send
// is called by one goroutine at a time.
//
// While the file is faulty or gone, the last good configuration is sent, with the
// faults and a word on what is served among its problems; before there was a good
// one, an empty configuration is. Its Objects name the file, with the SHA-256 of
// the text that is served.
func (f *File) Run(ctx context.Context, send func(*entity.Config)) error {
	return f.watcher.Run(ctx, func() { f.reload(send) })
}

// reload reads the file and sends what it says, unless it says what it said.
func (f *File) reload(send func(*entity.Config)) {
	f.watcher.Dirs(f.dirs())
	data, err := os.ReadFile(f.path)
	why := ""
	if err != nil {
		why = reason(err)
	}
	sum := sha256.Sum256(data)
	if f.sent && sum == f.read && why == f.why {
		return
	}
	f.sent, f.read, f.why = true, sum, why
	var faults []problem.Problem
	if err != nil {
		faults = []problem.Problem{{Severity: problem.Error, Object: f.path, File: f.path, Reason: why}}
	} else {
		var cfg *entity.Config
		if cfg, faults = Parse(data, f.path, f.opts.Options); cfg != nil {
			cfg.Objects = []entity.Object{versionOf(f.path, data)}
			f.good = cfg
		}
	}
	send(f.config(faults))
}

// reason says why a file cannot be read, without its path.
func reason(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "is not there"
	}
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	}
	return "cannot be read: " + err.Error()
}

// config is what is served while the file has these faults.
func (f *File) config(faults []problem.Problem) *entity.Config {
	var out entity.Config
	if f.good != nil {
		out = *f.good
	}
	out.Problems = slices.Clone(out.Problems)
	if blind, poll := f.watcher.Blind(); blind != "" {
		out.Problems = append(out.Problems, problem.Problem{
			Severity: problem.Warning, Object: f.path, File: f.path,
			Reason: fmt.Sprintf("cannot be watched (%s): a change is seen after up to %s", blind, poll),
		})
	}
	if len(faults) > 0 {
		served := "nothing is served"
		if f.good != nil {
			served = "its last good version is still served"
		}
		out.Problems = append(out.Problems, problem.Problem{
			Severity: problem.Error, Object: f.path, File: f.path,
			Reason: fmt.Sprintf("is refused for %s; %s", plural(len(faults)), served),
		})
		out.Problems = append(out.Problems, faults...)
	}
	out.Problems = problem.Sort(out.Problems)
	return &out
}

func plural(n int) string {
	if n == 1 {
		return "a fault"
	}
	return fmt.Sprintf("%d faults", n)
}

// dirs are the directory of the file and that of what it links to.
func (f *File) dirs() []string {
	dirs := []string{filepath.Dir(f.path)}
	if real, err := filepath.EvalSymlinks(f.path); err == nil {
		dirs = append(dirs, filepath.Dir(real))
	}
	return dirs
}

// stat tells one state of the file from another.
func (f *File) stat() string {
	info, err := os.Stat(f.path)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano(), info.Mode())
}
