package kube

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// pause is how long a patient transport waits before it tries again, give or take a
// half, so that many gateways do not come at once.
const pause = time.Second

// patient asks an API server that cannot be reached again and again, until it can
// be, or until nobody wants to know any more. Informers wait up to a minute between
// their tries; so what has changed meanwhile is served soon after the API server is
// back. Questions without an end of their own are asked once.
type patient struct {
	next http.RoundTripper
	log  *slog.Logger
	away atomic.Bool
}

// RoundTrip implements http.RoundTripper.
func (p *patient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	for {
		resp, err := p.next.RoundTrip(req)
		if err == nil {
			if p.away.CompareAndSwap(true, false) {
				p.log.Info("the API server is back")
			}
			return resp, nil
		}
		if ctx.Done() == nil || ctx.Err() != nil || req.Method != http.MethodGet || req.Body != nil {
			return nil, err
		}
		if p.away.CompareAndSwap(false, true) {
			p.log.Warn("the API server cannot be reached; what was read last is served on", "error", err)
		}
		wait := pause/2 + rand.N(pause)
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
	}
}
