package kongfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// topExtra is what stands under _gatewayd of a file.
type topExtra struct {
	Problems []problem.Problem `json:"problems,omitempty"`
	Objects  []entity.Object   `json:"objects"`
}

// extra is what stands under _gatewayd of an entity: what Kong's format lacks.
// Every field is left out where it holds its default.
type extra struct {
	HostHeader     string              `json:"host_header,omitempty"` // services
	Matches        []entity.PathMatch  `json:"matches,omitempty"`     // routes, as all up to priority
	Queries        []entity.ValueMatch `json:"queries,omitempty"`
	Backends       []entity.Backend    `json:"backends,omitempty"`
	Filters        []entity.Filter     `json:"filters,omitempty"`
	Timeout        int                 `json:"timeout,omitempty"`
	BackendTimeout int                 `json:"backend_timeout,omitempty"`
	Priority       uint64              `json:"priority,omitempty"`
	Unavailable    string              `json:"unavailable,omitempty"`   // routes, upstreams
	Broken         string              `json:"broken,omitempty"`        // routes, consumers, plugins
	PlainHeaders   bool                `json:"plain_headers,omitempty"` // plugins
	SecretConfig   bool                `json:"secret_config,omitempty"` // plugins
	Kind           string              `json:"kind,omitempty"`          // credentials other than key-auth
	Attributes     map[string]string   `json:"attributes,omitempty"`    // credentials
	Source         *entity.Source      `json:"source,omitempty"`        // all
}

// misplaced says that a field stands on an entity that has no such thing.
func (e *extra) misplaced(list string) string {
	for _, f := range []struct {
		name  string
		set   bool
		lists string
	}{
		{"host_header", e.HostHeader != "", "services"},
		{"matches", e.Matches != nil, "routes"},
		{"queries", e.Queries != nil, "routes"},
		{"backends", e.Backends != nil, "routes"},
		{"filters", e.Filters != nil, "routes"},
		{"timeout", e.Timeout != 0, "routes"},
		{"backend_timeout", e.BackendTimeout != 0, "routes"},
		{"priority", e.Priority != 0, "routes"},
		{"unavailable", e.Unavailable != "", "routes upstreams"},
		{"broken", e.Broken != "", "routes consumers plugins"},
		{"plain_headers", e.PlainHeaders, "plugins"},
		{"secret_config", e.SecretConfig, "plugins"},
		{"kind", e.Kind != "", "keyauth_credentials"},
		{"attributes", e.Attributes != nil, "keyauth_credentials"},
		{"source", e.Source != nil, "services routes upstreams consumers keyauth_credentials plugins"},
	} {
		if f.set && !slices.Contains(strings.Fields(f.lists), list) {
			return "unknown field " + f.name + "; it belongs to " + strings.Join(strings.Fields(f.lists), ", ")
		}
	}
	for _, m := range e.Matches {
		if m.Type != "exact" && m.Type != "prefix" || !strings.HasPrefix(m.Value, "/") {
			return "a match must have type exact or prefix and a value that begins with /"
		}
	}
	if e.Timeout < 0 || e.BackendTimeout < 0 {
		return "a timeout must not be below 0"
	}
	return ""
}

// strict decodes a map into a struct, and reports unknown and mistyped fields.
func (r *reader) strict(n *yaml.Node, into any) {
	before := len(r.faults)
	raw, err := encode(r.tree(n))
	if err != nil || len(r.faults) > before {
		return // tree has said why
	}
	strict, err := kjson.UnmarshalStrict(raw, into)
	for _, e := range append(strict, err) {
		if e == nil {
			continue
		}
		if typed, ok := errors.AsType[*json.UnmarshalTypeError](e); ok {
			r.in(typed.Field, func() { r.fault(n.Line, "has a value of a wrong type") })
			continue
		}
		if name, ok := strings.CutPrefix(e.Error(), "unknown field "); ok {
			r.in(strings.Trim(name, `"`), func() { r.fault(n.Line, "unknown field") })
			continue
		}
		r.fault(n.Line, "%v", e)
	}
}

// tree makes of a node what encoding/json makes of JSON, numbers in canonical
// form.
func (r *reader) tree(at *yaml.Node) any {
	n := r.enter(at)
	if n == nil {
		return nil
	}
	defer r.leave(at)
	switch n.Kind {
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		r.pairs(n, func(key string, _, v *yaml.Node) {
			r.in(key, func() { out[key] = r.tree(v) })
		})
		return out
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, v := range n.Content {
			r.in(index(i), func() { out[i] = r.tree(v) })
		}
		return out
	}
	switch tagOf(n) {
	case "!!null":
		return nil
	case "!!bool":
		v, _ := truth(n.Value)
		return v
	case "!!str":
		return n.Value
	case "!!int", "!!float":
		if num, ok := numberOf(n); ok {
			return num
		}
		r.fault(n.Line, "is not a number that can be held")
	default:
		r.fault(n.Line, "has a tag that is not supported; remove it")
	}
	return nil
}

// numberOf reads a number as JSON has it.
func numberOf(n *yaml.Node) (json.Number, bool) {
	if tagOf(n) == "!!int" {
		var i int64
		var u uint64
		if n.Decode(&i) == nil {
			return json.Number(strconv.FormatInt(i, 10)), true
		}
		if n.Decode(&u) == nil {
			return json.Number(strconv.FormatUint(u, 10)), true
		}
	}
	f, ok := float(n)
	return formatFloat(f), ok
}

func formatFloat(f float64) json.Number {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return json.Number(strconv.FormatInt(int64(f), 10))
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return "0"
	}
	return json.Number(raw)
}

// encode writes JSON on one line, the keys of maps sorted.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// canonical writes JSON anew: on one line, keys sorted, numbers in one form. What
// is not JSON stays as it is.
func canonical(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return raw
	}
	out, err := encode(numbers(v))
	if err != nil {
		return raw
	}
	return out
}

func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case json.Number:
		s := v.String()
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return json.Number(strconv.FormatInt(i, 10))
		}
		if u, err := strconv.ParseUint(s, 10, 64); err == nil {
			return json.Number(strconv.FormatUint(u, 10))
		}
		if f, err := v.Float64(); err == nil {
			return formatFloat(f)
		}
	}
	return v
}
