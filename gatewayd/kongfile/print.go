package kongfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/entity"
)

// PrintOptions change what Print writes.
type PrintOptions struct {
	Options
	// Redact writes [redacted] in the place of keys, passwords and the like. What
	// was redacted cannot be read back.
	Redact bool
}

const redacted = "[redacted]"

// Print writes a configuration as a kong.yml of format 3.0: flat, in the order of
// the configuration, every default written out. What Kong's format lacks stands
// under _gatewayd, left out where it holds its default. Parse of what was printed
// (not redacted) gives Fill of cfg. Equal configurations print alike. It returns
// an error when a plugin's config or a filter's is not JSON.
func Print(cfg *entity.Config, opts PrintOptions) ([]byte, error) {
	p := &printer{cfg: Fill(cfg, opts.Options), redact: opts.Redact, names: map[string]map[string]string{}}
	for i := range opts.Kinds {
		p.known = append(p.known, opts.Kinds[i].Name)
	}
	p.index()
	doc := object{{"_format_version", "3.0"}}
	for _, l := range []struct {
		list  string
		items func() ([]object, error)
	}{
		{"services", p.services},
		{"routes", p.routes},
		{"upstreams", p.upstreams},
		{"consumers", p.consumers},
		{"keyauth_credentials", p.credentials},
		{"plugins", p.plugins},
	} {
		items, err := l.items()
		if err != nil {
			return nil, fmt.Errorf("printing %s: %w", l.list, err)
		}
		if len(items) > 0 {
			doc.put(l.list, items)
		}
	}
	top, err := tree(topExtra{Problems: p.cfg.Problems, Objects: append([]entity.Object{}, p.cfg.Objects...)})
	if err != nil {
		return nil, fmt.Errorf("printing problems: %w", err)
	}
	doc.put("_gatewayd", top)
	var e emitter
	e.members(doc, 0, false)
	return []byte(e.b.String()), nil
}

type printer struct {
	cfg    *entity.Config
	redact bool
	known  []string
	// names are those by which entities can be referred to, by list and id.
	names map[string]map[string]string
}

// index finds the names that name one entity alone.
func (p *printer) index() {
	note := func(list string, n int, at func(i int) (id, name string)) {
		count := map[string]int{}
		for i := range n {
			id, name := at(i)
			count[name]++
			if id != name {
				count[id]++ // a name that is another's id names both
			}
		}
		p.names[list] = make(map[string]string, n)
		for i := range n {
			if id, name := at(i); name != "" && count[name] == 1 {
				p.names[list][id] = name
			}
		}
	}
	c := p.cfg
	note("services", len(c.Services), func(i int) (string, string) { return c.Services[i].ID, c.Services[i].Name })
	note("routes", len(c.Routes), func(i int) (string, string) { return c.Routes[i].ID, c.Routes[i].Name })
	note("consumers", len(c.Consumers), func(i int) (string, string) { return c.Consumers[i].ID, c.Consumers[i].Username })
}

// ref adds a reference: by name, or by id where there is no name that would do.
func (p *printer) ref(o *object, key, list, id string) {
	switch name := p.names[list][id]; {
	case id == "":
	case name != "":
		o.put(key, name)
	default:
		o.put(key, object{{"id", id}})
	}
}

// head begins an entity.
func head(id, nameKey, name string) object {
	o := make(object, 0, 20)
	o.some("id", id)
	o.some(nameKey, name)
	return o
}

// tail ends one.
func tail(o *object, tags []string, x extra, src entity.Source) error {
	o.some("tags", tags)
	more := map[string]any{}
	if !reflect.ValueOf(x).IsZero() {
		t, err := tree(x)
		if err != nil {
			return err
		}
		more, _ = t.(map[string]any)
	}
	if src != (entity.Source{}) {
		more["source"] = place(src)
	}
	o.some("_gatewayd", more)
	return nil
}

// place writes a source on one line.
func place(src entity.Source) inline {
	var parts []string
	if src.Object != "" {
		parts = append(parts, "object: "+scalar(src.Object))
	}
	if src.File != "" {
		parts = append(parts, "file: "+scalar(src.File))
	}
	if src.Line != 0 {
		parts = append(parts, "line: "+strconv.Itoa(src.Line))
	}
	return inline("{" + strings.Join(parts, ", ") + "}")
}

// tree makes a tree that can be written of a struct with json tags.
func tree(v any) (any, error) {
	raw, err := encode(v)
	if err != nil {
		return nil, err
	}
	return parseJSON(raw)
}

func parseJSON(raw json.RawMessage) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var out any
	err := dec.Decode(&out)
	return out, err
}

func (p *printer) services() ([]object, error) {
	var out []object
	for i := range p.cfg.Services {
		s := &p.cfg.Services[i]
		o := head(s.ID, "name", s.Name)
		o.put("protocol", s.Protocol)
		o.put("host", s.Host)
		o.put("port", s.Port)
		o.some("path", s.Path)
		o.put("retries", s.Retries)
		o.put("connect_timeout", s.ConnectTimeout)
		o.put("write_timeout", s.WriteTimeout)
		o.put("read_timeout", s.ReadTimeout)
		o.put("enabled", s.Enabled)
		if err := tail(&o, s.Tags, extra{HostHeader: s.HostHeader}, s.Source); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (p *printer) routes() ([]object, error) {
	var out []object
	for i := range p.cfg.Routes {
		r := &p.cfg.Routes[i]
		o := head(r.ID, "name", r.Name)
		p.ref(&o, "service", "services", r.ServiceID)
		o.put("protocols", r.Protocols)
		o.some("methods", r.Methods)
		o.some("hosts", r.Hosts)
		o.some("paths", r.Paths)
		if len(r.Headers) > 0 {
			o.put("headers", r.Headers)
		}
		o.some("snis", r.SNIs)
		o.put("regex_priority", r.RegexPriority)
		o.put("strip_path", r.StripPath)
		o.put("path_handling", r.PathHandling)
		o.put("preserve_host", r.PreserveHost)
		o.put("https_redirect_status_code", r.HTTPSRedirectStatusCode)
		o.put("request_buffering", r.RequestBuffering)
		o.put("response_buffering", r.ResponseBuffering)
		x := extra{
			Matches: r.Matches, Queries: r.Queries, Backends: r.Backends, Filters: r.Filters,
			Timeout: r.Timeout, BackendTimeout: r.BackendTimeout, Priority: r.Priority,
			Broken: r.Broken, Unavailable: r.Unavailable,
		}
		if err := tail(&o, r.Tags, x, r.Source); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (p *printer) upstreams() ([]object, error) {
	var out []object
	for i := range p.cfg.Upstreams {
		u := &p.cfg.Upstreams[i]
		o := head(u.ID, "name", u.Name)
		o.put("algorithm", u.Algorithm)
		o.put("slots", u.Slots)
		o.some("host_header", u.HostHeader)
		var targets []any
		for _, t := range u.Targets {
			one := head(t.ID, "target", t.Target)
			one.put("weight", t.Weight)
			one.some("tags", t.Tags)
			targets = append(targets, one)
		}
		o.some("targets", targets)
		if err := tail(&o, u.Tags, extra{Unavailable: u.Unavailable}, u.Source); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (p *printer) consumers() ([]object, error) {
	var out []object
	for i := range p.cfg.Consumers {
		c := &p.cfg.Consumers[i]
		o := head(c.ID, "username", c.Username)
		o.some("custom_id", c.CustomID)
		if err := tail(&o, c.Tags, extra{Broken: c.Broken}, c.Source); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (p *printer) credentials() ([]object, error) {
	var out []object
	for i := range p.cfg.Credentials {
		c := &p.cfg.Credentials[i]
		o := head(c.ID, "key", p.secret(c.Key))
		p.ref(&o, "consumer", "consumers", c.ConsumerID)
		if c.TTL != 0 {
			o.put("ttl", c.TTL)
		}
		var x extra
		if c.Kind != "key-auth" {
			x.Kind = c.Kind
		}
		for name, v := range c.Attributes {
			if x.Attributes == nil {
				x.Attributes = map[string]string{}
			}
			x.Attributes[name] = p.secret(v)
		}
		if err := tail(&o, c.Tags, x, c.Source); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (p *printer) secret(s entity.Secret) string {
	if p.redact && s != "" {
		return redacted
	}
	return s.Reveal()
}
