package h1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy"
	"github.com/gwctl/gwctl/gatewayd/proxy/hostile"
	"github.com/gwctl/gwctl/gatewayd/uri"
)

// sink is a connection that keeps what is written to it.
type sink struct {
	net.Conn
	bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error)    { return s.Buffer.Write(p) }
func (s *sink) Read([]byte) (int, error)       { return 0, io.EOF }
func (*sink) SetWriteDeadline(time.Time) error { return nil }
func (*sink) SetReadDeadline(time.Time) error  { return nil }
func (*sink) RemoteAddr() net.Addr             { return &net.UnixAddr{} }
func framed(f plugin.Field) bool {
	return isNamed(f, "Content-Length") || isNamed(f, "Transfer-Encoding")
}
func isNamed(f plugin.Field, name string) bool { return plugin.EqualFold(f.Name, name) }
func sameFields(a []plugin.Field, b []hostile.Field) bool {
	return slices.EqualFunc(a, b, func(x plugin.Field, y hostile.Field) bool { return x.Name == y.Name && x.Value == y.Value })
}

func fuzzServer() *Server {
	return NewServer(ServerOptions{Handler: proxy.New(proxy.Options{Name: "gatewayd/test", Hub: &event.Hub{}})})
}

func seed(f *testing.F, read func() ([]hostile.Case, error)) {
	f.Helper()
	cases, err := read()
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		if len(c.Raw) < 12<<10 {
			f.Add([]byte(c.Raw))
		}
	}
}

// FuzzHead: what the server takes for a request, written out as the transport
// writes it, is one request to a reader without mercy, and the same one; and no
// part of a head is taken for a whole one.
func FuzzHead(f *testing.F) {
	seed(f, hostile.Requests)
	s, paths := fuzzServer(), uri.New()
	f.Fuzz(func(t *testing.T, data []byte) {
		c := newConn(s, &sink{}, 80, "80")
		c.rbuf, c.w = bytes.Clone(data), len(data)
		n, err := c.scanHead(&awaited{})
		if err != nil || n <= 0 {
			return
		}
		begins := c.r
		checkPrefixes(t, s, data[:begins+n])
		head, id := c.cutHead(n)
		fr, err := s.begin(c, head, id)
		if err != nil {
			return
		}
		if fr.chunked && fr.length >= 0 || fr.encoded && !fr.chunked {
			t.Fatalf("two framings: %+v", fr)
		}
		r := &c.x.Request
		path, err := paths.Normalize(r.Path)
		if err != nil || strings.ContainsFunc(r.Query, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '#' }) {
			return // the proxy refuses it
		}
		out := &proxy.Outgoing{Method: r.Method, Path: paths.Escape(path), Length: max(fr.length, 0), Replay: true, Head: r.Method == "HEAD"}
		if r.HasQuery {
			out.Path += "?" + r.Query
		}
		for _, field := range r.Header.Fields() {
			if !framed(field) {
				out.Fields = append(out.Fields, field)
			}
		}
		to := &sink{}
		u := &upConn{nc: to}
		if err := u.send(out, time.Second); err != nil {
			t.Fatal(err)
		}
		wrote := to.String()
		got, err := hostile.ReadRequest(bufio.NewReader(strings.NewReader(wrote)))
		if err != nil {
			t.Fatalf("%q became %q: %v", head, wrote, err)
		}
		if got.Line != out.Method+" "+out.Path+" HTTP/1.1" {
			t.Fatalf("line %q of %q", got.Line, head)
		}
		fields := slices.DeleteFunc(got.Fields, func(f hostile.Field) bool { return framed(plugin.Field(f)) })
		if !sameFields(out.Fields, fields) {
			t.Fatalf("%q became %q", head, wrote)
		}
	})
}

func checkPrefixes(t *testing.T, s *Server, whole []byte) {
	t.Helper()
	for _, n := range []int{len(whole) - 1, len(whole) - 2, len(whole) - 3, len(whole) / 2} {
		if n < 1 {
			continue
		}
		c := newConn(s, &sink{}, 80, "80")
		c.rbuf, c.w = bytes.Clone(whole[:n]), n
		if got, err := c.scanHead(&awaited{}); got != 0 || err != nil {
			t.Fatalf("%d of %d bytes of %q are %d, %v", n, len(whole), whole, got, err)
		}
	}
}

// FuzzAnswerHead: what the transport takes for the head of an answer, written
// out as the server writes it, is one to a reader without mercy, and the same.
func FuzzAnswerHead(f *testing.F) {
	seed(f, hostile.Answers)
	s, tr := fuzzServer(), NewTransport(TransportOptions{})
	f.Fuzz(func(t *testing.T, data []byte) {
		u := &upConn{t: tr, nc: &sink{}, rbuf: bytes.Clone(data), w: len(data), x: &proxy.Exchange{}}
		c := newConn(s, &sink{}, 80, "80")
		c.x.Request.Minor, c.x.Start = 1, time.Unix(0, 0)
		c.bodyEnded.Store(true)
		u.x.Down = c
		if err := u.readHead(&proxy.Outgoing{}); err != nil {
			return
		}
		if u.fr.chunked && u.fr.length >= 0 || u.fr.encoded && !u.fr.chunked {
			t.Fatalf("two framings: %+v", u.fr)
		}
		head := *u.Head()
		if head.Status == 101 {
			return
		}
		var kept []plugin.Field
		for _, field := range head.Header.Fields() {
			if !framed(field) && !isNamed(field, "Connection") {
				kept = append(kept, field)
			}
		}
		head.Header = plugin.MakeHeader(kept)
		if err := errors.Join(c.SendHead(&head, 0, false), c.Finish(nil)); err != nil {
			t.Fatal(err)
		}
		wrote := c.nc.(*sink).String()
		got, err := hostile.ReadAnswer(bufio.NewReader(strings.NewReader(wrote)), false)
		if err != nil || got.Odd != "" || got.Status() != head.Status || len(got.Fields) < len(kept) || !sameFields(kept, got.Fields[:len(kept)]) {
			t.Fatalf("%q became %q: %v %s", data, wrote, err, got.Odd)
		}
	})
}

// pieces is a source that gives a body so many bytes at a time.
type pieces struct {
	data       []byte
	have, step int
	used       int
}

func (p *pieces) buffered() []byte { return p.data[p.used:p.have] }
func (p *pieces) discard(n int)    { p.used += n }
func (p *pieces) more(int) error {
	if p.have == len(p.data) {
		return io.EOF
	}
	p.have = min(p.have+p.step, len(p.data))
	return nil
}

func readAll(data []byte, step int) (body string, trailer []plugin.Field, used int, err error) {
	src := &pieces{data: data, step: step}
	var b bodyReader
	b.reset(src, &parser{chars: newCharTable(), limits: DefaultLimits()}, bodyChunked, 0)
	var all strings.Builder
	for {
		p, err := b.next()
		all.Write(p)
		if err != nil {
			b.release()
			return all.String(), slices.Clone(b.trailer), src.used, err
		}
	}
}

// FuzzChunks: a chunked body is the same in whatever pieces it comes, and one
// that is taken for whole, written out as the transport writes it, is whole and
// the same to a reader without mercy.
func FuzzChunks(f *testing.F) {
	for _, read := range []func() ([]hostile.Case, error){hostile.Requests, hostile.Answers} {
		cases, err := read()
		if err != nil {
			f.Fatal(err)
		}
		for _, c := range cases {
			if _, body, ok := strings.Cut(c.Raw, "\r\n\r\n"); ok && body != "" && len(body) < 12<<10 {
				f.Add([]byte(body))
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		body, trailer, used, err := readAll(data, max(len(data), 1))
		for _, step := range []int{1, 7} {
			b, tr, n, e := readAll(data, step)
			if b != body && err == io.EOF || (e == io.EOF) != (err == io.EOF) || err == io.EOF && (n != used || !slices.Equal(tr, trailer)) { //nolint:errorlint // io.EOF comes as it is
				t.Fatalf("%q by %d bytes: %q %v %d %v; whole: %q %v %d %v", data, step, b, tr, n, e, body, trailer, used, err)
			}
		}
		if err != io.EOF { //nolint:errorlint // as above
			return
		}
		var wire strings.Builder
		wire.WriteString("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
		if body != "" {
			fmt.Fprintf(&wire, "%x\r\n%s\r\n", len(body), body)
		}
		wire.WriteString("0\r\n")
		for _, field := range trailer {
			wire.Write(appendField(nil, field))
		}
		wire.WriteString("\r\n")
		got, e := hostile.ReadRequest(bufio.NewReader(strings.NewReader(wire.String())))
		if e != nil || !got.Whole || got.Body != body || !sameFields(trailer, got.Trailer) {
			t.Fatalf("%q became %q: %v", data, wire.String(), e)
		}
	})
}
