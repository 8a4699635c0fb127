package translate_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/files"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

var update = flag.Bool("update", false, "write the goldens anew")

// options are those of every test: the class kong and one plugin with a default
// for manifests.
func options() translate.Options {
	return translate.Options{Kinds: []plugin.Kind{
		{Name: "rate-limiting", ManifestDefaults: map[string]any{"algorithm": "sliding-window"}},
	}}
}

// TestGolden translates testdata/CASE/in.yaml and compares with want.yaml. To add
// a case: make the directory and in.yaml, run with -update, read what came out.
func TestGolden(t *testing.T) {
	t.Parallel()
	ins, err := filepath.Glob("testdata/*/in.yaml")
	if err != nil || len(ins) == 0 {
		t.Fatalf("got no cases, error %v", err)
	}
	for _, in := range ins {
		t.Run(filepath.Base(filepath.Dir(in)), func(t *testing.T) {
			t.Parallel()
			got := dump(t, translate.Translate(read(t, in), options()))
			golden(t, filepath.Join(filepath.Dir(in), "want.yaml"), got)
		})
	}
}

// TestArticle takes the article's manifests as printed, and the step in which
// kubectl annotates the Ingress.
func TestArticle(t *testing.T) {
	t.Parallel()
	set := read(t, "testdata/article")
	in := set.Ingresses[0]
	in.Object = in.Object.DeepCopy()
	in.Object.Annotations["konghq.com/plugins"] = "rate-limit,api-key-auth"
	set = set.Clone()
	set.Ingresses[0] = in
	golden(t, "testdata/article-want.yaml", dump(t, translate.Translate(set, options())))
}

func read(t *testing.T, paths ...string) source.Set {
	t.Helper()
	set, err := files.Read(paths...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); if it is right, run go test -update:\n%s", path, diff)
	}
}

// dump prints a configuration as YAML for people: ids by the names of what they
// are ids of, problems in a line each, without what is zero.
func dump(t *testing.T, cfg *entity.Config) string {
	t.Helper()
	problems := make([]string, 0, len(cfg.Problems))
	for _, p := range cfg.Problems {
		problems = append(problems, p.String())
	}
	objects := make([]string, 0, len(cfg.Objects))
	for _, o := range cfg.Objects {
		objects = append(objects, o.Name)
	}
	raw, err := json.Marshal(map[string]any{
		"services": cfg.Services, "routes": cfg.Routes, "upstreams": cfg.Upstreams, "consumers": cfg.Consumers,
		"credentials": cfg.Credentials, "plugins": cfg.Plugins, "problems": problems, "objects": objects,
	})
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal([]byte(named(cfg).Replace(string(raw))), &tree); err != nil {
		t.Fatal(err)
	}
	out, err := yaml.Marshal(prune(tree))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// named replaces the ids of services, routes and consumers by their names.
func named(cfg *entity.Config) *strings.Replacer {
	var pairs []string
	for _, s := range cfg.Services {
		pairs = append(pairs, s.ID, s.Name)
	}
	for _, r := range cfg.Routes {
		pairs = append(pairs, r.ID, r.Name)
	}
	for _, c := range cfg.Consumers {
		pairs = append(pairs, c.ID, c.Source.Object)
	}
	return strings.NewReplacer(pairs...)
}

// prune drops what is null, false, zero or empty, and ids.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if value = prune(value); value == nil {
				delete(v, key)
			} else {
				v[key] = value
			}
		}
		delete(v, "ID")
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	case string:
		if v == "" {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	}
	return v
}
