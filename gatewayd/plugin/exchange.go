package plugin

import (
	"context"
	"errors"
	"time"
)

// Route is what a plugin may know of the route that a request matched.
type Route struct {
	ID, Name  string
	ServiceID string
	Service   string // its name
	Protocols []string
	Tags      []string
}

// Consumer is somebody who calls the gateway and is known to it.
type Consumer struct {
	ID       string
	Username string
	CustomID string
	Tags     []string
}

// Credential is what a consumer proves itself with.
type Credential struct {
	ID       string
	Consumer *Consumer
	// Attributes hold what the kind of credential needs beside its key (a JWT
	// secret, a password's hash). They are never printed.
	Attributes map[string]string `json:"-"`
}

// Directory finds consumers and credentials in the served snapshot.
type Directory interface {
	// Credential finds the credential of the kind ("key-auth") with the key. It
	// takes the same time whether or not a stored key shares a prefix with it.
	Credential(kind, key string) (*Credential, bool)
	// Consumer finds a consumer by its id or, failing that, its username.
	Consumer(idOrUsername string) (*Consumer, bool)
}

// Request is a request on its way to the upstream. Plugins read and edit it;
// what they leave is what the upstream receives.
type Request struct {
	Method string
	// Target is the request target as the client wrote it.
	Target string
	// Path is the path of the target, normalised as routes match it.
	Path string
	// Query is what follows the first "?", raw; HasQuery tells "/?" from "/".
	Query    string
	HasQuery bool
	// Host is the host asked for, with its port where it has one.
	Host string
	// Scheme is "http" or "https".
	Scheme string
	// Major is the major version of HTTP on the wire, 1 or 2; Minor its minor.
	Major, Minor int
	Header       Header
}

// Wire is what an Exchange asks of the engine and the proxy that carry it.
// Plugins do not call it.
type Wire interface {
	// Context ends when the client leaves.
	Context() context.Context
	// ReadBody returns the whole request body, which stays readable, or
	// ErrBodyTooLarge above limit bytes.
	ReadBody(limit int) ([]byte, error)
	// ReplaceBody makes body what the upstream receives.
	ReplaceBody(body []byte)
}

// ErrBodyTooLarge says that a request body is longer than the plugin would read.
var ErrBodyTooLarge = errors.New("request body is longer than the limit")

// Exchange is one request on its way through the gateway and back. It belongs
// to one goroutine and is used again for the next request: a plugin never keeps
// it, but may keep the strings that it hands out.
type Exchange struct {
	// ID is the request's id: 32 hexadecimal digits, X-Kong-Request-Id.
	ID string
	// Start is when the request's head was read, on the gateway's clock.
	Start time.Time
	// Peer is the IP address that the connection came from, Client the one that
	// it speaks for: the same, unless Peer is trusted and its real-IP header
	// names another (nginx's $realip_remote_addr and $remote_addr).
	Peer, Client string

	Request Request
	Route   *Route // nil before a route is matched
	People  Directory

	consumer   *Consumer
	credential *Credential
	anonymous  bool
	answer     Header // fields that plugins add to whatever answer comes
	observed   bool
	verdict    Verdict
	wire       Wire
}

// Begin makes the exchange ready for a new request on the wire. Engines call it.
func (x *Exchange) Begin(w Wire, observed bool) {
	head, answer := x.Request.Header, x.answer
	head.Reset()
	answer.Reset()
	*x = Exchange{wire: w, observed: observed, answer: answer}
	x.Request.Header = head
}

// Context ends when the client leaves. Asking for it costs: only a plugin that
// waits should.
func (x *Exchange) Context() context.Context { return x.wire.Context() }

// Body returns the whole request body, or ErrBodyTooLarge above limit bytes.
func (x *Exchange) Body(limit int) ([]byte, error) { return x.wire.ReadBody(limit) }

// SetBody makes body what the upstream receives.
func (x *Exchange) SetBody(body []byte) { x.wire.ReplaceBody(body) }

// Authenticate records who is calling. Plugins of lower priority then run with
// that consumer's config. A nil credential means an anonymous consumer.
func (x *Exchange) Authenticate(who *Consumer, with *Credential) {
	x.consumer, x.credential = who, with
	x.anonymous = with == nil
}

// Consumer is who is calling, nil when nobody has been authenticated.
func (x *Exchange) Consumer() *Consumer { return x.consumer }

// Credential is what the caller proved itself with, nil when it did not.
func (x *Exchange) Credential() *Credential { return x.credential }

// AddAnswer sets a field of the answer, whether it comes from the upstream or
// from a Reply. A field of that name from the upstream stays beside it, as with
// Kong, whose nginx adds the upstream's fields to those already set.
func (x *Exchange) AddAnswer(name, value string) { x.answer.Set(name, value) }

// Answer is what AddAnswer collected. The proxy reads it.
func (x *Exchange) Answer() *Header { return &x.answer }

// Observed says whether somebody listens to the gateway's events. Only then is
// it worth building a Verdict.
func (x *Exchange) Observed() bool { return x.observed }

// Explain leaves the verdict of the plugin that is running. The last one of a
// phase counts.
func (x *Exchange) Explain(v Verdict) { x.verdict = v }

// TakeVerdict returns the verdict left since the last call. The proxy calls it
// after each phase of each plugin.
func (x *Exchange) TakeVerdict() Verdict {
	v := x.verdict
	x.verdict = Verdict{}
	return v
}

// Verdict says what a plugin decided about one request, and why.
type Verdict struct {
	// Decision is "pass", "deny", "skip" or "error".
	Decision string `json:"decision,omitempty"`
	// Reason is a short text for people: "demo-user", "no key",
	// "minute 5/5, resets in 23 s". It holds no secret.
	Reason string `json:"reason,omitempty"`
	// Limits is the state of a limiter after the decision, one a period.
	Limits []LimitState `json:"limits,omitempty"`
}

// LimitState is what a limiter knows of one caller in one period. Times are on
// the gateway's clock; fields that the algorithm does not have are left out.
type LimitState struct {
	Algorithm string `json:"algorithm"`
	Period    string `json:"period"` // second, minute, hour, day, month, year
	// Identifier tells callers apart without naming a secret: a consumer's
	// username, an IP address.
	Identifier string  `json:"identifier,omitempty"`
	Limit      int64   `json:"limit"`
	Used       float64 `json:"used"`
	Remaining  int64   `json:"remaining"`
	// ResetSeconds is what RateLimit-Reset says.
	ResetSeconds int64 `json:"reset"`
	// RetrySeconds is what Retry-After says; 0 when the request passed.
	RetrySeconds int64 `json:"retry,omitempty"`
	// WindowStart and WindowEnd bound the calendar window that now lies in.
	WindowStart time.Time `json:"windowStart,omitzero"`
	WindowEnd   time.Time `json:"windowEnd,omitzero"`
	// Current and Previous are the counts of the two windows of a
	// sliding-window limiter.
	Current  int64 `json:"current,omitempty"`
	Previous int64 `json:"previous,omitempty"`
	// Tokens and RefillPerSecond belong to a token bucket, Burst is its size.
	Tokens          float64 `json:"tokens,omitempty"`
	RefillPerSecond float64 `json:"refillPerSecond,omitempty"`
	Burst           int64   `json:"burst,omitempty"`
	// Queue is the size of a leaky bucket, Queued how many are in it, Wait how
	// long this request waited for its slot.
	Queue  int64         `json:"queue,omitempty"`
	Queued int64         `json:"queued,omitempty"`
	Wait   time.Duration `json:"wait,omitempty"`
}
