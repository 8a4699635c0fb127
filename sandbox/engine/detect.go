package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/gwctl/gwctl/sandbox/hint"
)

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
func Detect(ctx context.Context) (*Engine, error) { return first(ctx, Names()) }

// Named finds the engine of that name, whatever else answers: a cluster is found
// again by the one that made it. Without a name it is Detect.
func Named(ctx context.Context, name string) (*Engine, error) {
	if name == "" {
		return Detect(ctx)
	}
	return first(ctx, []string{name})
}

// Holding finds the engine that has the nodes of a kind cluster, among those that
// answer, and the nodes; the first that answers, and none, when no engine has any.
// The error is Detect's.
func Holding(ctx context.Context, cluster string) (*Engine, []Node, error) {
	return holding(ctx, Names(), cluster)
}

func holding(ctx context.Context, names []string, cluster string) (*Engine, []Node, error) {
	found, err := first(ctx, names)
	if err != nil {
		return nil, nil, err
	}
	var errs []error
	for _, name := range names {
		e, err := first(ctx, []string{name})
		if err != nil {
			continue // it is not there
		}
		nodes, err := e.Nodes(ctx, cluster)
		if err == nil && len(nodes) > 0 {
			return e, nodes, nil
		}
		errs = append(errs, err)
	}
	return found, nil, errors.Join(errs...)
}

// first finds the first engine that answers.
func first(ctx context.Context, names []string) (*Engine, error) {
	var silent []error
	for _, name := range names {
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
		return nil, hint.New("NO_ENGINE", hint.NoEngine, "no container engine is installed: neither "+strings.Join(names, " nor "),
			"install Docker (https://docs.docker.com/engine/install) or Podman,\nor run without a cluster: gwctl up --runtime local")
	}
	return nil, hint.New("ENGINE_DOWN", hint.NoEngine, "the container engine does not answer",
		"start it (systemctl start docker, or open Docker Desktop), see that you may use it ("+names[0]+" info),\n"+
			"or run without a cluster: gwctl up --runtime local").Because(errors.Join(silent...))
}
