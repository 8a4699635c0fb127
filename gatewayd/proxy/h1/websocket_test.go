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

const switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"

// upgrade opens a tunnel whose upstream's end is in the hands of far.
func upgrade(t *testing.T, readTimeout int, far func(c net.Conn)) (net.Conn, *bufio.Reader) {
	t.Helper()
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
		if proxytest.Reply(c, switched) {
			far(c)
		}
		return false
	})
	cfg := proxytest.To(up)
	cfg.Services[0].ReadTimeout = readTimeout
	gw := proxytest.Start(t, cfg, proxytest.Options{})
	c := gw.Dial()
	say(t, c, proxytest.Request("GET", "/", "", "Connection: Upgrade", "Upgrade: websocket"))
	r := bufio.NewReader(c)
	if a, err := proxytest.ReadAnswer(r, false); err != nil || a.Status != 101 {
		t.Fatalf("answer = %+v, %v", a, err)
	}
	return c, r
}

func TestWebSocketClientCloses(t *testing.T) {
	t.Parallel()
	ended := make(chan string, 1)
	c, r := upgrade(t, 60_000, func(c net.Conn) {
		b, _ := io.ReadAll(c)
		proxytest.Reply(c, "bye")
		ended <- string(b)
	})
	say(t, c, "last words")
	_ = c.(*net.TCPConn).CloseWrite()
	if got := <-ended; got != "last words" {
		t.Errorf("the upstream read %q", got)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "bye" {
		t.Errorf("the client read %q, %v", b, err)
	}
}

func TestWebSocketUpstreamCloses(t *testing.T) {
	t.Parallel()
	c, r := upgrade(t, 60_000, func(c net.Conn) { proxytest.Reply(c, "bye") })
	_ = c
	if b, err := io.ReadAll(r); err != nil || string(b) != "bye" {
		t.Errorf("the client read %q, %v", b, err)
	}
}

// A tunnel stays while either side speaks, and ends when both are silent.
func TestWebSocketIdle(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 1)
	c, r := upgrade(t, 300, func(c net.Conn) {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for range 10 {
			proxytest.Reply(c, ".")
			<-tick.C
		}
		b := make([]byte, 5)
		_, _ = io.ReadFull(c, b)
		heard <- string(b)
		_, _ = io.Copy(io.Discard, c)
	})
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatalf("the upstream spoke, and the tunnel ended: %v", err)
	}
	say(t, c, "hello")
	if got := <-heard; got != "hello" {
		t.Errorf("the upstream heard %q", got)
	}
	began := time.Now()
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the tunnel ended with %v", err)
	}
	if took := time.Since(began); took < 100*time.Millisecond || took > 5*time.Second {
		t.Errorf("the silent tunnel ended after %v", took)
	}
}

func TestWebSocketLargeBothWays(t *testing.T) {
	t.Parallel()
	c, r := upgrade(t, 60_000, func(c net.Conn) { _, _ = io.Copy(c, c) })
	text := strings.Repeat("0123456789abcdef", 64<<10)
	go func() { _, _ = io.WriteString(c, text) }()
	b := make([]byte, len(text))
	if _, err := io.ReadFull(r, b); err != nil || string(b) != text {
		t.Errorf("the echo of %d bytes is not the same, %v", len(text), err)
	}
}

// An upstream that will not switch answers as ever, and the connection goes on.
func TestWebSocketRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 403, 426} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
				return proxytest.Reply(c, fmt.Sprintf("HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno", status))
			})
			gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
			c := gw.Dial()
			r := bufio.NewReader(c)
			for range 2 {
				a := ask(t, c, r, proxytest.Request("GET", "/", "", "Connection: Upgrade", "Upgrade: websocket"))
				if a.Status != status || a.Body != "no" || a.Header.Get("Connection") != "keep-alive" {
					t.Errorf("answer = %+v", a)
				}
			}
		})
	}
}
