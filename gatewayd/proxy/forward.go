package proxy

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/gwctl/gwctl/gatewayd/balance"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

const noPeer = "failure to get a peer from the ring-balancer"

// forward asks the upstream, target by target while that can help, and relays
// its answer.
func (h *Handler) forward(x *Exchange) {
	s := x.route.Upstream()
	switch {
	case x.route.Unavailable != "":
		h.explainRoute(x, x.route.Unavailable)
		h.fail(x, 503, noPeer)
		return
	case s == nil:
		h.fail(x, 503, "no Service found with those values")
		return
	case s.Unavailable != "":
		h.explainRoute(x, s.Unavailable)
		h.fail(x, 503, noPeer)
		return
	}
	if !h.prepare(x, s) {
		return
	}
	var last *balance.Target
	from := s.Balancer
	for {
		t, err := from.Next(last)
		if err != nil {
			h.fail(x, 503, noPeer)
			return
		}
		ans, failure := h.try(x, s, t)
		if failure == nil {
			h.relay(x, ans, s)
			return
		}
		if errors.Is(failure, ErrTargetGone) {
			if now := h.current.Load().Service(s.ID); now != nil {
				from, last = now.Balancer, nil
			}
			x.tries--
			continue
		}
		if x.tries <= s.Retries && x.mayRetry(failure) || failure.Unresolved && x.tries < len(from.Targets()) {
			last = t
			continue
		}
		h.unreachable(x, s, failure)
		return
	}
}

// prepare makes what all tries share of the outgoing request.
func (h *Handler) prepare(x *Exchange, s *snapshot.Service) bool {
	x.upPath = h.upstreamPath(x, s)
	x.out = Outgoing{
		Method: x.Request.Method, Path: x.upPath,
		Head: x.Request.Method == http.MethodHead, Upgrade: x.asksUpgrade(),
	}
	if err := x.prepareBody(!x.route.StreamsRequest); err != nil {
		x.failure = err
		if x.Down.Left() {
			x.status = 499
			x.Down.Abort()
			return false
		}
		h.Refuse(x, bodyStatus(err))
		return false
	}
	return true
}

// asksUpgrade says whether the client asks for a WebSocket, in the one way in
// which it may (RFC 9110, 7.8; RFC 6455, 4.1). A body would stand in its way.
func (x *Exchange) asksUpgrade() bool {
	r := &x.Request
	return r.Major == 1 && r.Minor == 1 && plugin.EqualFold(r.Header.Get("Upgrade"), "websocket") &&
		hasToken(r.Header.Joined("Connection"), "Upgrade") && x.Down.BodyLength() == 0
}

// bodyStatus is the status for a request body that cannot be read.
func bodyStatus(err error) int {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}

// try asks one target.
func (h *Handler) try(x *Exchange, s *snapshot.Service, t *balance.Target) (Answer, *TripError) {
	x.target = t
	x.tries++
	x.out.Fields = h.fieldsFor(x, hostHeader(x, s, t), x.out.Upgrade)
	x.dialAt = time.Now()
	x.proxied = true
	ans, err := h.opts.Transport.RoundTrip(x, t, s, &x.out)
	if err == nil {
		return ans, nil
	}
	var failure *TripError
	if !errors.As(err, &failure) {
		failure = &TripError{Err: err, Status: http.StatusBadGateway, Sent: true}
	}
	return nil, failure
}

// mayRetry says whether the next target may be asked: as nginx's
// proxy_next_upstream "error timeout", not after a target may have seen a
// request that is not idempotent, and not when its body is gone.
func (x *Exchange) mayRetry(f *TripError) bool {
	if f.Unresolved || f.Invalid || x.Down.Left() || errors.Is(f, ErrRequestBody) {
		return false
	}
	if !f.Sent {
		return true
	}
	if !x.out.Replay {
		return false
	}
	return idempotent(x.Request.Method)
}

// unreachable answers for an upstream that could not be asked.
func (h *Handler) unreachable(x *Exchange, s *snapshot.Service, f *TripError) {
	x.failure = f.Err
	switch {
	case x.Down.Left() || errors.Is(f, ErrClientLeft):
		x.failure, x.status = ErrClientLeft, 499
		x.Down.Abort()
	case errors.Is(f, ErrRequestBody):
		h.Refuse(x, bodyStatus(f))
	case f.Unresolved && s.Ring:
		// A target whose name is not known is none (kong/runloop/balancer/init.lua:355).
		x.proxied = false
		h.fail(x, 503, noPeer)
	case f.Unresolved:
		x.proxied = false
		h.fail(x, 503, "name resolution failed")
	default:
		h.opts.Log.Warn("the upstream could not be asked",
			"target", x.target.Address, "route", x.route.Name, "request", x.ID, "tries", x.tries, "error", f.Err)
		h.Refuse(x, f.Status)
	}
}

// relay passes the upstream's answer on.
func (h *Handler) relay(x *Exchange, ans Answer, s *snapshot.Service) {
	defer ans.Close()
	x.headAt = time.Now()
	head := ans.Head()
	upgraded := head.Status == http.StatusSwitchingProtocols
	if upgraded && !(x.out.Upgrade && plugin.EqualFold(head.Header.Get("Upgrade"), "websocket")) {
		x.failure = errors.New("the upstream switched to a protocol that it was not asked for")
		h.Refuse(x, http.StatusBadGateway)
		return
	}
	trailers := x.Request.Major == 2 || len(x.out.Fields) > 0 && x.out.Fields[0].Name == "TE"
	cleanAnswer(&head.Header, upgraded, trailers)
	for _, f := range x.Answer().Fields() {
		head.Header.Add(f.Name, f.Value)
	}
	h.filterHead(x, head)
	h.addLatencies(x, head)
	if _, ok := head.Header.Lookup("Server"); !ok {
		head.Header.Add("Server", h.opts.Name)
	}
	head.Header.Set("X-Kong-Request-Id", x.ID)
	x.status, x.headSent = head.Status, true
	if upgraded {
		h.tunnel(x, ans, head, s.ReadTimeout)
		return
	}
	h.relayBody(x, ans, head, trailers)
}

func (h *Handler) relayBody(x *Exchange, ans Answer, head *plugin.Head, trailers bool) {
	bodiless := x.out.Head || noBody(head.Status)
	length := ans.Length()
	next, err := h.filterBody(x, ans, &length)
	if err == nil {
		err = x.Down.SendHead(head, length, bodiless)
	}
	for err == nil && !bodiless {
		var p []byte
		if next != nil {
			p, err = next()
		} else {
			p, err = ans.Next()
		}
		if len(p) > 0 {
			if sendErr := x.Down.Send(p); sendErr != nil {
				err = ErrClientLeft
				break
			}
			x.sent += int64(len(p))
		}
		if err == nil && !ans.Ready() {
			err = x.Down.Flush()
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		h.brokenOff(x, err)
		return
	}
	var trailer []plugin.Field
	if trailers && !bodiless {
		trailer = ans.Trailer()
	}
	if err := x.Down.Finish(trailer); err != nil {
		h.brokenOff(x, ErrClientLeft)
	}
}

// brokenOff breaks the client's connection, so that what it has of the answer
// cannot be taken for whole.
func (h *Handler) brokenOff(x *Exchange, err error) {
	x.failure = err
	if x.Down.Left() {
		x.failure = ErrClientLeft
	}
	if !errors.Is(x.failure, ErrClientLeft) {
		h.opts.Log.Warn("an answer broke off", "target", x.target.Address, "request", x.ID, "error", err)
	}
	x.Down.Abort()
}

// filterBody puts the body phase between the answer and the client; it returns
// nil when no plugin has one.
func (h *Handler) filterBody(x *Exchange, ans Answer, length *int64) (func() ([]byte, error), error) {
	filtered := slices.ContainsFunc(x.ran, func(p *snapshot.Plugin) bool { return p.Body != nil })
	if !filtered {
		return nil, nil
	}
	*length = -1
	var body io.Reader = &answerReader{next: ans.Next}
	for _, p := range x.ran {
		if p.Body == nil {
			continue
		}
		var err error
		if body, err = p.Body.FilterBody(&x.Exchange, body); err != nil {
			return nil, err
		}
	}
	buf := make([]byte, 16<<10)
	return func() ([]byte, error) {
		n, err := body.Read(buf)
		return buf[:n], err
	}, nil
}

// answerReader makes a reader of Answer.Next.
type answerReader struct {
	next func() ([]byte, error)
	rest []byte
}

func (r *answerReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		var err error
		if r.rest, err = r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
