package kongfile

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// plugins knows the kinds of plugins and what their configs come to.
type plugins struct {
	kinds   map[string]*plugin.Kind
	bundled map[string]kongPlugin
	decode  func(raw json.RawMessage, into any) error
	done    map[configKey]filled // many plugins are alike
}

type configKey struct{ name, config string }

// filled is a config with its defaults, and its faults.
type filled struct {
	raw    json.RawMessage
	faults []*plugin.FieldError
}

func newPlugins(opts Options) plugins {
	p := plugins{
		kinds: make(map[string]*plugin.Kind, len(opts.Kinds)), bundled: bundled(), decode: opts.Decode,
		done: map[configKey]filled{},
	}
	for i := range opts.Kinds {
		p.kinds[opts.Kinds[i].Name] = &opts.Kinds[i]
	}
	return p
}

// fill writes a config in one form, with every default where the kind is known
// and nothing is wrong but what the gateway lacks.
func (p *plugins) fill(name string, raw json.RawMessage) filled {
	k := configKey{name, string(raw)}
	if f, ok := p.done[k]; ok {
		return f
	}
	f := filled{raw: canonical(raw)}
	if kind := p.kinds[name]; kind != nil && p.decode != nil {
		c, err := kind.Effective(func(into any) error { return p.decode(f.raw, into) }, plugin.Env{})
		f.faults = plugin.FieldErrors(err)
		if !slices.ContainsFunc(f.faults, func(e *plugin.FieldError) bool { return !e.Unsupported }) {
			if full, err := json.Marshal(c); err == nil {
				f.raw = canonical(full)
			}
		}
	}
	p.done[k] = f
	p.done[configKey{name, string(f.raw)}] = f
	return f
}

// config gives a plugin's config as JSON.
func (r *reader) config(it *item) json.RawMessage {
	if it.config == nil {
		it.config = r.configJSON(it)
	}
	return it.config
}

func (r *reader) configJSON(it *item) json.RawMessage {
	n, ok := it.values["config"].v.(*yaml.Node)
	if !ok || len(n.Content) == 0 {
		return json.RawMessage("{}")
	}
	raw, err := encode(r.tree(n))
	if err != nil {
		return json.RawMessage("{}")
	}
	return raw
}

// checkConfig reports the faults of a plugin's config. What Kong knows and the
// gateway lacks is none: whoever compiles the plugin says so.
func (r *reader) checkConfig(it *item) {
	before := len(r.faults)
	var raw json.RawMessage
	r.in("config", func() { raw = r.config(it) })
	if len(r.faults) > before {
		return
	}
	for _, fe := range r.plugins.fill(it.text("name"), raw).faults {
		if !fe.Unsupported {
			path := strings.TrimSuffix("config."+fe.Field, ".")
			r.in(path, func() { r.fault(it.configLine(fe.Field), "%s", fe.Reason) })
		}
	}
}

// configLine finds the line of a field of a plugin's config, or of what holds it.
func (it *item) configLine(path string) int {
	line := it.lineOf("config")
	n, ok := it.values["config"].v.(*yaml.Node)
	if !ok || path == "" {
		return line
	}
	for step := range strings.SplitSeq(strings.ReplaceAll(path, "[", ".["), ".") {
		if i, err := strconv.Atoi(strings.Trim(step, "[]")); err == nil && n.Kind == yaml.SequenceNode && i >= 0 && i < len(n.Content) {
			n = n.Content[i]
		} else if n = child(n, step); n == nil {
			break
		}
		line = n.Line
	}
	return line
}

// Fill returns the configuration with the config of every plugin written out:
// with every default where its kind is known and the config is sound, in one form
// of JSON always; lists that are empty are nil. Parse and Print do so themselves.
func Fill(cfg *entity.Config, opts Options) *entity.Config {
	p := newPlugins(opts)
	return p.fillAll(cfg)
}

func (p *plugins) fillAll(cfg *entity.Config) *entity.Config {
	out := *cfg
	out.Plugins = orNil(slices.Clone(cfg.Plugins))
	for i := range out.Plugins {
		out.Plugins[i].Config = p.fill(out.Plugins[i].Name, out.Plugins[i].Config).raw
	}
	out.Services, out.Routes, out.Upstreams = orNil(out.Services), orNil(out.Routes), orNil(out.Upstreams)
	out.Consumers, out.Credentials = orNil(out.Consumers), orNil(out.Credentials)
	out.Problems, out.Objects = orNil(out.Problems), orNil(out.Objects)
	return &out
}

// orNil has one form for an empty list.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
