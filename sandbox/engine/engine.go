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
	"os/exec"
	"strings"
	"time"
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
	id = strings.TrimSpace(string(out))
	if !strings.Contains(id, ":") { // Podman's way to write it
		id = "sha256:" + id
	}
	return id, true
}

// FullName is an image's name with its registry, as the kind library has to be told
// it: on Podman it asks Docker's registry for a short name, while an image that was
// loaded here is of the registry localhost.
func (e *Engine) FullName(ctx context.Context, ref string) string {
	if e.Name != "podman" || strings.Contains(ref, "@") {
		return ref
	}
	out, err := e.Output(ctx, "image", "inspect", "--format", "{{range .RepoTags}}{{println .}}{{end}}", ref)
	if err != nil {
		return ref
	}
	for full := range strings.FieldsSeq(string(out)) {
		if full == ref || strings.HasSuffix(full, "/"+ref) {
			return full
		}
	}
	return ref
}

// Images lists the tagged images of a repository.
func (e *Engine) Images(ctx context.Context, repository string) ([]string, error) {
	out, err := e.Output(ctx, "images", "--format", "{{.Repository}}:{{.Tag}}", repository)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(out)), nil
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
