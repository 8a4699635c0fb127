package daemon

import (
	"context"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// Manifests makes a Provider of a source of manifests.
func Manifests(src source.Source, opts translate.Options) Provider {
	return manifests{src, opts}
}

type manifests struct {
	src  source.Source
	opts translate.Options
}

// Run translates every set.
func (m manifests) Run(ctx context.Context, send func(*entity.Config)) error {
	return m.src.Run(ctx, func(set source.Set) { send(translate.Translate(set, m.opts)) })
}
