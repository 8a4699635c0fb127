package stream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/tutorials/stream"
)

// gateway is the admin listener of one, on a real wire.
type gateway struct {
	name    string
	started time.Time
	hub     event.Hub
	server  *httptest.Server
	served  atomic.Int64
	// listeners tells of each who listens from now on.
	listeners chan string
}

// unasked is what nobody asks for.
type unasked struct{ admin.Gateway }

func (unasked) KeepCounters()    {}
func (unasked) RestoreCounters() {}

func newGateway(t *testing.T, name string) *gateway {
	t.Helper()
	g := &gateway{name: name, started: time.Now(), listeners: make(chan string, 100)}
	h := admin.Handler(admin.Options{
		Gateway: unasked{}, Hub: &g.hub, Log: slog.New(slog.DiscardHandler),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, "gatewayd_http_requests_total{route=\"a\",code=\"200\"} %d\n", g.served.Load())
		}),
	})
	g.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(watched{w, g}, r) }))
	t.Cleanup(g.stop)
	return g
}

// watched tells when a listener is told that it will be told.
type watched struct {
	http.ResponseWriter
	g *gateway
}

func (w watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w watched) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	if strings.HasPrefix(string(b), ": listening") {
		w.g.listeners <- w.g.name
	}
	return n, err
}

func (g *gateway) stop() {
	g.cut()
	g.server.Close()
}

// cut breaks all connections.
func (g *gateway) cut() { g.server.CloseClientConnections() }

// serve serves one request.
func (g *gateway) serve(id string) {
	g.served.Add(1)
	g.hub.Publish(event.Event{ID: id, Instance: g.name})
}

func (g *gateway) found() sandbox.Gateway {
	return sandbox.Gateway{Admin: g.server.Listener.Addr().String(), Status: admin.Status{Instance: g.name, Started: g.started}}
}

// listened is a stream under test.
type listened struct {
	*stream.Stream
	said, heard chan string

	mu  sync.Mutex
	now []*gateway
	err error
}

func (l *listened) set(err error, list ...*gateway) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now, l.err = list, err
}

func (l *listened) look(context.Context) ([]sandbox.Gateway, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []sandbox.Gateway
	for _, g := range l.now {
		out = append(out, g.found())
	}
	return out, l.err
}

func listenTo(t *testing.T, every time.Duration, list ...*gateway) *listened {
	t.Helper()
	l := &listened{said: make(chan string, 100), heard: make(chan string, 100)}
	l.set(nil, list...)
	found, _ := l.look(t.Context())
	s, err := stream.Open(t.Context(), stream.Options{
		Gateways: found, Look: l.look, Every: every, Served: served,
		Strange: func(e event.Event) { l.heard <- e.Instance + " " + e.ID },
		Said:    func(text string) { l.said <- text },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	l.Stream = s
	return l
}

// soon waits for what a channel is to bring.
func soon(t *testing.T, from chan string, want string) {
	t.Helper()
	select {
	case got := <-from:
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%q has not come", want)
	}
}

// serveHeard serves a request once somebody listens anew, and waits until it is
// heard.
func serveHeard(t *testing.T, g *gateway, l *listened) {
	t.Helper()
	soon(t, g.listeners, g.name)
	g.serve("now")
	soon(t, l.heard, g.name+" now")
}

// TestCut: a connection that was cut is taken up again by itself, and how many
// requests were not heard of is told, once.
func TestCut(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "one")
	g.serve("nobody listens yet")
	l := listenTo(t, 0, g)
	serveHeard(t, g, l)
	l.mu.Lock() // nobody looks for gateways meanwhile
	g.cut()
	g.serve("lost")
	g.serve("lost, too")
	l.mu.Unlock()
	soon(t, l.said, "the events of gateway one broke off for a moment; what became of 2 requests is lost")
	serveHeard(t, g, l)
	g.cut()
	serveHeard(t, g, l)
	if len(l.said) > 0 {
		t.Errorf("nothing was lost, but it says %q", <-l.said)
	}
}

// TestGatewaysComeAndGo: instances that come are listened to, those that go are
// told, and one in the place of another is one line.
func TestGatewaysComeAndGo(t *testing.T) {
	t.Parallel()
	one, two, three := newGateway(t, "one"), newGateway(t, "two"), newGateway(t, "three")
	l := listenTo(t, time.Millisecond, one)
	two.serve("early")
	l.set(nil, one, two)
	soon(t, l.said, "gateway two has joined; what became of one request is lost")
	serveHeard(t, two, l)
	l.set(nil, two)
	soon(t, l.said, "gateway one has gone")
	one.stop()
	l.set(nil, three)
	soon(t, l.said, "gateway three has taken the place of two")
	serveHeard(t, three, l)
	if got := l.Gateways(); len(got) != 1 || got[0].Status.Instance != "three" {
		t.Errorf("got %v, want three alone", got)
	}
}

// TestSilent: a gateway that is not found for a while is told, and when it is
// heard again, too.
func TestSilent(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "one")
	l := listenTo(t, 0, g)
	serveHeard(t, g, l)
	l.set(errors.New("it is paused"), g)
	g.cut()
	soon(t, l.said, "a gateway is not heard any more")
	l.set(nil, g)
	soon(t, l.said, "the gateways are heard again")
	serveHeard(t, g, l)
}

// TestRenewGivesUp: whoever waits for another to look is not held when it gives up.
func TestRenewGivesUp(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "one")
	l := listenTo(t, 0, g)
	looking, look, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := l.Renew(t.Context(), func(ctx context.Context) ([]sandbox.Gateway, error) {
			close(looking)
			<-look
			return l.look(ctx)
		})
		done <- err
	}()
	<-looking
	ctx, cancel := context.WithCancelCause(t.Context())
	left := errors.New("the learner has left")
	cancel(left)
	gaveUp := make(chan error, 1)
	go func() {
		_, err := l.Renew(ctx, l.look)
		gaveUp <- err
	}()
	select {
	case err := <-gaveUp:
		if !errors.Is(err, left) {
			t.Errorf("got %v, want that it was left", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it is held")
	}
	close(look)
	if err := <-done; err != nil {
		t.Errorf("the one that looks: %v", err)
	}
}

// TestOpenFails: a gateway that cannot be listened to is an error.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "one")
	g.stop()
	if _, err := stream.Open(t.Context(), stream.Options{Served: served, Gateways: []sandbox.Gateway{g.found()}}); err == nil {
		t.Error("got no error")
	}
}

// served reads how many requests a gateway says it has served.
func served(ctx context.Context, g sandbox.Gateway) (n int64, err error) {
	text, err := g.Client().Metrics(ctx)
	if err == nil {
		_, err = fmt.Sscanf(string(text), `gatewayd_http_requests_total{route="a",code="200"} %d`, &n)
	}
	return n, err
}

// TestSeveralCome: several that come at once are told of in one line.
func TestSeveralCome(t *testing.T) {
	t.Parallel()
	one, two, three := newGateway(t, "one"), newGateway(t, "two"), newGateway(t, "three")
	l := listenTo(t, time.Millisecond, one)
	l.set(nil, two, three)
	soon(t, l.said, "gateways two, three have taken the place of one")
}
