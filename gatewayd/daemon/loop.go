package daemon

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// sweepEvery is how often idle connections and unused values are looked after.
const sweepEvery = 10 * time.Second

// loop owns what changes. One of three things happens at a time: a
// configuration comes and is compiled and swapped in; the time has come to
// sweep; the daemon stops.
func (d *Daemon) loop(ctx context.Context, configs <-chan *entity.Config) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case cfg := <-configs:
			d.swap(cfg)
		case now := <-sweep.C:
			d.transport.Sweep(now)
			d.shared.sweep(now, d.clock.Now())
		case <-ctx.Done():
			return
		}
	}
}

func (d *Daemon) swap(cfg *entity.Config) {
	from := time.Now()
	snap := snapshot.Compile(cfg, snapshot.Options{Kinds: d.opts.Kinds, Env: plugin.Env{
		Now: d.clock.Now, Wait: d.clock.Wait, Log: d.opts.Log, Shared: d.shared.open,
	}})
	old := d.handler.Snapshot()
	if old != nil && old.Revision == snap.Revision && slices.Equal(old.Config.Objects, cfg.Objects) {
		return
	}
	d.handler.Swap(snap)
	d.shared.use(snap.Shared(), from)
	d.swaps.Add(1)
	d.once.Do(func() { close(d.served) })
	if d.opts.Served != nil {
		d.opts.Served(snap)
	}
	if old != nil && old.Revision == snap.Revision { // other versions of the same
		d.opts.Log.Debug("newer objects give the same configuration", "revision", snap.Revision)
		return
	}
	d.opts.Log.Info("a configuration is served", "revision", snap.Revision, "routes", len(snap.Routes),
		"problems", len(snap.Problems), "took", time.Since(from).Round(time.Microsecond).String())
	for _, p := range snap.Problems {
		d.opts.Log.Warn("a problem in the configuration", "problem", p.String())
	}
}

// unusedFor is how long a value that no snapshot uses is kept before it is
// closed: requests that began with an old snapshot may still hold it.
const unusedFor = 2 * time.Minute

// shared holds what plugins share and what outlives a snapshot.
type shared struct {
	mu     sync.Mutex
	values map[string]*sharedValue
}

type sharedValue struct {
	value  any
	used   bool
	unused time.Time // since when no snapshot uses it
}

// Sweeper is what a shared value implements that gives memory back now and
// then; now is the gateway's clock.
type Sweeper interface{ Sweep(now time.Time) }

func newShared() *shared { return &shared{values: map[string]*sharedValue{}} }

func (s *shared) open(key string, open func() (any, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.values[key]; v != nil {
		return v.value, nil
	}
	value, err := open()
	if err != nil {
		return nil, err
	}
	s.values[key] = &sharedValue{value: value, unused: time.Now()}
	return value, nil
}

// use records which values the served snapshot uses.
func (s *shared) use(keys []string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, v := range s.values {
		_, found := slices.BinarySearch(keys, key)
		if v.used && !found {
			v.unused = now
		}
		v.used = found
	}
}

// sweep closes values that have not been used for long, and lets the others
// give memory back.
func (s *shared) sweep(now, clock time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, v := range s.values {
		if c, ok := v.value.(io.Closer); ok && !v.used && now.Sub(v.unused) > unusedFor {
			_ = c.Close()
			delete(s.values, key)
			continue
		}
		if sw, ok := v.value.(Sweeper); ok {
			sw.Sweep(clock)
		}
	}
}

func (s *shared) clear(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.values {
		if c, ok := v.value.(plugin.Clearer); ok {
			c.Clear(name)
		}
	}
}

// keepers calls do for every value whose counts can be put aside.
func (s *shared) keepers(do func(plugin.Keeper)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.values {
		if k, ok := v.value.(plugin.Keeper); ok {
			do(k)
		}
	}
}

func (s *shared) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.values {
		if c, ok := v.value.(io.Closer); ok {
			_ = c.Close()
		}
	}
	s.values = map[string]*sharedValue{}
}
