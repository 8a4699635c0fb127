package kongtest_test

import (
	"fmt"
	"strings"
	"testing"
)

const (
	jsonType  = "Content-Type: application/json; charset=utf-8"
	plainType = "Content-Type: text/plain; charset=utf-8"
	htmlType  = "Content-Type: text/html; charset=utf-8"
	xmlType   = "Content-Type: application/xml; charset=utf-8"
	pageType  = "Content-Type: text/html; charset=UTF-8"
)

func html(m string) string {
	return "<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>Error</title>\n  </head>\n  <body>\n    <h1>Error</h1>\n" +
		"    <p>" + m + ".</p>\n    <p>request_id: ID</p>\n  </body>\n</html>\n"
}

func xml(m string) string {
	return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>" + m + "</message>\n  <requestid>ID</requestid>\n</error>\n"
}

// page is a body that Kong leaves to nginx (ngx_http_special_response.c, and
// Kong's patch 02-remove-server-tokens-from-special-responses-output).
func page(title string) string {
	return "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title + "</h1></center>\r\n</body>\r\n</html>\r\n"
}

// The type of an error body: kong/tools/http.lua:438 (get_response_type) for
// what Kong refuses, kong/error_handlers.lua:46 for what nginx does.
func TestErrorTypes(t *testing.T) {
	t.Parallel()
	const missing = "no Route matched with those values"
	const bad = "An invalid response was received from the upstream server"
	var rows []row
	for _, c := range []struct {
		name  string
		lines []string
		kong  string // type where Kong answers
		nginx string // and where nginx does
	}{
		{"nothing", nil, "json", "plain"},
		{"Accept: anything", []string{"Accept: */*"}, "json", "json"},
		{"Accept: json", []string{"Accept: application/json"}, "json", "json"},
		{"Accept: any application", []string{"Accept: application/*"}, "json", "json"},
		{"Accept: html", []string{"Accept: text/html"}, "html", "html"},
		{"Accept: plain", []string{"Accept: text/plain"}, "plain", "plain"},
		{"Accept: any text", []string{"Accept: text/*"}, "plain", "plain"},
		{"Accept: xml", []string{"Accept: application/xml"}, "xml", "xml"},
		{"Accept: unknown", []string{"Accept: image/png"}, "json", "json"},
		{"Accept: empty", []string{"Accept:"}, "json", "json"},
		{"Accept: nonsense", []string{"Accept: ,;=/"}, "json", "json"},
		{"Accept: type in another case is unknown: http.lua:MIME_TYPES", []string{"Accept: TEXT/HTML"}, "json", "json"},
		{"Accept: a browser's", []string{"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, "html", "html"},
		{"Accept: the first of equals", []string{"Accept: application/xml, text/html"}, "xml", "xml"},
		{"Accept: the highest: spec 12-error_default_type_spec.lua:353", []string{"Accept: text/plain;q=0.7, text/html;q=0.7, application/json;q=0.8"}, "json", "json"},
		{"Accept: no q is 1: spec 12-error_default_type_spec.lua:337", []string{"Accept: application/json;q=0.8, text/plain"}, "plain", "plain"},
		{"Accept: an unknown of the highest quality", []string{"Accept: text/html;q=0.5, image/png;q=0.9"}, "json", "json"},
		{"Accept: q of 0", []string{"Accept: text/html;q=0"}, "json", "json"},
		{"Accept: q behind another parameter", []string{"Accept: text/html;level=1;q=0.1, application/xml;q=0.2"}, "xml", "xml"},
		{"Accept: q before another", []string{"Accept: text/html;q=0.1;level=1, application/xml;q=0.2"}, "xml", "xml"},
		{"Accept: spaces", []string{"Accept:  text/html ; q=0.1 , application/xml ; Q=0.2"}, "xml", "xml"},
		{"Accept: q out of range is 1", []string{"Accept: application/xml;q=0.9, text/html;q=7"}, "html", "html"},
		{"Accept: q without a 0 is 1", []string{"Accept: application/xml, text/html;q=.5"}, "xml", "xml"},
		{"Accept: three decimals", []string{"Accept: application/xml;q=0.1239, text/html;q=0.1231"}, "xml", "xml"},
		{"Content-Type: error_handlers.lua:48", []string{"Content-Type: application/json"}, "json", "json"},
		{"Content-Type html", []string{"Content-Type: text/html; charset=latin1"}, "json", "html"},
		{"Content-Type of a form", []string{"Content-Type: application/x-www-form-urlencoded"}, "json", "json"},
		{"Accept goes before Content-Type", []string{"Accept: text/html", "Content-Type: application/json"}, "html", "html"},
		{"several Accept", []string{"Accept: text/html;q=0.1", "Accept: application/xml"}, "xml", "html"},
	} {
		types := map[string][2]string{"json": {jsonType, json("%s")}, "plain": {plainType, plain("%s")}, "html": {htmlType, html("%s")}, "xml": {xmlType, xml("%s")}}
		rows = append(rows, row{
			name: "Kong: " + c.name, file: version, send: get("/", c.lines...), status: 404,
			body: fmt.Sprintf(types[c.kong][1], missing), header: []string{types[c.kong][0], "X-Kong-Response-Latency: *", "-Via"},
		}, row{
			name: "nginx: " + c.name, file: service("host: 127.0.0.1, port: DEAD", ""), send: get("/", c.lines...), status: 502,
			body: fmt.Sprintf(types[c.nginx][1], bad), header: []string{types[c.nginx][0], "Via: 1.1 gatewayd/test", "-X-Kong-Response-Latency"},
		})
	}
	rows = append(rows, row{
		name: "Kong: gRPC in Accept has no body: http.lua:395", file: version, send: get("/", "Accept: application/grpc"), status: 404,
		header: []string{"Content-Length: 0", "-Content-Type"},
	}, row{
		name: "nginx: gRPC in Accept: error_handlers.lua:66", file: service("host: 127.0.0.1, port: DEAD", ""), send: get("/", "Accept: application/grpc"), status: 502,
		body: `{"message":"` + bad + `"}`, header: []string{jsonType},
	}, row{
		name: "Kong: gRPC over HTTP/1.1 is none: pdk/response.lua:646", file: version, send: req("POST /", "x", "Content-Type: application/grpc"), status: 404,
		body: json(missing), header: []string{jsonType, "-grpc-status"},
	})
	run(t, rows)
}

// What Kong and its nginx answer on their own.
func TestErrors(t *testing.T) {
	t.Parallel()
	kong := []string{"X-Kong-Response-Latency: *", "X-Kong-Request-Id: *", "Server: gatewayd/test", "-Via", "-X-Kong-Proxy-Latency", "-X-Kong-Upstream-Latency", "Date: *"}
	with := func(more ...string) []string { return append(more, kong...) }
	https := func(code string) string {
		return route("protocols: [https], https_redirect_status_code: " + code)
	}
	run(t, []row{
		{name: "404", file: version, status: 404, body: json("no Route matched with those values"), header: with(jsonType, "Connection: keep-alive")},
		{name: "404 to HEAD: error body's length", file: version, send: req("HEAD /", ""), status: 404, header: with(jsonType, "Content-Length: 103")},
		{name: "404 to HTTP/1.0", file: version, send: req("GET / HTTP/1.0", ""), status: 404, header: with("Connection: close")},
		{name: "404 with a body that nobody read: ngx_http_discard_request_body", file: version, send: req("POST /", "abc"), status: 404, header: with("Connection: keep-alive")},
		{
			name: "426: handler.lua:1267, beside nginx's own Connection", file: https("426"), status: 426, body: json("Please use HTTPS protocol"),
			header: with(jsonType, "Connection: Upgrade", "Connection: keep-alive", "Upgrade: TLS/1.2, HTTP/1.1"), refused: true,
		},
		{name: "301: handler.lua:1278", file: https("301"), send: get("/a?b"), status: 301, body: page("301 Moved Permanently"), header: with("Location: https://gw.test/a?b", pageType, "Connection: keep-alive"), refused: true},
		{name: "302", file: https("302"), status: 302, body: page("302 Found"), header: with("Location: https://gw.test/", pageType), refused: true},
		{name: "307", file: https("307"), status: 307, body: page("307 Temporary Redirect"), header: with("Location: https://gw.test/", pageType), refused: true},
		{name: "308", file: https("308"), status: 308, body: page("308 Permanent Redirect"), header: with("Location: https://gw.test/", pageType), refused: true},
		{name: "301 drops the port: nginx's $host", file: https("301"), send: get("/", "Host: GW.test:8000"), status: 301, header: []string{"Location: https://gw.test/"}},
		{name: "301 to HEAD", file: https("301"), send: req("HEAD /", ""), status: 301, header: []string{"Location: https://gw.test/", "Content-Length: 134"}},
		{name: "415: handler.lua:1299", file: route("protocols: [grpc], strip_path: false"), status: 415, body: json("Non-gRPC request matched gRPC route"), header: with(jsonType), refused: true},
		{
			name: "426 of gRPC: handler.lua:1291", file: route("protocols: [grpc], strip_path: false"), send: req("POST /", "x", "Content-Type: application/grpc"), status: 426,
			body: json("Please use HTTP2 protocol"), header: with(jsonType, "upgrade: HTTP/2"), refused: true,
		},
		{name: "503 without a target: balancer/init.lua:354", file: service("host: pool", "") + "upstreams: [{name: pool}]\n", status: 503, body: json("failure to get a peer from the ring-balancer"), header: with(jsonType)},
		{
			name: "503 with targets of weight 0", file: service("host: pool", "") + "upstreams: [{name: pool, targets: [{target: '127.0.0.1:PORT', weight: 0}]}]\n",
			status: 503, body: json("failure to get a peer from the ring-balancer"), header: with(jsonType), refused: true,
		},
		{name: "503 of a name that nobody knows: balancer/init.lua:384", file: service("host: no-such-host.invalid", ""), status: 503, body: json("name resolution failed"), header: with(jsonType)},
		{
			name: "a target that nobody knows is none: balancer/init.lua:352", file: service("host: pool", "") + "upstreams: [{name: pool, targets: [{target: 'no-such-host.invalid:1'}]}]\n",
			status: 503, body: json("failure to get a peer from the ring-balancer"), header: with(jsonType),
		},
		{
			name: "and another takes its share", file: service("host: pool, retries: 0", "") + "upstreams: [{name: pool, targets: [{target: 'no-such-host.invalid:1'}, {target: '127.0.0.1:PORT'}]}]\n",
			before: []string{get("/")}, body: "ok",
		},
		{
			name: "502: error_handlers.lua:24", file: service("host: 127.0.0.1, port: DEAD", ""), status: 502,
			body:   plain("An invalid response was received from the upstream server"),
			header: []string{plainType, "Via: 1.1 gatewayd/test", "X-Kong-Proxy-Latency: *", "X-Kong-Upstream-Latency: *", "-X-Kong-Response-Latency", "Server: gatewayd/test", "Connection: keep-alive", "X-Kong-Request-Id: *"},
		},
		{name: "502 to HEAD", file: service("host: 127.0.0.1, port: DEAD", ""), send: req("HEAD /", ""), status: 502, header: []string{"Content-Length: 103", plainType}},
		{name: "502 of an answer that is none", answer: "what?\r\n\r\n", status: 502, header: []string{"Via: 1.1 gatewayd/test"}},
		{name: "502 of an answer whose length cannot be known", answer: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", status: 502},
	})
}

// Requests that nginx refuses before Kong sees them.
func TestRefusals(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 9<<10)
	var rows []row
	for _, c := range []struct {
		name   string
		send   string
		status int
		body   string
		more   []string
	}{
		{"no Host: ngx_http_process_request_header", "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", 400, json("Bad request"), []string{jsonType}},
		{"two Host: ngx_http_process_host", get("/", "Host: a", "Host: b"), 400, plain("Bad request"), []string{plainType}},
		{"two Host, and Accept behind them", get("/", "Host: a", "Host: b", "Accept: */*"), 400, plain("Bad request"), nil},
		{"two Host, and Accept before them", get("/", "Accept: */*", "Host: a", "Host: b"), 400, json("Bad request"), nil},
		{"a Host that is none, and Accept behind it", get("/", "Host: a..b", "Accept: */*"), 400, plain("Bad request"), nil},
		{"a Host that is none", get("/", "Host: a b"), 400, plain("Bad request"), nil},
		{"a Host of dots: ngx_http_validate_host", get("/", "Host: a..b"), 400, plain("Bad request"), nil},
		{"a length that is none: Accept was read", req("POST /", "", "Accept: text/html", "Content-Length: x"), 400, html("Bad request"), []string{htmlType}},
		{"two lengths", req("POST /", "", "Content-Length: 1", "Content-Length: 1"), 400, plain("Bad request"), nil},
		{"a length and chunks", req("POST /", "", "Content-Length: 1", "Transfer-Encoding: chunked"), 400, plain("Bad request"), nil},
		{"chunks in HTTP/1.0", req("POST / HTTP/1.0", "", "Transfer-Encoding: chunked"), 400, plain("Bad request"), nil},
		{"a line that is none", "what?\r\n\r\n", 400, plain("Bad request"), nil},
		{"a method in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 400, plain("Bad request"), nil},
		{"OPTIONS *: nginx wants a slash", req("OPTIONS *", "", "Accept: */*"), 400, plain("Bad request"), nil},
		{"TRACE: spec 13-error_handlers_spec.lua:42", req("TRACE /", ""), 405, plain("Method not allowed"), nil},
		{"TRACE and Accept", req("TRACE /", "", "Accept: */*"), 405, json("Method not allowed"), []string{jsonType}},
		{"CONNECT", req("CONNECT /", ""), 405, plain("Method not allowed"), nil},
		{"a long line: ngx_http_process_request_line", get("/" + long), 414, plain("URI too long"), nil},
		{"a long field: spec 13-error_handlers_spec.lua:28", get("/", "X-Large: "+long), 400, plain("Request header or cookie too large"), nil},
		{"a long field behind Accept", get("/", "Accept: */*", "X-Large: "+long), 400, json("Request header or cookie too large"), nil},
		{"a long field before Accept", get("/", "X-Large: "+long, "Accept: */*"), 400, plain("Request header or cookie too large"), nil},
		{"a coding that nobody knows: not in error_page, nginx_kong.lua:100", req("POST /", "", "Transfer-Encoding: gzip", "Accept: */*"), 501, page("501 Not Implemented"), []string{pageType}},
		{"a version to come: not in error_page", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, page("505 HTTP Version Not Supported"), []string{pageType}},
	} {
		rows = append(rows, row{
			name: c.name, send: c.send, status: c.status, body: c.body, refused: true,
			header: append(c.more, "Connection: close", "Server: gatewayd/test", "X-Kong-Response-Latency: *", "X-Kong-Request-Id: *", "-Via", "Date: *"),
		})
	}
	run(t, rows)
}
