package h1_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// ends waits for the end of an upstream's connection.
func ends(c net.Conn) error {
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err := io.Copy(io.Discard, c)
	return err
}

// A client that leaves ends the exchange down to the upstream's connection,
// wherever it stands.
func TestClientLeaves(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 100_000)
	for _, c := range []struct {
		name, raw string
		// reply is what the upstream answers at once.
		reply string
	}{
		{"while the upstream thinks", proxytest.Request("GET", "/", ""), ""},
		{"while the upstream thinks, behind an upload", proxytest.Request("POST", "/", long), ""},
		{"while the upstream thinks, behind a chunked upload", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + long + "\r\n0\r\n\r\n", ""},
		{"while it uploads", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + long, ""},
		{"while it uploads, the answer begun", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + long, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"},
		{"while the answer streams", proxytest.Request("GET", "/", ""), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"},
		{"while the answer streams in chunks", proxytest.Request("GET", "/", ""), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
		{"while the answer streams to its end", proxytest.Request("GET", "/", ""), "HTTP/1.1 200 OK\r\n\r\nhello"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			gw := proxytest.Start(t, proxytest.To(&proxytest.Upstream{Addr: l.Addr().String(), Port: l.Addr().(*net.TCPAddr).Port}), proxytest.Options{})
			client := gw.Dial()
			say(t, client, c.raw)
			up, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer up.Close()
			_ = up.SetDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.ReadFull(up, make([]byte, min(len(c.raw), 90_000))); err != nil {
				t.Fatal(err)
			}
			say(t, up, c.reply)
			if c.reply != "" {
				if _, err := client.Read(make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
			}
			_ = client.Close()
			var timeout net.Error
			if err := ends(up); errors.As(err, &timeout) && timeout.Timeout() {
				t.Errorf("the upstream's connection ended with %v", err)
			}
		})
	}
}

// A client that leaves while its target is being dialled ends that too.
func TestClientLeavesWhileDialling(t *testing.T) {
	t.Parallel()
	dialling, ended := make(chan struct{}), make(chan error, 1)
	gw := proxytest.Start(t, proxytest.To(&proxytest.Upstream{Port: 1}), proxytest.Options{Transport: h1.TransportOptions{
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			close(dialling)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, ctx.Err()
		},
	}})
	c := gw.Dial()
	say(t, c, proxytest.Request("GET", "/", ""))
	<-dialling
	_ = c.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("dialling ended with %v", err)
	}
}

// waiter is a plugin that waits for the client's leaving.
type waiter struct{ waits, left chan struct{} }

func (w *waiter) Access(x *plugin.Exchange) (*plugin.Reply, error) {
	ctx := x.Context()
	close(w.waits)
	<-ctx.Done()
	close(w.left)
	return nil, ctx.Err()
}

func TestClientLeavesWhileAPluginWaits(t *testing.T) {
	t.Parallel()
	w := &waiter{make(chan struct{}), make(chan struct{})}
	kind := plugin.Define(plugin.Spec[struct{}]{
		Name: "waiter", Defaults: func() struct{} { return struct{}{} },
		Build: func(struct{}, plugin.Env) (plugin.Instance, error) { return w, nil },
	})
	up := proxytest.NewUpstream(t, nil)
	cfg := proxytest.To(up)
	cfg.Plugins = []entity.Plugin{{ID: "p", Name: "waiter", Enabled: true, Protocols: []string{"http"}}}
	gw := proxytest.Start(t, cfg, proxytest.Options{Kinds: []plugin.Kind{kind}})
	c := gw.Dial()
	say(t, c, proxytest.Request("GET", "/", ""))
	<-w.waits
	_ = c.Close()
	<-w.left
	if len(up.Seen()) != 0 {
		t.Error("the upstream was asked")
	}
}

// Clients that leave at any moment do no harm to others who use the same
// connections to the upstream.
func TestLeavingHarmsNoOther(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(s proxytest.Seen, c net.Conn) bool {
		if strings.HasPrefix(s.Line, "GET /slow") {
			<-time.After(26 * time.Millisecond) // just about when the watch of the client begins
		}
		path := strings.Fields(s.Line)[1]
		return proxytest.Reply(c, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(path), path))
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 50 {
				c, err := net.Dial("tcp", gw.Addr)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(c, proxytest.Request("GET", fmt.Sprintf("/slow/%d/%d", i, n), ""))
				_ = c.SetReadDeadline(time.Now().Add(24*time.Millisecond + time.Duration(n)*100*time.Microsecond))
				_, _ = c.Read(make([]byte, 1))
				_ = c.Close()
			}
		})
		all.Go(func() {
			c := gw.Dial()
			r := bufio.NewReader(c)
			for n := range 300 {
				path := fmt.Sprintf("/quick/%d/%d", i, n)
				if _, err := io.WriteString(c, proxytest.Request("GET", path, "")); err != nil {
					t.Error(err)
					return
				}
				if a, err := proxytest.ReadAnswer(r, false); err != nil || a.Body != path {
					t.Errorf("%s got %d %q, %v", path, a.Status, a.Body, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// An answer may begin before the request has ended, and both go on.
func TestFullDuplex(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	gw := proxytest.Start(t, proxytest.To(&proxytest.Upstream{Addr: l.Addr().String(), Port: l.Addr().(*net.TCPAddr).Port}), proxytest.Options{})
	client := gw.Dial()
	say(t, client, "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n"+strings.Repeat("a", 20000)+"\r\n")
	up, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer up.Close()
	_ = up.SetDeadline(time.Now().Add(10 * time.Second))
	upR, clientR := bufio.NewReader(up), bufio.NewReader(client)
	until := func(r *bufio.Reader, want string) {
		t.Helper()
		var got strings.Builder
		for !strings.HasSuffix(got.String(), want) {
			b, err := r.ReadByte()
			if err != nil {
				t.Fatalf("waiting for %q: %v behind %.200q", want, err, got.String())
			}
			got.WriteByte(b)
		}
	}
	until(upR, "aaaa\r\n")
	say(t, up, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	for i := range 5 {
		text := fmt.Sprintf("ping %d", i)
		say(t, up, fmt.Sprintf("%x\r\n%s\r\n", len(text), text))
		until(clientR, text+"\r\n")
		text = fmt.Sprintf("pong %d", i)
		say(t, client, fmt.Sprintf("%x\r\n%s\r\n", len(text), text))
		until(upR, text+"\r\n")
	}
	say(t, client, "0\r\nX-Up: 1\r\nX-Consumer-Username: root\r\n\r\n")
	until(upR, "0\r\nX-Up: 1\r\n\r\n")
	say(t, up, "0\r\nX-Down: 1\r\n\r\n")
	until(clientR, "0\r\nX-Down: 1\r\n\r\n")
}

// An upstream that answers and closes before it has read the request, as one
// does that finds it too large, is heard.
func TestUpstreamAnswersEarly(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	gw := proxytest.Start(t, proxytest.To(&proxytest.Upstream{Addr: l.Addr().String(), Port: l.Addr().(*net.TCPAddr).Port}), proxytest.Options{})
	client := gw.Dial()
	say(t, client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n"+strings.Repeat("a", 20000))
	up, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	say(t, up, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
	a, err := proxytest.ReadAnswer(bufio.NewReader(client), false)
	if err != nil || a.Status != 413 || a.Body != "big" || a.Header.Get("Connection") != "close" {
		t.Errorf("answer = %+v, %v", a, err)
	}
	_ = up.Close()
}

// An upstream that answers a client that waits for 100 Continue with a final
// answer ends the wait, and no 100 Continue may follow.
func TestFinalAnswerInsteadOfContinue(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	cfg := proxytest.To(up)
	cfg.Routes[0].Paths = []string{"/known"}
	gw := proxytest.Start(t, cfg, proxytest.Options{})
	c := gw.Dial()
	say(t, c, "POST /unknown HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	_ = c.(*net.TCPConn).CloseWrite()
	b, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 404 ") || strings.Contains(string(b), "100 Continue") {
		t.Errorf("the client read %q, %v", b, err)
	}
}
