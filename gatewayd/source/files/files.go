package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/watch"
)

// maxRelist bounds how often the tree is listed anew because it grew meanwhile.
const maxRelist = 10

// Options change how a Source works; the zero value is fine.
type Options struct {
	// Extend makes what is sent out of what was read, as the local runtime does
	// to give Services the addresses of its stand-ins. It must leave the set
	// that it is given as it is: Clone it, Add, Sort. It runs in the goroutine
	// of Run, before send.
	Extend func(source.Set) source.Set
	// Poll is how often the tree is looked at for changes that caused no event;
	// 0 means every 2 s, less than 0 never.
	Poll time.Duration
	// After is time.After or a test's own clock, for settling and for Poll.
	After func(time.Duration) <-chan time.Time
	// NoEvents leaves finding changes to Poll alone.
	NoEvents bool
}

// Source reads and watches directories and files. Make it with New; Run may be
// called once.
type Source struct {
	paths   []string
	opts    Options
	reader  *reader
	watcher *watch.Watcher
	last    digest // of the last set
	sent    bool
}

var _ source.Source = (*Source)(nil)

// New returns a source of the given directories and files, together one
// configuration.
func New(paths []string, opts Options) *Source {
	look := func() string {
		sum := fingerprint(paths)
		return string(sum[:])
	}
	return &Source{paths: paths, opts: opts, reader: newReader(), watcher: watch.New(watch.Options{
		Look: look, Poll: opts.Poll, After: opts.After, NoEvents: opts.NoEvents,
	})}
}

// Read reads the given directories and files once. It returns an error when one
// of them is not there; faults in them are problems of the set.
func Read(paths ...string) (source.Set, error) {
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return source.Set{}, fmt.Errorf("reading manifests: %w", err)
		}
	}
	set, _ := newReader().read(list(paths), nil)
	return set, nil
}

// Run sends a set at once and after every settled change that made a
// difference, until ctx ends. It returns an error only when it is given no path.
func (s *Source) Run(ctx context.Context, send func(source.Set)) error {
	if len(s.paths) == 0 {
		return errors.New("reading manifests: no directory and no file was given")
	}
	return s.watcher.Run(ctx, func() { s.reload(send) })
}

// reload reads everything and sends it if it is not what was sent last.
func (s *Source) reload(send func(source.Set)) {
	changed := s.watcher.Changed()
	t := list(s.paths)
	for i := 0; i < maxRelist && s.watcher.Dirs(t.dirs); i++ { // files may have come before their directory was watched
		t = list(s.paths)
	}
	if blind, poll := s.watcher.Blind(); blind != "" {
		t.problems = append(t.problems, problem.Problem{
			Severity: problem.Warning, Object: s.paths[0], File: s.paths[0],
			Reason: fmt.Sprintf("cannot be watched (%s): a change is seen after up to %s", blind, poll),
		})
	}
	set, sum := s.reader.read(t, changed)
	if s.sent && sum == s.last {
		return
	}
	s.sent, s.last = true, sum
	if s.opts.Extend != nil {
		set = s.opts.Extend(set)
	}
	send(set)
}
