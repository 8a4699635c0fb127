package h2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy"
)

// stream is one request and its answer.
type stream struct {
	x         proxy.Exchange
	w         http.ResponseWriter
	r         *http.Request
	server    *Server
	control   *http.ResponseController
	readBy    time.Time // when the read deadline was set last
	writeBy   time.Time // the same of the write deadline
	buf       []byte
	bodyErr   error
	aborted   bool
	stopWatch func() bool
}

var _ proxy.Downstream = (*stream)(nil)

func cutQuery(target string) (path, query string, has bool) {
	return strings.Cut(target, "?")
}

// fieldsOf lists the fields of a request, names in lower case as they came,
// sorted because net/http does not keep their order. Those that nginx ignores
// are left out, as on HTTP/1.1. Cookie crumbs are one field
// to HTTP/1.1 (RFC 9113, 8.2.3); net/http has joined them.
func fieldsOf(from http.Header, into plugin.Header) plugin.Header {
	names := make([]string, 0, len(from))
	for name := range from {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !proxy.ValidFieldName(name) {
			continue
		}
		for _, v := range from[name] {
			into.Add(strings.ToLower(name), v)
		}
	}
	return into
}

// BodyLength is the length of the request body.
func (st *stream) BodyLength() int64 {
	if st.r.Body == nil || st.r.Body == http.NoBody {
		return 0
	}
	return st.r.ContentLength
}

// NextBody returns the next bytes of the request body.
func (st *stream) NextBody() ([]byte, error) {
	if st.bodyErr != nil {
		return nil, st.bodyErr
	}
	if st.buf == nil {
		st.buf = make([]byte, 16<<10)
	}
	if now := time.Now(); now.Sub(st.readBy) > time.Second {
		st.readBy = now
		_ = st.control.SetReadDeadline(now.Add(st.server.opts.BodyTimeout + time.Second))
	}
	n, err := st.r.Body.Read(st.buf)
	st.bodyErr = err
	if n > 0 {
		return st.buf[:n], nil
	}
	return nil, err
}

// CancelBody makes a NextBody that waits return.
func (st *stream) CancelBody() { _ = st.r.Body.Close() }

// RequestTrailer holds the trailer fields of the request.
func (st *stream) RequestTrailer() []plugin.Field {
	h := fieldsOf(st.r.Trailer, plugin.Header{})
	return h.Fields()
}

// Context ends when the client leaves.
func (st *stream) Context() context.Context { return st.r.Context() }

// Watch calls leave if the client leaves before the exchange ends.
func (st *stream) Watch(leave func()) {
	if st.stopWatch != nil {
		st.stopWatch()
		st.stopWatch = nil
	}
	if leave != nil {
		st.stopWatch = context.AfterFunc(st.r.Context(), leave)
	}
}

// Left says whether the client has left.
func (st *stream) Left() bool { return st.r.Context().Err() != nil }

// SendHead sends the head of the answer.
func (st *stream) SendHead(head *plugin.Head, length int64, _ bool) error {
	h := st.w.Header()
	for _, f := range head.Header.Fields() {
		if plugin.EqualFold(f.Name, "Connection") || plugin.EqualFold(f.Name, "Upgrade") {
			continue
		}
		h.Add(f.Name, f.Value)
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // net/http would guess one
	}
	if length >= 0 && head.Status != http.StatusNoContent && head.Status >= 200 {
		h.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	st.w.WriteHeader(head.Status)
	return nil
}

// Send sends bytes of the body.
func (st *stream) Send(p []byte) error {
	if now := time.Now(); now.Sub(st.writeBy) > time.Second {
		st.writeBy = now
		_ = st.control.SetWriteDeadline(now.Add(st.server.opts.WriteTimeout + time.Second))
	}
	_, err := st.w.Write(p)
	if errors.Is(err, http.ErrBodyNotAllowed) {
		return nil
	}
	return err
}

// Flush hands all that was sent to the network.
func (st *stream) Flush() error { return st.control.Flush() }

// Finish ends the answer.
func (st *stream) Finish(trailer []plugin.Field) error {
	for _, f := range trailer {
		st.w.Header().Add(http.TrailerPrefix+f.Name, f.Value)
	}
	return nil
}

// Abort resets the stream.
func (st *stream) Abort() { st.aborted = true }

// Upgrade is not part of HTTP/2.
func (st *stream) Upgrade() (io.ReadWriteCloser, []byte, error) {
	return nil, nil, errors.New("HTTP/2 has no Upgrade")
}
