// Package engine talks to the container engine of this machine by its command
// line: Docker, else Podman or nerdctl, in the order in which the kind library
// looks for them. It does what kind does not: tell whether the engine answers,
// stop, pause and start nodes, and look images up.
package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// ClusterLabel is the label by which kind knows its containers
// (kind pkg/cluster/internal/providers/docker/constants.go).
const ClusterLabel = "io.x-k8s.kind.cluster"

// askTimeout bounds a question to the engine.
const askTimeout = 10 * time.Second

// Engine is a container engine that answered.
type Engine struct {
	// Name is docker, podman or nerdctl, and the program that is run.
	Name string
	Info Info
}

// Info is what an engine tells of itself.
type Info struct {
	ServerVersion string
	// Architecture is that of its containers, as Go names it.
	Architecture  string
	CgroupVersion string
	// Memory is the engine's in bytes, CPUs how many it has.
	Memory int64
	CPUs   int
	// Rootless says that it runs without root's rights.
	Rootless bool
	// Driver stores images: "overlayfs" is containerd's own store.
	Driver string
	// Init says that it starts containers below an init of its own, which breaks
	// kind's nodes.
	Init bool
	// Root is where it keeps its data, as it sees it.
	Root string
	// Snap says that it comes from a snap, which sees no /tmp but its own.
	Snap bool
}

// Names lists the engines in the order in which they are tried.
// KIND_EXPERIMENTAL_PROVIDER names one alone, as for kind itself.
func Names() []string {
	if one := os.Getenv("KIND_EXPERIMENTAL_PROVIDER"); one != "" {
		return []string{one}
	}
	return []string{"docker", "nerdctl", "podman"}
}

// Detect finds the engine that answers. The error is a hint: none is installed
// (NO_ENGINE), or none answers (ENGINE_DOWN).
func Detect(ctx context.Context) (*Engine, error) {
	var silent []error
	for _, name := range Names() {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		e := &Engine{Name: name}
		err := e.info(ctx)
		if err == nil {
			return e, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		silent = append(silent, fmt.Errorf("%s: %w", name, err))
	}
	if len(silent) == 0 {
		return nil, hint.New("NO_ENGINE", hint.NoEngine, "no container engine is installed: neither "+strings.Join(Names(), " nor "),
			"install Docker (https://docs.docker.com/engine/install) or Podman,\nor run without a cluster: gwctl up --runtime local")
	}
	return nil, hint.New("ENGINE_DOWN", hint.NoEngine, "the container engine does not answer",
		"start it (systemctl start docker, or open Docker Desktop), see that you may use it (docker info),\n"+
			"or run without a cluster: gwctl up --runtime local").Because(errors.Join(silent...))
}

// info asks the engine what it is.
func (e *Engine) info(ctx context.Context) error {
	out, err := e.Output(ctx, "info", "--format", "{{json .}}")
	if err != nil {
		return err
	}
	if e.Name == "podman" {
		return e.podmanInfo(out)
	}
	var d struct {
		ServerVersion, Architecture, CgroupVersion, Driver, DockerRootDir, InitBinary string
		MemTotal                                                                      int64
		NCPU                                                                          int
		SecurityOptions, ServerErrors                                                 []string
		DefaultInit                                                                   bool `json:"InitByDefault"`
	}
	if err := json.Unmarshal(out, &d); err != nil {
		return fmt.Errorf("reading what %s says of itself: %w", e.Name, err)
	}
	if len(d.ServerErrors) > 0 {
		return errors.New(strings.Join(d.ServerErrors, "; "))
	}
	e.Info = Info{
		ServerVersion: d.ServerVersion, Architecture: arch(d.Architecture), CgroupVersion: d.CgroupVersion, Memory: d.MemTotal, CPUs: d.NCPU,
		Driver: d.Driver, Root: d.DockerRootDir, Init: d.DefaultInit, Snap: strings.Contains(d.DockerRootDir, "/snap/"),
	}
	for _, o := range d.SecurityOptions {
		e.Info.Rootless = e.Info.Rootless || strings.HasPrefix(o, "name=rootless")
	}
	return nil
}

func (e *Engine) podmanInfo(out []byte) error {
	var p struct {
		Host struct {
			Arch, CgroupVersion string
			MemTotal            int64
			Cpus                int
			Security            struct{ Rootless bool }
		}
		Store struct {
			GraphRoot       string
			GraphDriverName string
		}
		Version struct{ Version string }
	}
	if err := json.Unmarshal(out, &p); err != nil {
		return fmt.Errorf("reading what podman says of itself: %w", err)
	}
	e.Info = Info{
		ServerVersion: p.Version.Version, Architecture: arch(p.Host.Arch), CgroupVersion: strings.TrimPrefix(p.Host.CgroupVersion, "v"),
		Memory: p.Host.MemTotal, CPUs: p.Host.Cpus, Rootless: p.Host.Security.Rootless, Driver: p.Store.GraphDriverName, Root: p.Store.GraphRoot,
	}
	return nil
}

// arch makes Go's name of an architecture of what uname calls it.
func arch(name string) string {
	switch name {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return name
}

// commandError is a command that failed, with what it said.
type commandError struct {
	command string
	said    string
	err     error
}

func (e *commandError) Error() string {
	if e.said == "" {
		return fmt.Sprintf("running %s: %v", e.command, e.err)
	}
	return fmt.Sprintf("running %s: %s", e.command, e.said)
}

func (e *commandError) Unwrap() error { return e.err }

// Output runs a command of the engine and returns what it printed.
func (e *Engine) Output(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, askTimeout, fmt.Errorf("%s did not answer within %s", e.Name, askTimeout))
	defer cancel()
	return e.Run(ctx, nil, args...)
}

// Run runs a command of the engine for as long as it takes.
func (e *Engine) Run(ctx context.Context, in io.Reader, args ...string) ([]byte, error) {
	var out bytes.Buffer
	err := e.Stream(ctx, in, &out, args...)
	return out.Bytes(), err
}

// Stream runs a command of the engine for as long as it takes, and copies what it
// prints to out.
func (e *Engine) Stream(ctx context.Context, in io.Reader, out io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, e.Name, args...)
	cmd.WaitDelay = time.Second
	var said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &commandError{e.Name + " " + strings.Join(args[:min(2, len(args))], " "), strings.TrimSpace(said.String()), err}
	}
	return nil
}

// Image tells whether an image is there, and its ID.
func (e *Engine) Image(ctx context.Context, ref string) (id string, ok bool) {
	out, err := e.Output(ctx, "image", "inspect", "--format", "{{.Id}}", ref)
	if err != nil {
		return "", false
	}
	return strings.TrimSpace(string(out)), true
}

// Images lists the tagged images of a repository.
func (e *Engine) Images(ctx context.Context, repository string) ([]string, error) {
	out, err := e.Output(ctx, "images", "--format", "{{.Repository}}:{{.Tag}}", repository)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(out)), nil
}

// Node is a container that is a node of a kind cluster.
type Node struct {
	Name string
	// State is the engine's word: running, exited, paused, created, dead.
	State string
	// Image is what it was made of.
	Image string
}

// Nodes lists the nodes of a kind cluster.
func (e *Engine) Nodes(ctx context.Context, cluster string) ([]Node, error) {
	out, err := e.Output(ctx, "ps", "-a", "--filter", "label="+ClusterLabel+"="+cluster, "--format", "{{.Names}}\t{{.State}}\t{{.Image}}")
	if err != nil {
		return nil, err
	}
	var list []Node
	for row := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(row), "\t")
		if len(f) == 3 {
			list = append(list, Node{Name: f[0], State: strings.ToLower(f[1]), Image: f[2]})
		}
	}
	return list, nil
}

// Each runs a command, such as start or pause, for every node.
func (e *Engine) Each(ctx context.Context, nodes []Node, command ...string) error {
	if len(nodes) == 0 {
		return nil
	}
	for _, n := range nodes {
		command = append(command, n.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := e.Run(ctx, nil, command...)
	return err
}

// Network reports whether the engine has a network of the name.
func (e *Engine) Network(ctx context.Context, name string) bool {
	_, err := e.Output(ctx, "network", "inspect", name)
	return err == nil
}

// RemoveNetwork removes a network, unless somebody uses it.
func (e *Engine) RemoveNetwork(ctx context.Context, name string) {
	_, _ = e.Output(ctx, "network", "rm", name) // refused while it is in use
}

// Time asks the engine for its clock.
func (e *Engine) Time(ctx context.Context) (time.Time, error) {
	if e.Name == "podman" {
		return time.Now(), nil // it runs here, or in a machine that it keeps in step itself
	}
	out, err := e.Output(ctx, "info", "--format", "{{.SystemTime}}")
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(out)))
	if err != nil {
		return t, fmt.Errorf("reading the clock of %s: %w", e.Name, err)
	}
	return t, nil
}
