package kongtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// The path at the upstream: kong/router/utils.lua:146 (get_upstream_uri_v0),
// kong/router/atc.lua:340 (set_upstream_uri), kong/tools/uri.lua. Rows of the
// first table are those of spec/fixtures/router_path_handling_tests.lua with
// path_handling v0, in the order service path, route path, request, upstream
// path with strip_path, without it.
func TestPath(t *testing.T) {
	t.Parallel()
	for _, c := range [][5]string{
		{"/", "/", "/", "/", "/"},
		{"/", "/", "/route", "/route", "/route"},
		{"/", "/", "/route/", "/route/", "/route/"},
		{"/", "/", "/routereq", "/routereq", "/routereq"},
		{"/", "/", "/route/req", "/route/req", "/route/req"},
		{"/", "/route", "/route", "/", "/route"},
		{"/", "/route", "/route/", "/", "/route/"},
		{"/", "/route", "/routereq", "/req", "/routereq"},
		{"/", "/route", "/route/req", "/req", "/route/req"},
		{"/", "/route/", "/route/", "/", "/route/"},
		{"/", "/route/", "/route/req", "/req", "/route/req"},
		{"/srv", "/", "/", "/srv", "/srv"},
		{"/srv", "/", "/route", "/srv/route", "/srv/route"},
		{"/srv", "/", "/route/", "/srv/route/", "/srv/route/"},
		{"/srv", "/route", "/route", "/srv", "/srv/route"},
		{"/srv", "/route", "/route/", "/srv/", "/srv/route/"},
		{"/srv", "/route", "/routereq", "/srv/req", "/srv/routereq"},
		{"/srv", "/route", "/route/req", "/srv/req", "/srv/route/req"},
		{"/srv", "/route/", "/route/", "/srv/", "/srv/route/"},
		{"/srv", "/route/", "/route/req", "/srv/req", "/srv/route/req"},
		{"/srv/", "/", "/", "/srv/", "/srv/"},
		{"/srv/", "/", "/route", "/srv/route", "/srv/route"},
		{"/srv/", "/route", "/route", "/srv", "/srv/route"},
		{"/srv/", "/route", "/route/", "/srv/", "/srv/route/"},
		{"/srv/", "/route", "/routereq", "/srv/req", "/srv/routereq"},
		{"/srv/", "/route", "/route/req", "/srv/req", "/srv/route/req"},
		{"/srv/", "/route/", "/route/req", "/srv/req", "/srv/route/req"},
		// regular expressions: the text that matched goes
		{"/", "~/r[a-z]+", "/route/x", "/x", "/route/x"},
		{"/srv", "~/r[a-z]+/", "/route/x", "/srv/x", "/srv/route/x"},
		{"/srv", "~/(?<a>\\d+)$", "/12", "/srv", "/srv/12"},
		{"/srv", "~/x|/route", "/a/route/b", "/srv/te/b", "/srv/a/route/b"},
		// what climbs out of a prefix does not: utils.lua:sanitize_uri_postfix
		{"/srv", "/route", "/route..", "/srv", "/srv/route.."},
		{"/srv", "/route", "/route../x", "/srv/x", "/srv/route../x"},
		{"/srv", "/route", "/route./x", "/srv/x", "/srv/route./x"},
	} {
		for i, strip := range []bool{true, false} {
			for _, handling := range []string{"v0", "v1"} { // this router knows v0 alone: atc.lua:set_upstream_uri
				r := row{
					name: fmt.Sprintf("%s %s %s %v %s", c[0], c[1], c[2], strip, handling),
					file: service(fmt.Sprintf("path: %q", c[0]), fmt.Sprintf("paths: ['%s'], strip_path: %v, path_handling: %s", c[1], strip, handling)),
					send: get(c[2]), line: "GET " + c[3+i],
				}
				t.Run(r.name, func(t *testing.T) {
					t.Parallel()
					r.run(t)
				})
			}
		}
	}
}

func TestPathEncoding(t *testing.T) {
	t.Parallel()
	var rows []row
	for _, c := range [][3]string{
		{"unreserved bytes are decoded: uri.lua:44", "/%7e%2d%5F%2E%61", "/~-_.a"},
		{"reserved ones stay, in upper case: uri.lua:58", "/%2f%3a%40%26%3d%2b%24%2c%3b%3f%23%5b%5d%21%2a%27%28%29", "/%2F%3A%40%26%3D%2B%24%2C%3B%3F%23%5B%5D%21%2A%27%28%29"},
		{"reserved ones that are not encoded stay so", "/a:b@c&d=e+f$g,h;i!j*k'l(m)n", "/a:b@c&d=e+f$g,h;i!j*k'l(m)n"},
		{"others are escaped: uri.lua:41", "/%22%3c%3E%5E%60%7b%7C%7D", "/%22%3C%3E%5E%60%7B%7C%7D"},
		{"others that came bare are, too", "/a\"<>^`{|}", "/a%22%3C%3E%5E%60%7B%7C%7D"},
		{"a backslash stays: uri.lua:41", "/a\\b%5cc", "/a\\b\\c"},
		{"brackets", "/a[b]", "/a[b]"},
		{"a space", "/a%20b", "/a%20b"},
		{"UTF-8", "/%c3%a4", "/%C3%A4"},
		{"UTF-8 that came bare", "/ä", "/%C3%A4"},
		{"a percent sign stays encoded", "/%25%32%35", "/%2525"},
		{"twice encoded", "/%2561", "/%2561"},
		{"dot segments: uri.lua:94", "/a/./b/../c/.", "/a/c/"},
		{"encoded dot segments", "/a/%2e/b/%2E%2e/c", "/a/c"},
		{"slashes", "//a//b//", "/a/b/"},
		{"slashes between dots", "/a//../b", "/b"},
		{"an encoded slash is no slash", "/a%2f..%2fb", "/a%2F..%2Fb"},
		{"three dots", "/.../a", "/.../a"},
		{"a query as it is: runloop/handler.lua:1393", "/a?b=%7e&&c=d/../e?f", "/a?b=%7e&&c=d/../e?f"},
		{"an empty query: runloop/handler.lua:1392", "/a?", "/a?"},
		{"a query of question marks", "/a??", "/a??"},
		{"a query that ends in one", "/a?b?", "/a?b?"},
		{"absolute form", "http://gw.test/a/../b?c", "/b?c"},
		{"absolute form without a path", "http://gw.test", "/"},
		{"absolute form with a query alone", "http://gw.test?a", "/?a"},
	} {
		rows = append(rows, row{name: c[0], send: get(c[1]), line: "GET " + c[2]})
	}
	rows = append(rows, row{
		name: "a stripped prefix in another encoding: atc.lua:449", file: service("path: /s", "paths: [/pre]"),
		send: get("/%70re/x%20y"), line: "GET /s/x%20y", up: []string{"X-Forwarded-Prefix: /pre", "X-Forwarded-Path: /%70re/x%20y"},
	}, row{
		name: "a service path is not normalised", file: service("path: /a.b/c%20d", "paths: [/]"), send: get("/x"), line: "GET /a.b/c%20d/x",
	}, row{
		name: "a url with a path: db/schema/entities services shorthand", file: version + "services: [{name: s, url: 'http://127.0.0.1:PORT/u', routes: [{name: r, paths: [/r]}]}]\n",
		send: get("/r/x"), line: "GET /u/x",
	}, row{
		name: "a line that climbs: nginx ngx_http_parse_complex_uri", send: get("/a/../../b", "Accept: */*"), status: 400,
		body: plain("Bad request"), header: []string{"Connection: close", "Content-Type: text/plain; charset=utf-8", "X-Kong-Response-Latency: *"}, refused: true,
	}, row{
		name: "a broken escape: nginx", send: get("/%zz"), status: 400, body: plain("Bad request"), refused: true,
	}, row{
		name: "an escaped NUL: nginx", send: get("/%00"), status: 400, body: plain("Bad request"), refused: true,
	})
	run(t, rows)
}

// Host at the upstream: kong/runloop/balancer/init.lua:440 (set_host_header).
func TestHost(t *testing.T) {
	t.Parallel()
	pool := func(hostHeader, target string, route ...string) string {
		return service("host: pool", strings.Join(route, ", ")) + "upstreams: [{name: pool" + more(hostHeader) + ", targets: [{target: '" + target + "'}]}]\n"
	}
	run(t, []row{
		{name: "the service's, with its port: balancer/init.lua:453", up: []string{"Host: 127.0.0.1:PORT", "X-Forwarded-Host: gw.test"}},
		{name: "a name", file: service("host: localhost, port: PORT", ""), up: []string{"Host: localhost:PORT"}},
		{name: "preserve_host: atc.lua:413", file: route("preserve_host: true"), up: []string{"Host: gw.test"}},
		{name: "preserve_host, as it came", file: route("preserve_host: true"), send: get("/", "Host: GW.Test:81"), up: []string{"Host: GW.Test:81", "X-Forwarded-Host: gw.test"}},
		{name: "preserve_host without a Host", file: route("preserve_host: true"), send: req("GET / HTTP/1.0", "", "-Host"), up: []string{"Host: 127.0.0.1:PORT"}},
		{name: "of an upstream: the target's", file: pool("", "127.0.0.1:PORT"), up: []string{"Host: 127.0.0.1:PORT"}},
		{name: "of an upstream: a target's name", file: pool("", "localhost:PORT"), up: []string{"Host: localhost:PORT"}},
		{name: "host_header: balancer/init.lua:395", file: pool("host_header: up.test", "127.0.0.1:PORT"), up: []string{"Host: up.test:PORT"}},
		{name: "preserve_host beats host_header: balancer/init.lua:441", file: pool("host_header: up.test", "127.0.0.1:PORT", "preserve_host: true"), up: []string{"Host: gw.test"}},
		{name: "a client's second Host is no other", send: get("/", "X-Host: a"), up: []string{"X-Host: a", "Host: 127.0.0.1:PORT"}},
	})
}

// Ports 80 and 443 cannot be listened on here, so that the gateway is told to
// dial elsewhere.
func TestHostOfPorts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, port, want string }{
		{"80 of http goes unsaid: balancer/init.lua:449", "80", "srv.test"},
		{"443 of http does not: balancer/init.lua:451", "443", "srv.test:443"},
		{"others", "8080", "srv.test:8080"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, nil)
			r := row{file: service("host: srv.test, port: "+c.port, ""), options: dialing(up)}
			r.run(t)
			compare(t, "upstream", up.Last(t).Header, []string{"Host: " + c.want}, strings.Clone)
		})
	}
}
