package h2_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

func newClient(t *testing.T) *http.Client {
	t.Helper()
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: &p, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

func do(t *testing.T, c *http.Client, method, url string, body io.Reader) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return res, string(b)
}

func TestAnswersWithoutBody(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(s proxytest.Seen, c net.Conn) bool {
		switch {
		case strings.HasPrefix(s.Line, "HEAD "):
			return proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
		case strings.Contains(s.Line, "/204"):
			return proxytest.Reply(c, "HTTP/1.1 204 No Content\r\n\r\n")
		case strings.Contains(s.Line, "/304"):
			return proxytest.Reply(c, "HTTP/1.1 304 Not Modified\r\n\r\n")
		}
		return proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	c := newClient(t)
	for _, x := range []struct {
		method, path string
		status       int
		length       int64
	}{
		{"HEAD", "/", 200, 5},
		{"GET", "/204", 204, 0},
		{"GET", "/304", 304, 0},
		{"GET", "/", 200, 0},
		{"POST", "/", 200, 0},
	} {
		res, body := do(t, c, x.method, "http://"+gw.Addr+x.path, nil)
		if res.StatusCode != x.status || body != "" || res.ProtoMajor != 2 || x.status == 200 && res.ContentLength != x.length {
			t.Errorf("%s %s: %d %s, length %d, body %q", x.method, x.path, res.StatusCode, res.Proto, res.ContentLength, body)
		}
	}
	for _, s := range up.Seen() {
		if s.Conn != 0 {
			t.Errorf("%s came on connection %d, want one kept connection", s.Line, s.Conn)
		}
	}
}

// Large bodies pass both ways, through both sides' flow control.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(s proxytest.Seen, c net.Conn) bool {
		return proxytest.Reply(c, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(s.Body), s.Body))
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	c := newClient(t)
	big := strings.Repeat("0123456789abcdef", 256<<10) // 4 MiB
	for name, body := range map[string]io.Reader{"known length": strings.NewReader(big), "unknown length": io.MultiReader(strings.NewReader(big))} {
		if res, got := do(t, c, "PUT", "http://"+gw.Addr+"/", body); res.StatusCode != 200 || got != big {
			t.Errorf("%s: %d, %d bytes", name, res.StatusCode, len(got))
		}
	}
}

func TestTrailers(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
		return proxytest.Reply(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Down\r\n\r\n5\r\nhello\r\n0\r\nX-Down: 1\r\nSet-Cookie: a=b\r\n\r\n")
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+gw.Addr+"/", io.MultiReader(strings.NewReader(strings.Repeat("a", 20000))))
	if err != nil {
		t.Fatal(err)
	}
	req.Trailer = http.Header{"X-Up": {"1"}, "X-Consumer-Username": {"root"}}
	res, err := newClient(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || string(b) != "hello" {
		t.Errorf("body = %q, %v", b, err)
	}
	if res.Trailer.Get("X-Down") != "1" || res.Trailer.Get("Set-Cookie") != "" {
		t.Errorf("trailer = %v", res.Trailer)
	}
	if h := up.Last(t).Header; !strings.Contains(proxytest.Dump(h), "Trailer:x-up: 1\n") || strings.Contains(strings.ToLower(proxytest.Dump(h)), "x-consumer") {
		t.Errorf("the upstream saw\n%s", proxytest.Dump(h))
	}
}

// Both ways at once, piece by piece.
func TestStreamsBothWays(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	gw := proxytest.Start(t, proxytest.To(&proxytest.Upstream{Addr: l.Addr().String(), Port: l.Addr().(*net.TCPAddr).Port}), proxytest.Options{})
	body, send := io.Pipe()
	answered := make(chan *http.Response, 1)
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+gw.Addr+"/", body)
		if err == nil {
			var res *http.Response
			if res, err = newClient(t).Do(req); err == nil {
				answered <- res
				return
			}
		}
		t.Error(err)
		close(answered)
	}()
	if _, err := io.WriteString(send, strings.Repeat("a", 20000)); err != nil {
		t.Fatal(err)
	}
	up, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer up.Close()
	_ = up.SetDeadline(time.Now().Add(10 * time.Second))
	proxytest.Reply(up, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n.\r\n")
	res := <-answered
	if res == nil {
		t.FailNow()
	}
	defer res.Body.Close()
	r, down := bufio.NewReader(up), bufio.NewReader(res.Body)
	until(t, down, ".")
	for i := range 5 {
		ping, pong := fmt.Sprintf("ping %d\n", i), fmt.Sprintf("pong %d\n", i)
		if _, err := io.WriteString(send, ping); err != nil {
			t.Fatal(err)
		}
		until(t, r, ping)
		proxytest.Reply(up, fmt.Sprintf("%x\r\n%s\r\n", len(pong), pong))
		until(t, down, pong)
	}
	_ = send.Close()
	until(t, r, "0\r\n\r\n")
	proxytest.Reply(up, "0\r\n\r\n")
	if b, err := io.ReadAll(down); err != nil || len(b) > 0 {
		t.Errorf("the answer ended with %q, %v", b, err)
	}
}

func until(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	var got strings.Builder
	for !strings.HasSuffix(got.String(), want) {
		b, err := r.ReadByte()
		if err != nil {
			t.Fatalf("waiting for %q: %v", want, err)
		}
		got.WriteByte(b)
	}
}

// A stream that the client resets ends the exchange at the upstream, and no
// other stream of the connection.
func TestResetReachesUpstream(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"} {
		t.Run(fmt.Sprintf("answer of %d bytes", len(reply)), func(t *testing.T) {
			t.Parallel()
			gone, asked := make(chan error, 1), make(chan struct{})
			up := proxytest.NewUpstream(t, func(s proxytest.Seen, c net.Conn) bool {
				if !strings.Contains(s.Line, "/slow") {
					return proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
				proxytest.Reply(c, reply)
				close(asked)
				_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
				_, err := c.Read(make([]byte, 1))
				gone <- err
				return false
			})
			gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
			c := newClient(t)
			do(t, c, "GET", "http://"+gw.Addr+"/", nil)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-asked
				cancel()
			}()
			req, err := http.NewRequestWithContext(ctx, "GET", "http://"+gw.Addr+"/slow", nil)
			if err != nil {
				t.Fatal(err)
			}
			if res, err := c.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
			var timeout net.Error
			if err := <-gone; err == nil || errors.As(err, &timeout) && timeout.Timeout() {
				t.Errorf("the upstream's connection ended with %v", err)
			}
			if res, body := do(t, c, "GET", "http://"+gw.Addr+"/", nil); res.StatusCode != 200 || body != "ok" {
				t.Errorf("the next stream got %d %q", res.StatusCode, body)
			}
		})
	}
}

// An answer that breaks off resets the stream.
func TestBrokenAnswerResetsStream(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(s proxytest.Seen, c net.Conn) bool {
		if strings.Contains(s.Line, "/chunked") {
			proxytest.Reply(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		} else {
			proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		}
		return false
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	c := newClient(t)
	for _, path := range []string{"/", "/chunked"} {
		res, err := c.Get("http://" + gw.Addr + path)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("%s: a broken answer looks whole: %q", path, b)
		}
		_ = res.Body.Close()
	}
}

// raw is a client that says what no library would.
type raw struct {
	net.Conn
	framer *http2.Framer
	buf    bytes.Buffer
	enc    *hpack.Encoder
}

func dialRaw(t *testing.T, gw *proxytest.Gateway) *raw {
	t.Helper()
	c := &raw{Conn: gw.Dial()}
	c.framer = http2.NewFramer(c, c)
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.enc = hpack.NewEncoder(&c.buf)
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := c.framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return c
}

// ask sends a request and returns its status, 0 when its stream or connection
// was broken.
func (c *raw) ask(t *testing.T, id uint32, fields ...string) int {
	t.Helper()
	c.buf.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = c.enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	if err := c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.buf.Bytes(), EndStream: true, EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
	for {
		f, err := c.framer.ReadFrame()
		if err != nil {
			return 0
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			if f.StreamID == id {
				status := 0
				_, _ = fmt.Sscan(f.PseudoValue("status"), &status)
				return status
			}
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return 0
		}
	}
}

// What would mean something else on the wire of HTTP/1.1 does not get there.
func TestHostileStreams(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	cfg := proxytest.To(up)
	cfg.Routes[0].PreserveHost = true
	gw := proxytest.Start(t, cfg, proxytest.Options{})
	for _, c := range []struct {
		name                            string
		method, scheme, authority, path string
		more                            []string
		status                          int // 0 for a broken stream, which is right too
	}{
		{"sound", "GET", "http", "gw.test", "/a?b", nil, 200},
		{"a space in the method", "GET /smuggled HTTP/1.1", "http", "gw.test", "/", nil, 400},
		{"a line end in the method", "GET / HTTP/1.1\r\nX: y", "http", "gw.test", "/", nil, 400},
		{"a method in small letters", "get", "http", "gw.test", "/", nil, 400},
		{"TRACE", "TRACE", "http", "gw.test", "/", nil, 405},
		{"a space in the path", "GET", "http", "gw.test", "/a HTTP/1.1", nil, 400},
		{"a space in the query", "GET", "http", "gw.test", "/?a HTTP/1.1", nil, 400},
		{"a line end in the path", "GET", "http", "gw.test", "/a\r\nX: y", nil, 400},
		{"a line end in the query", "GET", "http", "gw.test", "/?a\r\nX: y", nil, 400},
		{"a fragment", "GET", "http", "gw.test", "/?a#b", nil, 400},
		{"an absolute path", "GET", "http", "gw.test", "http://other.test/", nil, 400},
		{"an empty path", "GET", "http", "gw.test", "", nil, 400},
		{"above the root", "GET", "http", "gw.test", "/../a", nil, 400},
		{"a space in the authority", "GET", "http", "gw.test other.test", "/", nil, 400},
		{"a path in the authority", "GET", "http", "gw.test/a", "/", nil, 400},
		{"a user in the authority", "GET", "http", "user@gw.test", "/", nil, 400},
		{"another Host", "GET", "http", "gw.test", "/", []string{"host", "other.test"}, 400},
		{"the same Host", "GET", "http", "gw.test", "/", []string{"host", "gw.test"}, 200},
		{"Connection", "GET", "http", "gw.test", "/", []string{"connection", "close"}, 400},
		{"Transfer-Encoding", "GET", "http", "gw.test", "/", []string{"transfer-encoding", "chunked"}, 400},
		{"Upgrade", "GET", "http", "gw.test", "/", []string{"upgrade", "websocket"}, 400},
		{"TE: gzip", "GET", "http", "gw.test", "/", []string{"te", "gzip"}, 400},
		{"TE: trailers", "GET", "http", "gw.test", "/", []string{"te", "trailers"}, 200},
		{"two Content-Length", "GET", "http", "gw.test", "/", []string{"content-length", "0", "content-length", "1"}, 400},
		{"a Content-Length without a body", "GET", "http", "gw.test", "/", []string{"content-length", "5"}, 400},
		{"a Content-Length that is no number", "GET", "http", "gw.test", "/", []string{"content-length", "+0"}, 400},
		{"a line end in a value", "GET", "http", "gw.test", "/", []string{"x-a", "b\r\nx: y"}, 400},
		{"a capital letter in a name", "GET", "http", "gw.test", "/", []string{"X-A", "b"}, 400},
		{"a space in a name", "GET", "http", "gw.test", "/", []string{"x a", "b"}, 400},
		{"a colon in a name", "GET", "http", "gw.test", "/", []string{"x:a", "b"}, 400},
		{"a dot in a name", "GET", "http", "gw.test", "/", []string{"x.a", "b"}, 200},
		{"another expectation", "GET", "http", "gw.test", "/", []string{"expect", "200-ok"}, 417},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fields := append([]string{":method", c.method, ":scheme", c.scheme, ":authority", c.authority, ":path", c.path}, c.more...)
			got := dialRaw(t, gw).ask(t, 1, fields...)
			if got != c.status && (got != 0 || c.status == 200) {
				t.Errorf("status %d, want %d", got, c.status)
			}
		})
	}
	t.Cleanup(func() {
		for _, s := range up.Seen() {
			if s.Line != "GET /a?b HTTP/1.1" && s.Line != "GET / HTTP/1.1" || s.Header.Count("x.a") > 0 || s.Header.Get("Host") != "gw.test" {
				t.Errorf("the upstream saw %s\n%s", s.Line, proxytest.Dump(s.Header))
			}
		}
	})
}
