package proxy

import (
	"context"
	"errors"
	"io"

	"github.com/gwctl/gwctl/gatewayd/balance"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// Downstream is the client's side of an exchange, as an engine gives it. All
// methods but Context and Watch belong to the goroutine that serves the
// exchange, or to the one that it lends the request body to.
type Downstream interface {
	// BodyLength is the length of the request body, 0 for none, -1 if only its
	// end will tell.
	BodyLength() int64
	// NextBody returns the next bytes of the request body, valid until the next
	// call, and io.EOF (with no bytes) after the last.
	NextBody() ([]byte, error)
	// CancelBody makes a NextBody that waits, and all after it, return an error.
	// It may be called from any goroutine.
	CancelBody()
	// RequestTrailer holds the trailer fields of a request body that has ended.
	RequestTrailer() []plugin.Field
	// Context ends when the client leaves.
	Context() context.Context
	// Watch calls leave once, from another goroutine, if the client leaves
	// before the exchange ends. Only the last leave given counts.
	Watch(leave func())
	// Left says whether the client is known to have left.
	Left() bool

	// SendHead sends the head of the answer. length is that of its body, -1 if
	// only its end will tell; bodiless says that none follows whatever the head
	// says (HEAD, 204, 304).
	SendHead(head *plugin.Head, length int64, bodiless bool) error
	// Send sends bytes of the body, which it may keep until Flush or Finish.
	Send(p []byte) error
	// Flush hands all that was sent to the network.
	Flush() error
	// Finish ends the answer; trailer may be empty.
	Finish(trailer []plugin.Field) error
	// Abort breaks the connection or stream off, so that the client cannot take
	// what it has for whole.
	Abort()
	// Upgrade hands the connection over after a 101; pending are bytes of it
	// that have been read already.
	Upgrade() (conn io.ReadWriteCloser, pending []byte, err error)
}

// Outgoing is a request on its way to a target.
type Outgoing struct {
	Method string
	Path   string // with its query, ready for a request line
	// Fields are the whole header in order, but for its framing
	// (Content-Length, Transfer-Encoding).
	Fields []plugin.Field
	// Length is that of the body, 0 for none, -1 for one that is chunked. With
	// SayEmpty the request says Content-Length: 0.
	Length   int64
	SayEmpty bool
	// Body, when Replay is true, is the whole body.
	Body   []byte
	Replay bool
	// Head says that the answer has no body.
	Head bool
	// Upgrade says that a 101 is welcome.
	Upgrade bool
}

// Answer is what came back from a target.
type Answer interface {
	// Head is the head of the answer; the proxy edits it.
	Head() *plugin.Head
	// Length is that of the body, -1 if only its end will tell.
	Length() int64
	// Next returns the next bytes of the body, valid until the next call, and
	// io.EOF (with no bytes) after the last; io.ErrUnexpectedEOF if it broke
	// off.
	Next() ([]byte, error)
	// Ready says whether Next would return at once.
	Ready() bool
	// Trailer holds the trailer fields once the body has ended.
	Trailer() []plugin.Field
	// Upgraded hands the connection over after a 101.
	Upgraded() (conn io.ReadWriteCloser, pending []byte)
	// Close gives the connection back, for use again if the answer was read to
	// its end.
	Close()
}

// Transport carries requests to targets.
type Transport interface {
	// RoundTrip sends the request to the target and returns the head of its
	// answer. Its error is a *TripError.
	RoundTrip(x *Exchange, t *balance.Target, s *snapshot.Service, out *Outgoing) (Answer, error)
}

// TripError says how a try to reach a target failed.
type TripError struct {
	Err error
	// Status is what Kong would answer: 502, 503 or 504; 499 if the client left.
	Status int
	// Sent says that the target may have seen a part of the request.
	Sent bool
	// Invalid says that the target gave an answer that is none: to ask again
	// would not help (nginx's invalid_header, which Kong does not retry).
	Invalid bool
	// Unresolved says that the target's name is not known.
	Unresolved bool
}

// Error gives the fault.
func (e *TripError) Error() string { return e.Err.Error() }

// Unwrap gives the fault.
func (e *TripError) Unwrap() error { return e.Err }

// ErrClientLeft says that the client left before its answer was whole.
var ErrClientLeft = errors.New("the client left")

// ErrRequestBody says that the request body could not be read to its end.
var ErrRequestBody = errors.New("reading the request body")
