package proxy

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// message makes a reply with Kong's error body
// (kong/pdk/response.lua:error).
func (h *Handler) message(x *Exchange, status int, text string, header ...plugin.Field) *plugin.Reply {
	if x.Request.Major == 2 && isGRPC(&x.Request.Header) {
		code, meaning := grpcStatus(status)
		return &plugin.Reply{
			Status: status, Body: []byte{}, ContentType: "application/grpc",
			Header: append(header, plugin.Field{Name: "grpc-status", Value: strconv.Itoa(code)}, plugin.Field{Name: "grpc-message", Value: meaning}),
		}
	}
	t := acceptType(x.Request.Header.Joined("Accept"))
	if t == "" {
		return &plugin.Reply{Status: status, Body: []byte{}, Header: header}
	}
	return &plugin.Reply{Status: status, Body: errorBody(t, text, x.ID), ContentType: t, Header: header}
}

// fail answers with an error of Kong's own.
func (h *Handler) fail(x *Exchange, status int, text string) {
	h.answer(x, h.message(x, status, text))
}

// early answers as a plugin asked for, or with 500 when it failed
// (kong/init.lua:404-412, 497-509).
func (h *Handler) early(x *Exchange, reply *plugin.Reply, err error) {
	if err != nil {
		if errors.Is(err, ErrClientLeft) || x.Down.Left() {
			x.failure, x.status = ErrClientLeft, 499
			x.Down.Abort()
			return
		}
		x.failure = err
		h.fail(x, http.StatusInternalServerError, "An unexpected error occurred")
		return
	}
	if reply.Body == nil {
		text := reply.Message
		if text == "" {
			text = statusText(reply.Status)
		}
		m := h.message(x, reply.Status, text, reply.Header...)
		reply = m
	}
	h.answer(x, reply)
}

// answer sends a reply of the gateway's own.
func (h *Handler) answer(x *Exchange, r *plugin.Reply) {
	head := x.ownHead(r.Status)
	if r.ContentType != "" {
		head.Header.Add("Content-Type", r.ContentType)
	}
	for _, f := range r.Header {
		head.Header.Set(f.Name, f.Value)
	}
	for _, f := range x.Answer().Fields() {
		head.Header.Set(f.Name, f.Value)
	}
	h.numbersOf(x, head, r.Body)
}

// numbersOf adds what Kong adds to an answer of its own, and sends it
// (kong/runloop/handler.lua:1565-1600).
func (h *Handler) numbersOf(x *Exchange, head *plugin.Head, body []byte) {
	h.filterHead(x, head)
	if x.proxied {
		h.addLatencies(x, head)
		if head.Header.Count("Server") == 0 {
			head.Header.Add("Server", h.opts.Name)
		}
	} else {
		head.Header.Set("X-Kong-Response-Latency", h.numbers.format(time.Since(x.Arrived).Milliseconds()))
		head.Header.Set("Server", h.opts.Name)
	}
	head.Header.Set("X-Kong-Request-Id", x.ID)
	x.send(head, int64(len(body)), body)
}

func (x *Exchange) ownHead(status int) *plugin.Head {
	x.head.Status, x.head.Reason = status, ""
	x.head.Header.Reset()
	return &x.head
}

// addLatencies adds X-Kong-Upstream-Latency, X-Kong-Proxy-Latency and Via to an
// answer that the upstream gave or should have given.
func (h *Handler) addLatencies(x *Exchange, head *plugin.Head) {
	headAt := x.headAt
	if headAt.IsZero() {
		headAt = time.Now()
	}
	dialAt := x.dialAt
	if dialAt.IsZero() {
		dialAt = headAt
	}
	head.Header.Set("X-Kong-Upstream-Latency", h.numbers.format(headAt.Sub(dialAt).Milliseconds()))
	head.Header.Set("X-Kong-Proxy-Latency", h.numbers.format(dialAt.Sub(x.Arrived).Milliseconds()))
	if via := head.Header.Joined("Via"); via != "" {
		head.Header.Set("Via", via+", "+h.viaOut)
	} else {
		head.Header.Add("Via", h.viaOut)
	}
}

// filterHead runs the header phase.
func (h *Handler) filterHead(x *Exchange, head *plugin.Head) {
	for _, p := range x.ran {
		if p.Header == nil {
			continue
		}
		from := x.stepStart()
		err := p.Header.FilterHeader(&x.Exchange, head)
		x.note(p, "header", from, err)
		if err != nil {
			h.opts.Log.Error("a plugin failed in the header phase", "plugin", p.Name, "request", x.ID, "error", err)
		}
	}
}

// send sends a whole answer.
func (x *Exchange) send(head *plugin.Head, length int64, body []byte) {
	x.status, x.headSent = head.Status, true
	bodiless := x.Request.Method == http.MethodHead || noBody(head.Status)
	err := x.Down.SendHead(head, length, bodiless)
	if err == nil && !bodiless && len(body) > 0 {
		err = x.Down.Send(body)
		x.sent = int64(len(body))
	}
	if err == nil {
		err = x.Down.Finish(nil)
	}
	if err != nil && x.failure == nil {
		x.failure = ErrClientLeft
	}
}

func noBody(status int) bool {
	return status < 200 || status == http.StatusNoContent || status == http.StatusNotModified
}

// Refuse answers a request that cannot be served as it is, with the status that
// nginx would give and Kong's text for it (kong/error_handlers.lua). Engines call
// it, too, for what they cannot read; then x has an id and what could be read.
func (h *Handler) Refuse(x *Exchange, status int) {
	accept := handlerAccept(&x.Request.Header)
	text, t := statusText(status), ""
	var body []byte
	var grpc []plugin.Field
	switch {
	case status == http.StatusNotImplemented || status == http.StatusHTTPVersionNotSupported:
		t, body = nginxType, nginxPage(status)
	case !strings.HasPrefix(accept, "application/grpc"):
		t = acceptType(accept)
		body = errorBody(t, text, x.ID)
	case x.Request.Major == 2 && isGRPC(&x.Request.Header):
		code, _ := grpcStatus(status)
		grpc = []plugin.Field{{Name: "grpc-status", Value: strconv.Itoa(code)}, {Name: "grpc-message", Value: text}}
	default:
		t, body = typeJSON, []byte(`{"message":"`+text+`"}`)
	}
	if status == statusHeaderTooLarge {
		status = http.StatusBadRequest
	}
	head := x.ownHead(status)
	if t != "" {
		head.Header.Add("Content-Type", t)
	}
	for _, f := range append(grpc, x.Answer().Fields()...) {
		head.Header.Set(f.Name, f.Value)
	}
	if endsConnection(status) {
		head.Header.Set("Connection", "close")
	}
	h.numbersOf(x, head, body)
}

// endsConnection says whether nginx closes the connection behind an answer of
// its own with this status (ngx_http_special_response_handler).
func endsConnection(status int) bool {
	switch status {
	case 400, 413, 414, 500, 501:
		return true
	}
	return false
}

// Reject is Refuse for a request that never reached Serve: it begins and ends
// the exchange too.
func (h *Handler) Reject(x *Exchange, status int, why error) {
	x.begin(h, h.current.Load())
	x.failure = why
	h.Refuse(x, status)
	h.finish(x)
}
