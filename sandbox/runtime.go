package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// Local is the runtime that needs nothing: a process on this machine.
const Local = "local"

// Runtime carries one sandbox. Whoever calls Up, Restore or Down holds its lock.
type Runtime interface {
	// Up gives the steps of coming up.
	Up(want Want) []step.Step
	// Started reports whether they had to start a gateway; Keep keeps it when
	// all went well: until then it goes when this program ends.
	Started() bool
	Keep() error
	// Find tells how it stands, without changing anything.
	Find(ctx context.Context) (Found, error)
	// Pristine says whether the demo manifests are as they came.
	Pristine() bool
	// Restore makes the demo manifests as they came, waits until they are
	// served, and tells which files were changed for it.
	Restore(ctx context.Context) ([]string, error)
	// Down ends it, and reports whether there was something to end.
	Down(ctx context.Context) (bool, error)
}

// Want is how a runtime should bring its sandbox up.
type Want struct {
	// Ports are tried in order, 0 being any free one; Fixed says that the first
	// must be it.
	Ports []int
	Fixed bool
	// Manifests are the user's own, "" for the demo.
	Manifests string
}

// State says how it stands with a sandbox.
type State string

// The states.
const (
	// Absent: there is none.
	Absent State = "absent"
	// Broken: its gateway died or does not answer; up heals it.
	Broken State = "broken"
	// Running: its gateway answers.
	Running State = "running"
)

// Found is what a runtime tells of its sandbox.
type Found struct {
	State State
	// Why tells more of a state other than Running.
	Why string
	// Manifests is the directory or file that is served.
	Manifests string
	Log       string
	Gateways  []Gateway
}

// Gateway is one gatewayd of a sandbox.
type Gateway struct {
	// Proxy is the address for clients, Admin and Health those of its other
	// listeners, all host:port as seen from this machine.
	Proxy  string `json:"proxy"`
	Admin  string `json:"admin"`
	Health string `json:"health"`
	PID    int    `json:"pid,omitempty"`
	// Started is when it was started.
	Started time.Time `json:"started"`
	// Status is what it says of itself.
	Status admin.Status `json:"status"`

	token string
}

// Client asks the gateway's admin listener.
func (g Gateway) Client() *admin.Client { return admin.NewClient(g.Admin, g.token) }

// URL is where clients reach it.
func (g Gateway) URL() string { return "http://" + g.Proxy }

// pick makes the runtime of a sandbox.
func pick(name string, o Options, dir string) (Runtime, error) {
	switch name {
	case Local:
		return newLocal(o, dir), nil
	case "kind", "cluster":
		return nil, hint.New("RUNTIME_NOT_BUILT", hint.NoEngine, "this gwctl has no runtime "+name,
			"use the one that needs nothing: gwctl up --runtime local")
	}
	return nil, hint.New("UNKNOWN_RUNTIME", hint.Usage, fmt.Sprintf("there is no runtime %q", name),
		"use --runtime local")
}
