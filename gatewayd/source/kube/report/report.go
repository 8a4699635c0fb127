package report

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// Component is the name that events and field managers carry.
const Component = "gatewayd"

// Result is what became of one set.
type Result struct {
	Set source.Set
	// Config is what was made of the set, Problems are all that were found, those
	// of compiling too.
	Config   *entity.Config
	Problems []problem.Problem
}

// Options are what a Reporter needs.
type Options struct {
	Client client.Client
	// Class is the ingress class that is served.
	Class string
	// Publish names the Service whose address Ingresses get; none when empty.
	Publish client.ObjectKey
	// Instance names this gateway in events.
	Instance string
	Log      *slog.Logger
	Now      func() time.Time
	// Every is how often everything is looked at again (1 min when 0), Retry how
	// soon after a write that failed (5 s when 0).
	Every, Retry time.Duration
}

// Reporter writes results back. Make it with New.
type Reporter struct {
	opts    Options
	changed chan struct{}

	mu     sync.Mutex
	latest *Result
}

// New makes a Reporter.
func New(o Options) *Reporter {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Every == 0 {
		o.Every = time.Minute
	}
	if o.Retry == 0 {
		o.Retry = 5 * time.Second
	}
	return &Reporter{opts: o, changed: make(chan struct{}, 1)}
}

// Report takes a result in the place of the one before. It does not wait.
func (r *Reporter) Report(res Result) {
	r.mu.Lock()
	r.latest = &res
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *Reporter) newest() *Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.latest
}

// Run writes the newest result, and each one after it, until ctx ends.
func (r *Reporter) Run(ctx context.Context) {
	told := newTold()
	for {
		wait := r.opts.Every
		if res := r.newest(); res != nil {
			if err := r.write(ctx, res, told); err != nil && ctx.Err() == nil {
				r.opts.Log.Warn("what became of objects cannot be written back; trying again", "error", err)
				wait = r.opts.Retry
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-r.changed:
		case <-time.After(wait):
		}
	}
}

// write brings the cluster in line with a result. One object that cannot be
// written keeps no other from it.
func (r *Reporter) write(ctx context.Context, res *Result, told *told) error {
	x := newFindings(res, r.opts.Class)
	return errors.Join(
		r.writeConditions(ctx, x),
		r.writeAddresses(ctx, res),
		r.writeEvents(ctx, x, told),
	)
}
