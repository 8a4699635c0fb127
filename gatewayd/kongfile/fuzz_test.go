package kongfile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/kongfile"
)

// FuzzParse wants every text to be refused with reasons, or to be read, printed
// and read again to the same, Problems included.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*/kong.*", "testdata/*/want.yml", "testdata/faults/*.yml", "testdata/faults/*.json"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range paths {
			data, err := os.ReadFile(p)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, faults := kongfile.Parse(data, "kong.yml", options())
		if (cfg == nil) != (len(faults) > 0) {
			t.Fatalf("got config %t and %d faults", cfg != nil, len(faults))
		}
		for _, p := range faults {
			if p.Reason == "" || p.Object == "" {
				t.Errorf("got a fault that says nothing: %+v", p)
			}
		}
		if cfg == nil {
			return
		}
		if !kongfile.IsKongFile(data) && !strings.Contains(string(data), `\`) {
			t.Errorf("what was read is not taken for a kong.yml:\n%s", data)
		}
		again(t, cfg)
		if !slices.ContainsFunc(cfg.Credentials, func(c entity.Credential) bool { return len(c.Key) > 0 }) {
			return
		}
		out, err := kongfile.Print(cfg, kongfile.PrintOptions{Options: options(), Redact: true})
		if err != nil || strings.Count(string(out), "[redacted]") == 0 {
			t.Errorf("got nothing redacted, error %v", err)
		}
		if diff := cmp.Diff(cfg, parse(t, printed(t, cfg), "kong.yml"), revealed()); diff != "" {
			t.Errorf("redacting changed the configuration:\n%s", diff)
		}
	})
}

// FuzzTexts puts any texts and numbers where a file takes them.
func FuzzTexts(f *testing.F) {
	f.Add("name", "/path", "host", "tag", "key", "value", 1.5, int64(3))
	f.Add("no", "~/(a|b)\\d", "*.a", "é 😀\u2028", "\x7f\u0085", "0x1F: #", -1e300, int64(-1))
	f.Fuzz(func(t *testing.T, name, path, host, tag, key, value string, x float64, n int64) {
		doc := map[string]any{
			"_format_version": "3.0",
			"services": []any{map[string]any{
				"name": name, "host": host, "tags": []string{tag, value}, "port": n,
				"routes": []any{map[string]any{"name": name, "paths": []string{path}, "headers": map[string]any{"x-" + name: []string{value}}}},
			}},
			"consumers": []any{map[string]any{"username": value, "custom_id": key, "keyauth_credentials": []any{map[string]any{"key": key}}}},
			"plugins":   []any{map[string]any{"name": "cors", "config": map[string]any{value: x, key: []any{n, tag, nil, true}}}},
			"_gatewayd": map[string]any{"problems": []any{map[string]any{"object": value, "reason": key}}},
		}
		data, err := json.Marshal(doc)
		if err != nil {
			t.Skip()
		}
		if cfg, _ := kongfile.Parse(data, "kong.json", options()); cfg != nil {
			again(t, cfg)
		}
		for _, list := range []string{"services", "consumers", "plugins"} { // what is refused hides the rest
			one := map[string]any{"_format_version": "3.0", list: doc[list]}
			if data, err := json.Marshal(one); err == nil {
				if cfg, _ := kongfile.Parse(data, "kong.json", options()); cfg != nil {
					again(t, cfg)
				}
			}
		}
	})
}
