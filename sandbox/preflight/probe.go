package preflight

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/gwctl/gwctl/sandbox/engine"
)

// Probe asks a machine.
type Probe interface {
	// Engine finds the container engine.
	Engine(ctx context.Context) (*engine.Engine, error)
	// EngineTime is the engine's clock and when it was read here.
	EngineTime(ctx context.Context) (theirs, ours time.Time, err error)
	// NodeImages lists the node images that are there.
	NodeImages(ctx context.Context) ([]string, error)
	// Reachable asks the registry of kind's node image for it.
	Reachable(ctx context.Context) error
	// Nodes lists the nodes of the sandbox's cluster.
	Nodes(ctx context.Context) ([]engine.Node, error)
	// File reads a file, such as one of /proc.
	File(path string) (string, error)
	// User is the number of the user, -1 where users have none.
	User() int
	// Env reads an environment variable.
	Env(name string) string
	// Free is how many bytes are free where path lies.
	Free(path string) (int64, error)
	// Writable tries to write into a directory, or into the first that is there
	// above it.
	Writable(dir string) error
	// Listen tries to listen on an address of this machine.
	Listen(ctx context.Context, address string) error
	// Lookup resolves a name.
	Lookup(ctx context.Context, name string) ([]string, error)
	// Watchers tries to make inotify instances.
	Watchers() error
	// OnPath lists the programs of a name on PATH, and Self is this one.
	OnPath(name string) []string
	Self() string
	// Images tells whether the binaries for linux are there.
	Images() error
	// Terminal tells of standard output.
	Terminal() (is bool, columns, rows int)
	// Ours tells whether the sandbox is there to have its port, for as long as ctx
	// lasts.
	Ours(ctx context.Context) bool
	// Machine tells what this is.
	Machine() Machine
}

// Machine is where the checks run, and for which sandbox.
type Machine struct {
	OS, Arch string
	// State is the directory of sandboxes; Sandbox its name, Port the port that it
	// has or would be given.
	State, Sandbox string
	Port           int
	// Offline asks no registry.
	Offline bool
}

// Here is this machine.
type Here struct {
	M Machine
	// Cluster is the name of the sandbox's kind cluster, Image kind's node image.
	Cluster, Image string
	// Has is the name of the engine that has the cluster, "" where there is none.
	Has string
	// Look, when not nil, tells whether the sandbox has its port.
	Look func(ctx context.Context) bool

	once   sync.Once
	engine *engine.Engine
	err    error
}

var _ Probe = (*Here)(nil)

// Engine finds the container engine, that of the cluster if there is one, once.
func (h *Here) Engine(ctx context.Context) (*engine.Engine, error) {
	h.once.Do(func() { h.engine, h.err = engine.Named(ctx, h.Has) })
	return h.engine, h.err
}

// EngineTime asks the engine for its clock.
func (h *Here) EngineTime(ctx context.Context) (theirs, ours time.Time, err error) {
	e, err := h.Engine(ctx)
	if err != nil {
		return theirs, ours, err
	}
	theirs, err = e.Time(ctx)
	return theirs, time.Now(), err
}

// NodeImages lists the images of kindest/node.
func (h *Here) NodeImages(ctx context.Context) ([]string, error) {
	e, err := h.Engine(ctx)
	if err != nil {
		return nil, err
	}
	return e.Images(ctx, "kindest/node")
}

// Nodes lists the nodes of the sandbox's cluster.
func (h *Here) Nodes(ctx context.Context) ([]engine.Node, error) {
	e, err := h.Engine(ctx)
	if err != nil {
		return nil, err
	}
	return e.Nodes(ctx, h.Cluster)
}

// File reads a file.
func (*Here) File(path string) (string, error) {
	raw, err := os.ReadFile(path)
	return string(raw), err
}

// User is the number of the user.
func (*Here) User() int { return os.Getuid() }

// Env reads an environment variable.
func (*Here) Env(name string) string { return os.Getenv(name) }

// Ours looks for the sandbox.
func (h *Here) Ours(ctx context.Context) bool { return h.Look != nil && h.Look(ctx) }

// Machine tells what this is.
func (h *Here) Machine() Machine { return h.M }
