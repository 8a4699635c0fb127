package kongtest_test

import (
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// What else the upstream is told: kong/runloop/handler.lua:1185-1480,
// kong/templates/nginx_kong.lua:189-204, ngx_http_proxy_module.
func TestForwarded(t *testing.T) {
	t.Parallel()
	trusted := func(headerAnd ...string) proxytest.Options {
		o := proxytest.Options{Trusted: []string{"127.0.0.0/8", "10.0.0.0/8"}}
		if len(headerAnd) > 0 {
			o.RealIPHeader = headerAnd[0]
		}
		return o
	}
	given := []string{
		"X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: other.test", "X-Forwarded-Port: 1234",
		"X-Forwarded-Path: /p", "X-Forwarded-Prefix: /q",
	}
	run(t, []row{
		{
			name: "of a plain request: handler.lua:1245", file: route("paths: [/a]"), send: get("/a/b?c", "Host: GW.test:8000"),
			up: []string{
				"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: gw.test", "X-Forwarded-Port: LISTEN",
				"X-Forwarded-Path: /a/b", "X-Forwarded-Prefix: /a", "X-Real-IP: 127.0.0.1", "X-Kong-Request-Id: ID",
				"Via: 1.1 gatewayd/test", "Connection: keep-alive", "-TE", "-Upgrade", "-Content-Length", "-Transfer-Encoding",
			},
		},
		{
			name: "a stranger's word: handler.lua:1239", send: get("/x", given...),
			up: []string{
				"X-Forwarded-For: 9.9.9.9, 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: gw.test", "X-Forwarded-Port: LISTEN",
				"X-Forwarded-Path: /x", "-X-Forwarded-Prefix", "X-Real-IP: 127.0.0.1",
			},
		},
		{
			name: "a trusted peer's word: handler.lua:1229", options: trusted(), send: get("/x", append(given, "X-Real-IP: 8.8.8.8")...),
			up: []string{
				"X-Forwarded-For: 9.9.9.9, 127.0.0.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: other.test", "X-Forwarded-Port: 1234",
				"X-Forwarded-Path: /p", "X-Forwarded-Prefix: /q", "X-Real-IP: 8.8.8.8",
			},
		},
		{
			name: "a trusted peer says nothing: handler.lua:1346", options: trusted(), send: get("/x", "X-Real-IP: 8.8.8.8"),
			up: []string{"X-Forwarded-For: 8.8.8.8", "X-Forwarded-Proto: http", "X-Forwarded-Host: gw.test", "X-Real-IP: 8.8.8.8"},
		},
		{
			name: "several X-Forwarded-For: tools/http.lua:get_header takes the first", send: get("/", "X-Forwarded-For: 1.1.1.1, 2.2.2.2", "X-Forwarded-For: 3.3.3.3"),
			up: []string{"X-Forwarded-For: 1.1.1.1, 2.2.2.2, 127.0.0.1"},
		},
		{
			name: "several X-Forwarded-Host of a trusted peer", options: trusted(), send: get("/", "X-Forwarded-Host: a.test", "X-Forwarded-Host: b.test"),
			up: []string{"X-Forwarded-Host: a.test"},
		},
		{
			name: "real_ip_header X-Forwarded-For: ngx_http_realip_module", options: trusted("X-Forwarded-For"),
			send: get("/", "X-Forwarded-For: 1.1.1.1, 2.2.2.2"), up: []string{"X-Real-IP: 2.2.2.2", "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 127.0.0.1"},
		},
		{
			name: "real_ip_header X-Forwarded-For, several fields", options: trusted("X-Forwarded-For"),
			send: get("/", "X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 2.2.2.2"), up: []string{"X-Real-IP: 2.2.2.2"},
		},
		{
			name: "an address with a port: ngx_parse_addr_port", options: trusted(), send: get("/", "X-Real-IP: 8.8.8.8:99"), up: []string{"X-Real-IP: 8.8.8.8"},
		},
		{
			name: "an IPv6 address", options: trusted(), send: get("/", "X-Real-IP: [2001:db8::1]:99"), up: []string{"X-Real-IP: 2001:db8::1"},
		},
		{
			name: "what is no address", options: trusted(), send: get("/", "X-Real-IP: unknown"), up: []string{"X-Real-IP: 127.0.0.1"},
		},
		{
			name: "https by a trusted peer passes an https route: handler.lua:1262", options: trusted(), file: route("protocols: [https]"),
			send: get("/", "X-Forwarded-Proto: https"), up: []string{"X-Forwarded-Proto: https"},
		},
		{
			name: "https by a stranger does not", file: route("protocols: [https]"), send: get("/", "X-Forwarded-Proto: https"),
			status: 426, body: json("Please use HTTPS protocol"), refused: true,
		},
		{
			name: "no prefix of a root path: handler.lua:1256", send: get("/a"), up: []string{"-X-Forwarded-Prefix", "X-Forwarded-Path: /a"},
		},
		{
			name: "no prefix without strip_path: atc.lua:399", file: route("paths: [/a], strip_path: false"), send: get("/a"), up: []string{"-X-Forwarded-Prefix"},
		},
		{
			name: "no prefix without paths", file: version + "services: [{name: s, host: 127.0.0.1, port: PORT, routes: [{name: r, hosts: [gw.test]}]}]\n",
			send: get("/a"), line: "GET /a", up: []string{"-X-Forwarded-Prefix"},
		},
		{
			name: "no Host: nginx's $host is server_name", send: req("GET / HTTP/1.0", "", "-Host"),
			up: []string{"X-Forwarded-Host: kong", "Via: 1 gatewayd/test", "Host: 127.0.0.1:PORT"},
		},
		{
			name: "a dot behind Host: ngx_http_validate_host", send: get("/", "Host: gw.test."), up: []string{"X-Forwarded-Host: gw.test"},
		},
		{
			name: "an IPv6 Host", send: get("/", "Host: [::1]:8000"), up: []string{"X-Forwarded-Host: [::1]"},
		},
		{
			name: "Via of the client: spec 35-via_spec.lua:136", send: get("/", "Via: 1.1 dev"), up: []string{"Via: 1.1 dev, 1.1 gatewayd/test"},
		},
		{
			name: "Via of HTTP/1.0: handler.lua:1357", send: req("GET / HTTP/1.0", "", "Via: 1.0 a"), up: []string{"Via: 1.0 a, 1 gatewayd/test"},
		},
		{
			name: "X-Kong-Request-Id of the client: nginx_kong.lua:203", send: get("/", "X-Kong-Request-Id: mine"), up: []string{"X-Kong-Request-Id: ID"},
		},
	})
}

func TestHopByHop(t *testing.T) {
	t.Parallel()
	run(t, []row{
		{
			name: "spec 03-upstream_headers_spec.lua:127", send: get("/",
				"Connection: X-Foo, X-Bar", "Keep-Alive: timeout=5, max=1000", "Proxy: Remove-Me", "Proxy-Connection: close",
				"Proxy-Authenticate: Basic", "Proxy-Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l", "TE: trailers, deflate;q=0.5",
				"Upgrade: example/1, foo/2", "X-Foo: Remove-Me", "X-Bar: Remove-Me", "X-Foo-Bar: Keep-Me", "Close: Keep-Me"),
			up: []string{
				"Connection: keep-alive", "-Keep-Alive", "-Proxy", "-Proxy-Connection", "Proxy-Authenticate: Basic",
				"Proxy-Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l", "TE: trailers", "-Upgrade", "-X-Foo", "-X-Bar",
				"X-Foo-Bar: Keep-Me", "Close: Keep-Me",
			},
		},
		{name: "TE without trailers: handler.lua:1456", send: get("/", "TE: gzip"), up: []string{"-TE"}},
		{name: "TE trailers alone", send: get("/", "TE: trailers"), up: []string{"TE: trailers"}},
		{name: "Connection close", send: get("/", "Connection: close"), up: []string{"Connection: keep-alive"}, header: []string{"Connection: close"}},
		{name: "Upgrade h2c is dropped: handler.lua:1330", send: get("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA"), up: []string{"-Upgrade", "Connection: keep-alive", "-HTTP2-Settings"}},
		{
			name: "a WebSocket: spec 03-upstream_headers_spec.lua:214", send: get("/", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket"),
			up: []string{"Connection: keep-alive, Upgrade", "Upgrade: websocket"},
		},
		{name: "Expect: ngx_http_proxy_headers", send: req("POST /", "abc", "Expect: 100-continue"), up: []string{"-Expect", "Content-Length: 3"}, upBody: "abc"},
		{name: "repeated fields stay apart and in order", send: get("/", "A: 1", "B: x", "A: 2"), up: []string{"A: 1", "A: 2", "B: x"}},
		{name: "spelling stays", send: get("/", "x-LOWER: 1", "User-agent: me"), up: []string{"x-LOWER: 1", "User-agent: me"}},
		{name: "underscores are fine: nginx_kong.lua:28", send: get("/", "a_b: 1", "X_Forwarded_Proto: https"), up: []string{"a_b: 1", "X_Forwarded_Proto: https", "X-Forwarded-Proto: http"}},
		{name: "odd names are not: ignore_invalid_headers", send: get("/", "a.b: 1", "a!: 2"), up: []string{"-a.b", "-a!"}},
		{name: "empty values pass", send: get("/", "A:"), up: []string{"A: "}},
		{name: "cookies", send: get("/", "Cookie: a=1", "Cookie: b=2"), up: []string{"Cookie: a=1", "Cookie: b=2"}},
		{name: "no User-Agent or Accept of our own", up: []string{"-User-Agent", "-Accept", "-Accept-Encoding"}},
	})
}

// Bodies: proxy_request_buffering (kong/templates/nginx_kong.lua:183) and
// ngx_http_proxy_create_request.
func TestRequestBody(t *testing.T) {
	t.Parallel()
	chunked := func(line string, chunks ...string) string {
		var b strings.Builder
		b.WriteString(req(line, "", "Transfer-Encoding: chunked"))
		for _, c := range chunks {
			b.WriteString(hex(len(c)) + "\r\n" + c + "\r\n")
		}
		return b.String() + "0\r\n\r\n"
	}
	long := strings.Repeat("0123456789abcdef", 2<<10)
	unbuffered := route("request_buffering: false")
	run(t, []row{
		{name: "a length stays one", send: req("POST /", "abc"), up: []string{"Content-Length: 3", "-Transfer-Encoding"}, upBody: "abc"},
		{name: "a chunked body is buffered and gets a length", send: chunked("POST /", "abc", "de"), up: []string{"Content-Length: 5", "-Transfer-Encoding"}, upBody: "abcde"},
		{name: "an empty chunked body", send: chunked("POST /"), up: []string{"Content-Length: 0", "-Transfer-Encoding"}},
		{name: "request_buffering false keeps it chunked: handler.lua:1371", file: unbuffered, send: chunked("POST /", "abc", "de"), up: []string{"Transfer-Encoding: chunked", "-Content-Length"}, upBody: "abcde"},
		{name: "request_buffering false keeps a length", file: unbuffered, send: req("POST /", "abc"), up: []string{"Content-Length: 3", "-Transfer-Encoding"}, upBody: "abc"},
		{name: "response_buffering false changes nothing here: handler.lua:1378", file: route("response_buffering: false"), send: chunked("POST /", "abc"), up: []string{"Content-Length: 3"}, upBody: "abc"},
		{name: "a long body", send: req("PUT /", long), up: []string{"Content-Length: 32768"}, upBody: long},
		{name: "a long body to POST", send: req("POST /", long), up: []string{"Content-Length: 32768"}, upBody: long},
		{name: "GET with a body", send: req("GET /", "abc"), up: []string{"Content-Length: 3"}, upBody: "abc"},
		{name: "DELETE with a body", send: req("DELETE /", "abc"), up: []string{"Content-Length: 3"}, upBody: "abc"},
		{name: "POST without a length says none", send: req("POST /", ""), up: []string{"-Content-Length", "-Transfer-Encoding"}},
		{name: "a length of 0 is said", send: req("POST /", "", "Content-Length: 0"), up: []string{"Content-Length: 0"}},
		{name: "a length of 0 is said of GET, too", send: get("/", "Content-Length: 0"), up: []string{"Content-Length: 0"}},
		{name: "a length in another spelling is nginx's", send: req("POST /", "", "content-length: 0"), up: []string{"Content-Length: 0"}},
		{name: "GET says none", up: []string{"-Content-Length"}},
	})
}

func hex(n int) string {
	const digits = "0123456789abcdef"
	if n < 16 {
		return digits[n : n+1]
	}
	return hex(n/16) + digits[n%16:n%16+1]
}
