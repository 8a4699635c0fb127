package translate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/entity"
)

// config puts a plugin's config together: what the manifest holds or a Secret
// does, patches, and the defaults that manifests have of their own.
func (t *translator) config(m *manifest, src entity.Source, written json.RawMessage, from *api.NamespacedSecretKey, patches []api.NamespacedConfigPatch) {
	m.Config = json.RawMessage("{}")
	m.SecretConfig = from != nil || len(patches) > 0
	fields, ok := object(written)
	if !ok {
		t.fail(&m.Broken, src, "config", "must be an object")
		return
	}
	if from != nil {
		if len(fields) > 0 {
			t.fail(&m.Broken, src, "configFrom", "stands beside config; use one of them")
			return
		}
		if len(patches) > 0 {
			t.fail(&m.Broken, src, "configPatches", "stands beside configFrom; use one of them")
			return
		}
		if fields, ok = t.configFrom(m, src, *from); !ok {
			return
		}
	}
	for i, p := range patches {
		if !t.patch(m, src, fields, p, fmt.Sprintf("configPatches[%d]", i)) {
			return
		}
	}
	for key, value := range t.defaults[m.Name] {
		if fields[key] == nil {
			fields[key] = value
		}
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		t.fail(&m.Broken, src, "config", "cannot be written as JSON")
		return
	}
	m.Config = raw
}

// object reads a JSON object, numbers as they are written; nothing is an empty
// one.
func object(raw []byte) (map[string]any, bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return map[string]any{}, true
	}
	v, ok := value(raw)
	fields, isObject := v.(map[string]any)
	return fields, ok && isObject
}

func value(raw []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err == nil
}

// configFrom reads a whole config out of a Secret.
func (t *translator) configFrom(m *manifest, src entity.Source, from api.NamespacedSecretKey) (map[string]any, bool) {
	const field = "configFrom.secretKeyRef"
	raw, reason := t.index.secretValue(from.Namespace, from.Secret, from.Key)
	if reason != "" {
		t.fail(&m.Broken, src, field, reason)
		return nil, false
	}
	asJSON, ok := jsonValue(raw)
	if ok {
		if fields, isObject := object(asJSON); isObject {
			return fields, true
		}
	}
	t.fail(&m.Broken, src, field, "names a value that is not a JSON or YAML object")
	return nil, false
}

// patch adds one value out of a Secret to a config. Parents that are not there
// are made (internal/dataplane/kongstate/plugin.go).
func (t *translator) patch(m *manifest, src entity.Source, fields map[string]any, p api.NamespacedConfigPatch, field string) bool {
	from := p.ValueFrom.SecretValue
	raw, reason := t.index.secretValue(from.Namespace, from.Secret, from.Key)
	if reason != "" {
		t.fail(&m.Broken, src, field+".valueFrom.secretKeyRef", reason)
		return false
	}
	v, ok := value(raw)
	if !ok {
		t.fail(&m.Broken, src, field+".valueFrom.secretKeyRef", `names a value that is not JSON; text needs quotes, as in "text"`)
		return false
	}
	if p.Path == "" {
		whole, isObject := v.(map[string]any)
		if !isObject {
			t.fail(&m.Broken, src, field+".path", "is the whole config, so the value must be a JSON object")
			return false
		}
		clear(fields)
		maps.Copy(fields, whole)
		return true
	}
	if !strings.HasPrefix(p.Path, "/") {
		t.fail(&m.Broken, src, field+".path", "must be a JSON pointer, as /redis/password")
		return false
	}
	steps := strings.Split(p.Path[1:], "/")
	for i, s := range steps {
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(s)
	}
	if _, ok := add(fields, steps, v); !ok {
		t.fail(&m.Broken, src, field+".path", "leads through a value that is neither an object nor a list, or past the end of a list")
		return false
	}
	return true
}

// add puts v at steps below node, as the JSON patch operation add does, and
// returns the node that takes node's place.
func add(node any, steps []string, v any) (any, bool) {
	if len(steps) == 0 {
		return v, true
	}
	step, rest := steps[0], steps[1:]
	switch n := node.(type) {
	case nil:
		return add(map[string]any{}, steps, v)
	case map[string]any:
		child, ok := add(n[step], rest, v)
		if ok {
			n[step] = child
		}
		return n, ok
	case []any:
		at, err := len(n), error(nil)
		if step != "-" {
			at, err = strconv.Atoi(step)
		}
		switch {
		case err != nil || at < 0 || at > len(n):
			return n, false
		case len(rest) == 0:
			return slices.Insert(n, at, v), true
		case at == len(n):
			child, ok := add(nil, rest, v)
			return append(n, child), ok
		}
		child, ok := add(n[at], rest, v)
		n[at] = child
		return n, ok
	}
	return node, false
}
