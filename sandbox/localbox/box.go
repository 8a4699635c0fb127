package localbox

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// Options are what a Box needs.
type Options struct {
	// Dir is the sandbox's directory. It exists, and is private to the user.
	Dir string
	// Name is the sandbox's.
	Name string
	// Version is this program's own.
	Version string
	// Command are the arguments under which this program calls Serve.
	Command []string
	// TestClock asks for a gateway whose clock can be moved.
	TestClock bool
}

// Box is a sandbox in one process.
type Box struct {
	dir, name, version string
	command            []string
	testClock          bool

	child   *child // what this Box started and has not yet kept
	started bool
	before  *order // how the process that it ended was told to run
}

// New describes a box; it touches nothing.
func New(o Options) *Box {
	return &Box{dir: o.Dir, name: o.Name, version: o.Version, command: o.Command, testClock: o.TestClock}
}

// Want is how the process should be.
type Want struct {
	// Ports are tried in this order, 0 being any free one; Fixed says that a
	// process that listens on another must be started anew.
	Ports []int
	Fixed bool
	// Manifests is a directory or file of the user's own, absolute; "" stands
	// for the copy of the demo.
	Manifests string
}

// Up tells what there is to do to have the process serve as wanted. The steps
// are to be run in order, under the sandbox's lock; Keep is to be called when
// all went well.
func (b *Box) Up(want Want) []step.Step {
	fresh := false
	return []step.Step{
		{
			ID: "manifests", Title: "Manifests",
			Run: func(_ context.Context, t *step.Task) (err error) { fresh, err = b.provide(t, &want); return err },
			Undo: func(context.Context) error {
				if !fresh {
					return nil
				}
				return os.RemoveAll(b.Demo())
			},
		},
		{
			ID: "process", Title: "Gateway and backends",
			Run:  func(ctx context.Context, t *step.Task) error { return b.run(ctx, t, want) },
			Undo: b.Drop,
		},
		{ID: "ready", Title: "Configuration", Run: b.ready},
	}
}

// provide makes sure that there is something to serve.
func (b *Box) provide(t *step.Task, want *Want) (fresh bool, err error) {
	if want.Manifests != "" {
		if _, err := os.Stat(want.Manifests); err != nil {
			return false, hint.New("NO_MANIFESTS", hint.Preflight, "the manifests cannot be read",
				"give --manifests a directory or file that is there; for the demo: gwctl down, then gwctl up").Because(err)
		}
		t.Say("yours, in %s", want.Manifests)
		return false, nil
	}
	want.Manifests = b.Demo()
	if _, err := os.Stat(b.Demo()); err == nil {
		t.Say("your copy of the demo, in %s", b.Demo())
		return false, nil
	}
	if err := b.copyDemo(); err != nil {
		return true, err
	}
	t.Say("the demo, copied to %s", b.Demo())
	return true, nil
}

// run makes the process run as wanted.
func (b *Box) run(ctx context.Context, t *step.Task, want Want) error {
	state, p, _ := b.Look(ctx)
	if state == Running && b.suits(p, want) {
		t.Say("run already, since %s, pid %d", p.Started.Format(time.DateTime), p.PID)
		if p.Version != b.version {
			t.Warn("the gateway is of version "+p.Version+", this program of "+b.version, "gwctl down, then gwctl up, starts the new one")
		}
		return nil
	}
	o := order{Dir: b.dir, Name: b.name, Ports: want.Ports, Manifests: want.Manifests, Version: b.version, TestClock: b.testClock}
	if err := b.checkPort(ctx, state, p, o, want.Fixed); err != nil {
		return err
	}
	if state == Running && p.Kept {
		b.before = &order{Dir: b.dir, Name: b.name, Ports: []int{portOf(p.Proxy), 0}, Manifests: p.Manifests, Version: b.version, TestClock: p.TestClock}
	}
	if _, err := b.stop(ctx); err != nil {
		return err
	}
	c, p, err := b.start(ctx, o)
	if err != nil {
		return err
	}
	b.child, b.started = c, true
	t.Say("%s, pid %d, on http://%s", whyStarted(state), p.PID, p.Proxy)
	if len(want.Ports) > 0 && want.Ports[0] != 0 && !fits(p.Proxy, want.Ports[:1]) {
		t.Warn(fmt.Sprintf("port %d is taken, %s is used instead", want.Ports[0], p.Proxy), "--port chooses another")
	}
	return nil
}

// suits reports whether a process that runs is as wanted.
func (b *Box) suits(p Process, want Want) bool {
	return p.Kept && p.Manifests == want.Manifests && p.TestClock == b.testClock && (!want.Fixed || fits(p.Proxy, want.Ports))
}

// whyStarted tells what was found in the place of a process that serves as
// wanted.
func whyStarted(state State) string {
	switch state {
	case Running:
		return "started anew, as told"
	case Dead:
		return "had died, healed: started anew"
	case Stuck:
		return "did not answer, healed: ended and started anew"
	case Absent:
	}
	return "started"
}

// checkPort refuses to end a process that runs for a port that it cannot have.
func (b *Box) checkPort(ctx context.Context, state State, p Process, o order, fixed bool) error {
	if !fixed || state != Running || fits(p.Proxy, o.Ports) {
		return nil
	}
	l, err := listen(ctx, o.Ports)
	if err != nil {
		return b.explain(ctx, news{Port: o.Ports[0]}).Because(err)
	}
	return l.Close()
}

// fits reports whether the address has the first of the ports.
func fits(address string, ports []int) bool {
	if len(ports) == 0 || ports[0] == 0 {
		return true
	}
	return address == fmt.Sprintf("127.0.0.1:%d", ports[0])
}

// ready waits until the first configuration is served.
func (b *Box) ready(ctx context.Context, t *step.Task) error {
	if b.child != nil {
		n, err := b.child.next(ctx)
		if err == nil && n.Kind != serving {
			err = b.explain(ctx, n)
		}
		if err != nil {
			return err
		}
	}
	p, err := b.readProcess()
	if err != nil {
		return fmt.Errorf("reading what runs: %w", err)
	}
	st, err := p.Client().Status(ctx)
	if err != nil {
		return err
	}
	t.Say("%s, %s, %s, revision %.8s", count(len(st.Routes), "route"), count(len(st.Consumers), "consumer"),
		count(len(st.Problems), "problem"), st.Revision)
	return nil
}

// Started reports whether Up had to start the process.
func (b *Box) Started() bool { return b.started }

// Keep lets what Up started stay when this program ends.
func (b *Box) Keep() error {
	if b.child == nil {
		return nil
	}
	c := b.child
	b.child = nil
	return c.keep()
}

// Drop ends what Up started and was not kept. What ran before in other ways runs
// so again.
func (b *Box) Drop(ctx context.Context) error {
	if b.child != nil {
		b.child.end()
		b.child = nil
	} else if b.before == nil {
		return nil
	}
	if _, err := b.stop(ctx); err != nil || b.before == nil {
		return err
	}
	c, _, err := b.start(ctx, *b.before)
	if err != nil {
		return err
	}
	return c.keep()
}

func portOf(address string) int {
	_, port, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(port)
	return n
}

// Down ends the process, and reports whether there was one.
func (b *Box) Down(ctx context.Context) (bool, error) { return b.stop(ctx) }

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
