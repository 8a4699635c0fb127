// Package ratelimiting refuses requests of callers that send too many.
//
// It has every field of Kong 3.9's rate-limiting and its answers
// (kong/plugins/rate-limiting/handler.lua), but its limits are exact, its months
// and years end with the calendar, and it knows three algorithms more. The
// counting itself is package limit's.
package ratelimiting

import (
	"fmt"
	"log/slog"

	"github.com/gwctl/gwctl/gatewayd/limit"
	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// name is the name of the plugin, and the owner of its counts.
const name = "rate-limiting"

// Kind is the plugin.
func Kind() plugin.Kind {
	k := plugin.Define(plugin.Spec[Config]{
		Name: name, Priority: 910,
		Doc:              "Refuses requests of callers that send more than a number of them in a second, minute, hour, day, month or year, and tells everybody what is left.",
		Defaults:         defaults,
		Check:            check,
		Build:            build,
		ManifestDefaults: map[string]any{"algorithm": limit.SlidingWindow.String()},
	})
	// The defaults of redis are filled in after the deprecated fields are known.
	effective := k.Effective
	k.Effective = func(decode func(into any) error, env plugin.Env) (any, error) {
		v, err := effective(decode, env)
		if c, ok := v.(Config); ok && err == nil {
			return c.filled(), nil
		}
		return v, err
	}
	return k
}

type instance struct {
	c      Config
	env    plugin.Env
	rules  []limit.Rule
	limits []string // those of the rules, as text
	scopes [bases]string
	store  limit.Store
	tools  *tools
}

var (
	_ plugin.Accessor = (*instance)(nil)
	_ plugin.Clearer  = (*limit.Memory)(nil)
	_ plugin.Keeper   = (*limit.Memory)(nil)
)

func build(c Config, env plugin.Env) (plugin.Instance, error) {
	l := &instance{c: c.filled(), env: env, rules: c.rules()}
	if env.Log == nil {
		l.env.Log = slog.New(slog.DiscardHandler)
	}
	if err := share(env, "rate-limiting/local", newStore, &l.store); err != nil {
		return nil, err
	}
	if err := share(env, "rate-limiting/tools", newTools, &l.tools); err != nil {
		return nil, err
	}
	for _, r := range l.rules {
		l.limits = append(l.limits, l.tools.text(r.Limit))
	}
	// As the key of Kong's counters (kong/plugins/rate-limiting/policies/init.lua:69),
	// but a header with somebody's address in it does not count as that address.
	for b := range l.scopes {
		l.scopes[b] = fmt.Sprintf("%s:%s:%d", env.Scope.Route, env.Scope.Service, b)
	}
	return l, nil
}

func newStore() (any, error) { return limit.NewMemory(), nil }

// share opens a value that outlives the instance.
func share[T any](env plugin.Env, key string, open func() (any, error), into *T) error {
	v, err := env.Shared(key, open)
	if err != nil {
		return fmt.Errorf("opening %s: %w", key, err)
	}
	t, ok := v.(T)
	if !ok {
		return fmt.Errorf("opening %s: it is a %T", key, v)
	}
	*into = t
	return nil
}
