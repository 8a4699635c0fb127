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

	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

func TestProxiedRequest(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
		return proxytest.Reply(c, "HTTP/1.1 201 Very Fine\r\nServer: up\r\nX-CaSe: Kept\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello")
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	got := gw.Do("POST /a/b?x=1 HTTP/1.1\r\nHost: gw.test:8000\r\nuser-AGENT: t\r\nX-Odd_name: 1\r\nContent-Length: 3\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\r\nabc")
	if got.Status != 201 || got.Reason != "Very Fine" || got.Body != "hello" || !got.Whole {
		t.Errorf("answer = %+v", got)
	}
	if v := got.Header.Get("via"); v != "1.1 "+proxytest.Name {
		t.Errorf("Via = %q", v)
	}
	if dump := proxytest.Dump(got.Header); !strings.Contains(dump, "X-CaSe: Kept\n") || !strings.Contains(dump, "Server: up\n") {
		t.Errorf("header:\n%s", dump)
	}
	seen := up.Last(t)
	id := got.Header.Get("X-Kong-Request-Id")
	want := fmt.Sprintf("POST /a/b?x=1 HTTP/1.1\nVia: 1.1 %s\nHost: 127.0.0.1:%d\nConnection: keep-alive\nX-Forwarded-For: 127.0.0.1\n"+
		"X-Forwarded-Proto: http\nX-Forwarded-Host: gw.test\nX-Forwarded-Port: %d\nX-Forwarded-Path: /a/b\nX-Real-IP: 127.0.0.1\n"+
		"X-Kong-Request-Id: %s\nuser-AGENT: t\nX-Odd_name: 1\nContent-Length: 3\n", proxytest.Name, up.Port, gw.Port, id)
	if got := seen.Line + "\n" + proxytest.Dump(seen.Header); got != want {
		t.Errorf("upstream saw\n%s\nwant\n%s", got, want)
	}
	if seen.Body != "abc" {
		t.Errorf("body = %q", seen.Body)
	}
}

func TestKeepAliveAndPipelining(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	c := gw.Dial()
	one := proxytest.Request("GET", "/x", "")
	if _, err := io.WriteString(c, one+one+one); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	for range 3 {
		a, err := proxytest.ReadAnswer(r, false)
		if err != nil || a.Status != 200 || a.Body != "ok" {
			t.Fatalf("answer = %+v, %v", a, err)
		}
	}
	for _, s := range up.Seen() {
		if s.Conn != 0 {
			t.Errorf("a request came on connection %d, want one kept connection", s.Conn)
		}
	}
}

func TestLargeAndChunkedBodiesBothWays(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0123456789abcdef", 64<<10) // 1 MiB
	up := proxytest.NewUpstream(t, func(s proxytest.Seen, c net.Conn) bool {
		if strings.HasPrefix(s.Line, "PUT /chunked") {
			return proxytest.Reply(c, fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x;ext=1\r\n%s\r\n0\r\nX-T: 1\r\n\r\n", len(s.Body), s.Body))
		}
		return proxytest.Reply(c, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(s.Body), s.Body))
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	for _, raw := range []string{
		proxytest.Request("PUT", "/length", big),
		proxytest.Request("PUT", "/chunked", big),
		"PUT /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(big), big),
	} {
		got := gw.Do(raw)
		if got.Status != 200 || got.Body != big || !got.Whole {
			t.Errorf("%.20s: status %d, %d bytes, whole %v", raw, got.Status, len(got.Body), got.Whole)
		}
	}
}

func TestServerSentEventsFlushAtOnce(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
		proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		for s := range next {
			proxytest.Reply(c, fmt.Sprintf("%x\r\n%s\r\n", len(s), s))
		}
		return proxytest.Reply(c, "0\r\n\r\n")
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	c := gw.Dial()
	if _, err := io.WriteString(c, proxytest.Request("GET", "/events", "")); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	for i := range 3 {
		next <- fmt.Sprintf("data: %d\n\n", i)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line == fmt.Sprintf("data: %d\n", i) {
				break
			}
		}
	}
	close(next)
}

func TestClientThatLeavesEndsTheUpstream(t *testing.T) {
	t.Parallel()
	gone := make(chan error, 1)
	started := make(chan struct{})
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
		close(started)
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err := c.Read(make([]byte, 1))
		gone <- err
		return false
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	c := gw.Dial()
	if _, err := io.WriteString(c, proxytest.Request("GET", "/slow", "")); err != nil {
		t.Fatal(err)
	}
	<-started
	_ = c.Close()
	if err := <-gone; !errors.Is(err, io.EOF) {
		t.Errorf("the upstream's connection ended with %v, want EOF", err)
	}
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
		proxytest.Reply(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhi")
		_, _ = io.Copy(c, c)
		return false
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	c := gw.Dial()
	if _, err := io.WriteString(c, proxytest.Request("GET", "/ws", "", "Connection: Upgrade", "Upgrade: WebSocket")+"early"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	a, err := proxytest.ReadAnswer(r, false)
	if err != nil || a.Status != 101 || a.Header.Get("Upgrade") != "websocket" {
		t.Fatalf("answer = %+v, %v", a, err)
	}
	buf := make([]byte, 7)
	if _, err := io.ReadFull(r, buf); err != nil || string(buf) != "hiearly" {
		t.Fatalf("tunnel said %q, %v", buf, err)
	}
	if h := up.Last(t).Header; h.Get("Connection") != "keep-alive, Upgrade" || h.Get("Upgrade") != "websocket" {
		t.Errorf("upstream saw\n%s", proxytest.Dump(h))
	}
}

func TestContinue(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	c := gw.Dial()
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	if line, _ := r.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("line = %q", line)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "abc"); err != nil {
		t.Fatal(err)
	}
	a, err := proxytest.ReadAnswer(r, false)
	if err != nil || a.Status != 200 {
		t.Fatalf("answer = %+v, %v", a, err)
	}
	if s := up.Last(t); s.Body != "abc" || s.Header.Count("Expect") != 0 {
		t.Errorf("upstream saw %+v", s)
	}
}
