package kindbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gofrs/flock"
	kind "sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/exec"
	"sigs.k8s.io/kind/pkg/log"

	"github.com/gwctl/gwctl/sandbox/engine"
)

// order is what the child is told, in one line of JSON.
type order struct {
	Cluster, Engine, Kubeconfig, Lock string
	Config                            []byte
	// Retain keeps nodes of a cluster that is not complete when it is told to end.
	Retain bool
}

// news is what the child tells, a line of JSON each.
type news struct {
	// Kind is step (Text is what kind does now), done or failed (Text says why,
	// Output is what the command that failed printed).
	Kind   string
	Text   string
	Output string `json:",omitempty"`
}

const (
	// lockTimeout bounds the wait for a child of an earlier up that cleans up.
	lockTimeout = 60 * time.Second
	// leaveTimeout bounds the wait for kind to notice that its nodes are gone.
	leaveTimeout = 20 * time.Second
)

// Create is the child process: it reads its order from in, creates the cluster
// and tells how it goes on out. When in ends first, or ctx, it removes what it
// has begun, unless that is to be retained, and leaves. A cluster that fails is kept.
func Create(ctx context.Context, in io.Reader, out io.Writer) error {
	r := bufio.NewReader(in)
	raw, err := r.ReadBytes('\n')
	var o order
	if err == nil {
		err = json.Unmarshal(raw, &o)
	}
	if err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, r) // ends when the parent leaves or says that it is enough
		cancel()
	}()
	lock := flock.New(o.Lock)
	wait, stop := context.WithTimeout(ctx, lockTimeout)
	defer stop()
	if ok, err := lock.TryLockContext(wait, 50*time.Millisecond); !ok {
		return fmt.Errorf("waiting for an earlier process that cleans up: %w", errors.Join(err, wait.Err()))
	}
	defer lock.Unlock() //nolint:errcheck // it ends with the process
	return create(ctx, o, json.NewEncoder(out))
}

func create(ctx context.Context, o order, out *json.Encoder) error {
	p := kind.NewProvider(providerOf(o.Engine), kind.ProviderWithLogger(&logger{func(text string) {
		_ = out.Encode(news{Kind: "step", Text: text}) // nobody may be there to read it
	}}))
	done := make(chan error, 1)
	go func() {
		done <- p.Create(o.Cluster, kind.CreateWithRawConfig(o.Config), kind.CreateWithKubeconfigPath(o.Kubeconfig),
			kind.CreateWithRetain(true), kind.CreateWithDisplayUsage(false), kind.CreateWithDisplaySalutation(false))
	}()
	select {
	case err := <-done:
		n := news{Kind: "done"}
		if err != nil {
			n = news{Kind: "failed", Text: err.Error()}
			if run := exec.RunErrorForError(err); run != nil {
				n.Output = string(run.Output)
			}
		}
		_ = out.Encode(n)
		return err
	case <-ctx.Done():
	}
	e := &engine.Engine{Name: o.Engine}
	if o.Retain {
		if nodes, err := e.Nodes(context.WithoutCancel(ctx), o.Cluster); err == nil && len(nodes) > 0 {
			return context.Cause(ctx)
		}
	}
	kill(context.WithoutCancel(ctx), e, o.Cluster)
	err := p.Delete(o.Cluster, o.Kubeconfig)
	select { // kind's next command fails for want of a node, unless it is just making one
	case err := <-done:
		_ = err // it says that the nodes are gone
	case <-time.After(leaveTimeout):
	}
	return errors.Join(context.Cause(ctx), err, p.Delete(o.Cluster, o.Kubeconfig))
}

// providerOf is kind's way to an engine.
func providerOf(engine string) kind.ProviderOption {
	switch engine {
	case "podman":
		return kind.ProviderWithPodman()
	case "docker":
		return kind.ProviderWithDocker()
	}
	return kind.ProviderWithNerdctl(engine)
}

// logger hears what kind does.
type logger struct{ step func(text string) }

var _ log.Logger = (*logger)(nil)

func (*logger) Warn(string)                        {}
func (*logger) Warnf(string, ...any)               {}
func (*logger) Error(string)                       {}
func (*logger) Errorf(string, ...any)              {}
func (l *logger) V(level log.Level) log.InfoLogger { return info{l, level} }

type info struct {
	l     *logger
	level log.Level
}

func (i info) Enabled() bool { return i.level == 0 }

func (i info) Info(message string) {
	if i.level != 0 {
		return
	}
	// kind's status says " • Starting control-plane 🕹️  ..." when it begins.
	text, ok := strings.CutPrefix(strings.TrimSpace(message), "•")
	if !ok {
		return
	}
	text = strings.TrimSuffix(strings.TrimSpace(text), "...")
	text = strings.Map(func(r rune) rune {
		if r > 0x2000 {
			return -1
		}
		return r
	}, text)
	i.l.step(strings.TrimSpace(text))
}

func (i info) Infof(format string, args ...any) { i.Info(fmt.Sprintf(format, args...)) }
