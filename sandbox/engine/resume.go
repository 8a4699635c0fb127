package engine

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// resuming is a transport whose blobs survive a connection that breaks: what is
// missing is asked for again.
type resuming struct{ inner http.RoundTripper }

// RoundTrip sends a request.
func (t resuming) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.inner.RoundTrip(req)
	if err != nil || req.Method != http.MethodGet || res.StatusCode != http.StatusOK || res.ContentLength <= 0 || res.Uncompressed {
		return res, err
	}
	res.Body = &resumed{inner: t.inner, req: req, body: res.Body, size: res.ContentLength}
	return res, nil
}

// resumed is a body that goes on over another connection when one breaks.
type resumed struct {
	inner      http.RoundTripper
	req        *http.Request
	body       io.ReadCloser
	done, size int64
	failed     int // attempts since a byte came last
}

// Read reads on.
func (r *resumed) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.done += int64(n)
	if n > 0 {
		r.failed = 0
	}
	if err == nil || r.done >= r.size || r.req.Context().Err() != nil {
		return n, err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if n > 0 {
		return n, nil // the next Read finds the same fault
	}
	return 0, r.again(err)
}

// waits are how long the attempts to go on wait, one after the other.
func waits() []time.Duration { return []time.Duration{0, 500 * time.Millisecond, 2 * time.Second} }

// again asks for what is missing, or returns why the connection broke.
func (r *resumed) again(broke error) error {
	all := waits()
	for ; r.failed < len(all); r.failed++ {
		select {
		case <-r.req.Context().Done():
			return r.req.Context().Err()
		case <-time.After(all[r.failed]):
		}
		req := r.req.Clone(r.req.Context())
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", r.done, r.size-1))
		res, err := r.inner.RoundTrip(req)
		if err != nil {
			continue
		}
		if res.StatusCode != http.StatusPartialContent || !strings.HasPrefix(res.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", r.done)) {
			_ = res.Body.Close()
			continue
		}
		_ = r.body.Close()
		r.body = res.Body
		r.failed++
		return nil
	}
	return broke
}

// Close closes the connection.
func (r *resumed) Close() error { return r.body.Close() }
