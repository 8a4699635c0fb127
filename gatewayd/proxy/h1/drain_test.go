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
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/proxy"
	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// serve runs a server of its own on a listener that the test can drain.
func serve(t *testing.T, gw *proxytest.Gateway) (*h1.Server, net.Listener) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := h1.NewServer(h1.ServerOptions{Handler: gw.Handler, RealIP: proxy.RealIP{}})
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = l.Close()
		s.Close()
		<-served
	})
	return s, l
}

// Clients that keep their connections, and clients that open one for each
// request, lose nothing while the server drains: an answer is whole, or the
// connection is refused before anything was sent.
func TestDrainLosesNoRequest(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, nil)
	s, l := serve(t, proxytest.Start(t, proxytest.To(up), proxytest.Options{}))
	var whole atomic.Int64
	running := make(chan struct{}, 100)
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			told := sync.OnceFunc(func() { running <- struct{}{} })
			defer told()
			for {
				n, err := useConnection(l.Addr().String(), i%2 == 0, fmt.Sprint(i))
				whole.Add(int64(n))
				if errors.Is(err, errRefused) {
					return
				}
				if err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
				told()
			}
		})
	}
	for range 8 {
		<-running
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Drain(ctx, 300*time.Millisecond, l); err != nil {
		t.Errorf("Drain: %v", err)
	}
	clients.Wait()
	t.Logf("%d whole answers", whole.Load())
}

var errRefused = errors.New("refused")

// useConnection sends up to twenty requests on one connection and returns how
// many were answered. errRefused says that the connection did not open.
func useConnection(addr string, keep bool, id string) (int, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return 0, errRefused
	}
	if err != nil {
		return 0, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	for n := range 20 {
		connection := "keep-alive"
		if !keep {
			connection = "close"
		}
		if _, err := io.WriteString(c, proxytest.Request("GET", "/"+id, "", "Connection: "+connection)); err != nil {
			return n, fmt.Errorf("sending request %d: %w", n, err)
		}
		a, err := proxytest.ReadAnswer(r, false)
		if err != nil || a.Status != 200 || !a.Whole {
			return n, fmt.Errorf("answer %d = %+v: %w", n, a, err)
		}
		if a.Header.Get("Connection") == "close" {
			if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
				return n, fmt.Errorf("behind the last answer: %w", err)
			}
			return n + 1, nil
		}
	}
	return 20, nil
}

// What is under way when the server begins to drain comes to its end: an answer
// that streams, a request of which a part has come, a tunnel.
func TestDrainWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	up := proxytest.NewUpstream(t, func(s proxytest.Seen, c net.Conn) bool {
		if !strings.HasPrefix(s.Line, "GET /stream") {
			return proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
		proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		return proxytest.Reply(c, <-next)
	})
	s, l := serve(t, proxytest.Start(t, proxytest.To(up), proxytest.Options{}))
	dial := func() (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		return c, bufio.NewReader(c)
	}
	stream, streamed := dial()
	say(t, stream, proxytest.Request("GET", "/stream", ""))
	if _, err := streamed.Peek(100); err != nil {
		t.Fatal(err)
	}
	half, halved := dial()
	ask(t, half, halved, proxytest.Request("GET", "/", ""))
	say(t, half, "GET / HTTP/1.1\r\nHost:")
	silent, silenced := dial()
	ask(t, silent, silenced, proxytest.Request("GET", "/", ""))

	drained := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		drained <- s.Drain(ctx, 50*time.Millisecond, l)
	}()
	if _, err := silenced.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the idle connection ended with %v", err)
	}
	select {
	case err := <-drained:
		t.Fatalf("drained while requests were under way: %v", err)
	default:
	}
	if a := ask(t, half, halved, " a\r\n\r\n"); a.Status != 200 || a.Header.Get("Connection") != "close" {
		t.Errorf("the request that came in two parts got %d, Connection %q", a.Status, a.Header.Get("Connection"))
	}
	_ = half.Close()
	next <- "world"
	if a, err := proxytest.ReadAnswer(streamed, false); err != nil || a.Body != "helloworld" || !a.Whole {
		t.Errorf("the stream ended as %+v, %v", a, err)
	}
	_ = stream.Close()
	if err := <-drained; err != nil {
		t.Errorf("Drain: %v", err)
	}
}

func TestDrainCutsWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
		proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		_, _ = c.Read(make([]byte, 1))
		return false
	})
	s, l := serve(t, proxytest.Start(t, proxytest.To(up), proxytest.Options{}))
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	say(t, c, proxytest.Request("GET", "/", ""))
	r := bufio.NewReader(c)
	if _, err := r.Peek(100); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Drain(ctx, 0, l); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Drain: %v", err)
	}
	if a, _ := proxytest.ReadAnswer(r, false); a.Whole {
		t.Error("an answer that was cut looks whole")
	}
}
