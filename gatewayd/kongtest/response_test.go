package kongtest_test

import "testing"

// What the client sees of an answer: kong/runloop/handler.lua:1482-1606,
// ngx_http_upstream_module (ngx_http_upstream_headers_in), ngx_http_header_filter.
func TestResponse(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	run(t, []row{
		{
			name: "what Kong adds: handler.lua:1540-1604", answer: ok + "\r\nok", body: "ok",
			header: []string{
				"X-Kong-Upstream-Latency: *", "X-Kong-Proxy-Latency: *", "-X-Kong-Response-Latency", "Via: 1.1 gatewayd/test", "Server: gatewayd/test",
				"X-Kong-Request-Id: *", "Connection: keep-alive", "Date: *", "Content-Length: 2", "-Transfer-Encoding", "-Content-Type",
				"-X-Kong-Upstream-Status", "-Keep-Alive",
			},
		},
		{name: "Server of the upstream: nginx_kong.lua:205", answer: ok + "Server: nginx/1\r\n\r\nok", header: []string{"Server: nginx/1", "Via: 1.1 gatewayd/test"}},
		{name: "Date of the upstream: nginx_kong.lua:206", answer: ok + "Date: Tue, 01 Jan 2019 00:00:00 GMT\r\n\r\nok", header: []string{"Date: Tue, 01 Jan 2019 00:00:00 GMT"}},
		{name: "Via of the upstream: spec 35-via_spec.lua:146", answer: ok + "Via: 2 nginx, HTTP/1.1 http_mock\r\n\r\nok", header: []string{"Via: 2 nginx, HTTP/1.1 http_mock, 1.1 gatewayd/test"}},
		{name: "several Via", answer: ok + "Via: 1.1 a\r\nVia: 1.1 b\r\n\r\nok", header: []string{"Via: 1.1 a, 1.1 b, 1.1 gatewayd/test"}},
		{
			name:   "latencies and id of another Kong: handler.lua:1544",
			answer: ok + "X-Kong-Upstream-Latency: 99999\r\nX-Kong-Proxy-Latency: 99999\r\nX-Kong-Response-Latency: 7\r\nX-Kong-Request-Id: theirs\r\nX-Kong-Upstream-Status: 200\r\n\r\nok",
			header: []string{"X-Kong-Upstream-Latency: !99999", "X-Kong-Proxy-Latency: !99999", "X-Kong-Response-Latency: 7", "X-Kong-Request-Id: ID", "X-Kong-Upstream-Status: 200"},
		},
		{name: "a name keeps the upstream's spelling: ngx_http_set_header_helper", answer: ok + "x-kong-request-id: theirs\r\nvia: a\r\n\r\nok", header: []string{"x-kong-request-id: ID", "via: a, 1.1 gatewayd/test"}},
		{
			name:   "hop-by-hop: handler.lua:1488, spec 03-upstream_headers_spec.lua:166",
			answer: "HTTP/1.1 200 OK\r\nConnection: X-Foo, close\r\nX-Foo: 1\r\nKeep-Alive: timeout=1\r\nUpgrade: h2c\r\nTrailer: X\r\nProxy-Connection: close\r\nProxy: x\r\nProxy-Authenticate: Basic\r\nTE: x\r\nContent-Length: 2\r\n\r\nok",
			header: []string{"Connection: keep-alive", "-X-Foo", "-Keep-Alive", "-Upgrade", "-Trailer", "Proxy-Connection: close", "Proxy: x", "Proxy-Authenticate: Basic", "TE: x"},
		},
		{name: "nginx's own: ngx_http_proxy_hide_headers", answer: ok + "X-Accel-Buffering: no\r\nX-Accel-Expires: 1\r\nX-Accel-Limit-Rate: 1\r\nX-Accel-Charset: x\r\nX-Pad: x\r\nX-Powered-By: PHP\r\n\r\nok", header: []string{"-X-Accel-Buffering", "-X-Accel-Expires", "-X-Accel-Limit-Rate", "-X-Accel-Charset", "-X-Pad", "X-Powered-By: PHP"}},
		{name: "Location is left alone", answer: "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n", status: 302, header: []string{"Location: /there"}},
		{name: "cookies in order", answer: ok + "Set-Cookie: a=1\r\nX: y\r\nSet-Cookie: b=2\r\n\r\nok", header: []string{"Set-Cookie: a=1", "Set-Cookie: b=2"}},
		{name: "repeated fields stay", answer: ok + "Vary: a\r\nVary: b\r\nLink: x\r\nLink: y\r\nWWW-Authenticate: A\r\nWWW-Authenticate: B\r\nCache-Control: c\r\nCache-Control: d\r\n\r\nok", header: []string{"Vary: a", "Vary: b", "Link: x", "Link: y", "WWW-Authenticate: A", "WWW-Authenticate: B", "Cache-Control: c", "Cache-Control: d"}},
		{
			name: "of some the first counts: ngx_http_upstream_process_header_line",
			answer: ok + "Content-Type: image/png\r\nContent-Type: image/gif\r\nDate: a\r\nDate: b\r\nETag: a\r\nETag: b\r\nServer: a\r\nServer: b\r\nLocation: a\r\nLocation: b\r\n" +
				"Last-Modified: a\r\nLast-Modified: b\r\nExpires: a\r\nExpires: b\r\nRefresh: a\r\nRefresh: b\r\n\r\nok",
			header: []string{"Content-Type: image/png", "Date: a", "ETag: a", "Server: a", "Location: a", "Last-Modified: a", "Expires: a", "Refresh: a"},
		},
		{name: "spelling stays", answer: ok + "x-lower: 1\r\nX-UPPER: 2\r\n\r\nok", header: []string{"x-lower: 1", "X-UPPER: 2"}},
		{name: "but of what nginx writes itself: ngx_http_header_filter", answer: "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 2\r\n\r\nok", header: []string{"Content-Type: image/png", "Content-Length: 2"}},
		{name: "charset: kong_defaults.lua:89", answer: ok + "Content-Type: text/plain\r\n\r\nok", header: []string{"Content-Type: text/plain; charset=UTF-8"}},
		{name: "charset of html", answer: ok + "content-type: text/html\r\n\r\nok", header: []string{"Content-Type: text/html; charset=UTF-8"}},
		{name: "charset of javascript", answer: ok + "Content-Type: application/javascript\r\n\r\nok", header: []string{"Content-Type: application/javascript; charset=UTF-8"}},
		{name: "charset of xml", answer: ok + "Content-Type: Text/XML\r\n\r\nok", header: []string{"Content-Type: Text/XML; charset=UTF-8"}},
		{name: "charset of JSON: none in charset_types", answer: ok + "Content-Type: application/json\r\n\r\nok", header: []string{"Content-Type: application/json"}},
		{name: "charset of application/xml: none", answer: ok + "Content-Type: application/xml\r\n\r\nok", header: []string{"Content-Type: application/xml"}},
		{name: "charset that is there: spec 03-upstream_headers_spec.lua:309", answer: ok + "Content-Type: text/plain;charset=latin1\r\n\r\nok", header: []string{"Content-Type: text/plain;charset=latin1"}},
		{name: "charset beside another parameter: ngx_http_test_content_type", answer: ok + "Content-Type: text/plain; format=flowed\r\n\r\nok", header: []string{"Content-Type: text/plain; format=flowed"}},
		{name: "charset of an error", answer: "HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nboom", status: 500, body: "boom", header: []string{"Content-Type: text/html; charset=UTF-8"}},
	})
}

func TestResponseFraming(t *testing.T) {
	t.Parallel()
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
	run(t, []row{
		{name: "chunked", answer: chunked, body: "ok", header: []string{"Transfer-Encoding: chunked", "-Content-Length"}},
		{name: "chunked, response_buffering false", file: route("response_buffering: false"), answer: chunked, body: "ok", header: []string{"Transfer-Encoding: chunked"}},
		{name: "until the end of the connection", answer: "HTTP/1.0 200 OK\r\n\r\nall", body: "all", header: []string{"Transfer-Encoding: chunked", "Connection: keep-alive"}},
		{name: "chunked to HTTP/1.0", send: req("GET / HTTP/1.0", "", "Connection: keep-alive"), answer: chunked, body: "ok", header: []string{"-Transfer-Encoding", "-Content-Length", "Connection: close"}},
		{name: "a length to HTTP/1.0", send: req("GET / HTTP/1.0", ""), body: "ok", header: []string{"Content-Length: 2", "Connection: close"}},
		{name: "a length to HTTP/1.0 that keeps alive", send: req("GET / HTTP/1.0", "", "Connection: keep-alive"), body: "ok", header: []string{"Content-Length: 2", "Connection: keep-alive", "-Keep-Alive"}},
		{name: "HEAD", send: req("HEAD /", ""), answer: "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nContent-Type: text/html\r\n\r\n", header: []string{"Content-Length: 1234", "Content-Type: text/html; charset=UTF-8", "Connection: keep-alive"}, line: "HEAD /"},
		{name: "HEAD of a chunked answer: ngx_http_chunked_header_filter", send: req("HEAD /", ""), answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", header: []string{"-Transfer-Encoding", "-Content-Length", "Connection: keep-alive"}},
		{name: "204", answer: "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", status: 204, header: []string{"-Content-Length", "-Transfer-Encoding", "X: y", "Connection: keep-alive", "X-Kong-Upstream-Latency: *"}},
		{name: "304", answer: "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", status: 304, header: []string{"ETag: \"x\"", "-Content-Length", "-Transfer-Encoding"}},
		{name: "304 with a length", answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", status: 304, header: []string{"Content-Length: 9"}},
		{name: "a length of 0", answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", header: []string{"Content-Length: 0", "-Transfer-Encoding"}},
		{name: "ranges pass", send: get("/", "Range: bytes=0-1"), answer: "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nAccept-Ranges: bytes\r\nContent-Length: 2\r\n\r\nok", status: 206, header: []string{"Content-Range: bytes 0-1/9", "Accept-Ranges: bytes", "Content-Length: 2"}, up: []string{"Range: bytes=0-1"}},
		{name: "no ranges of our own: r->allow_ranges", send: get("/", "Range: bytes=0-0"), body: "ok"},
		{name: "conditions are the upstream's: r->disable_not_modified", send: get("/", "If-None-Match: \"x\""), answer: "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 2\r\n\r\nok", body: "ok"},
		{name: "an encoding passes: spec 34-proxy_with_compress_spec.lua:59", send: get("/", "Accept-Encoding: gzip"), answer: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nzz", body: "zz", header: []string{"Content-Encoding: gzip"}, up: []string{"Accept-Encoding: gzip"}},
		{name: "statuses of nobody's making", answer: "HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n", status: 299},
		{name: "Trailer for who asks: handler.lua:1506", send: get("/", "TE: trailers"), answer: "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", header: []string{"Trailer: X"}},
	})
}
