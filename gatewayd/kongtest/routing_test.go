package kongtest_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// routesFile makes a file of one service and one route for each element, named
// a, b, c …; the service's path says which it was.
func routesFile(port int, routes []string) string {
	b := strings.Builder{}
	b.WriteString(version + "services:\n")
	for i, r := range routes {
		name := string(rune('a' + i))
		r = strings.ReplaceAll(r, "ID", fmt.Sprintf("00000000-0000-4000-8000-00000000000%d", i))
		fmt.Fprintf(&b, "- {name: %s, url: 'http://127.0.0.1:%d/%s', routes: [{name: %s, %s}]}\n", name, port, name, name, r)
	}
	return b.String()
}

// Which route takes a request: kong/router/transform.lua:get_priority and
// get_expression, atc-router 1.6.2 (a BTreeMap of priority and id, walked
// backwards).
func TestRouting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		routes []string
		send   string
		want   string // the route's letter, "" for none
	}{
		{"paths: the longer prefix: transform.lua:633", []string{"paths: [/a]", "paths: [/a/b]"}, get("/a/b/c"), "b"},
		{"paths: prefixes are textual: transform.lua:317", []string{"paths: [/foo]"}, get("/foobar"), "a"},
		{"paths: none", []string{"paths: [/foo]"}, get("/fo"), ""},
		{"paths: case counts", []string{"paths: [/foo]"}, get("/FOO"), ""},
		{"paths: one of several of one length: transform.lua:681", []string{"paths: [/aa, /bb]"}, get("/bb"), "a"},
		{"paths: split by length, so that another route comes between", []string{"paths: [/, /long-one]", "paths: [/long]"}, get("/long-on"), "b"},
		{"paths: split by length, the long half", []string{"paths: [/, /long-one]", "paths: [/long]"}, get("/long-one/x"), "a"},
		{"paths: split into regex and plain", []string{"paths: ['~/a$', /abc]", "paths: [/ab]"}, get("/a"), "a"},
		{"regex: beats a longer prefix: transform.lua:662", []string{"paths: [/abcdef]", "paths: ['~/ab']"}, get("/abcdef"), "b"},
		{"regex: priority: transform.lua:657", []string{"paths: ['~/a.*'], regex_priority: 1", "paths: ['~/ab'], regex_priority: 5"}, get("/abc"), "b"},
		{"regex: priority is nothing to a plain path", []string{"paths: [/ab], regex_priority: 9", "paths: [/abc]"}, get("/abc"), "b"},
		{"regex: a negative priority wins: transform.lua:456", []string{"paths: ['~/ab'], regex_priority: -1", "paths: ['~/a'], methods: [GET]"}, get("/abc"), "a"},
		{"regex: anchored at the start: transform.lua:327", []string{"paths: ['~/b']"}, get("/a/b"), ""},
		{"regex: not at the end", []string{"paths: ['~/b']"}, get("/b/c"), "a"},
		{"regex: \"$\"", []string{"paths: ['~/b$']"}, get("/b/c"), ""},
		{"regex: captures: spec 02-router_spec.lua:1030", []string{"paths: ['~/(?<one>\\d+)/x']"}, get("/12/x"), "a"},
		{"regex: sees the decoded path: atc.lua:449", []string{"paths: ['~/a b$']"}, get("/a%20b"), "a"},
		{"regex: sees reserved bytes encoded: tools/uri.lua:58", []string{"paths: ['~/a%2Fb$']"}, get("/a%2fb"), "a"},
		{"normalised before matching: atc.lua:449", []string{"paths: [/a/c]"}, get("/a/./b/../c"), "a"},
		{"slashes merged before matching", []string{"paths: [/a/c]"}, get("//a///c"), "a"},
		{"unreserved bytes decoded before matching", []string{"paths: [/abc]"}, get("/%61%62c"), "a"},
		{"UTF-8 in a path", []string{"paths: ['~/ä$']"}, get("/%C3%A4"), "a"},
		{"no route for a path that is not UTF-8: atc-router ffi.rs:32", []string{"paths: [/]"}, get("/%ff"), ""},
		{"the query is no part of it: router/utils.lua:strip_uri_args", []string{"paths: ['~/a$']"}, get("/a?/b"), "a"},

		{"hosts: exact", []string{"hosts: [a.test], paths: [/]", "hosts: [b.test], paths: [/]"}, get("/", "Host: b.test"), "b"},
		{"hosts: none", []string{"hosts: [a.test], paths: [/]"}, get("/", "Host: b.test"), ""},
		{"hosts: without paths", []string{"hosts: [a.test]"}, get("/any", "Host: a.test"), "a"},
		{"hosts: beat a path: transform.lua:match_weight", []string{"paths: [/abc]", "hosts: [h.test], paths: [/]"}, get("/abc", "Host: h.test"), "b"},
		{"hosts: plain beats wildcard: transform.lua:661", []string{"hosts: [h.test], paths: [/]", "hosts: ['*.test'], paths: [/a]"}, get("/a", "Host: h.test"), "a"},
		{"hosts: a wildcard beside a plain one loses that", []string{"hosts: [h.test, '*.x.test'], paths: [/]", "hosts: ['*.test'], paths: [/a]"}, get("/a", "Host: h.test"), "b"},
		{"hosts: wildcard in front", []string{"hosts: ['*.example.com'], paths: [/]"}, get("/", "Host: a.b.example.com"), "a"},
		{"hosts: wildcard in front, bare", []string{"hosts: ['*.example.com'], paths: [/]"}, get("/", "Host: example.com"), ""},
		{"hosts: wildcard behind", []string{"hosts: ['example.*'], paths: [/]"}, get("/", "Host: example.co.uk"), "a"},
		{"hosts: wildcard behind, other", []string{"hosts: ['example.*'], paths: [/]"}, get("/", "Host: example2.com"), ""},
		{"hosts: no port matches any: spec 08-router_spec.lua:2280", []string{"hosts: [h.test], paths: [/]"}, get("/", "Host: h.test:1234"), "a"},
		{"hosts: the port that Host names: fields.lua:131", []string{"hosts: ['h.test:1234'], paths: [/]"}, get("/", "Host: h.test:1234"), "a"},
		{"hosts: another port", []string{"hosts: ['h.test:1234'], paths: [/]"}, get("/", "Host: h.test:1235"), ""},
		{"hosts: no port in Host is the listener's", []string{"hosts: ['h.test:LISTEN'], paths: [/]"}, get("/", "Host: h.test"), "a"},
		{"hosts: no port in Host is not any", []string{"hosts: ['h.test:1'], paths: [/]"}, get("/", "Host: h.test"), ""},
		{"hosts: wildcard and port", []string{"hosts: ['*.test:81'], paths: [/]", "hosts: ['*.test:82'], paths: [/]"}, get("/", "Host: a.test:82"), "b"},
		{"hosts: a port makes no host more special", []string{"id: ID, hosts: ['h.test:80'], paths: [/]", "id: ID, hosts: [h.test], paths: [/]"}, get("/", "Host: h.test:80"), "b"},
		{"hosts: case counts: atc.lua:447 takes Host as it comes", []string{"hosts: [h.test], paths: [/]"}, get("/", "Host: H.test"), ""},
		{"hosts: a dot at the end is another host", []string{"hosts: [h.test], paths: [/]"}, get("/", "Host: h.test."), ""},
		{"hosts: no Host at all", []string{"hosts: [h.test], paths: [/]", "paths: [/]"}, req("GET / HTTP/1.0", "", "-Host"), "b"},
		{"hosts: the one of an absolute form", []string{"hosts: [h.test], paths: [/]"}, get("http://h.test/x", "Host: h.test"), "a"},

		{"methods: exact", []string{"methods: [POST]", "methods: [GET]"}, get("/"), "b"},
		{"methods: none", []string{"methods: [POST], paths: [/]"}, get("/"), ""},
		{"methods: of nobody's making: routes.lua methods", []string{"methods: [PROPFIND], paths: [/]"}, req("PROPFIND /", ""), "a"},
		{"methods: beat a longer path", []string{"paths: [/abc]", "paths: [/], methods: [GET]"}, get("/abc"), "b"},
		{"methods and wildcard hosts weigh the same: the greater id", []string{"id: ID, hosts: ['*.test']", "id: ID, methods: [GET]"}, get("/"), "b"},
		{"methods and plain hosts do not: transform.lua:661", []string{"id: ID, hosts: [gw.test]", "id: ID, methods: [GET]"}, get("/"), "a"},
		{"equal routes: the greater id: atc-router router.rs:61", []string{"id: ID, paths: [/x]", "id: ID, paths: [/x]"}, get("/x"), "b"},

		{"headers: exact", []string{"headers: {version: [v2]}, paths: [/]", "paths: [/]"}, get("/", "Version: v2"), "a"},
		{"headers: values in any case: spec 08-router_spec.lua:1696", []string{"headers: {version: [V2]}, paths: [/]"}, get("/", "version: v2"), "a"},
		{"headers: other value", []string{"headers: {version: [v2]}, paths: [/]"}, get("/", "version: v3"), ""},
		{"headers: missing", []string{"headers: {version: [v2]}, paths: [/]"}, get("/"), ""},
		{"headers: one of several values", []string{"headers: {version: [v1, v2]}, paths: [/]"}, get("/", "version: v2"), "a"},
		{"headers: one of several fields: transform.lua:428", []string{"headers: {version: [v2]}, paths: [/]"}, get("/", "version: v1", "version: v2"), "a"},
		{"headers: all names are needed", []string{"headers: {a: [x], b: [y]}, paths: [/]"}, get("/", "a: x"), ""},
		{"headers: more of them win: transform.lua:655", []string{"headers: {a: [x]}, paths: [/abc]", "headers: {a: [x], b: [y]}, paths: [/]"}, get("/abc", "a: x", "b: y"), "b"},
		{"headers: regex: transform.lua:433", []string{"headers: {version: ['~*^v[0-9]+$']}, paths: [/]"}, get("/", "version: V12"), "a"},
		{"headers: regex anywhere", []string{"headers: {version: ['~*2']}, paths: [/]"}, get("/", "version: v123"), "a"},
		{"headers: regex and no match", []string{"headers: {version: ['~*^2']}, paths: [/]"}, get("/", "version: v2"), ""},
		{"headers: \"_\" is \"-\": transform.lua:replace_dashes_lower", []string{"headers: {X_Version: [v2]}, paths: [/]"}, get("/", "X-Version: v2"), "a"},
		{"headers: beat a plain host alone", []string{"hosts: [gw.test], paths: [/]", "headers: {a: [x]}, hosts: [gw.test], paths: [/]"}, get("/", "a: x"), "b"},

		{"weight: methods, hosts, headers and paths", []string{"hosts: [gw.test], headers: {a: [x]}, paths: [/]", "hosts: [gw.test], headers: {a: [x]}, paths: [/], methods: [GET]"}, get("/", "a: x"), "b"},
		{"weight goes before regex", []string{"paths: ['~/a']", "paths: [/], methods: [GET]"}, get("/a"), "b"},
		{"weight: snis count, and match plain HTTP: transform.lua:351", []string{"paths: [/a], snis: [x.test]", "paths: [/ab]"}, get("/ab"), "a"},
		{"stream routes take no HTTP: atc.lua:is_http", []string{"paths: [/]", "protocols: [tcp], sources: [{port: 1}]"}, get("/"), "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, nil)
			file := routesFile(up.Port, c.routes)
			gw := proxytest.Start(t, read(t, strings.ReplaceAll(file, "LISTEN", "1")), proxytest.Options{Kinds: plugins.All()})
			gw.Swap(read(t, strings.ReplaceAll(file, "LISTEN", strconv.Itoa(gw.Port))))
			got := gw.Do(c.send)
			if c.want == "" {
				if got.Status != 404 || got.Body == "" {
					t.Errorf("status = %d, want 404", got.Status)
				}
				return
			}
			if got.Status != 200 {
				t.Fatalf("status = %d: %s", got.Status, got.Body)
			}
			_, path, _ := strings.Cut(up.Last(t).Line, " ")
			if !strings.HasPrefix(path, "/"+c.want) {
				t.Errorf("upstream was asked for %s, want /%s", path, c.want)
			}
		})
	}
}

// What is served of a file that switches things off.
func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	run(t, []row{
		{
			name: "a disabled service's routes are gone: runloop/handler.lua:403", file: service("enabled: false", ""),
			status: 404, body: json("no Route matched with those values"), refused: true,
		},
		{
			name: "a route without a service: kong/init.lua:1230", file: version + "routes: [{name: r, paths: [/]}]\n",
			status: 503, body: json("no Service found with those values"),
			header: []string{"X-Kong-Response-Latency: *", "-Via", "-X-Kong-Proxy-Latency", "-X-Kong-Upstream-Latency", "Server: gatewayd/test"},
		},
		{
			name: "a disabled plugin", file: route("") + "plugins: [{name: key-auth, enabled: false}]\n", body: "ok",
		},
		{
			name: "a plugin for gRPC runs for all HTTP: runloop/plugins_iterator.lua:149", file: route("") + "plugins: [{name: rate-limiting, protocols: [grpc], config: {minute: 1}}]\n",
			header: []string{"RateLimit-Limit: 1"},
		},
		{name: "nothing", file: version, status: 404, body: json("no Route matched with those values")},
		{
			name: "Kong-Debug is off: router/utils.lua:114", send: get("/", "Kong-Debug: 1"),
			header: []string{"-Kong-Route-Id", "-Kong-Route-Name", "-Kong-Service-Id", "-Kong-Service-Name"}, up: []string{"Kong-Debug: 1"},
		},
	})
}
