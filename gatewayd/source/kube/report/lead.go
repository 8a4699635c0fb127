package report

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// LeadOptions say which Lease is held, and by whom.
type LeadOptions struct {
	Config *rest.Config
	// Lease names the Lease.
	Lease client.ObjectKey
	// Identity names this gateway in it; no two may have one name.
	Identity string
	Log      *slog.Logger
	// Duration is how long a Lease is good that nobody renews (15 s when 0):
	// after that another one leads. The rest is derived from it.
	Duration time.Duration
}

// Lead calls do whenever this gateway leads, with a context that ends when it does
// not any more, until ctx ends; then it gives the Lease back. do is never called
// twice at a time.
func Lead(ctx context.Context, o LeadOptions, do func(context.Context)) error {
	if o.Lease.Namespace == "" || o.Lease.Name == "" || o.Identity == "" {
		return errors.New("electing a leader: the Lease's namespace and name and the gateway's own name are needed; set POD_NAMESPACE, or --leader-elect=false")
	}
	if o.Duration == 0 {
		o.Duration = 15 * time.Second
	}
	leases, err := coordinationv1.NewForConfig(o.Config)
	if err != nil {
		return fmt.Errorf("electing a leader: %w", err)
	}
	lock := &resourcelock.LeaseLock{Client: leases, LockConfig: resourcelock.ResourceLockConfig{Identity: o.Identity}}
	lock.LeaseMeta.Namespace, lock.LeaseMeta.Name = o.Lease.Namespace, o.Lease.Name
	var one sync.Mutex // do runs
	lead := func(ctx context.Context) {
		one.Lock()
		defer one.Unlock()
		if ctx.Err() == nil {
			o.Log.Info("this gateway writes conditions, events and addresses from now on", "lease", o.Lease.String())
			do(ctx)
		}
	}
	for ctx.Err() == nil {
		e, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: o.Duration, RenewDeadline: o.Duration * 2 / 3, RetryPeriod: o.Duration * 2 / 15,
			ReleaseOnCancel: true, Name: o.Lease.String(),
			Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: lead, OnStoppedLeading: func() {}},
		})
		if err != nil {
			return fmt.Errorf("electing a leader: %w", err)
		}
		e.Run(ctx)
	}
	one.Lock() // a call under way ends
	defer one.Unlock()
	return nil
}
