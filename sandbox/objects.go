package sandbox

import (
	"context"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// notServed is said when a change takes too long to be served.
const notServed = "the manifests are written, but not served yet"

// Save gives the documents that the sandbox's gateways now read, to be given to
// Replace. Manifests of the user's own are refused: nothing here writes to them.
func (s *Sandbox) Save(ctx context.Context) (docs []byte, err error) {
	err = s.change(ctx, "the manifests cannot be read", func(ctx context.Context, _ Found) (err error) {
		if err = s.notOwn(); err == nil {
			docs, err = s.runtime.Save(ctx)
		}
		return err
	})
	return docs, err
}

// Replace makes the sandbox hold exactly these documents, and returns once every
// gateway serves exactly their objects.
func (s *Sandbox) Replace(ctx context.Context, docs []byte) error {
	return s.change(ctx, notServed, func(ctx context.Context, _ Found) error {
		if err := s.notOwn(); err != nil {
			return err
		}
		return s.runtime.Replace(ctx, docs)
	})
}

// Apply adds or changes the objects of these documents, leaves the others, and
// returns once every gateway serves them.
func (s *Sandbox) Apply(ctx context.Context, docs []byte) error {
	return s.change(ctx, notServed, func(ctx context.Context, _ Found) error {
		if err := s.notOwn(); err != nil {
			return err
		}
		return s.runtime.Apply(ctx, docs)
	})
}

// ClearCounters clears what the gateways' plugins have counted.
func (s *Sandbox) ClearCounters(ctx context.Context) error {
	f, err := s.Running(ctx)
	if err != nil {
		return err
	}
	return clearCounters(ctx, f.Gateways)
}

// KeepCounters puts aside, in each gateway, what its plugins have counted. A gateway
// that ends meanwhile has lost its counts in any case.
func (s *Sandbox) KeepCounters(ctx context.Context) error {
	return s.counters(ctx, (*admin.Client).KeepCounters)
}

// RestoreCounters brings back what KeepCounters has put aside, in the place of what
// was counted since.
func (s *Sandbox) RestoreCounters(ctx context.Context) error {
	return s.counters(ctx, (*admin.Client).RestoreCounters)
}

func (s *Sandbox) counters(ctx context.Context, do func(*admin.Client, context.Context) error) error {
	f, err := s.Running(ctx)
	if err != nil {
		return err
	}
	for _, g := range f.Gateways {
		if err := do(g.Client(), ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sandbox) notOwn() error {
	if !s.Own() {
		return nil
	}
	return hint.New("OWN_MANIFESTS", hint.Usage, "sandbox "+s.opts.Name+" serves manifests of your own, which are never written to",
		"take another sandbox: --name lessons")
}
