package main

import (
	"context"
	"sync"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/kube/report"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// pairs remembers which set a configuration was made of, until it is served.
type pairs struct {
	mu   sync.Mutex
	list []pair
}

type pair struct {
	set source.Set
	cfg *entity.Config
}

func (p *pairs) put(set source.Set, cfg *entity.Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, pair{set, cfg})
}

// take gives the set of cfg, and forgets those before it.
func (p *pairs) take(cfg *entity.Config) (source.Set, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, one := range p.list {
		if one.cfg == cfg {
			p.list = append([]pair(nil), p.list[i+1:]...)
			return one.set, true
		}
	}
	return source.Set{}, false
}

// provider translates what the cluster holds.
type provider struct {
	*clustered
	opts translate.Options
}

// Run implements daemon.Provider.
func (p provider) Run(ctx context.Context, send func(*entity.Config)) error {
	return p.source.Run(ctx, func(set source.Set) {
		cfg := translate.Translate(set, p.opts)
		p.pairs.put(set, cfg)
		send(cfg)
	})
}

// served hands what became of a set to the one who writes it back.
func (k *clustered) served(s *snapshot.Snapshot) {
	if set, ok := k.pairs.take(s.Config); ok {
		k.report.Report(report.Result{Set: set, Config: s.Config, Problems: s.Problems})
	}
}
