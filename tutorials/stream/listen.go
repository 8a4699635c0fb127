package stream

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/sandbox"
)

const (
	// listenTimeout bounds the wait until a gateway tells of its requests.
	listenTimeout = 5 * time.Second
	// soonest and latest bound the pause before gateways are looked for anew, of
	// which one is heard no more.
	soonest, latest = 100 * time.Millisecond, 2 * time.Second
	// silentTries is how often they are looked for before the learner is told.
	silentTries = 5
)

// ear is what is heard of one instance.
type ear struct {
	started time.Time
	// before is how many requests it had served when it began to be heard, told of
	// how many it has told since.
	before, told int64
	silent       bool // its stream has broken
}

// Gateways are those that are heard, as they were found last.
func (s *Stream) Gateways() []sandbox.Gateway {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// keep listens on: to gateways that come, and anew to those whose stream broke.
func (s *Stream) keep(ctx context.Context) {
	every := s.opts.Every
	pause, tries := every, 0
	for s.rest(ctx, pause) {
		_, err := s.Renew(ctx, s.opts.Look)
		if err == nil && !s.silence() {
			if tries >= silentTries {
				s.opts.Said("the gateways are heard again")
			}
			pause, tries = every, 0
			continue
		}
		pause = min(max(2*pause, soonest), latest)
		if tries++; tries == silentTries && ctx.Err() == nil {
			s.opts.Said("a gateway is not heard any more, so its requests are drawn without what it decided" + because(err) + "; it is looked for again and again")
		}
	}
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return " (" + err.Error() + ")"
}

// rest pauses, for ever when that is 0, until shortly after a stream has broken. It
// is false at the end.
func (s *Stream) rest(ctx context.Context, pause time.Duration) bool {
	var over <-chan time.Time
	if pause > 0 {
		over = time.After(pause)
	}
	select {
	case <-over:
		return true
	case <-s.broke:
		return clock.System{}.Wait(ctx, soonest) == nil
	case <-ctx.Done():
		return false
	}
}

// Renew looks for the gateways and takes them in, one look after the other: an
// older one never comes later. It waits for its turn until ctx ends.
func (s *Stream) Renew(ctx context.Context, look func(context.Context) ([]sandbox.Gateway, error)) ([]sandbox.Gateway, error) {
	select {
	case s.joining <- struct{}{}:
		defer func() { <-s.joining }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	list, err := look(ctx)
	if err != nil {
		return nil, err
	}
	return list, s.join(ctx, list)
}

// silence says that a gateway is not heard.
func (s *Stream) silence() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.list {
		if e := s.ears[g.Status.Instance]; e == nil || e.silent {
			return true
		}
	}
	return false
}

// join listens to these gateways, and tells of those that have come and gone. A
// gateway that goes is heard to its end.
func (s *Stream) join(ctx context.Context, list []sandbox.Gateway) error {
	var news news
	for _, g := range list {
		if err := s.hear(ctx, g, &news); err != nil {
			return err
		}
	}
	s.mu.Lock()
	for _, g := range s.list {
		if !slices.ContainsFunc(list, func(x sandbox.Gateway) bool { return x.Status.Instance == g.Status.Instance }) {
			news.gone = append(news.gone, g.Status.Instance)
		}
	}
	begins := s.list == nil
	s.list = list
	s.mu.Unlock()
	if text := news.text(); text != "" && !begins {
		s.opts.Said(text)
	}
	return nil
}

// hear listens to a gateway, unless it is heard already.
func (s *Stream) hear(ctx context.Context, g sandbox.Gateway, n *news) error {
	name := g.Status.Instance
	s.mu.Lock()
	old := s.ears[name]
	s.mu.Unlock()
	if old != nil && !old.silent {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, listenTimeout)
	defer cancel()
	served, err := s.opts.Served(ctx, g)
	if err != nil {
		return err
	}
	e := &ear{started: g.Status.Started, before: served}
	if err := s.listen(ctx, g, e); err != nil {
		return err
	}
	switch {
	case old == nil:
		n.came, n.lost = append(n.came, name), n.lost+served
	case old.started.Equal(e.started):
		n.lost += max(0, served-old.before-old.told)
		n.again = cmp.Or(n.again, name)
	default: // a process of the same name
		n.lost += served
		n.again = cmp.Or(n.again, name)
	}
	return nil
}

// listen begins to listen, with e, and returns once the gateway tells of its
// requests.
func (s *Stream) listen(ctx context.Context, g sandbox.Gateway, e *ear) error {
	ready, failed := make(chan struct{}), make(chan error, 1)
	s.spawn(func(life context.Context) {
		own, cancel := context.WithCancel(life)
		defer cancel()
		defer context.AfterFunc(ctx, func() {
			select {
			case <-ready:
			default:
				cancel()
			}
		})()
		failed <- s.attend(own, g, e, sync.OnceFunc(func() { close(ready) }))
	})
	select {
	case <-ready:
		return nil
	case err := <-failed:
		return cmp.Or(err, context.Cause(ctx))
	}
}

// attend listens until the stream breaks; ready is called once the gateway tells.
func (s *Stream) attend(ctx context.Context, g sandbox.Gateway, e *ear, ready func()) error {
	count := func(n int64) {
		s.mu.Lock()
		e.told += n
		s.mu.Unlock()
	}
	begun := false
	err := g.Client().Events(ctx, func() {
		s.mu.Lock()
		s.ears[g.Status.Instance], begun = e, true
		s.mu.Unlock()
		ready()
	}, func(x event.Event) {
		count(1)
		s.add(ctx, x)
	}, func(n int64) {
		count(n)
		s.dropped.Add(n)
	})
	if !begun {
		return err
	}
	s.mu.Lock()
	e.silent = true
	s.mu.Unlock()
	select {
	case s.broke <- struct{}{}:
	default:
	}
	return err
}

// news is what has changed among the gateways.
type news struct {
	came, gone []string
	again      string // one whose stream broke
	lost       int64  // requests that were not heard of
}

// text says it in one line, "" for nothing that matters.
func (n *news) text() string {
	var parts []string
	switch {
	case len(n.came) > 0 && len(n.gone) > 0:
		parts = append(parts, subject(n.came)+" taken the place of "+strings.Join(n.gone, ", "))
	case len(n.came) > 0:
		parts = append(parts, subject(n.came)+" joined")
	case len(n.gone) > 0:
		parts = append(parts, subject(n.gone)+" gone")
	}
	if n.again != "" && n.lost > 0 {
		parts = append(parts, "the events of gateway "+n.again+" broke off for a moment")
	}
	switch {
	case n.lost == 1:
		parts = append(parts, "what became of one request is lost")
	case n.lost > 1:
		parts = append(parts, fmt.Sprintf("what became of %d requests is lost", n.lost))
	}
	return strings.Join(parts, "; ")
}

// subject names gateways that have done something.
func subject(names []string) string {
	if len(names) == 1 {
		return "gateway " + names[0] + " has"
	}
	return "gateways " + strings.Join(names, ", ") + " have"
}
