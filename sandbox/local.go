package sandbox

import (
	"context"
	"io"

	"github.com/gwctl/gwctl/sandbox/localbox"
	"github.com/gwctl/gwctl/sandbox/step"
)

// local is the local runtime.
type local struct{ box *localbox.Box }

var (
	_ Runtime = local{}
	_ Logger  = local{}
)

func newLocal(o Options, dir string) local {
	return local{localbox.New(localbox.Options{Dir: dir, Name: o.Name, Version: o.Version, Command: o.ProcessCommand, TestClock: o.TestClock})}
}

func (l local) Up(want Want) []step.Step { return l.box.Up(localbox.Want(want)) }

func (l local) Started() bool { return l.box.Started() }

func (l local) Keep() error { return l.box.Keep() }

func (l local) Find(ctx context.Context) (Found, error) {
	state, p, status := l.box.Look(ctx)
	f := Found{Manifests: p.Manifests, Log: l.box.Log()}
	switch state {
	case localbox.Running:
		f.State = Running
		f.Gateways = []Gateway{{
			Proxy: p.Proxy, Admin: p.Admin, Health: p.Health, PID: p.PID, Started: p.Started, Status: status, token: p.Token,
		}}
	case localbox.Stuck:
		f.State, f.Why = Broken, "its process does not answer"
	case localbox.Dead, localbox.Absent:
		f.State, f.Why = Broken, "its process is not there"
	}
	return f, nil
}

func (l local) Pristine(context.Context) bool {
	edited, err := l.box.Edited()
	return err == nil && len(edited) == 0
}

func (l local) Restore(ctx context.Context) ([]string, error) { return l.box.Restore(ctx) }

func (l local) Save(context.Context) ([]byte, error) { return l.box.Save() }

func (l local) Replace(ctx context.Context, docs []byte) error { return l.box.Replace(ctx, docs) }

func (l local) Apply(ctx context.Context, docs []byte) error { return l.box.Apply(ctx, docs) }

func (l local) Down(ctx context.Context) (bool, error) { return l.box.Down(ctx) }

// Logs gives the log of the one process.
func (l local) Logs(ctx context.Context, tail int64, follow bool, each func(gateway, line string)) error {
	return followFile(ctx, l.box.Log(), tail, follow, func(line string) { each("gatewayd", line) })
}

// RunProcess is the process of a local sandbox: what Options.ProcessCommand must
// lead to. It is told what to do on in and tells how it goes on out, its log goes
// to logs.
func RunProcess(ctx context.Context, in io.ReadCloser, out io.WriteCloser, logs io.Writer) error {
	return localbox.Serve(ctx, in, out, logs)
}
