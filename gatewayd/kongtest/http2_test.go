package kongtest_test

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// Requests over HTTP/2: names in small letters, as they came (nginx's
// ngx_http_v2_module), and Via of version 2 (kong/runloop/handler.lua:1357).
func TestHTTP2(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		file    string
		method  string
		body    string
		header  http.Header
		status  int
		want    string // body, when not empty
		answer  http.Header
		line    string
		up      []string
		refused bool
	}{
		{
			name: "a plain request", method: "GET", header: http.Header{"X-Some": {"a", "b"}, "Via": {"1.1 dev"}}, want: "ok", line: "GET /x HTTP/1.1",
			up:     []string{"x-some: a", "x-some: b", "Via: 1.1 dev, 2 gatewayd/test", "X-Forwarded-Proto: http", "X-Forwarded-Host: 127.0.0.1", "Connection: keep-alive"},
			answer: http.Header{"Via": {"1.1 gatewayd/test"}, "Server": {"gatewayd/test"}, "Connection": nil, "Transfer-Encoding": nil},
		},
		{name: "cookie crumbs are one field: ngx_http_v2_cookie", method: "GET", header: http.Header{"Cookie": {"a=1", "b=2"}}, up: []string{"cookie: a=1; b=2"}},
		{name: "a body with a length", method: "POST", body: "abc", up: []string{"Content-Length: 3", "-Transfer-Encoding"}},
		{name: "404", file: version, method: "GET", status: 404, answer: http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Connection": nil}},
		{name: "426 leaves Connection and Upgrade out", file: route("protocols: [https]"), method: "GET", status: 426, answer: http.Header{"Connection": nil, "Upgrade": nil}, refused: true},
		{
			name: "gRPC without a route: pdk/response.lua:1174", file: version, method: "POST", header: http.Header{"Content-Type": {"application/grpc"}}, status: 404,
			answer: http.Header{"Content-Type": {"application/grpc"}, "Grpc-Status": {"5"}, "Grpc-Message": {"NotFound"}, "Content-Length": {"0"}},
		},
		{
			name: "gRPC on a grpcs route: handler.lua:1302", file: route("protocols: [grpcs], strip_path: false"), method: "POST", header: http.Header{"Content-Type": {"application/grpc"}},
			answer: http.Header{"Content-Type": {"application/grpc"}, "Grpc-Status": {"1"}, "Grpc-Message": {"gRPC request matched gRPCs route"}}, refused: true,
		},
		{name: "names of key-auth", file: guarded(""), method: "GET", header: http.Header{"Apikey": {"kong"}}, up: []string{"X-Consumer-Username: bob", "apikey: kong"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, nil)
			file := c.file
			if file == "" {
				file = route("")
			}
			gw := proxytest.Start(t, read(t, strings.ReplaceAll(file, "PORT", strconv.Itoa(up.Port))), proxytest.Options{Kinds: plugins.All()})
			got, body := ask2(t, gw, c.method, c.body, c.header)
			if want := max(c.status, 200); got.StatusCode != want {
				t.Errorf("status = %d, want %d: %s", got.StatusCode, want, body)
			}
			if c.want != "" && body != c.want {
				t.Errorf("body = %q, want %q", body, c.want)
			}
			for name, want := range c.answer {
				if is := got.Header.Values(name); strings.Join(is, "|") != strings.Join(want, "|") {
					t.Errorf("%s = %q, want %q", name, is, want)
				}
			}
			if c.refused != (len(up.Seen()) == 0) && c.file != version {
				t.Errorf("the upstream saw %d requests", len(up.Seen()))
			}
			if c.up == nil {
				return
			}
			seen := up.Last(t)
			if c.line != "" && seen.Line != c.line {
				t.Errorf("upstream: %q, want %q", seen.Line, c.line)
			}
			compare(t, "upstream", seen.Header, c.up, strings.Clone)
		})
	}
}

func ask2(t *testing.T, gw *proxytest.Gateway, method, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols, DialContext: (&net.Dialer{}).DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+gw.Addr+"/x", from)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	got, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got, string(b)
}
