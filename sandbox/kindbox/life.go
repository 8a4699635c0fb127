package kindbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gofrs/flock"
	kind "sigs.k8s.io/kind/pkg/cluster"

	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/private"
	"github.com/gwctl/gwctl/sandbox/step"
)

const (
	// aliveTimeout bounds the wait for the API server of nodes that were started.
	aliveTimeout = 90 * time.Second
	// lookTimeout bounds one question to it, patience the wait until one that runs
	// is taken for dead: a busy machine answers late.
	lookTimeout = 3 * time.Second
	// soon is when gateways that run have answered, as a rule.
	soon     = 500 * time.Millisecond
	patience = 20 * time.Second
	// aliveEvery is how often it is asked.
	aliveEvery = 250 * time.Millisecond
)

// takeUp makes a cluster that is there run: paused nodes go on, stopped ones are
// started, one whose API server does not answer is started anew.
func (b *Box) takeUp(ctx context.Context, t *step.Task, s *state) error {
	if err := b.connect(); err != nil {
		return err
	}
	paused, stopped := b.resting()
	did := "runs already"
	if len(paused) > 0 {
		if err := b.engine.Each(ctx, paused, "unpause"); err != nil {
			return err
		}
		did, b.started = "resumed", true
	}
	if len(stopped) > 0 {
		if err := b.engine.Each(ctx, stopped, "start"); err != nil {
			return b.again(err, s)
		}
		did, b.started = "was stopped, healed: started", true
	}
	err := b.alive(ctx, map[bool]time.Duration{true: aliveTimeout, false: patience}[b.started])
	if err != nil && !b.started && ctx.Err() == nil {
		t.Warn("the cluster's API server does not answer; its nodes are started anew", "")
		b.started = true
		if err := b.engine.Each(ctx, b.nodes, "restart"); err != nil {
			return b.again(err, s)
		}
		did, err = "did not answer, healed: started anew", b.alive(ctx, aliveTimeout)
	}
	if err != nil {
		return hint.New("CLUSTER_BROKEN", hint.Broken, "the cluster "+s.Cluster+" does not come up again",
			"make it anew: gwctl down"+b.flag()+", then gwctl up"+b.flag()).Because(err)
	}
	t.Say("%s %s, clients on 127.0.0.1:%d", s.Cluster, did, s.Port)
	return b.switchContext(s)
}

// resting tells which nodes are paused, and which do not run.
func (b *Box) resting() (paused, stopped []engine.Node) {
	for _, n := range b.nodes {
		switch n.State {
		case "running":
		case "paused":
			paused = append(paused, n)
		default:
			stopped = append(stopped, n)
		}
	}
	return paused, stopped
}

// alive waits until the API server says that it is ready.
func (b *Box) alive(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		err := b.inside.Conn.Alive(ctx, lookTimeout)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// clear removes a cluster that is not complete, once whoever was creating it has
// gone.
func (b *Box) clear(ctx context.Context, s *state) error {
	lock := flock.New(b.path(lockFile))
	wait, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	if ok, err := lock.TryLockContext(wait, 50*time.Millisecond); !ok {
		return hint.New("STUCK", hint.Broken, "an earlier gwctl is still creating or clearing this sandbox's cluster",
			"wait for it, or end it by hand: it is called `gwctl __kind`").Because(errors.Join(err, context.Cause(wait)))
	}
	defer lock.Unlock() //nolint:errcheck // it ends with the process
	kill(ctx, b.engine, s.Cluster)
	if err := kind.NewProvider(providerOf(s.Engine)).Delete(s.Cluster, b.Kubeconfig()); err != nil {
		return fmt.Errorf("removing the cluster %s: %w", s.Cluster, err)
	}
	if s.Network {
		b.engine.RemoveNetwork(ctx, "kind")
	}
	return b.erase(s)
}

// erase removes what is remembered of the cluster on this machine.
func (b *Box) erase(s *state) error {
	return errors.Join(b.switchBack(s), private.Remove(b.path(yoursFile)), private.Remove(b.path(stateFile)), private.Remove(b.Kubeconfig()), private.Remove(b.Kubeconfig()+".lock"))
}

// Left tells what Down has left, and why.
func (b *Box) Left() []string { return b.left }

// Down removes the cluster, and reports whether there was one.
func (b *Box) Down(ctx context.Context) (bool, error) {
	s, err := b.readState()
	if err != nil {
		s = &state{Cluster: b.Cluster(), Network: true} // unreadable: what is ours has our name
	}
	if s == nil {
		return false, nil
	}
	err = b.findEngine(ctx)
	if b.opts.Forget {
		return true, b.forget(s, err)
	}
	if err != nil {
		return true, err
	}
	if s.Engine == "" {
		s.Engine = b.engine.Name
	}
	// A frozen process cannot be ended by every engine.
	if b.nodes, err = b.engine.Nodes(ctx, s.Cluster); err != nil {
		return true, err
	}
	if paused, _ := b.resting(); len(paused) > 0 {
		if err := b.engine.Each(ctx, paused, "unpause"); err != nil {
			return true, err
		}
	}
	return true, b.clear(ctx, s)
}

// forget removes what is on this machine where no engine answers that could remove
// the rest, and tells what that may be.
func (b *Box) forget(s *state, away error) error {
	switch {
	case away == nil:
		return hint.New("UNFIT_FLAG", hint.Usage, "--forget is for a container engine that is gone, and "+b.engine.Name+" answers",
			"leave it away: down removes all that there is of it")
	case hint.ExitCode(away) != hint.NoEngine:
		return away // it was ended while it asked
	}
	command := cmp.Or(s.Engine, "docker")
	b.left = append(b.left, fmt.Sprintf("what the container engine has of the cluster stays there; if it answers again, remove it by hand:\n"+
		"%s rm -f -v $(%s ps -aq --filter label=%s=%s)", command, command, engine.ClusterLabel, s.Cluster))
	return b.erase(s)
}

// undo removes a cluster that was created here, unless there are nodes to retain.
func (b *Box) undo(ctx context.Context) error {
	if !b.made {
		return nil
	}
	if b.opts.Retain {
		nodes, err := b.engine.Nodes(ctx, b.Cluster())
		if b.kept = err != nil || len(nodes) > 0; b.kept {
			return nil
		}
	}
	_, err := b.Down(ctx)
	return err
}

// Kept tells what an Up that failed has kept, and what to do with it; "" for
// nothing.
func (b *Box) Kept() (message, advice string) {
	if !b.kept {
		return "", ""
	}
	return "what there is of the cluster " + b.Cluster() + " is kept",
		b.here().Replace("look at it: {engine} exec -it {node} bash; gwctl down{flag} removes it")
}

// Pause freezes the nodes: they take no CPU until Resume.
func (b *Box) Pause(ctx context.Context) error {
	if err := b.see(ctx); err != nil {
		return err
	}
	var run []engine.Node
	for _, n := range b.nodes {
		if n.State == "running" {
			run = append(run, n)
		}
	}
	return b.engine.Each(ctx, run, "pause")
}

// Resume lets paused nodes go on and waits until the gateways answer.
func (b *Box) Resume(ctx context.Context) error {
	if err := b.see(ctx); err != nil {
		return err
	}
	paused, stopped := b.resting()
	if err := b.engine.Each(ctx, paused, "unpause"); err != nil {
		return err
	}
	if err := b.engine.Each(ctx, stopped, "start"); err != nil {
		return err
	}
	if err := b.connect(); err != nil {
		return err
	}
	if err := b.alive(ctx, aliveTimeout); err != nil {
		return err
	}
	_, err := b.inside.Answering(ctx)
	return err
}

// see finds engine and nodes.
func (b *Box) see(ctx context.Context) (err error) {
	if err := b.findEngine(ctx); err != nil {
		return err
	}
	b.nodes, err = b.engine.Nodes(ctx, b.Cluster())
	return err
}

// Inside connects to the cluster and gives the sandbox's part in it.
func (b *Box) Inside() (*deploy.Inside, error) {
	if b.inside == nil {
		if err := b.connect(); err != nil {
			return nil, err
		}
	}
	return b.inside, nil
}

// nodeLogs gives what the nodes' systems and kubelets logged, for the table of
// causes.
func (b *Box) nodeLogs(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	nodes, err := b.engine.Nodes(ctx, b.Cluster())
	if err != nil {
		return nil
	}
	var logs []string
	for _, n := range nodes {
		if out, err := b.engine.Output(ctx, "logs", "--tail", "200", n.Name); err == nil {
			logs = append(logs, string(out))
		}
		if out, err := b.engine.Output(ctx, "exec", n.Name, "journalctl", "--no-pager", "-n", "200", "-u", "kubelet", "-u", "containerd"); err == nil {
			logs = append(logs, string(out))
		}
	}
	return logs
}
