package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

const (
	// AnyPort asks for any free port.
	AnyPort = -1
	// defaultPort is tried first, and the morePorts behind it next.
	defaultPort = 8000
	morePorts   = 15
)

// Result is what Up made.
type Result struct {
	Name    string `json:"name"`
	Runtime string `json:"runtime"`
	// Started says that a gateway was started; else it ran already.
	Started bool `json:"started"`
	// Applied says that all was applied, and nothing waited for.
	Applied bool `json:"applied,omitempty"`
	// Demo says that it serves the demo as it came.
	Demo bool `json:"demo"`
	// Manifests is what it serves.
	Manifests string    `json:"manifests"`
	Gateways  []Gateway `json:"gateways"`
	// Answers are those of the first requests, if it was started.
	Answers  []Answer          `json:"answers,omitempty"`
	Problems []problem.Problem `json:"problems,omitempty"`
}

// URL is where clients reach the sandbox, "" when it is not up.
func (r *Result) URL() string {
	if len(r.Gateways) == 0 {
		return ""
	}
	return r.Gateways[0].URL()
}

// Up brings the sandbox up, or finds that it is. The result is there, as far as
// things came, beside an error too.
func (s *Sandbox) Up(ctx context.Context, report step.Reporter) (*Result, error) {
	res := &Result{Name: s.opts.Name}
	unlock, err := s.lock(ctx, func() {
		report.Warned(step.Event{ID: "lock", Title: "Lock", At: time.Now(), Message: "another gwctl is at work on this sandbox; waiting for it"})
	})
	if err != nil {
		return res, err
	}
	defer unlock()
	if err := errors.Join(s.read(), s.bad); err != nil { // it may have changed while we waited
		return res, err
	}
	if err := s.choose(ctx); err != nil {
		return res, err
	}
	if err := s.opts.Cluster.unfit(s.record.Runtime); err != nil {
		return res, err
	}
	want, err := s.want()
	if err != nil {
		return res, err
	}
	res.Runtime = s.record.Runtime
	made := false
	steps := []step.Step{{
		ID: "sandbox", Title: "Sandbox",
		Run: func(_ context.Context, t *step.Task) (err error) {
			if made, err = makePrivate(s.dir); err != nil {
				return err
			}
			t.Say("%s, runtime %s%s", s.opts.Name, s.record.Runtime, s.why)
			if s.record.Runtime == Local {
				return nil
			}
			return s.record.save(s.dir) // whoever comes after a crash has to know what to remove
		},
		Undo: func(context.Context) error {
			if h, ok := s.runtime.(Holder); !made || ok && h.Holds() {
				return nil // whoever comes next has to know of what is left
			}
			return os.RemoveAll(s.dir)
		},
	}}
	steps = append(steps, s.runtime.Up(want)...)
	steps = append(steps, step.Step{
		ID: "request", Title: "First requests",
		Run: func(ctx context.Context, t *step.Task) error {
			if s.opts.Cluster.NoWait && s.record.Runtime != Local {
				t.Say("not sent: --wait=false; gwctl status tells when it is served")
				s.record.Manifests, res.Applied = want.Manifests, true
				return s.record.save(s.dir)
			}
			if err := s.first(ctx, t, res); err != nil {
				return err
			}
			return s.keep(want, res)
		},
	})
	return res, s.run(ctx, report, steps)
}

// run runs the steps, and tells what is kept when one fails.
func (s *Sandbox) run(ctx context.Context, report step.Reporter, steps []step.Step) error {
	err := step.Run(ctx, report, steps)
	k, ok := s.runtime.(Keeper)
	if err == nil || !ok {
		return err
	}
	if message, advice := k.Kept(); message != "" {
		report.Warned(step.Event{ID: "retain", Title: "Sandbox", At: time.Now(), Message: message, Advice: advice})
	}
	return err
}

// choose picks the runtime of a sandbox that is new and was told none: kind where
// a container engine answers, else local.
func (s *Sandbox) choose(ctx context.Context) error {
	if !s.auto {
		return nil
	}
	runtime := Kind
	if len(s.opts.Cluster.CreateCommand) == 0 {
		runtime = Local
	} else if _, err := engine.Detect(ctx); err != nil {
		runtime, s.why = Local, " ("+err.Error()+")"
	}
	s.auto, s.record.Runtime = false, runtime
	var err error
	s.runtime, err = pick(runtime, s.opts, s.dir)
	return err
}

// want makes of the options and of what is remembered how the sandbox should be.
func (s *Sandbox) want() (Want, error) {
	w := Want{Manifests: s.record.Manifests}
	if s.opts.Manifests != "" {
		path, err := filepath.Abs(s.opts.Manifests)
		if err != nil {
			return w, fmt.Errorf("finding %s: %w", s.opts.Manifests, err)
		}
		w.Manifests = path
	}
	switch port := s.opts.Port; {
	case port == AnyPort:
		w.Ports = []int{0}
	case port < 0 || port > 65535:
		return w, hint.New("BAD_PORT", hint.Usage, fmt.Sprintf("%d is not a port", port), "use 1 to 65535, or 0 for any free one")
	case port != 0:
		w.Ports, w.Fixed = []int{port}, true
	default:
		w.Ports = ports(s.record.Port)
	}
	return w, nil
}

// ports lists what to try: what the sandbox had, the default and its
// neighbours, any.
func ports(had int) []int {
	var list []int
	if had != 0 {
		list = append(list, had)
	}
	for port := defaultPort; port <= defaultPort+morePorts; port++ {
		if !slices.Contains(list, port) {
			list = append(list, port)
		}
	}
	return append(list, 0)
}

// keep remembers how the sandbox is, and lets it stay.
func (s *Sandbox) keep(want Want, res *Result) error {
	s.record.Manifests = want.Manifests
	// One elsewhere than here is no port that could be taken here.
	if host, port, err := net.SplitHostPort(res.Gateways[0].Proxy); err == nil && host == "127.0.0.1" {
		s.record.Port, _ = strconv.Atoi(port)
	}
	if err := s.record.save(s.dir); err != nil {
		return err
	}
	s.known = true
	return s.runtime.Keep()
}
