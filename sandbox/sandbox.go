package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/kindbox"
)

// Options say which sandbox is meant, and how it should be.
type Options struct {
	// Name is the sandbox's; DefaultName when empty.
	Name string
	// Runtime is "", what the sandbox has or else the default, or a name.
	Runtime string
	// Manifests is a directory or file of the user's own; "" means what the
	// sandbox has, at first the demo.
	Manifests string
	// Port is where clients reach it: 0 means what it had, at first 8000 or the
	// next free one; AnyPort any; another number this and no other.
	Port int
	// Version is this program's own.
	Version string
	// ProcessCommand are the arguments under which this program is the process
	// of a local sandbox.
	ProcessCommand []string
	// TestClock asks for gateways whose clock can be moved, as lessons' tests do
	// instead of waiting. Only the local runtime has such.
	TestClock bool
	// Cluster is for sandboxes that are in one.
	Cluster ClusterOptions
}

// ClusterOptions are for runtimes that use a Kubernetes cluster.
type ClusterOptions struct {
	// Image is the node image, Config a kind config to merge (runtime kind).
	Image, Config string
	// Retain keeps nodes that did not come up (runtime kind).
	Retain bool
	// Offline asks no registry (not for runtime cluster).
	Offline bool
	// Bundle is a bundle's path or http address (runtime kind).
	Bundle string
	// SwitchContext makes the cluster the current context of the user's own
	// kubeconfig (runtime kind).
	SwitchContext bool
	// Class is the ingress class; Kong's when empty.
	Class string
	// Replicas is how many gateways run, 0 for one.
	Replicas int
	// NoWait returns when all is applied, before it is served.
	NoWait bool
	// CreateCommand are the arguments under which this program creates a kind
	// cluster.
	CreateCommand []string
	// Kubeconfig and Context name a cluster that is there already, Registry is
	// where it pulls images from, ServiceType how clients come in: ClusterIP (by
	// 127.0.0.1; when empty), NodePort or LoadBalancer (runtime cluster).
	Kubeconfig, Context, Registry, ServiceType string
	// KeepCRDs lets CRDs of another's stay as they are (runtime cluster).
	KeepCRDs bool
	// Forget lets Down remove only what is on this machine: the cluster (runtime
	// cluster) or the container engine (runtime kind) is gone for good.
	Forget bool
	// ForwardCommand are the arguments under which this program forwards to a
	// cluster.
	ForwardCommand []string
}

// Sandbox is one sandbox, whether it is up or not.
type Sandbox struct {
	opts    Options
	dir     string
	record  record
	known   bool   // record was there
	bad     error  // why record could not be read
	auto    bool   // nobody named a runtime yet
	why     string // why the runtime was chosen, when it was
	runtime Runtime
}

// New finds the sandbox. It changes nothing.
func New(o Options) (*Sandbox, error) {
	if o.Name == "" {
		o.Name = DefaultName
	}
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	state, err := stateDir()
	if err != nil {
		return nil, err
	}
	s := &Sandbox{opts: o, dir: filepath.Join(state, o.Name)}
	return s, s.read()
}

// read reads what is remembered and picks the runtime.
func (s *Sandbox) read() error {
	s.record, s.known, s.bad = load(s.dir)
	runtime := s.opts.Runtime
	if runtime == "" && s.opts.Cluster.Context != "" {
		runtime = Cluster
	}
	if runtime == "" && s.bad != nil {
		runtime = s.held()
	}
	if runtime == "" && s.record.Runtime == "" {
		runtime = os.Getenv(RuntimeVariable)
	}
	s.auto = false
	switch {
	case runtime == "" && s.record.Runtime == "":
		runtime, s.auto = Local, true // until up looks for a container engine
	case runtime == "":
		runtime = s.record.Runtime
	case s.known && s.record.Runtime != runtime:
		return hint.New("OTHER_RUNTIME", hint.Usage,
			fmt.Sprintf("sandbox %s is of runtime %s", s.opts.Name, s.record.Runtime),
			fmt.Sprintf("leave --runtime away, choose another --name, or remove it first: gwctl down --name %s", s.opts.Name))
	}
	var err error
	if s.runtime, err = pick(runtime, s.opts, s.dir); err != nil {
		return err
	}
	if !s.known {
		s.record = record{Name: s.opts.Name, Runtime: runtime, Created: time.Now()}
	}
	return nil
}

// held is the runtime that remembers something elsewhere, in a sandbox whose record
// cannot be read; "" for none.
func (s *Sandbox) held() string {
	for _, name := range []string{Kind, Cluster} {
		r, err := pick(name, s.opts, s.dir)
		if h, ok := r.(Holder); err == nil && ok && h.Holds() {
			return name
		}
	}
	return ""
}

// Name is the sandbox's name.
func (s *Sandbox) Name() string { return s.opts.Name }

// lock takes the sandbox's lock.
func (s *Sandbox) lock(ctx context.Context, waiting func()) (unlock func(), err error) {
	state := filepath.Dir(s.dir)
	path := s.dir + ".lock"
	var release func()
	for release == nil {
		if _, err := makePrivate(state); err != nil {
			return nil, err
		}
		// The last sandbox may go, and the directory with it, just now.
		if release, err = lock(ctx, path, waiting); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return func() {
		_, err := os.Stat(s.dir)
		gone := errors.Is(err, fs.ErrNotExist)
		if gone {
			_ = os.Remove(path) // where an open file can be removed
		}
		release()
		if gone {
			_ = os.Remove(path)  // where not; whoever holds it open keeps it
			_ = os.Remove(state) // if it was the last
		}
	}, nil
}

// Left tells what Down has left elsewhere, and why.
func (s *Sandbox) Left() []string {
	if l, ok := s.runtime.(Leaver); ok {
		return l.Left()
	}
	return nil
}

// Down removes the sandbox: gateway, backends and files, the edited copy of the
// demo too. It reports whether there was anything.
func (s *Sandbox) Down(ctx context.Context) (bool, error) {
	if err := os.Remove(kindbox.Part(s.dir)); err == nil {
		_ = os.Remove(filepath.Dir(s.dir)) // if nothing else is there
	}
	if _, err := os.Stat(s.dir); absent(err) {
		return false, nil
	}
	unlock, err := s.lock(ctx, func() {})
	if err != nil {
		return false, err
	}
	defer unlock()
	if _, err := os.Stat(s.dir); absent(err) { // another was faster
		return false, nil
	}
	if err := s.read(); err != nil { // an up may have begun it while we waited
		return true, err
	}
	if s.opts.Cluster.Forget && s.known && s.record.Runtime == Local {
		return true, hint.New("UNFIT_FLAG", hint.Usage, "--forget means nothing to a sandbox of runtime "+s.record.Runtime,
			"leave it away: down removes all that there is of it")
	}
	if _, err := s.runtime.Down(ctx); err != nil {
		return true, err
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return true, stateHint(s.dir, err)
	}
	return true, nil
}

// Find tells how it stands with the sandbox. It changes nothing.
func (s *Sandbox) Find(ctx context.Context) (Found, error) {
	switch {
	case s.bad != nil:
		return Found{State: Broken, Why: s.bad.Error()}, s.bad
	case !s.known:
		return Found{State: Absent, Why: "there is none"}, nil
	}
	return s.runtime.Find(ctx)
}

// Running finds the gateways of a sandbox that is up; else it says what to do.
func (s *Sandbox) Running(ctx context.Context) (Found, error) {
	f, err := s.Find(ctx)
	if err != nil || f.State == Running {
		return f, err
	}
	up := "gwctl up"
	if s.opts.Name != DefaultName {
		up += " --name " + s.opts.Name
	}
	if f.State == Absent {
		return f, hint.New("NO_SANDBOX", hint.NotReady, "no sandbox called "+s.opts.Name+" is up", "bring it up: "+up)
	}
	if f.State == Paused {
		return f, hint.New("SANDBOX_PAUSED", hint.NotReady, "sandbox "+s.opts.Name+" is paused", "let it go on: "+strings.Replace(up, "gwctl up", "gwctl resume", 1))
	}
	return f, hint.New("SANDBOX_BROKEN", hint.Broken, "sandbox "+s.opts.Name+" is broken: "+f.Why, "heal it: "+up)
}

// resetTimeout bounds the wait until the restored demo is served.
const resetTimeout = 30 * time.Second

// Reset makes the demo manifests as they came, waits until they are served and
// clears all counters. Manifests of the user's own stay as they are. It tells
// which files were changed.
func (s *Sandbox) Reset(ctx context.Context) (restored []string, err error) {
	err = s.change(ctx, "the demo is restored, but not served yet", func(ctx context.Context, f Found) (err error) {
		if !s.Own() {
			if restored, err = s.runtime.Restore(ctx); err != nil {
				return err
			}
		}
		return clearCounters(ctx, f.Gateways)
	})
	return restored, err
}

// change lets do change a sandbox that is up, under its lock; late is said when
// that takes too long.
func (s *Sandbox) change(ctx context.Context, late string, do func(context.Context, Found) error) error {
	if s.known {
		unlock, err := s.lock(ctx, func() {})
		if err != nil {
			return err
		}
		defer unlock()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, resetTimeout, hint.New("TIMEOUT", hint.Timeout, late, "gwctl status tells why"))
	defer cancel()
	f, err := s.Running(ctx)
	if err != nil {
		return err
	}
	return do(ctx, f)
}

// Own reports whether the sandbox serves manifests of the user's own.
func (s *Sandbox) Own() bool { return s.record.Manifests != "" }

// Runtime is the name of what carries it.
func (s *Sandbox) Runtime() string { return s.record.Runtime }

func clearCounters(ctx context.Context, gateways []Gateway) error {
	for _, g := range gateways {
		if err := g.Client().ClearCounters(ctx, ""); err != nil {
			return err
		}
	}
	return nil
}

// Created is when the sandbox was made.
func (s *Sandbox) Created() time.Time { return s.record.Created }
