package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
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
	watcher *fsnotify.Watcher // nil without events
	blind   string            // why there are no events, "" if there are
	last    digest            // of the last set
	sent    bool

	mu      sync.Mutex
	changed map[string]bool // files that there were events of
}

var _ source.Source = (*Source)(nil)

// New returns a source of the given directories and files, together one
// configuration.
func New(paths []string, opts Options) *Source {
	if opts.Poll == 0 {
		opts.Poll = 2 * time.Second
	}
	if opts.After == nil {
		opts.After = time.After
	}
	return &Source{paths: paths, opts: opts, reader: newReader(), changed: map[string]bool{}}
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
	ctx, cancel := context.WithCancel(ctx)
	events := make(chan struct{}, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	s.startEvents(ctx, &wg, events)
	if s.opts.Poll > 0 {
		seen := fingerprint(s.paths)
		wg.Go(func() { s.poll(ctx, seen, events) })
	}
	s.reload(send)
	return source.Settle(ctx, events, s.opts.After, func() error {
		s.reload(send)
		return nil
	})
}

// reload reads everything and sends it if it is not what was sent last.
func (s *Source) reload(send func(source.Set)) {
	s.mu.Lock()
	changed := s.changed
	s.changed = map[string]bool{}
	s.mu.Unlock()
	t := list(s.paths)
	for i := 0; i < maxRelist && s.watch(t.dirs); i++ { // files may have come before their directory was watched
		t = list(s.paths)
	}
	if s.blind != "" {
		t.problems = append(t.problems, problem.Problem{
			Severity: problem.Warning, Object: s.paths[0], File: s.paths[0],
			Reason: fmt.Sprintf("cannot be watched (%s): a change is seen after up to %s", s.blind, s.opts.Poll),
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

// startEvents forwards file events until ctx ends.
func (s *Source) startEvents(ctx context.Context, wg *sync.WaitGroup, events chan<- struct{}) {
	if s.opts.NoEvents {
		return
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		s.blind = err.Error()
		return
	}
	s.watcher = w
	wg.Go(func() {
		defer w.Close() //nolint:errcheck // nothing to lose
		for {
			select {
			case <-ctx.Done():
				return
			case e, ok := <-w.Events:
				if !ok {
					return
				}
				s.mu.Lock()
				s.changed[e.Name] = true
				s.mu.Unlock()
			case _, ok := <-w.Errors: // events may have been lost
				if !ok {
					return
				}
			}
			signal(events)
		}
	})
}

// watch watches the directories that are not watched yet; those that are gone
// the watcher has dropped itself. It reports whether there was a new one.
func (s *Source) watch(dirs []string) (added bool) {
	if s.watcher == nil {
		return false
	}
	s.blind = ""
	watched := s.watcher.WatchList()
	slices.Sort(watched)
	for _, dir := range dirs {
		if _, ok := slices.BinarySearch(watched, dir); ok {
			continue
		}
		switch err := s.watcher.Add(dir); {
		case err == nil:
			added = true
		case !errors.Is(err, os.ErrNotExist):
			s.blind = err.Error()
		}
	}
	return added
}

// poll looks at the tree from time to time. A tree that takes long to look at is
// looked at less often, so that this never costs more than some 2 % of a core.
func (s *Source) poll(ctx context.Context, seen digest, events chan<- struct{}) {
	wait := s.opts.Poll
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.opts.After(wait):
		}
		begin := time.Now()
		now := fingerprint(s.paths)
		wait = max(s.opts.Poll, 50*time.Since(begin))
		if now != seen {
			seen = now
			signal(events)
		}
	}
}

func signal(events chan<- struct{}) {
	select {
	case events <- struct{}{}:
	default: // one is waiting already
	}
}
