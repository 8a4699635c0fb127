package report

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// short is the length below which a key is taken out only where it is sent: as a
// word it may stand in any text.
const short = 6

// keys are the credentials of a session, each with what is written for it.
type keys struct {
	names map[string]string
	like  *regexp.Regexp // fields that hold credentials
}

// redact gives a copy of events in which no key stands.
func redact(events []engine.Event) ([]engine.Event, error) {
	k := &keys{map[string]string{}, regexp.MustCompile(`(?i)key|auth|token|secret|cookie|passw`)}
	var out []engine.Event
	if err := through(events, &out, func(any) {}); err != nil {
		return nil, err
	}
	for _, e := range out {
		if e.Fire != nil {
			for i := range e.Fire.Lanes {
				k.lane(&e.Fire.Lanes[i])
			}
		}
		if e.Apply != nil {
			k.manifests(e.Apply.Text)
		}
	}
	var long []string
	for _, key := range slices.SortedFunc(maps.Keys(k.names), func(a, b string) int { return cmp.Compare(len(b), len(a)) }) {
		if len(key) >= short {
			long = append(long, key, k.names[key])
		}
	}
	r := strings.NewReplacer(long...)
	var clean []engine.Event
	err := through(out, &clean, func(v any) { walk(v, r) })
	return clean, err
}

// through copies events through JSON; change sees each on the way.
func through(from []engine.Event, to *[]engine.Event, change func(any)) error {
	for _, e := range from {
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		var v map[string]any
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		change(v)
		if raw, err = json.Marshal(v); err != nil {
			return err
		}
		var copied engine.Event
		if err := json.Unmarshal(raw, &copied); err != nil {
			return err
		}
		*to = append(*to, copied)
	}
	return nil
}

// walk replaces in every text at and below v.
func walk(v any, r *strings.Replacer) {
	put := func(old any, set func(string)) {
		if s, ok := old.(string); ok {
			set(r.Replace(s))
			return
		}
		walk(old, r)
	}
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			if name != "type" && name != "time" {
				put(x, func(s string) { v[name] = s })
			}
		}
	case []any:
		for i, x := range v {
			put(x, func(s string) { v[i] = s })
		}
	}
}

// name gives what is written for a key.
func (k *keys) name(key string) string {
	if key == "" {
		return ""
	}
	if _, known := k.names[key]; !known {
		k.names[key] = fmt.Sprintf("[key %d]", len(k.names)+1)
	}
	return k.names[key]
}

// lane takes the keys out of what a lane sends.
func (k *keys) lane(l *engine.LaneInfo) {
	for _, name := range slices.Sorted(maps.Keys(l.Header)) {
		if !k.like.MatchString(name) {
			continue
		}
		for i, value := range l.Header[name] {
			scheme, rest, ok := strings.Cut(value, " ") // Basic, Bearer
			if ok {
				l.Header[name][i] = scheme + " " + k.name(rest)
			} else {
				l.Header[name][i] = k.name(value)
			}
		}
	}
	path, query, ok := strings.Cut(l.Path, "?")
	if !ok {
		return
	}
	parts := strings.Split(query, "&")
	for i, p := range parts {
		name, value, _ := strings.Cut(p, "=")
		if k.like.MatchString(name) && value != "" {
			parts[i] = name + "=" + k.name(value)
			if plain, err := url.QueryUnescape(value); err == nil && plain != value {
				k.names[plain] = k.names[value]
			}
		}
	}
	l.Path = path + "?" + strings.Join(parts, "&")
}

// manifests finds the keys in Secrets.
func (k *keys) manifests(text string) {
	for _, doc := range api.Split([]byte(text)) {
		var s struct {
			Kind             string
			Data, StringData map[string]string
		}
		if yaml.Unmarshal(doc.Text, &s) != nil || s.Kind != "Secret" {
			continue
		}
		for _, field := range slices.Sorted(maps.Keys(s.StringData)) {
			k.name(s.StringData[field])
		}
		for _, field := range slices.Sorted(maps.Keys(s.Data)) {
			coded := s.Data[field]
			if plain, err := base64.StdEncoding.DecodeString(coded); err == nil && len(plain) > 0 {
				k.names[coded] = k.name(string(plain))
			}
		}
	}
}

// headers writes header fields, one a line, in order.
func headers(h http.Header) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			out = append(out, name+": "+value)
		}
	}
	return out
}
