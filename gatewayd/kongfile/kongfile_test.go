package kongfile_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/kongfile"
)

var update = flag.Bool("update", false, "write the goldens anew")

// TestGolden reads testdata/CASE/kong.yml (or kong.json), prints it and compares
// with want.yml, and reads that again. To add a case: make the directory and the
// file, run with -update, read what came out.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, in := range cases(t, "testdata/*/kong.*") {
		t.Run(filepath.Base(filepath.Dir(in)), func(t *testing.T) {
			t.Parallel()
			cfg := parse(t, read(t, in), filepath.Base(in))
			golden(t, filepath.Join(filepath.Dir(in), "want.yml"), printed(t, cfg))
			again(t, cfg)
		})
	}
}

// TestFaults reads testdata/faults/CASE.yml (or .json), which is refused, and
// compares the faults with CASE.txt.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, in := range append(cases(t, "testdata/faults/*.yml"), cases(t, "testdata/faults/*.json")...) {
		t.Run(filepath.Base(in), func(t *testing.T) {
			t.Parallel()
			cfg, faults := kongfile.Parse([]byte(read(t, in)), filepath.Base(in), options())
			if cfg != nil || len(faults) == 0 {
				t.Fatalf("got %v and %d faults, want none and some", cfg, len(faults))
			}
			golden(t, strings.TrimSuffix(in, filepath.Ext(in))+".txt", lines(faults))
		})
	}
}

func cases(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("got no cases, error %v", err)
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(read(t, path), got); diff != "" {
		t.Errorf("%s differs (-want +got); if it is right, run go test -update:\n%s", path, diff)
	}
}

// TestNothingPrintsSecrets looks for the secrets of the test files, which are all
// called hush, in whatever is reported, and in what is printed without secrets.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	for _, in := range append(cases(t, "testdata/faults/*"), cases(t, "testdata/*/kong.yml")...) {
		cfg, faults := kongfile.Parse([]byte(read(t, in)), in, options())
		said := fmt.Sprintf("%v %+v %#v", faults, cfg, cfg)
		if cfg != nil {
			said += lines(cfg.Problems) + lines(compile(cfg).Problems)
			out, err := kongfile.Print(cfg, kongfile.PrintOptions{Options: options(), Redact: true})
			if err != nil {
				t.Fatal(err)
			}
			said += string(out)
		}
		if strings.Contains(said, "hush") {
			t.Errorf("%s: a secret is told", in)
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	cfg := parse(t, read(t, "testdata/redact/kong.yml"), "kong.yml")
	out, err := kongfile.Print(cfg, kongfile.PrintOptions{Options: options(), Redact: true})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/redact/redacted.yml", string(out))
}

func TestIsKongFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":                         false,
		"_format_version: \"3.0\"": true,
		"# a\nservices: []\n_format_version : 1.1\n":                            true,
		"\"_format_version\": '3.0'\n":                                          true,
		"\ufeff_format_version: \"3.0\"":                                        true,
		"_format_version: \"3.0\"\n  faulty: [":                                 true,
		`{"services":[],"_format_version":"3.0"}`:                               true,
		"{\n  \"_format_version\": \"3.0\"\n}":                                  true,
		`{services: [], _format_version: "3.0"}`:                                true,
		`{"_format_versions":"3.0"}`:                                            false,
		"_format_versions: 1\n":                                                 false,
		"kind: ConfigMap\ndata:\n  kong.yml: |\n    _format_version: \"3.0\"\n": false,
		"apiVersion: v1\nkind: Service\n":                                       false,
		`{"a": {"_format_version": "3.0"}}`:                                     false,
	} {
		if got := kongfile.IsKongFile([]byte(text)); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

// TestWithoutDecoder reads configs without knowing them.
func TestWithoutDecoder(t *testing.T) {
	t.Parallel()
	const text = "_format_version: \"3.0\"\nplugins:\n- {name: rate-limiting, config: {b: 1.0, a: x}}\n"
	cfg, faults := kongfile.Parse([]byte(text), "kong.yml", kongfile.Options{})
	if cfg == nil {
		t.Fatal(lines(faults))
	}
	if got, want := string(cfg.Plugins[0].Config), `{"a":"x","b":1}`; got != want {
		t.Errorf("got config %s, want %s", got, want)
	}
}

// TestIDsSurvive edits a file in ways that must not change who counts for whom.
func TestIDsSurvive(t *testing.T) {
	t.Parallel()
	const before = `
_format_version: "3.0"
services:
- {name: s, host: a.example.com, routes: [{paths: [/a], plugins: [{name: rate-limiting, config: {minute: 5}}]}]}
consumers:
- {username: ann, keyauth_credentials: [{key: a}]}
`
	const after = `
_format_version: "3.0"
consumers:
- {username: zoe, keyauth_credentials: [{key: z}]}
- {username: ann, tags: [x], keyauth_credentials: [{key: changed}]}
routes:
- {paths: [/new]}
services:
- name: s
  host: b.example.com
  routes:
  - paths: [/other]
  - paths: [/a]
    strip_path: false
    plugins: [{name: key-auth}, {name: rate-limiting, config: {minute: 7}}]
`
	ids := func(text string) map[string]string {
		cfg, out := parse(t, text, "kong.yml"), map[string]string{}
		out["service"] = cfg.Services[0].ID
		for _, r := range cfg.Routes {
			out["route "+r.Paths[0]] = r.ID
		}
		for _, c := range cfg.Consumers {
			out["consumer "+c.Username] = c.ID
		}
		for _, c := range cfg.Credentials {
			out["credential of "+c.ConsumerID] = c.ID
		}
		for _, p := range cfg.Plugins {
			out["plugin "+p.Name] = p.ID
		}
		return out
	}
	was, is := ids(before), ids(after)
	for what, id := range was {
		if is[what] != id {
			t.Errorf("%s: got id %s after the edit, want %s", what, is[what], id)
		}
	}
}
