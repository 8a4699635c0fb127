//go:build e2e && unix

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load fires at a steady rate over connections that are kept, as a client
// library does, and counts what is not a 200.
type load struct {
	sent, failed atomic.Int64
	begin        time.Time
	ended        chan struct{}
	workers      sync.WaitGroup

	mu    sync.Mutex
	first []string // of the failures
}

// maxLoad bounds a load that nobody stops.
const maxLoad = 10 * time.Minute

func startLoad(t *testing.T, url string, perSecond int) *load {
	t.Helper()
	l := &load{begin: time.Now(), ended: make(chan struct{})}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, MaxConnsPerHost: 64}, Timeout: 30 * time.Second}
	l.workers.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		stop := time.NewTimer(maxLoad)
		defer stop.Stop()
		for {
			select {
			case <-l.ended:
				return
			case <-stop.C:
				return
			case <-tick.C:
				l.workers.Go(func() { l.fire(client, url) })
			}
		}
	})
	return l
}

func (l *load) fire(c *http.Client, url string) {
	l.sent.Add(1)
	began, last := time.Since(l.begin), atomic.Pointer[string]{}
	step := func(s string) { last.Store(&s) }
	step("no connection yet")
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) {
			step(fmt.Sprintf("connected from %s, kept %t", i.Conn.LocalAddr(), i.Reused))
		},
		WroteRequest: func(httptrace.WroteRequestInfo) { step(*last.Load() + ", sent") },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		panic(err) // the URL is the test's own
	}
	res, err := c.Do(req)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %d", res.StatusCode)
		}
	}
	if err != nil {
		l.failed.Add(1)
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.first) < 5 {
			l.first = append(l.first, fmt.Sprintf("from %s to %s (%s): %v",
				began.Round(time.Millisecond), time.Since(l.begin).Round(time.Millisecond), *last.Load(), err))
		}
	}
}

// stop ends the load and fails the test when a request has.
func (l *load) stop(t *testing.T) {
	t.Helper()
	close(l.ended)
	l.workers.Wait()
	t.Logf("%d requests in %s, %d failed", l.sent.Load(), time.Since(l.begin).Round(time.Second), l.failed.Load())
	if l.failed.Load() > 0 || l.sent.Load() == 0 {
		t.Errorf("%d of %d requests failed: %v", l.failed.Load(), l.sent.Load(), l.first)
	}
}
