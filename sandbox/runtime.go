package sandbox

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// The runtimes.
const (
	// Local needs nothing: a process on this machine.
	Local = "local"
	// Kind is a kind cluster of its own, in the machine's container engine.
	Kind = "kind"
	// Cluster is a part of a cluster that is there already.
	Cluster = "cluster"
)

// RuntimeVariable names the environment variable that names the runtime of
// sandboxes that are told none.
const RuntimeVariable = "GWCTL_RUNTIME"

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
	Pristine(ctx context.Context) bool
	// Restore makes the demo manifests as they came, waits until they are
	// served, and tells which files were changed for it.
	Restore(ctx context.Context) ([]string, error)
	// Save gives the documents that the user may edit and the gateways now read,
	// to be given to Replace.
	Save(ctx context.Context) ([]byte, error)
	// Replace makes the sandbox hold exactly these documents, and returns once
	// every gateway serves exactly their objects in these versions.
	Replace(ctx context.Context, docs []byte) error
	// Apply adds or changes the objects of these documents by kind, namespace
	// and name, leaves the others, and returns once every gateway serves them in
	// these versions.
	Apply(ctx context.Context, docs []byte) error
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
	// Paused: it takes no CPU; up and resume let it go on.
	Paused State = "paused"
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
	// Pod is its pod's name, Restarts how often its container was restarted.
	Pod      string `json:"pod,omitempty"`
	Restarts int    `json:"restarts,omitempty"`
	// Started is when it was started.
	Started time.Time `json:"started"`
	// Status is what it says of itself.
	Status admin.Status `json:"status"`

	token string
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client asks the gateway's admin listener.
func (g Gateway) Client() *admin.Client {
	if g.dial != nil {
		return admin.NewClientOver(g.Admin, g.token, g.dial)
	}
	return admin.NewClient(g.Admin, g.token)
}

// URL is where clients reach it.
func (g Gateway) URL() string { return "http://" + g.Proxy }

// Some runtimes can more than every one has to.
type (
	// Pauser can take a sandbox off the CPU and let it go on.
	Pauser interface {
		Pause(ctx context.Context) error
		Resume(ctx context.Context) error
	}
	// Clustered has a Kubernetes cluster.
	Clustered interface {
		// Kubeconfig gives the file and the context in it.
		Kubeconfig() (path, context string)
	}
	// Logger gives what its gateways have logged: the last lines of each, and
	// with follow what comes, until ctx ends. each gets the gateway's name and a
	// line.
	Logger interface {
		Logs(ctx context.Context, tail int64, follow bool, each func(gateway, line string)) error
	}
	// Holder tells whether it still remembers something elsewhere that is its own:
	// what was kept on purpose, or could not be removed.
	Holder interface{ Holds() bool }
	// Leaver tells what its Down has left, and why.
	Leaver interface{ Left() []string }
	// Keeper tells what an Up that failed has kept on purpose, "" for nothing, and
	// what to do with it.
	Keeper interface {
		Kept() (message, advice string)
	}
	// Faulter knows problems of its manifests that no gateway can see.
	Faulter interface{ Problems() []problem.Problem }
)

// pick makes the runtime of a sandbox.
func pick(name string, o Options, dir string) (Runtime, error) {
	switch name {
	case Local:
		return newLocal(o, dir), nil
	case Kind:
		return newKind(o, dir), nil
	case Cluster:
		return newCluster(o, dir), nil
	}
	return nil, hint.New("UNKNOWN_RUNTIME", hint.Usage, fmt.Sprintf("there is no runtime %q", name),
		"use --runtime kind, a cluster of its own in a container engine, --runtime local, a process,\nor --context NAME, a cluster that is there already")
}
