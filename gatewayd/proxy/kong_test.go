package proxy_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

func change(cfg *entity.Config, f func(r *entity.Route, s *entity.Service)) *entity.Config {
	f(&cfg.Routes[0], &cfg.Services[0])
	return cfg
}

// closedPort is a port of loopback that nothing listens on.
func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// What Kong answers on its own. Source files are those of Kong 3.9.1.
func TestOwnAnswers(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	none := closedPort(t)
	json := func(m string) string {
		return "{\n  \"message\":\"" + m + "\",\n  \"request_id\":\"ID\"\n}"
	}
	const jsonType = "application/json; charset=utf-8"
	for _, c := range []struct {
		name   string // with the source of the expectation
		change func(r *entity.Route, s *entity.Service)
		raw    string
		status int
		header map[string]string // "-" for absent, "*" for any
		body   string
	}{
		{
			name: "no route: kong/runloop/handler.lua:1165", raw: proxytest.Request("GET", "/nowhere", ""),
			change: func(r *entity.Route, _ *entity.Service) { r.Paths = []string{"/x"} },
			status: 404, body: json("no Route matched with those values"),
			header: map[string]string{
				"Content-Type": jsonType, "Server": proxytest.Name, "X-Kong-Response-Latency": "*", "X-Kong-Request-Id": "*",
				"Date": "*", "Connection": "keep-alive", "Via": "-", "X-Kong-Proxy-Latency": "-", "X-Kong-Upstream-Latency": "-",
			},
		},
		{
			name: "html: kong/tools/http.lua:395", raw: proxytest.Request("GET", "/nowhere", "", "Accept: text/html,application/xhtml+xml;q=0.9"),
			change: func(r *entity.Route, _ *entity.Service) { r.Paths = []string{"/x"} },
			status: 404, header: map[string]string{"Content-Type": "text/html; charset=utf-8"},
			body: "<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>Error</title>\n  </head>\n  <body>\n" +
				"    <h1>Error</h1>\n    <p>no Route matched with those values.</p>\n    <p>request_id: ID</p>\n  </body>\n</html>\n",
		},
		{
			name: "plain: kong/tools/http.lua:414", raw: proxytest.Request("GET", "/nowhere", "", "Accept: text/plain"),
			change: func(r *entity.Route, _ *entity.Service) { r.Paths = []string{"/x"} },
			status: 404, header: map[string]string{"Content-Type": "text/plain; charset=utf-8"},
			body: "no Route matched with those values\nrequest_id: ID\n",
		},
		{
			name: "xml, by quality: kong/tools/http.lua:453", raw: proxytest.Request("GET", "/nowhere", "", "Accept: text/html;q=0.5, application/xml;q=0.8"),
			change: func(r *entity.Route, _ *entity.Service) { r.Paths = []string{"/x"} },
			status: 404, header: map[string]string{"Content-Type": "application/xml; charset=utf-8"},
			body: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>no Route matched with those values</message>\n  <requestid>ID</requestid>\n</error>\n",
		},
		{
			name: "HEAD has the length and no body", raw: "HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
			change: func(r *entity.Route, _ *entity.Service) { r.Paths = []string{"/x"} },
			status: 404, header: map[string]string{"Content-Length": "103"},
		},
		{
			name: "https wanted: kong/runloop/handler.lua:1243", raw: proxytest.Request("GET", "/", ""),
			change: func(r *entity.Route, _ *entity.Service) { r.Protocols = []string{"https"} },
			status: 426, body: json("Please use HTTPS protocol"),
			header: map[string]string{"Connection": "Upgrade", "Upgrade": "TLS/1.2, HTTP/1.1"},
		},
		{
			name: "redirect to https: kong/runloop/handler.lua:1251", raw: proxytest.Request("GET", "/a?b=c", ""),
			change: func(r *entity.Route, _ *entity.Service) {
				r.Protocols, r.HTTPSRedirectStatusCode = []string{"https"}, 308
			},
			status: 308, header: map[string]string{"Location": "https://gw.test/a?b=c", "Content-Type": "text/html; charset=UTF-8"},
			body: "<html>\r\n<head><title>308 Permanent Redirect</title></head>\r\n<body>\r\n<center><h1>308 Permanent Redirect</h1></center>\r\n</body>\r\n</html>\r\n",
		},
		{
			name: "no service: kong/init.lua:1097", raw: proxytest.Request("GET", "/", ""),
			change: func(r *entity.Route, _ *entity.Service) { r.ServiceID = "" },
			status: 503, body: json("no Service found with those values"),
		},
		{
			name: "broken route", raw: proxytest.Request("GET", "/", ""),
			change: func(r *entity.Route, _ *entity.Service) { r.Broken = "for a reason" },
			status: 500, body: json("An unexpected error occurred"),
		},
		{
			name: "unavailable: kong/runloop/balancer/init.lua:355", raw: proxytest.Request("GET", "/", ""),
			change: func(r *entity.Route, _ *entity.Service) { r.Unavailable = "nothing stands behind it" },
			status: 503, body: json("failure to get a peer from the ring-balancer"),
		},
		{
			name: "name not known: kong/runloop/balancer/init.lua:381", raw: proxytest.Request("GET", "/", ""),
			change: func(_ *entity.Route, s *entity.Service) { s.Host = "no-such-host.invalid" },
			status: 503, body: json("name resolution failed"), header: map[string]string{"X-Kong-Response-Latency": "*", "Via": "-"},
		},
		{
			name: "nothing listens: kong/error_handlers.lua:60", raw: proxytest.Request("GET", "/", ""),
			change: func(_ *entity.Route, s *entity.Service) { s.Port = none },
			status: 502, body: "An invalid response was received from the upstream server\nrequest_id: ID\n",
			header: map[string]string{
				"Content-Type": "text/plain; charset=utf-8", "Via": "1.1 " + proxytest.Name, "X-Kong-Proxy-Latency": "*",
				"X-Kong-Upstream-Latency": "*", "X-Kong-Response-Latency": "-", "Server": proxytest.Name,
			},
		},
		{
			name:   "error handler goes by Content-Type without Accept: kong/error_handlers.lua:55",
			raw:    proxytest.Request("POST", "/", "{}", "Content-Type: application/json"),
			change: func(_ *entity.Route, s *entity.Service) { s.Port = none },
			status: 502, body: json("An invalid response was received from the upstream server"),
		},
		{
			name: "path that climbs: nginx refuses the line and reads no Accept", raw: proxytest.Request("GET", "/../etc", "", "Accept: */*"),
			status: 400, body: "Bad request\nrequest_id: ID\n", header: map[string]string{"X-Kong-Response-Latency": "*", "Connection": "close"},
		},
		{
			name: "header too large: kong/error_handlers.lua:62", raw: proxytest.Request("GET", "/", "", "Accept: */*", "X: "+strings.Repeat("x", 9<<10)),
			status: 400, body: json("Request header or cookie too large"), header: map[string]string{"Connection": "close"},
		},
		{
			name: "URI too long: kong/error_handlers.lua:19", raw: "GET /" + strings.Repeat("x", 9<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n",
			status: 414, body: "URI too long\nrequest_id: ID\n",
		},
		{
			name: "grpc route, other request: kong/runloop/handler.lua:1272", raw: proxytest.Request("GET", "/", ""),
			change: func(r *entity.Route, _ *entity.Service) { r.Protocols = []string{"grpc"} },
			status: 415, body: json("Non-gRPC request matched gRPC route"),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := proxytest.To(up)
			if c.change != nil {
				change(cfg, c.change)
			}
			got := proxytest.Start(t, cfg, proxytest.Options{}).Do(c.raw)
			if got.Status != c.status {
				t.Errorf("status = %d, want %d", got.Status, c.status)
			}
			if body := strings.ReplaceAll(got.Body, got.Header.Get("X-Kong-Request-Id"), "ID"); body != c.body {
				t.Errorf("body = %q, want %q", body, c.body)
			}
			checkHeader(t, got.Header, c.header)
		})
	}
}

func checkHeader(t *testing.T, h plugin.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		got, ok := h.Lookup(name)
		switch {
		case value == "-" && ok:
			t.Errorf("%s = %q, want none", name, got)
		case value == "*" && !ok:
			t.Errorf("%s is missing", name)
		case value != "-" && value != "*" && got != value:
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
}

// What the upstream is asked for. Source files are those of Kong 3.9.1.
func TestWhatTheUpstreamSees(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		change  func(r *entity.Route, s *entity.Service)
		trusted []string
		raw     string
		line    string
		header  map[string]string
	}{
		{
			name: "path is kept without strip_path", raw: proxytest.Request("GET", "/a/b?c=d", ""),
			change: func(r *entity.Route, _ *entity.Service) { r.Paths, r.StripPath = []string{"/a"}, false },
			line:   "GET /a/b?c=d HTTP/1.1", header: map[string]string{"X-Forwarded-Prefix": "-", "X-Forwarded-Path": "/a/b"},
		},
		{
			name: "prefix goes with strip_path: kong/runloop/handler.lua:1235", raw: proxytest.Request("GET", "/a/b?c=d", ""),
			change: func(r *entity.Route, _ *entity.Service) { r.Paths = []string{"/a"} },
			line:   "GET /b?c=d HTTP/1.1", header: map[string]string{"X-Forwarded-Prefix": "/a", "X-Forwarded-Path": "/a/b"},
		},
		{
			name: "service path: kong/router/utils.lua:105", raw: proxytest.Request("GET", "/a/b", ""),
			change: func(r *entity.Route, s *entity.Service) { r.Paths, s.Path = []string{"/a"}, "/svc" },
			line:   "GET /svc/b HTTP/1.1",
		},
		{
			name: "empty query is kept: kong/runloop/handler.lua:1398", raw: proxytest.Request("GET", "/a?", ""),
			line: "GET /a? HTTP/1.1",
		},
		{
			name: "normalised and escaped: kong/tools/uri.lua", raw: proxytest.Request("GET", "/a//b/./c/%7e%2f%20%c3%a4", ""),
			line: "GET /a/b/c/~%2F%20%C3%A4 HTTP/1.1", header: map[string]string{"X-Forwarded-Path": "/a//b/./c/%7e%2f%20%c3%a4"},
		},
		{
			name: "host is the target's: kong/runloop/balancer/init.lua:set_host_header", raw: proxytest.Request("GET", "/", ""),
			header: map[string]string{"Host": "127.0.0.1:PORT", "X-Forwarded-Host": "gw.test"},
		},
		{
			name: "preserve_host", raw: "GET / HTTP/1.1\r\nHost: GW.test:8000\r\n\r\n",
			change: func(r *entity.Route, _ *entity.Service) { r.PreserveHost = true },
			header: map[string]string{"Host": "GW.test:8000", "X-Forwarded-Host": "gw.test", "X-Forwarded-Port": "LISTEN"},
		},
		{
			name: "absolute form", raw: "GET http://gw.test/a?b HTTP/1.1\r\nHost: gw.test\r\n\r\n",
			line: "GET /a?b HTTP/1.1",
		},
		{
			name: "forwarded fields of a stranger: kong/runloop/handler.lua:1203", raw: proxytest.Request("GET", "/", "",
				"X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "X-Forwarded-Port: 1", "X-Forwarded-Path: /p", "X-Forwarded-Prefix: /q", "X-Real-IP: 8.8.8.8"),
			header: map[string]string{
				"X-Forwarded-For": "9.9.9.9, 127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "gw.test",
				"X-Forwarded-Port": "LISTEN", "X-Forwarded-Path": "/", "X-Forwarded-Prefix": "-", "X-Real-IP": "127.0.0.1",
			},
		},
		{
			name: "forwarded fields of a trusted peer: kong/runloop/handler.lua:1193", trusted: []string{"127.0.0.0/8"}, raw: proxytest.Request("GET", "/", "",
				"X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: other", "X-Forwarded-Port: 1", "X-Forwarded-Path: /p", "X-Forwarded-Prefix: /q", "X-Real-IP: 8.8.8.8"),
			header: map[string]string{
				"X-Forwarded-For": "9.9.9.9, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "other",
				"X-Forwarded-Port": "1", "X-Forwarded-Path": "/p", "X-Forwarded-Prefix": "/q", "X-Real-IP": "8.8.8.8",
			},
		},
		{
			name: "hop-by-hop fields: kong/runloop/handler.lua:1443", raw: proxytest.Request("GET", "/", "",
				"Connection: close, X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Proxy: x", "TE: trailers, gzip", "Upgrade: h2c", "HTTP2-Settings: AA"),
			header: map[string]string{
				"Connection": "keep-alive", "X-Hop": "-", "Keep-Alive": "-", "Proxy-Connection": "-", "Proxy": "-", "TE": "trailers", "Upgrade": "-", "HTTP2-Settings": "AA",
			},
		},
		{
			name: "Via is added to: kong/runloop/handler.lua:1336", raw: "GET / HTTP/1.0\r\nHost: a\r\nVia: 1.1 edge\r\n\r\n",
			header: map[string]string{"Via": "1.1 edge, 1 " + proxytest.Name},
		},
		{
			name: "odd names are dropped: nginx ignore_invalid_headers", raw: proxytest.Request("GET", "/", "", "X.Odd: 1", "X_Fine: 1"),
			header: map[string]string{"X.Odd": "-", "X_Fine": "1"},
		},
		{
			name: "a small chunked body is sent with its length: kong proxy_request_buffering on",
			raw:  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			line: "POST / HTTP/1.1", header: map[string]string{"Content-Length": "3", "Transfer-Encoding": "-"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, nil)
			cfg := proxytest.To(up)
			if c.change != nil {
				change(cfg, c.change)
			}
			gw := proxytest.Start(t, cfg, proxytest.Options{Trusted: c.trusted})
			if got := gw.Do(c.raw); got.Status != 200 {
				t.Fatalf("status = %d: %s", got.Status, got.Body)
			}
			seen := up.Last(t)
			if c.line != "" && seen.Line != c.line {
				t.Errorf("line = %q, want %q", seen.Line, c.line)
			}
			want := map[string]string{}
			for name, v := range c.header {
				want[name] = strings.NewReplacer("PORT", fmt.Sprint(up.Port), "LISTEN", fmt.Sprint(gw.Port)).Replace(v)
			}
			checkHeader(t, seen.Header, want)
		})
	}
}

// What of the upstream's answer reaches the client.
func TestWhatTheClientSees(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		raw    string // the request, GET / when empty
		answer string
		status int
		header map[string]string
		body   string
	}{
		{
			name: "fields pass, hop-by-hop ones do not: kong/runloop/handler.lua:1490", status: 200, body: "ok",
			answer: "HTTP/1.1 200 OK\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: timeout=1\r\nUpgrade: h2c\r\nTrailer: X\r\nX-Accel-Redirect: /etc\r\nServer: s\r\nDate: d\r\nContent-Length: 2\r\n\r\nok",
			header: map[string]string{
				"X-Hop": "-", "Keep-Alive": "-", "Upgrade": "-", "Trailer": "-", "X-Accel-Redirect": "-", "Server": "s", "Date": "d",
				"Connection": "keep-alive", "Via": "1.1 " + proxytest.Name, "X-Kong-Request-Id": "*", "X-Kong-Response-Latency": "-",
			},
		},
		{
			name: "Server when there is none: kong/runloop/handler.lua:1556", status: 200, body: "",
			answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", header: map[string]string{"Server": proxytest.Name, "Date": "*"},
		},
		{
			name: "Via is added to: kong/runloop/handler.lua:1548", status: 200,
			answer: "HTTP/1.1 200 OK\r\nVia: 1.1 cdn\r\nContent-Length: 0\r\n\r\n", header: map[string]string{"Via": "1.1 cdn, 1.1 " + proxytest.Name},
		},
		{
			name: "an error of the upstream is its own", status: 500, body: "boom",
			answer: "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nboom", header: map[string]string{"X-Kong-Upstream-Latency": "*"},
		},
		{
			name: "until the connection closes", status: 200, body: "all of it",
			answer: "HTTP/1.0 200 OK\r\n\r\nall of it", header: map[string]string{"Transfer-Encoding": "chunked"},
		},
		{
			name: "204", status: 204, answer: "HTTP/1.1 204 No Content\r\n\r\n",
			header: map[string]string{"Content-Length": "-", "Transfer-Encoding": "-"},
		},
		{
			name: "304 keeps its length", status: 304, answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: x\r\n\r\n",
			header: map[string]string{"Content-Length": "99", "ETag": "x"},
		},
		{
			name: "HEAD keeps its length", raw: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", status: 200,
			answer: "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", header: map[string]string{"Content-Length": "1234"},
		},
		{
			name: "103 is passed over", status: 200, body: "ok",
			answer: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", header: map[string]string{"Link": "-"},
		},
		{
			name: "trailers for who asks", raw: proxytest.Request("GET", "/", "", "TE: trailers"), status: 200, body: "ok",
			answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n",
			header: map[string]string{"Trailer:X-Sum": "7", "Trailer": "X-Sum"},
		},
		{
			name: "no trailers for who does not", status: 200, body: "ok",
			answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n",
			header: map[string]string{"Trailer:X-Sum": "-"},
		},
		{
			name: "HTTP/1.0 client", raw: "GET / HTTP/1.0\r\n\r\n", status: 200, body: "ok",
			answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
			header: map[string]string{"Transfer-Encoding": "-", "Connection": "close"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, func(_ proxytest.Seen, conn net.Conn) bool {
				proxytest.Reply(conn, c.answer)
				return !strings.HasPrefix(c.answer, "HTTP/1.0")
			})
			raw := c.raw
			if raw == "" {
				raw = proxytest.Request("GET", "/", "")
			}
			got := proxytest.Start(t, proxytest.To(up), proxytest.Options{}).Do(raw)
			if got.Status != c.status || got.Body != c.body || !got.Whole {
				t.Errorf("answer = %d %q whole %v, want %d %q", got.Status, got.Body, got.Whole, c.status, c.body)
			}
			checkHeader(t, got.Header, c.header)
		})
	}
}

// Retries: nginx's proxy_next_upstream "error timeout" with Kong's retries
// (kong/init.lua:Kong.balancer).
func TestRetries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		method  string
		retries int
		body    string
		// drop is how many requests the upstream takes and drops without a word.
		drop   int
		status int
		tries  int
	}{
		{name: "an idempotent request goes out again", method: "GET", retries: 5, drop: 2, status: 200, tries: 3},
		{name: "as often as retries say", method: "GET", retries: 1, drop: 5, status: 502, tries: 2},
		{name: "not at all with 0", method: "GET", retries: 0, drop: 1, status: 502, tries: 1},
		{name: "a POST is not sent twice", method: "POST", retries: 5, drop: 1, status: 502, tries: 1},
		{name: "a PATCH is not sent twice", method: "PATCH", retries: 5, drop: 1, status: 502, tries: 1},
		{name: "a PUT with its body", method: "PUT", retries: 5, body: "abc", drop: 1, status: 200, tries: 2},
		{name: "not when the body is gone", method: "PUT", retries: 5, body: strings.Repeat("x", 128<<10), drop: 1, status: 502, tries: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := make(chan int, 1)
			n <- 0
			up := proxytest.NewUpstream(t, func(_ proxytest.Seen, conn net.Conn) bool {
				i := <-n
				n <- i + 1
				if i < c.drop {
					return false
				}
				return proxytest.Reply(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			})
			cfg := change(proxytest.To(up), func(_ *entity.Route, s *entity.Service) { s.Retries = c.retries })
			got := proxytest.Start(t, cfg, proxytest.Options{}).Do(proxytest.Request(c.method, "/", c.body))
			if got.Status != c.status || len(up.Seen()) != c.tries {
				t.Errorf("status %d after %d tries, want %d after %d", got.Status, len(up.Seen()), c.status, c.tries)
			}
			for _, s := range up.Seen() {
				if s.Body != c.body {
					t.Errorf("a try had a body of %d bytes, want %d", len(s.Body), len(c.body))
				}
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	up := proxytest.NewUpstream(t, func(s proxytest.Seen, conn net.Conn) bool {
		if strings.HasPrefix(s.Line, "GET /half") {
			proxytest.Reply(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
		}
		<-hold
		return false
	})
	t.Cleanup(func() { close(hold) }) // before the upstream waits for its connections
	cfg := change(proxytest.To(up), func(_ *entity.Route, s *entity.Service) { s.ReadTimeout, s.Retries = 60, 0 })
	gw := proxytest.Start(t, cfg, proxytest.Options{})
	if got := gw.Get("/", "Accept: */*"); got.Status != 504 || !strings.Contains(got.Body, "The upstream server is timing out") {
		t.Errorf("answer = %d %s", got.Status, got.Body)
	}
	if got := gw.Get("/half"); got.Status != 200 || got.Whole || got.Body != "half" {
		t.Errorf("answer = %+v, want a half one that does not look whole", got)
	}
}

func TestTargetsShareByWeight(t *testing.T) {
	t.Parallel()
	a, b := proxytest.NewUpstream(t, nil), proxytest.NewUpstream(t, nil)
	cfg := proxytest.To(a)
	up := entity.NewUpstream()
	up.ID, up.Name, up.HostHeader = "u", "pool", "pool.test"
	up.Targets = []entity.Target{{ID: "1", Target: a.Addr, Weight: 3}, {ID: "2", Target: b.Addr, Weight: 1}}
	cfg.Upstreams = []entity.Upstream{up}
	cfg.Services[0].Host = "pool"
	gw := proxytest.Start(t, cfg, proxytest.Options{})
	for range 8 {
		gw.Get("/")
	}
	if na, nb := len(a.Seen()), len(b.Seen()); na != 6 || nb != 2 {
		t.Errorf("shares = %d and %d, want 6 and 2", na, nb)
	}
	last := a.Last(t)
	if host := last.Header.Get("Host"); host != fmt.Sprintf("pool.test:%d", a.Port) {
		t.Errorf("Host = %q", host)
	}
	cfg.Upstreams[0].Targets = nil
	gw.Swap(cfg)
	if got := gw.Get("/"); got.Status != 503 || !strings.Contains(got.Body, "ring-balancer") {
		t.Errorf("answer without targets = %d %s", got.Status, got.Body)
	}
}
