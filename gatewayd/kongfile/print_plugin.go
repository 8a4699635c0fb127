package kongfile

import (
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/entity"
)

func (p *printer) plugins() ([]object, error) {
	var out []object
	for i := range p.cfg.Plugins {
		e := &p.cfg.Plugins[i]
		o := head(e.ID, "name", e.Name)
		o.some("instance_name", e.InstanceName)
		p.ref(&o, "route", "routes", e.RouteID)
		p.ref(&o, "service", "services", e.ServiceID)
		p.ref(&o, "consumer", "consumers", e.ConsumerID)
		config, err := parseJSON(e.Config)
		if err != nil {
			return nil, err
		}
		if p.redact {
			config = redact(config, !slices.Contains(p.known, e.Name))
		}
		o.put("config", config)
		o.put("enabled", e.Enabled)
		o.put("protocols", e.Protocols)
		if ord := ordered(e.Ordering); ord != nil {
			o.put("ordering", ord)
		}
		x := extra{PlainHeaders: e.PlainHeaders, SecretConfig: e.SecretConfig, Broken: e.Broken}
		if err := tail(&o, e.Tags, x, e.Source); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func ordered(o *entity.Ordering) any {
	if o == nil {
		return nil
	}
	out := object{}
	for _, part := range []struct {
		key   string
		phase *entity.OrderingPhase
	}{{"before", o.Before}, {"after", o.After}} {
		if part.phase != nil {
			inner := object{}
			inner.some("access", part.phase.Access)
			out.put(part.key, inner)
		}
	}
	return out
}

// redact hides the secrets of a plugin's config: the texts under keys that are
// called as secrets are, or every text of a plugin that we do not know.
func redact(v any, all bool) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = redact(inner, all || secretKey(key))
		}
	case []any:
		for i := range v {
			v[i] = redact(v[i], all)
		}
	case string:
		if all && v != "" {
			return redacted
		}
	}
	return v
}

func secretKey(key string) bool {
	for _, word := range []string{"password", "passphrase", "secret", "token", "api_key", "private_key", "credential_value"} {
		if key == word || strings.HasSuffix(key, "_"+word) {
			return true
		}
	}
	return false
}
