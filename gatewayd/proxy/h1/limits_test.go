package h1_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

func limited(f func(o *h1.ServerOptions)) proxytest.Options { return proxytest.Options{Server: f} }

func say(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

// ask sends raw and reads one answer.
func ask(t *testing.T, c net.Conn, r *bufio.Reader, raw string) proxytest.Answer {
	t.Helper()
	say(t, c, raw)
	a, err := proxytest.ReadAnswer(r, strings.HasPrefix(raw, "HEAD "))
	if err != nil {
		t.Fatalf("reading the answer to %.40q: %v", raw, err)
	}
	return a
}

// drip sends s a byte at a time until the connection breaks.
func drip(c net.Conn, s string, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := range len(s) {
		if _, err := io.WriteString(c, s[i:i+1]); err != nil {
			return
		}
		<-tick.C
	}
}

// A head has its time from its first byte to its last, however often a byte
// comes, on a new connection as on a used one.
func TestHeaderTimeoutIsOneForTheWholeHead(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), limited(func(o *h1.ServerOptions) { o.HeaderTimeout = 200 * time.Millisecond }))
	for _, used := range []bool{false, true} {
		t.Run(fmt.Sprintf("used=%v", used), func(t *testing.T) {
			t.Parallel()
			c := gw.Dial()
			r := bufio.NewReader(c)
			if used {
				ask(t, c, r, proxytest.Request("GET", "/", ""))
			}
			dripping := make(chan struct{})
			go func() {
				defer close(dripping)
				drip(c, "GET / HTTP/1.1\r\nHost: a\r\n"+strings.Repeat("A: b\r\n", 1000), 5*time.Millisecond)
			}()
			began := time.Now()
			a, err := proxytest.ReadAnswer(r, false)
			if err != nil || a.Status != 408 {
				t.Errorf("answer = %d, %v, want 408", a.Status, err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("refused after %v", took)
			}
			_ = c.Close()
			<-dripping
		})
	}
}

// Empty lines before a request are a part of its head.
func TestHeaderTimeoutCountsEmptyLines(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), limited(func(o *h1.ServerOptions) { o.HeaderTimeout = 100 * time.Millisecond }))
	c := gw.Dial()
	say(t, c, "\r\n\r\n")
	if b, err := io.ReadAll(c); err != nil || strings.Contains(string(b), "200") {
		t.Errorf("the connection ended with %q, %v, want its end", b, err)
	}
}

func TestBodyTimeout(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), limited(func(o *h1.ServerOptions) { o.BodyTimeout = 100 * time.Millisecond }))
	for name, raw := range map[string]string{
		"a small body":   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello",
		"a large body":   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhello",
		"a chunked body": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"a large chunk":  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n" + strings.Repeat("a", 19000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := gw.Do(raw); got.Status != 408 || got.Header.Get("Connection") != "close" {
				t.Errorf("answer = %d, Connection %q; want 408, close", got.Status, got.Header.Get("Connection"))
			}
		})
	}
	t.Cleanup(func() {
		for _, s := range up.Seen() {
			if s.Whole {
				t.Errorf("the upstream saw a whole request: %s", s.Line)
			}
		}
	})
}

// An idle connection is kept for IdleTimeout and a little more, never less,
// whatever was on it before.
func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	const idle = time.Second
	gw := proxytest.Start(t, proxytest.To(up), limited(func(o *h1.ServerOptions) { o.IdleTimeout = idle }))
	c := gw.Dial()
	r := bufio.NewReader(c)
	tick := time.NewTicker(idle / 2)
	defer tick.Stop()
	for range 5 {
		if a := ask(t, c, r, proxytest.Request("GET", "/", "")); a.Status != 200 {
			t.Fatalf("answer = %d", a.Status)
		}
		<-tick.C
	}
	began := time.Now()
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the idle connection ended with %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("closed after %v", took)
	}
}

func TestMaxRequests(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), limited(func(o *h1.ServerOptions) { o.MaxRequests = 2 }))
	c := gw.Dial()
	r := bufio.NewReader(c)
	for _, want := range []string{"keep-alive", "close"} {
		if a := ask(t, c, r, proxytest.Request("GET", "/", "")); a.Header.Get("Connection") != want {
			t.Errorf("Connection = %q, want %q", a.Header.Get("Connection"), want)
		}
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the connection ended with %v", err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), limited(func(o *h1.ServerOptions) {
		o.Limits = h1.Limits{Line: 100, Head: 300, Fields: 5}
	}))
	for _, c := range []struct {
		name, raw string
		status    int
	}{
		{"a line of the limit", "GET /?" + strings.Repeat("a", 85) + " HTTP/1.1\r\nHost: a\r\n\r\n", 200},
		{"a line above it", "GET /?" + strings.Repeat("a", 86) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
		{"a field of the limit", proxytest.Request("GET", "/", "", "X: "+strings.Repeat("a", 97)), 200},
		{"a field above it", proxytest.Request("GET", "/", "", "X: "+strings.Repeat("a", 98)), 400},
		{"five fields", proxytest.Request("GET", "/", "", "A: 1", "A: 1", "A: 1", "A: 1"), 200},
		{"six fields", proxytest.Request("GET", "/", "", "A: 1", "A: 1", "A: 1", "A: 1", "A: 1"), 400},
		{"a head above the limit", proxytest.Request("GET", "/", "", "A: "+strings.Repeat("a", 90), "A: "+strings.Repeat("a", 90), "A: "+strings.Repeat("a", 90)), 400},
	} {
		if got := gw.Do(c.raw); got.Status != c.status {
			t.Errorf("%s: status %d, want %d", c.name, got.Status, c.status)
		}
	}
}

// An early answer keeps the connection where the rest of the request is at hand,
// and ends it where that cannot be known; either way the client reads it.
func TestEarlyAnswerToABody(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	cfg := proxytest.To(up)
	cfg.Routes[0].Paths = []string{"/known"}
	gw := proxytest.Start(t, cfg, proxytest.Options{})
	for _, c := range []struct{ name, raw, connection string }{
		{"all of it there", proxytest.Request("POST", "/", "hello"), "keep-alive"},
		{"half of it there", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello", "close"},
		{"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "close"},
		{"not sent yet", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", "close"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn := gw.Dial()
			r := bufio.NewReader(conn)
			a := ask(t, conn, r, c.raw)
			if a.Status != 404 || a.Header.Get("Connection") != c.connection {
				t.Errorf("answer = %d, Connection %q, want 404, %q", a.Status, a.Header.Get("Connection"), c.connection)
			}
			if c.connection == "keep-alive" {
				if a := ask(t, conn, r, proxytest.Request("GET", "/known", "")); a.Status != 200 || a.Body != "ok" {
					t.Errorf("next answer = %+v", a)
				}
			}
		})
	}
}

// A client that is still sending reads its answer before the connection ends.
func TestAnswerOutlivesUpload(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	c := gw.Dial()
	say(t, c, "POST / HTTP/1.1\r\nHost : a\r\nContent-Length: 4000000\r\n\r\n"+strings.Repeat("a", 4_000_000))
	b, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 400 ") {
		t.Errorf("the client read %.40q, %v", b, err)
	}
}

// Time limits of one request do not outlive it, towards either side.
func TestDeadlinesDoNotLinger(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	cfg := proxytest.To(up)
	cfg.Services[0].WriteTimeout, cfg.Services[0].Retries = 50, 0
	gw := proxytest.Start(t, cfg, limited(func(o *h1.ServerOptions) { o.WriteTimeout = 100 * time.Millisecond }))
	c := gw.Dial()
	r := bufio.NewReader(c)
	if a := ask(t, c, r, proxytest.Request("POST", "/", strings.Repeat("a", 20000))); a.Status != 200 {
		t.Fatalf("answer = %d", a.Status)
	}
	<-time.After(1200 * time.Millisecond) // until both write deadlines have passed
	if a := ask(t, c, r, proxytest.Request("GET", "/", "")); a.Status != 200 {
		t.Errorf("after a long request: %d", a.Status)
	}
	<-time.After(1200 * time.Millisecond)
	say(t, c, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if line, err := r.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Errorf("line = %q, %v", line, err)
	}
	_, _ = r.ReadString('\n')
	if a := ask(t, c, r, "hello"); a.Status != 200 {
		t.Errorf("after 100 Continue: %d", a.Status)
	}
	for _, s := range up.Seen() {
		if s.Conn != 0 {
			t.Errorf("%s came on connection %d", s.Line, s.Conn)
		}
	}
}

// A request that may not be sent twice uses kept connections too.
func TestKeptConnectionForPOST(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	for range 3 {
		if a := gw.Do(proxytest.Request("POST", "/", "hello")); a.Status != 200 {
			t.Fatalf("answer = %d", a.Status)
		}
		<-time.After(50 * time.Millisecond) // longer than the read deadline that waited for the answer
	}
	for _, s := range up.Seen() {
		if s.Conn != 0 {
			t.Errorf("a POST came on connection %d, want one kept connection", s.Conn)
		}
	}
}
