package h2_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/proxy/h2"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

func TestBodyTimeout(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{HTTP2: func(o *h2.Options) { o.BodyTimeout = 50 * time.Millisecond }})
	for name, sent := range map[string]int{"small": 5, "streamed": 20000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, send := io.Pipe()
			go func() { _, _ = io.WriteString(send, strings.Repeat("a", sent)) }()
			t.Cleanup(func() { _ = send.Close() })
			if res, _ := do(t, newClient(t), "POST", "http://"+gw.Addr+"/", body); res.StatusCode != 408 {
				t.Errorf("status %d, want 408", res.StatusCode)
			}
		})
	}
}

// A client that takes nothing of its answer does not hold the upstream for ever.
func TestWriteTimeout(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
		_ = c.SetDeadline(time.Now().Add(15 * time.Second))
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"+strings.Repeat("a", 9_999_999))
		if err == nil {
			_, err = c.Read(make([]byte, 1))
		}
		ended <- err
		return false
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{HTTP2: func(o *h2.Options) { o.WriteTimeout = 50 * time.Millisecond }})
	c := dialRaw(t, gw)
	if err := c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
		t.Fatal(err)
	}
	if status := c.ask(t, 1, ":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/"); status != 200 {
		t.Fatalf("status %d", status)
	}
	var timeout net.Error
	if err := <-ended; errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("the upstream's connection ended with %v", err)
	}
}

// A connection that begins as HTTP/2 does and says no more has the time of a
// head.
func TestHalfAPreface(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{Server: func(o *h1.ServerOptions) { o.HeaderTimeout = 50 * time.Millisecond }})
	for _, half := range []string{"PRI", "PRI * HTTP/2.0\r\n", "PRI * HTTP/2.0\r\n\r\nSM"} {
		c := gw.Dial()
		if _, err := io.WriteString(c, half); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); err != nil || strings.Contains(string(b), "200 OK") {
			t.Errorf("behind %q: %q, %v", half, b, err)
		}
	}
}

// Streams that are open when the server begins to drain come to their end.
func TestDrain(t *testing.T) {
	t.Parallel()
	asked, next := make(chan struct{}), make(chan struct{})
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
		proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		close(asked)
		<-next
		return proxytest.Reply(c, "world")
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	drained := make(chan error, 1)
	go func() {
		<-asked
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		go func() {
			close(next)
		}()
		drained <- gw.H2.Drain(ctx)
	}()
	if res, body := do(t, newClient(t), "GET", "http://"+gw.Addr+"/", nil); res.StatusCode != 200 || body != "helloworld" {
		t.Errorf("answer = %d %q", res.StatusCode, body)
	}
	if err := <-drained; err != nil {
		t.Errorf("Drain: %v", err)
	}
}
