package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/manifests"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// OwnSandbox is the name of the sandbox that a session brings up when it may not
// use the user's.
const OwnSandbox = "gwctl-lessons"

// host is the sandbox that a session owns.
type host struct {
	*sandbox.Sandbox
	claim    *claim
	gateways []sandbox.Gateway // as the session found them
	why      string            // why it is not the one that was asked for
}

// choose picks the sandbox: the one that was asked for when a lesson may write
// to it, else one of the session's own.
func (s *Session) choose(ctx context.Context) (host, error) {
	if s.opts.TestClock {
		return s.own(ctx, s.opts.Sandbox, "")
	}
	name := s.opts.Sandbox
	if name == "" {
		name = sandbox.DefaultName
	}
	sb, err := s.find(name)
	if err != nil {
		return host{}, err
	}
	f, err := sb.Find(ctx)
	need := s.lesson.Needs.Mode
	switch {
	case err == nil && f.State == sandbox.Running && sb.Own():
		return s.own(ctx, OwnSandbox, fmt.Sprintf("sandbox %s serves manifests of your own, which lessons never write to", name))
	case err == nil && f.State == sandbox.Running && need != "any" && need != sb.Runtime():
		return s.own(ctx, OwnSandbox, fmt.Sprintf("the lesson needs runtime %s, sandbox %s is of runtime %s", need, name, sb.Runtime()))
	case err == nil && f.State == sandbox.Running:
		return host{Sandbox: sb}, nil
	case s.opts.Sandbox != "" && s.opts.Sandbox != sandbox.DefaultName:
		_, err := sb.Running(ctx)
		return host{}, err
	}
	return s.own(ctx, OwnSandbox, "")
}

// own brings up a sandbox of the session's own.
func (s *Session) own(_ context.Context, name, why string) (host, error) {
	if need := s.lesson.Needs.Mode; need != "any" && need != sandbox.Local {
		return host{}, hint.New("NEEDS_RUNTIME", hint.NoEngine, "the lesson needs a sandbox of runtime "+need,
			"bring one up: gwctl up --runtime "+need)
	}
	if name == "" {
		name = OwnSandbox
	}
	sb, err := s.find(name)
	return host{Sandbox: sb, claim: &claim{Ours: true}, why: why}, err
}

// find finds a sandbox as the options say.
func (s *Session) find(name string) (*sandbox.Sandbox, error) {
	o := sandbox.Options{Name: name, TestClock: s.opts.TestClock}
	if name == OwnSandbox || s.opts.TestClock {
		o.Runtime, o.Port = sandbox.Local, sandbox.AnyPort
	}
	return s.opts.Find(o)
}

// take claims the sandbox and puts the demo there.
func (s *Session) take(ctx context.Context) error {
	h, err := s.choose(ctx)
	if err != nil {
		return err
	}
	if h.why != "" {
		s.emit(Event{Type: Working, Work: &WorkInfo{What: "sandbox", State: "warned", Title: "Sandbox", Message: h.why + "; the lesson runs in one of its own"}})
	}
	ours := h.claim != nil
	lock, err := lockClaim(s.opts.Store, h.Name())
	if err != nil {
		return err
	}
	s.host = h
	s.host.claim = &claim{Sandbox: h.Name(), Lesson: s.lesson.ID, PID: s.opts.PID, Since: time.Now(), Ours: ours, store: s.opts.Store, lock: lock}
	if err := recoverOne(ctx, s.opts.Store, h.Name(), func(string) (*sandbox.Sandbox, error) { return h.Sandbox, nil }, s.recovered); err != nil {
		return err
	}
	if ours {
		if err := s.claim(h.Created()); err != nil { // before there is anything to take down
			return err
		}
		if _, err := h.Up(ctx, reporter{s}); err != nil {
			return err
		}
	} else {
		docs, err := h.Save(ctx)
		if err != nil {
			return err
		}
		s.host.claim.Docs = string(docs)
		if err := h.KeepCounters(ctx); err != nil {
			return err
		}
	}
	if err := s.claim(h.Created()); err != nil {
		return err
	}
	f, err := h.Running(ctx)
	if err != nil {
		return err
	}
	s.host.gateways = f.Gateways
	return s.fits(f)
}

// claim says that the sandbox, made at a time, is the session's.
func (s *Session) claim(created time.Time) error {
	s.host.claim.Created = created
	if err := s.host.claim.save(); err != nil {
		return err
	}
	s.claimed = true
	return nil
}

func (s *Session) recovered(sandbox, lesson string) {
	s.emit(Event{Type: Working, Work: &WorkInfo{
		What: "recover", State: "done", Title: "Recovered",
		Message: fmt.Sprintf("lesson %s had ended without giving sandbox %s back; that is done now", lesson, sandbox),
	}})
}

// fits makes sure that the sandbox is what the lesson needs.
func (s *Session) fits(f sandbox.Found) error {
	if n := s.lesson.Needs.Replicas; len(f.Gateways) < n {
		return hint.New("NEEDS_REPLICAS", hint.NotReady, fmt.Sprintf("the lesson needs %d gateways, sandbox %s has %d", n, s.host.Name(), len(f.Gateways)),
			"it needs a sandbox with replicas, see gwctl up --help")
	}
	for _, p := range s.lesson.Needs.Plugins {
		if !slices.Contains(s.opts.Plugins, p) {
			return hint.New("NEEDS_PLUGIN", hint.NotReady, "the lesson needs the plugin "+p+", which this gateway does not have",
				"gwctl plugins lists those that it has; a newer gwctl may have more")
		}
	}
	return nil
}

// Demo gives the documents of the demo, where every lesson begins.
func Demo() ([]byte, error) {
	demo := manifests.Demo()
	names, err := fs.Glob(demo, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the demo: %w", err)
	}
	var out []string
	for _, name := range names {
		text, err := fs.ReadFile(demo, name)
		if err != nil {
			return nil, fmt.Errorf("reading the demo: %w", err)
		}
		out = append(out, string(text))
	}
	return []byte(strings.Join(out, "---\n")), nil
}

// release gives the sandbox back.
func (s *Session) release(ctx context.Context) error {
	if s.host.claim == nil || s.host.claim.lock == nil {
		return nil
	}
	var err error
	if s.claimed {
		err = s.host.claim.settle(ctx, s.host.Sandbox)
		s.claimed = false
	} else if s.host.claim.Ours {
		_, err = s.host.Down(ctx)
	}
	return errors.Join(err, s.host.claim.lock.Unlock())
}

// reporter tells of a sandbox that comes up.
type reporter struct{ s *Session }

func (r reporter) tell(state string, e step.Event) {
	message := e.Message
	if e.Err != nil {
		message = e.Err.Error()
	}
	r.s.emit(Event{Type: Working, Work: &WorkInfo{What: "sandbox", State: state, Title: e.Title, Message: message}})
}

// Started implements step.Reporter.
func (r reporter) Started(e step.Event) { r.tell("started", e) }

// Warned implements step.Reporter.
func (r reporter) Warned(e step.Event) { r.tell("warned", e) }

// Finished implements step.Reporter.
func (r reporter) Finished(e step.Event) {
	if e.Err != nil {
		r.tell("failed", e)
		return
	}
	r.tell("done", e)
}
