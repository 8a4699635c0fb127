package admin_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/gatewayd/event"
)

// TestEventsSilence: a stream that says nothing at all counts as broken; one that
// says now and then that it lives does not.
func TestEventsSilence(t *testing.T) {
	t.Parallel()
	ignore := func(event.Event) {}
	t.Run("a gateway that is gone without a word", func(t *testing.T) {
		t.Parallel()
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(": listening\n\n"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}))
		defer srv.Close()
		c := admin.NewClient(srv.Listener.Addr().String(), "")
		c.Silence = time.Second
		listening := make(chan struct{})
		err := c.Events(t.Context(), func() { close(listening) }, ignore, nil)
		if err == nil || !strings.Contains(err.Error(), "it was silent for 1s") {
			t.Errorf("got %v, want that it was silent", err)
		}
		select {
		case <-listening:
		default:
			t.Error("it is said to be silent before it began")
		}
	})
	t.Run("a gateway that never answers", func(t *testing.T) {
		t.Parallel()
		srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer srv.Close()
		c := admin.NewClient(srv.Listener.Addr().String(), "")
		c.Silence = 50 * time.Millisecond
		if err := c.Events(t.Context(), nil, ignore, nil); err == nil {
			t.Error("got no error")
		}
	})
	t.Run("a gateway without requests", func(t *testing.T) {
		t.Parallel()
		const beat = 10 * time.Millisecond
		hub := &event.Hub{}
		srv := httptest.NewServer(admin.Handler(admin.Options{
			Hub: hub, Metrics: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler), Heartbeat: beat,
			Gateway: struct{ admin.Gateway }{},
		}))
		defer srv.Close()
		c := admin.NewClient(srv.Listener.Addr().String(), "")
		c.Silence = 300 * beat
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		got := make(chan string, 1)
		ended := make(chan error, 1)
		go func() {
			ended <- c.Events(ctx, func() {
				time.AfterFunc(c.Silence+50*beat, func() { hub.Publish(event.Event{ID: "late"}) })
			}, func(e event.Event) { got <- e.ID }, nil)
		}()
		select {
		case <-got:
		case err := <-ended:
			t.Fatalf("it ended: %v", err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
