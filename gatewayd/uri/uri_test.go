package uri

import (
	"errors"
	"strings"
	"testing"
)

// Kong's own expectations: spec/01-unit/05-utils_spec.lua and
// spec/01-unit/08-router_spec.lua, 3.9.1.
func TestNormalize(t *testing.T) {
	t.Parallel()
	n := New()
	for _, c := range []struct {
		in, want string
		err      error
	}{
		{in: "/", want: "/"},
		{in: "/a/b/", want: "/a/b/"},
		{in: "/a//b", want: "/a/b"},
		{in: "//", want: "/"},
		{in: "///a", want: "/a"},
		{in: "/a/./b", want: "/a/b"},
		{in: "/a/.", want: "/a/"},
		{in: "/./a", want: "/a"},
		{in: "/a/../b", want: "/b"},
		{in: "/a/..", want: "/"},
		{in: "/a/b/..", want: "/a/"},
		{in: "/a/b/../..//c", want: "/c"},
		{in: "/a/.b", want: "/a/.b"},
		{in: "/a/..b", want: "/a/..b"},
		{in: "/a/...", want: "/a/..."},
		{in: "/%61", want: "/a"},
		{in: "/%2e/a", want: "/a"},
		{in: "/a/%2E%2e/b", want: "/b"},
		{in: "/a%2fb", want: "/a%2Fb"},
		{in: "/a%2Fb", want: "/a%2Fb"},
		{in: "/a%20b", want: "/a b"},
		{in: "/%e4%bd%a0", want: "/\xe4\xbd\xa0"},
		{in: "/%2525", want: "/%2525"},
		{in: "/%3f", want: "/%3F"},
		{in: "/a;b=1", want: "/a;b=1"},
		{in: "/%7ea", want: "/~a"},
		{in: "", err: ErrNoSlash},
		{in: "a", err: ErrNoSlash},
		{in: "/..", err: ErrAboveRoot},
		{in: "/../a", err: ErrAboveRoot},
		{in: "/a/../../b", err: ErrAboveRoot},
		{in: "/%2e%2e/b", err: ErrAboveRoot},
		{in: "/%", err: ErrPercent},
		{in: "/%6", err: ErrPercent},
		{in: "/%zz", err: ErrPercent},
		{in: "/%00", err: ErrNul},
		{in: "/a b", err: ErrByte},
		{in: "/a\x7f", err: ErrByte},
		{in: "/a#b", err: ErrByte},
	} {
		got, err := n.Normalize(c.in)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("Normalize(%q) = %q, %v; want %q, %v", c.in, got, err, c.want, c.err)
		}
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	n := New()
	for in, want := range map[string]string{
		"/a/b":             "/a/b",
		"/a b":             "/a%20b",
		"/\xe4\xbd\xa0":    "/%E4%BD%A0",
		"/a%2Fb":           "/a%2Fb",
		`/"<>^{|}` + "`":   "/%22%3C%3E%5E%7B%7C%7D%60",
		"/!$&'()*+,:;=@[]": "/!$&'()*+,:;=@[]",
	} {
		if got := n.Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

// kong/router/utils.lua:get_upstream_uri_v0; the table is that of Kong's
// documentation of path handling v0.
func TestJoin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		base, path, matched string
		strip               bool
		want                string
	}{
		{"", "/a", "/a", false, "/a"},
		{"/", "/a/b", "/a", false, "/a/b"},
		{"/", "/a/b", "/a", true, "/b"},
		{"/", "/a", "/a", true, "/"},
		{"/", "/a/", "/a", true, "/"},
		{"/s", "/fv0", "/f", false, "/s/fv0"},
		{"/s", "/", "", false, "/s"},
		{"/s", "/fv1", "/fv1", true, "/s"},
		{"/s", "/f/", "/f", true, "/s/"},
		{"/s", "/f/", "/f/", true, "/s/"},
		{"/s", "/fv1/request", "/fv1/", true, "/s/request"},
		{"/s", "/fbv0", "/f", true, "/s/bv0"},
		{"/s/", "/f", "/f", false, "/s/f"},
		{"/s/", "/f", "/f", true, "/s"},
		{"/s/", "/f/", "/f", true, "/s/"},
		{"/s/", "/f/", "/f/", true, "/s/"},
		{"/s/", "/f/x", "/f", true, "/s/x"},
		{"/s/", "/f/x", "/f/", true, "/s/x"},
		{"/", "/echo-1/health", "/echo-1/", true, "/health"},
		{"/", "/foo../bar", "/foo", true, "/bar"},
		{"/", "/foo..", "/foo", true, "/"},
		{"/", "/foo./x", "/foo", true, "/x"},
	} {
		if got := Join(c.base, c.path, c.matched, c.strip); got != c.want {
			t.Errorf("Join(%q, %q, %q, %v) = %q, want %q", c.base, c.path, c.matched, c.strip, got, c.want)
		}
	}
}

// What has been normalised is normal, holds no dot segment and no double slash,
// and escaping and normalising it again gives the same path: what a route
// matched is what the upstream reads.
func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"/", "/a/../b", "/%2e%2e/", "/a%2f..%2fb", "/%25%32%65", "//%2E//", "/%c0%ae/"} {
		f.Add(s)
	}
	n := New()
	f.Fuzz(func(t *testing.T, in string) {
		got, err := n.Normalize(in)
		if err != nil {
			return
		}
		if got == "" || got[0] != '/' || strings.Contains(got, "//") || strings.Contains(got+"/", "/../") || strings.Contains(got+"/", "/./") {
			t.Fatalf("Normalize(%q) = %q is not normal", in, got)
		}
		again, err := n.Normalize(n.Escape(got))
		if err != nil || again != got {
			t.Fatalf("Normalize(Escape(%q)) = %q, %v", got, again, err)
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	n := New()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := n.Normalize("/echo-1/some/longer/path"); err != nil {
			b.Fatal(err)
		}
	}
}
