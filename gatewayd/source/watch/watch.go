// Package watch tells when files may have changed: by the system's events, and
// by looking now and then, where events are missed or there are none.
//
// Directories are watched, not files: editors put a new file in the place of the
// old one, and a mounted ConfigMap swaps a link.
package watch

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/gwctl/gwctl/gatewayd/source"
)

// DefaultPoll is how often a Watcher looks when it was not told.
const DefaultPoll = 2 * time.Second

// Options change how a Watcher works; the zero value is fine but for Look.
type Options struct {
	// Look tells one state of what is watched from another.
	Look func() string
	// Poll is how often it looks; 0 means DefaultPoll, less than 0 never. A look
	// that takes long is taken less often, so that it never costs more than some
	// 2 % of a core.
	Poll time.Duration
	// After is time.After or a test's own clock, for settling and for Poll.
	After func(time.Duration) <-chan time.Time
	// NoEvents leaves finding changes to Poll alone.
	NoEvents bool
}

// Watcher watches directories. Make it with New; Run may be called once.
type Watcher struct {
	opts    Options
	watcher *fsnotify.Watcher // nil without events
	blind   string
	wake    chan struct{}

	mu      sync.Mutex
	changed map[string]bool
}

// New returns a watcher that watches nothing yet.
func New(o Options) *Watcher {
	if o.Poll == 0 {
		o.Poll = DefaultPoll
	}
	if o.After == nil {
		o.After = time.After
	}
	return &Watcher{opts: o, wake: make(chan struct{}, 1), changed: map[string]bool{}}
}

// Run calls reload at once and after every settled burst of changes, never twice
// at a time, until ctx ends. reload calls Dirs with what to watch from then on.
func (w *Watcher) Run(ctx context.Context, reload func()) error {
	ctx, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	w.startEvents(ctx, &parts)
	if w.opts.Poll > 0 {
		seen := w.opts.Look()
		parts.Go(func() { w.poll(ctx, seen) })
	}
	reload()
	return source.Settle(ctx, w.wake, w.opts.After, func() error {
		reload()
		return nil
	})
}

// Dirs watches those of the directories that are not watched yet; those that are
// gone the system has dropped itself. It reports whether there was a new one.
// Call it from reload.
func (w *Watcher) Dirs(dirs []string) (added bool) {
	if w.watcher == nil {
		return false
	}
	w.blind = ""
	watched := w.watcher.WatchList()
	slices.Sort(watched)
	for _, dir := range dirs {
		if _, ok := slices.BinarySearch(watched, dir); ok {
			continue
		}
		switch err := w.watcher.Add(dir); {
		case err == nil:
			added = true
		case !errors.Is(err, fs.ErrNotExist):
			w.blind = err.Error()
		}
	}
	return added
}

// Blind says why there are no events, "" if there are, and how often the watcher
// looks instead. Call it from reload.
func (w *Watcher) Blind() (why string, poll time.Duration) { return w.blind, w.opts.Poll }

// Changed names the files that events named since the last call.
func (w *Watcher) Changed() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := w.changed
	w.changed = map[string]bool{}
	return changed
}

func (w *Watcher) startEvents(ctx context.Context, parts *sync.WaitGroup) {
	if w.opts.NoEvents {
		return
	}
	fw, err := fsnotify.NewWatcher()
	if err != nil {
		w.blind = err.Error()
		return
	}
	w.watcher = fw
	parts.Go(func() {
		defer fw.Close() //nolint:errcheck // nothing to lose
		for {
			select {
			case <-ctx.Done():
				return
			case e, ok := <-fw.Events:
				if !ok {
					return
				}
				w.mu.Lock()
				w.changed[e.Name] = true
				w.mu.Unlock()
			case _, ok := <-fw.Errors: // events may have been lost
				if !ok {
					return
				}
			}
			w.signal()
		}
	})
}

func (w *Watcher) poll(ctx context.Context, seen string) {
	wait := w.opts.Poll
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.opts.After(wait):
		}
		begin := time.Now()
		now := w.opts.Look()
		wait = max(w.opts.Poll, 50*time.Since(begin))
		if now != seen {
			seen = now
			w.signal()
		}
	}
}

func (w *Watcher) signal() {
	select {
	case w.wake <- struct{}{}:
	default: // one is waiting already
	}
}
