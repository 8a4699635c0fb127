package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/progress"
)

// claim says that a session owns a sandbox, and what the sandbox held before.
type claim struct {
	Sandbox string    `json:"sandbox"`
	Lesson  string    `json:"lesson"`
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
	// Created is when the sandbox was made: what one sandbox held is not given
	// to another of its name.
	Created time.Time `json:"created"`
	// Ours says that the session brought it up: it goes with the session.
	Ours bool `json:"ours"`
	// Docs are its manifests as they were.
	Docs string `json:"docs"`

	store *progress.Store
	lock  *flock.Flock
}

func claimFile(sandbox string) []string { return []string{"claims", sandbox + ".json"} }

// lockClaim takes the lock of a sandbox's claim, or says who has it.
func lockClaim(store *progress.Store, name string) (*flock.Flock, error) {
	path, err := store.Path("claims", name+".lock")
	if err != nil {
		return nil, err
	}
	l := flock.New(path, flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("claiming the sandbox %s: %w", name, err)
	case !ok:
		return nil, hint.New("LESSON_RUNS", hint.NotReady, "a lesson runs in sandbox "+name+" already",
			"leave that one first, or run this one elsewhere: gwctl up --name second, then --name second")
	}
	return l, nil
}

// load reads the claim that a session has left, nil for none.
func loadClaim(store *progress.Store, name string) (*claim, error) {
	path, err := store.Path(claimFile(name)...)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("reading who owns the sandbox %s: %w", name, err)
	}
	c := &claim{store: store}
	if err := json.Unmarshal(raw, c); err != nil || c.Sandbox != name {
		return nil, os.Remove(path)
	}
	return c, nil
}

func (c *claim) save() error { return c.store.Write(c, claimFile(c.Sandbox)...) }

// fate is what becomes of a claim.
type fate int

const (
	drop     fate = iota // there is nothing to give back
	bringOff             // the session brought the sandbox up: it goes
	giveBack             // the manifests go back now
	wait                 // they can go back later only: they are kept until then
)

// fate says what becomes of the claim on a sandbox in a state, made at a time,
// own if it serves the user's own manifests by now.
func (c *claim) fate(state sandbox.State, created time.Time, own bool) fate {
	switch {
	case c.Ours:
		return bringOff
	case state == sandbox.Absent, own, !created.Equal(c.Created):
		return drop
	case state == sandbox.Running:
		return giveBack
	}
	return wait
}

// settle gives the sandbox back as it was before the session, and ends the
// claim. A sandbox that has gone meanwhile needs nothing. The claim has the only
// copy of the manifests, so it stays until they are back.
func (c *claim) settle(ctx context.Context, s *sandbox.Sandbox) error {
	f, err := s.Find(ctx)
	if err == nil {
		err = c.settleFound(ctx, s, f.State)
	}
	if err != nil {
		return fmt.Errorf("giving the sandbox back as it was: %w", err)
	}
	path, err := c.store.Path(claimFile(c.Sandbox)...)
	if err != nil {
		return err
	}
	return os.Remove(path)
}

func (c *claim) settleFound(ctx context.Context, s *sandbox.Sandbox, state sandbox.State) error {
	switch c.fate(state, s.Created(), s.Own()) {
	case bringOff:
		_, err := s.Down(ctx)
		return err
	case giveBack:
		if err := s.Replace(ctx, []byte(c.Docs)); err != nil {
			return err
		}
		return s.RestoreCounters(ctx)
	case wait:
		return c.later(state)
	case drop:
	}
	return nil
}

// later says why the manifests cannot be given back yet.
func (c *claim) later(state sandbox.State) error {
	name := ""
	if c.Sandbox != sandbox.DefaultName {
		name = " --name " + c.Sandbox
	}
	if state == sandbox.Paused {
		return hint.New("SANDBOX_PAUSED", hint.NotReady, "sandbox "+c.Sandbox+" is paused, so its manifests cannot be given back yet",
			"let it go on with gwctl resume"+name+", then run gwctl tutorial again")
	}
	return hint.New("SANDBOX_BROKEN", hint.Broken, "sandbox "+c.Sandbox+" is broken, so its manifests cannot be given back yet",
		"heal it with gwctl up"+name+", then run gwctl tutorial again")
}

// Recover settles the claims of sessions that have crashed. find finds a sandbox
// by its name; each is told of every one, with why it could not be settled. Such a
// claim is kept, and keeps no other from being settled.
func Recover(ctx context.Context, store *progress.Store, find func(name string) (*sandbox.Sandbox, error), each func(sandbox, lesson string, err error)) error {
	for _, name := range claimed(store) {
		l, err := lockClaim(store, name)
		if err != nil {
			continue // it lives
		}
		err = recoverOne(ctx, store, name, find, func(sandbox, lesson string) { each(sandbox, lesson, nil) })
		_ = l.Unlock()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			each(name, "", err)
		}
	}
	return nil
}

func recoverOne(ctx context.Context, store *progress.Store, name string, find func(string) (*sandbox.Sandbox, error), said func(sandbox, lesson string)) error {
	c, err := loadClaim(store, name)
	if c == nil || err != nil {
		return err
	}
	s, err := find(name)
	if err != nil {
		return err
	}
	if err := c.settle(ctx, s); err != nil {
		return err
	}
	if err := forgetNow(store, name, c.PID); err != nil {
		return err
	}
	said(name, c.Lesson)
	return nil
}

// claimed lists the sandboxes that have a claim.
func claimed(store *progress.Store) []string {
	path, err := store.Path("claims", "any")
	if err != nil || path == "" {
		return nil
	}
	entries, _ := os.ReadDir(path[:len(path)-len("any")])
	var out []string
	for _, e := range entries {
		if name, ok := cutJSON(e.Name()); ok {
			out = append(out, name)
		}
	}
	return out
}

func cutJSON(name string) (string, bool) {
	const suffix = ".json"
	if len(name) <= len(suffix) || name[0] == '.' || name[len(name)-len(suffix):] != suffix {
		return "", false
	}
	return name[:len(name)-len(suffix)], true
}
