package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// A request body of up to smallBody bytes is read whole before the upstream is
// asked: Kong's client_body_buffer_size (kong/templates/kong_defaults.lua:91).
// Kong then buffers the rest in a file. We stream a longer body, but for one that
// a retry might have to send again, of up to someBody bytes: a client that says
// its length does not wait for an answer meanwhile.
const (
	smallBody = 8 << 10
	someBody  = 64 << 10
)

var _ plugin.Wire = (*Exchange)(nil)

// Context ends when the client leaves.
func (x *Exchange) Context() context.Context { return x.Down.Context() }

// ReadBody returns the whole request body, which stays readable.
func (x *Exchange) ReadBody(limit int) ([]byte, error) {
	if x.bodyRead {
		if len(x.body) > limit {
			return nil, plugin.ErrBodyTooLarge
		}
		return x.body, nil
	}
	if n := x.Down.BodyLength(); n > int64(limit) {
		return nil, plugin.ErrBodyTooLarge
	}
	whole, err := x.collectBody(limit)
	if err != nil {
		return nil, err
	}
	if !whole {
		return nil, plugin.ErrBodyTooLarge
	}
	return x.body, nil
}

// ReplaceBody makes body what the upstream receives.
func (x *Exchange) ReplaceBody(body []byte) {
	x.body, x.bodyRead = append(x.body[:0], body...), true
}

// collectBody reads the request body into x.body, and says whether it came to
// its end within limit bytes. What was read stays at the front of the body.
func (x *Exchange) collectBody(limit int) (bool, error) {
	for len(x.body) <= limit {
		p, err := x.Down.NextBody()
		if errors.Is(err, io.EOF) {
			x.bodyRead = true
			x.bodyBytes.Store(int64(len(x.body)))
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("%w: %w", ErrRequestBody, err)
		}
		x.body = append(x.body, p...)
	}
	return false, nil
}

// prepareBody decides how the body goes upstream: whole, where it is buffered or
// a plugin has read it, else streamed behind what has been read of it. A route
// with request_buffering false streams every body (kong/runloop/handler.lua:1365).
func (x *Exchange) prepareBody(buffering bool) error {
	out := &x.out
	length := x.Down.BodyLength()
	limit := int64(smallBody)
	if length > 0 && idempotent(x.Request.Method) {
		limit = someBody
	}
	if !x.bodyRead && length != 0 && buffering && length <= limit {
		if _, err := x.collectBody(int(limit)); err != nil {
			return err
		}
	}
	switch {
	case x.bodyRead:
		out.Body, out.Replay, out.Length = x.body, true, int64(len(x.body))
	case length == 0:
		out.Body, out.Replay, out.Length = nil, true, 0
	default:
		out.Body, out.Replay, out.Length = x.body, false, length
	}
	// A length of 0 is said where the client said it, and behind chunks that
	// held nothing (ngx_http_proxy_create_request).
	out.SayEmpty = out.Length == 0 && (length < 0 || x.Request.Header.Count("Content-Length") > 0)
	return nil
}

// idempotent says whether nginx sends a request of this method twice, if it must
// (ngx_http_upstream_next).
func idempotent(method string) bool {
	return method != http.MethodPost && method != http.MethodPatch && method != "LOCK"
}

// NextBody returns the next bytes of a streamed request body, for a Transport.
func (x *Exchange) NextBody() ([]byte, error) {
	if len(x.out.Body) > 0 {
		p := x.out.Body
		x.out.Body = nil
		x.bodyBytes.Add(int64(len(p)))
		return p, nil
	}
	p, err := x.Down.NextBody()
	x.bodyBytes.Add(int64(len(p)))
	return p, err
}

// StreamsBody says whether the request body goes to a target as it comes, so
// that it is in other hands until the target's answer has ended.
func (x *Exchange) StreamsBody() bool { return x.proxied && !x.out.Replay }

// RequestTrailer holds the trailer fields of a request body that has ended, for
// a Transport. Those that a target would take for the gateway's word are left
// out: a target may put trailer fields among the header fields.
func (x *Exchange) RequestTrailer() []plugin.Field {
	return slices.DeleteFunc(x.Down.RequestTrailer(), func(f plugin.Field) bool { return gatewayOnly(f.Name) })
}

// gatewayOnly says whether a name begins as those do by which the gateway speaks
// of a client.
func gatewayOnly(name string) bool {
	for _, prefix := range [...]string{"X-Consumer-", "X-Credential-", "X-Anonymous-", "X-Forwarded-", "X-Kong-", "X-Real-IP", "Proxy", "Via"} {
		if len(name) >= len(prefix) && plugin.EqualFold(name[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}
