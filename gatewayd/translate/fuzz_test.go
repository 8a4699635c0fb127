package translate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// FuzzTranslate: no text makes it panic, hang, point at nothing or keep quiet
// about what is broken. Run it with -fuzzminimizetime 1x: minimizing whole
// manifests takes most of the time otherwise.
func FuzzTranslate(f *testing.F) {
	ins, err := filepath.Glob("testdata/*/in.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, in := range ins {
		raw, err := os.ReadFile(in)
		if err != nil {
			f.Fatal(err)
		}
		if len(raw) < 4000 { // large inputs mutate slowly and minimize even more so
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		set := parse(string(in))
		cfg := translate.Translate(set, options())
		if diff := cmp.Diff(cfg, translate.Translate(set, options())); diff != "" {
			t.Errorf("a second translation differs:\n%s", diff)
		}
		check(t, cfg)
	})
}

// check holds a configuration to what every one must satisfy.
func check(t *testing.T, cfg *entity.Config) {
	t.Helper()
	ids, names := map[string]bool{"": true}, map[string]bool{}
	add := func(kind, id, name string) {
		if ids[id] {
			t.Errorf("id %q of %s %s is there twice or empty", id, kind, name)
		}
		if name != "" && names[kind+name] {
			t.Errorf("%s %q is there twice", kind, name)
		}
		ids[id], names[kind+name] = true, true
	}
	failed := false
	for _, p := range cfg.Problems {
		failed = failed || p.Severity == problem.Error
	}
	broken := func(what, reason string) {
		if reason != "" && !failed {
			t.Errorf("%s is broken (%s) and no problem says so", what, reason)
		}
	}
	for _, s := range cfg.Services {
		add("service", s.ID, s.Name)
	}
	for _, u := range cfg.Upstreams {
		add("upstream", u.ID, u.Name)
		if (len(u.Targets) == 0) != (u.Unavailable != "") {
			t.Errorf("upstream %s has %d targets and Unavailable %q", u.Name, len(u.Targets), u.Unavailable)
		}
	}
	for _, c := range cfg.Consumers {
		add("consumer", c.ID, c.Username)
		broken("consumer", c.Broken)
	}
	for _, r := range cfg.Routes {
		add("route", r.ID, r.Name)
		broken("route", r.Broken)
		if !ids[r.ServiceID] || r.ServiceID == "" && r.Broken == "" {
			t.Errorf("route %s has service %q", r.Name, r.ServiceID)
		}
		if len(r.Paths)+len(r.Matches) == 0 {
			t.Errorf("route %s matches every path", r.Name)
		}
	}
	keys := map[entity.Secret]bool{}
	for _, c := range cfg.Credentials {
		add("credential", c.ID, "")
		if !ids[c.ConsumerID] || c.ConsumerID == "" || keys[c.Key] {
			t.Errorf("credential of %s has consumer %q, or its key is there twice", c.Source.Object, c.ConsumerID)
		}
		keys[c.Key] = true
	}
	for _, p := range cfg.Plugins {
		add("plugin", p.ID, "")
		broken("plugin", p.Broken)
		if !ids[p.RouteID] || !ids[p.ServiceID] || !ids[p.ConsumerID] {
			t.Errorf("plugin %s is bound to nothing that there is", p.Source.Object)
		}
	}
}
