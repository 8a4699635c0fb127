package daemon

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// Check tells what would be wrong with an object, were it named by something that
// is served: the problems, those of its config too, that a gateway would find. known
// is what stands already. Of objects that are not there yet it says nothing.
func (r Reading) Check(o api.Resource, known source.Set) []problem.Problem {
	cfg, yet := translate.Alone(o, known, r.translation())
	var opened []any
	snap := snapshot.Compile(cfg, snapshot.Options{Kinds: r.Kinds, Env: plugin.Env{
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Shared: func(_ string, open func() (any, error)) (any, error) {
			v, err := open()
			opened = append(opened, v)
			return v, err
		},
	}})
	for _, v := range opened {
		if c, ok := v.(io.Closer); ok {
			_ = c.Close()
		}
	}
	name := api.Name(o)
	var out []problem.Problem
	for _, p := range snap.Problems {
		if p.Object == name && !yet(p) {
			out = append(out, p)
		}
	}
	return out
}
