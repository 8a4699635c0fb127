package snapshot_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

func compile(t testing.TB, cfg *entity.Config, kinds ...plugin.Kind) *snapshot.Snapshot {
	t.Helper()
	return snapshot.Compile(cfg, snapshot.Options{Kinds: kinds, Env: plugin.Env{
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Shared: func(_ string, open func() (any, error)) (any, error) { return open() },
	}})
}

// route makes a route by name; its id is its name.
func route(name string, change func(*entity.Route)) entity.Route {
	r := entity.NewRoute()
	r.ID, r.Name = name, name
	change(&r)
	return r
}

func request(method, host, path string, header ...string) *plugin.Request {
	path, query, has := strings.Cut(path, "?")
	r := &plugin.Request{Method: method, Host: host, Path: path, Query: query, HasQuery: has, Scheme: "http", Major: 1, Minor: 1}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// What wins when several routes match: kong/router/transform.lua:get_priority
// (562-672) and spec/01-unit/08-router_spec.lua of Kong 3.9.1.
func TestMatch(t *testing.T) {
	t.Parallel()
	paths := func(p ...string) func(*entity.Route) { return func(r *entity.Route) { r.Paths = p } }
	hosts := func(h ...string) func(*entity.Route) { return func(r *entity.Route) { r.Hosts = h } }
	all := func(fs ...func(*entity.Route)) func(*entity.Route) {
		return func(r *entity.Route) {
			for _, f := range fs {
				f(r)
			}
		}
	}
	methods := func(m ...string) func(*entity.Route) { return func(r *entity.Route) { r.Methods = m } }
	header := func(name string, v ...string) func(*entity.Route) {
		return func(r *entity.Route) {
			if r.Headers == nil {
				r.Headers = map[string][]string{}
			}
			r.Headers[name] = v
		}
	}
	regexPriority := func(n int) func(*entity.Route) { return func(r *entity.Route) { r.RegexPriority = n } }
	match := func(kind, value string) func(*entity.Route) {
		return func(r *entity.Route) { r.Matches = append(r.Matches, entity.PathMatch{Type: kind, Value: value}) }
	}
	query := func(name, value string) func(*entity.Route) {
		return func(r *entity.Route) { r.Queries = []entity.ValueMatch{{Name: name, Value: value}} }
	}
	type want struct{ route, matched string }
	for _, c := range []struct {
		name   string
		routes map[string]func(*entity.Route)
		req    *plugin.Request
		port   int
		want   want
	}{
		{"longest prefix", map[string]func(*entity.Route){"a": paths("/"), "b": paths("/a"), "c": paths("/ab")}, request("GET", "h", "/abc"), 0, want{"c", "/ab"}},
		{"prefix is textual", map[string]func(*entity.Route){"a": paths("/foo")}, request("GET", "h", "/foobar"), 0, want{"a", "/foo"}},
		{"a regex beats a longer prefix", map[string]func(*entity.Route){"a": paths("/abcdef"), "b": paths("~/ab")}, request("GET", "h", "/abcdef"), 0, want{"b", "/ab"}},
		{"regex priority", map[string]func(*entity.Route){"a": all(paths("~/a.*"), regexPriority(1)), "b": all(paths("~/ab"), regexPriority(5))}, request("GET", "h", "/abc"), 0, want{"b", "/ab"}},
		{"a regex is anchored at the start", map[string]func(*entity.Route){"a": paths("~/b")}, request("GET", "h", "/a/b"), 0, want{}},
		{"of an alternation the first is anchored alone", map[string]func(*entity.Route){"a": paths("~/x|/b")}, request("GET", "h", "/a/b"), 0, want{"a", "/b"}},
		{"host beats path alone", map[string]func(*entity.Route){"a": paths("/abc"), "b": all(hosts("h.test"), paths("/"))}, request("GET", "h.test", "/abc"), 0, want{"b", "/"}},
		{"plain host beats wildcard", map[string]func(*entity.Route){"a": hosts("*.test"), "b": hosts("h.test")}, request("GET", "h.test", "/"), 0, want{"b", ""}},
		{"wildcard in front", map[string]func(*entity.Route){"a": hosts("*.example.com")}, request("GET", "x.y.example.com", "/"), 0, want{"a", ""}},
		{"wildcard in front does not match the bare name", map[string]func(*entity.Route){"a": hosts("*.example.com")}, request("GET", "example.com", "/"), 0, want{}},
		{"wildcard behind", map[string]func(*entity.Route){"a": hosts("example.*")}, request("GET", "example.org:8000", "/"), 0, want{"a", ""}},
		{"host with port", map[string]func(*entity.Route){"a": hosts("h.test:8000"), "b": paths("/")}, request("GET", "h.test", "/"), 8000, want{"a", ""}},
		{"host with another port", map[string]func(*entity.Route){"a": hosts("h.test:9000"), "b": paths("/")}, request("GET", "h.test:8001", "/"), 9000, want{"b", "/"}},
		{"the port of Host goes before that of the listener", map[string]func(*entity.Route){"a": hosts("h.test:9000"), "b": paths("/")}, request("GET", "h.test:9000", "/"), 8000, want{"a", ""}},
		{"host in another case is another host", map[string]func(*entity.Route){"a": hosts("h.test")}, request("GET", "H.TEST", "/"), 0, want{}},
		{"not UTF-8, where some route has a path", map[string]func(*entity.Route){"a": hosts("h"), "b": paths("/x")}, request("GET", "h", "/\xe4"), 0, want{}},
		{"not UTF-8, where none has", map[string]func(*entity.Route){"a": hosts("h")}, request("GET", "h", "/\xe4"), 0, want{"a", ""}},
		{"a header that is not UTF-8", map[string]func(*entity.Route){"a": all(paths("/"), header("v", "2")), "b": paths("/")}, request("GET", "h", "/", "v: \xe4"), 0, want{}},
		{"an address with its port", map[string]func(*entity.Route){"a": hosts("[::1]:80")}, request("GET", "[::1]:80", "/"), 0, want{"a", ""}},
		{"more kinds of match win", map[string]func(*entity.Route){"a": all(hosts("h"), paths("/")), "b": all(hosts("h"), paths("/"), methods("GET"))}, request("GET", "h", "/"), 0, want{"b", "/"}},
		{"wrong method", map[string]func(*entity.Route){"a": all(paths("/"), methods("POST"))}, request("GET", "h", "/"), 0, want{}},
		{"header", map[string]func(*entity.Route){"a": all(paths("/"), header("X-Version", "v2")), "b": paths("/")}, request("GET", "h", "/", "x-version: V2"), 0, want{"a", "/"}},
		{"header with underscore", map[string]func(*entity.Route){"a": all(paths("/"), header("X_Version", "v2"))}, request("GET", "h", "/", "X-Version: v2"), 0, want{"a", "/"}},
		{"any value of a header", map[string]func(*entity.Route){"a": all(paths("/"), header("v", "2"))}, request("GET", "h", "/", "v: 1", "v: 2"), 0, want{"a", "/"}},
		{"header regex", map[string]func(*entity.Route){"a": all(paths("/"), header("v", "~*^2\\.[0-9]+$"))}, request("GET", "h", "/", "v: 2.17"), 0, want{"a", "/"}},
		{"header missing", map[string]func(*entity.Route){"a": all(paths("/"), header("v", "2"))}, request("GET", "h", "/"), 0, want{}},
		{"more headers win", map[string]func(*entity.Route){"a": all(header("a", "1"), paths("/")), "b": all(header("a", "1"), header("b", "1"), paths("/"))}, request("GET", "h", "/", "a: 1", "b: 1"), 0, want{"b", "/"}},
		{"equal routes: the greater id", map[string]func(*entity.Route){"a": paths("/x"), "b": paths("/x")}, request("GET", "h", "/x"), 0, want{"b", "/x"}},
		{"no path at all", map[string]func(*entity.Route){"a": methods("GET")}, request("GET", "h", "/any"), 0, want{"a", ""}},
		{"nothing", map[string]func(*entity.Route){"a": paths("/x")}, request("GET", "h", "/y"), 0, want{}},
		{"exact", map[string]func(*entity.Route){"a": match("exact", "/x")}, request("GET", "h", "/x"), 0, want{"a", "/x"}},
		{"exact and no more", map[string]func(*entity.Route){"a": match("exact", "/x")}, request("GET", "h", "/x/"), 0, want{}},
		{"element-wise: itself", map[string]func(*entity.Route){"a": match("prefix", "/x")}, request("GET", "h", "/x"), 0, want{"a", "/x"}},
		{"element-wise: below", map[string]func(*entity.Route){"a": match("prefix", "/x")}, request("GET", "h", "/x/y"), 0, want{"a", "/x/"}},
		{"element-wise: not a longer word", map[string]func(*entity.Route){"a": match("prefix", "/x")}, request("GET", "h", "/xy"), 0, want{}},
		{"element-wise root", map[string]func(*entity.Route){"a": match("prefix", "/")}, request("GET", "h", "/xy"), 0, want{"a", "/"}},
		{"exact beats element-wise", map[string]func(*entity.Route){"a": match("exact", "/x/y"), "b": match("prefix", "/x")}, request("GET", "h", "/x/y"), 0, want{"a", "/x/y"}},
		{"query", map[string]func(*entity.Route){"a": all(paths("/"), query("v", "2"))}, request("GET", "h", "/?a&v=2"), 0, want{"a", "/"}},
		{"other query", map[string]func(*entity.Route){"a": all(paths("/"), query("v", "2"))}, request("GET", "h", "/?v=3"), 0, want{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := &entity.Config{}
			for name, change := range c.routes {
				cfg.Routes = append(cfg.Routes, route(name, change))
			}
			s := compile(t, cfg)
			if len(s.Problems) > 0 {
				t.Fatalf("problems: %v", s.Problems)
			}
			got := want{}
			if m, ok := s.Match(c.req, c.port); ok {
				got = want{m.Route.Name, m.Matched}
			}
			if got != c.want {
				t.Errorf("match = %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestFaultyRegexBreaksItsRouteAlone(t *testing.T) {
	t.Parallel()
	s := compile(t, &entity.Config{Routes: []entity.Route{
		route("bad", func(r *entity.Route) { r.Paths = []string{"~/(", "/bad"} }),
		route("header", func(r *entity.Route) { r.Paths = []string{"/h"}; r.Headers = map[string][]string{"v": {"~*("}} }),
		route("good", func(r *entity.Route) { r.Paths = []string{"/good"} }),
	}})
	if len(s.Problems) != 2 {
		t.Errorf("problems = %v, want two", s.Problems)
	}
	for path, broken := range map[string]bool{"/bad": true, "/good": false} {
		m, ok := s.Match(request("GET", "h", path), 0)
		if !ok || (m.Route.Broken != "") != broken {
			t.Errorf("%s: matched %v, broken %q", path, ok, m.Route.Broken)
		}
	}
	if m, ok := s.Match(request("GET", "h", "/h", "v: any"), 0); !ok || m.Route.Broken == "" {
		t.Error("a request with the header of the faulty match must find the broken route")
	}
}

// The cost of a match must not grow with the number of routes.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		for kind, change := range map[string]func(int, *entity.Route){
			"prefix": func(i int, r *entity.Route) { r.Paths = []string{fmt.Sprintf("/service-%d/", i)} },
			"exact": func(i int, r *entity.Route) {
				r.Matches = []entity.PathMatch{{Type: "exact", Value: fmt.Sprintf("/service-%d/x", i)}}
			},
			"host": func(i int, r *entity.Route) { r.Hosts = []string{fmt.Sprintf("service-%d.test", i)} },
			"regex of one host": func(i int, r *entity.Route) {
				r.Hosts = []string{fmt.Sprintf("service-%d.test", i)}
				r.Paths = []string{"~/service-[0-9]+/x$"}
			},
		} {
			b.Run(fmt.Sprintf("%s/%d", kind, n), func(b *testing.B) {
				cfg := &entity.Config{}
				for i := range n {
					cfg.Routes = append(cfg.Routes, route(fmt.Sprint("r", i), func(r *entity.Route) { change(i, r) }))
				}
				s := compile(b, cfg)
				reqs := make([]*plugin.Request, 10)
				for i := range reqs {
					k := i * (n / 10)
					reqs[i] = request("GET", fmt.Sprintf("service-%d.test", k), fmt.Sprintf("/service-%d/x", k))
				}
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					if _, ok := s.Match(reqs[i%10], 80); !ok {
						b.Fatal("no match")
					}
					i++
				}
			})
		}
	}
}
