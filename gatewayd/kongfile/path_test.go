package kongfile

import "testing"

// TestNormalize holds kong/tools/uri.lua:77 to ours.
func TestNormalize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                "",
		"/":               "/",
		"/a/b":            "/a/b",
		"/a//b///c":       "/a/b/c",
		"//":              "/",
		"/.":              "/",
		"/..":             "/",
		"/a/.":            "/a/",
		"/a/..":           "/",
		"/a/./b":          "/a/b",
		"/a/../b":         "/b",
		"/a/b/../../../c": "/c",
		"/%2e%2E/a":       "/a",
		"/%61%2f%3a":      "/a%2F%3A",
		"/%c3%a9":         "/é",
		"/%zz%":           "/%zz%",
		"/a.b/.c":         "/a.b/.c",
		"a/./b":           "a/b",
		"./a":             "a",
		"../a":            "a",
	} {
		if got := normalize(in); got != want {
			t.Errorf("normalize(%q): got %q, want %q", in, got, want)
		}
	}
}

// TestMigratePath holds kong/db/migrations/migrate_path_280_300.lua to ours.
func TestMigratePath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/plain/a-b_c.d~e": "/plain/a-b_c.d~e", // line 71
		"/a/%20b/../c":     "/a/c",             // line 78
		"/a b":             "~/a b",            // line 83
		"/\\d+$":           "~/\\d+$",
		"/(a)%2e%2D%7b":    `~/(a)\.\-\{`, // line 34
		"/(a)%28%2f%24":    "~/(a)%28%2F%24",
		"/(a)%61%7e":       "~/(a)a~",
		"/(a)%5c%5e%7C%7d": `~/(a)\\\^\|\}`,
	} {
		if got := migratePath(in); got != want {
			t.Errorf("migratePath(%q): got %q, want %q", in, got, want)
		}
	}
}

// TestKongID holds the ids that Kong derives of names: they are sent to
// upstreams (kong/db/schema/others/declarative_config.lua:430).
func TestKongID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ list, name, want string }{
		{"consumers", "bob", "def4f7d3-9863-5ad2-8fa9-c949bf26f55e"},
	} {
		if got := kongID(tt.list, tt.name); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.list, tt.name, got, tt.want)
		}
	}
}
