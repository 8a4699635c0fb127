package entity

import (
	"encoding/json"

	"github.com/gwctl/gwctl/gatewayd/problem"
)

// Config is a whole configuration, flat: every entity in the list of its kind,
// references by id, every default written out. Lists are in the order in which
// the configuration gave them.
type Config struct {
	Services    []Service
	Routes      []Route
	Upstreams   []Upstream
	Consumers   []Consumer
	Credentials []Credential
	Plugins     []Plugin
	// Problems are those found on the way to these entities. They travel with
	// them, so that a printed configuration gives the same snapshot, problems
	// included.
	Problems []problem.Problem
	// Objects tells, for every object or document read, the version that these
	// entities come from.
	Objects []Object
}

// Object names one object that a configuration was read from.
type Object struct {
	// Name is "Kind namespace/name", or "kong.yml" for a whole file.
	Name string `json:"name"`
	// Version is the resourceVersion of a Kubernetes object, or the SHA-256 of
	// the document that held it.
	Version string `json:"version"`
}

// Service is the upstream side of routes (Kong: kong/db/schema/entities/services.lua).
type Service struct {
	ID             string
	Name           string
	Protocol       string // http, https, grpc, grpcs, ws, wss, tcp, tls, udp
	Host           string // name of an Upstream, or a host name or address
	Port           int
	Path           string // "" or begins with "/"
	Retries        int    // 0..32767, tries after the first
	ConnectTimeout int    // ms, 1..2^31-2
	WriteTimeout   int    // ms
	ReadTimeout    int    // ms
	Enabled        bool
	Tags           []string
	// HostHeader is what Host says to the upstream when the route does not
	// preserve it; "" means the upstream's or the target's name. Beyond Kong's
	// file, where it stands on the upstream; both are read.
	HostHeader string
	Source     Source
}

// Route matches requests and says which service they go to
// (kong/db/schema/entities/routes.lua).
type Route struct {
	ID        string
	Name      string
	ServiceID string // "" for a route without a service
	Protocols []string
	Methods   []string
	Hosts     []string // "*.example.com" and "example.*" are wildcards
	// Paths are Kong's: a plain one is a textual prefix, one that begins with
	// "~" a regular expression anchored at the start.
	Paths         []string
	Headers       map[string][]string // "~*regex" as the only value is a regular expression
	SNIs          []string
	RegexPriority int
	StripPath     bool
	PathHandling  string // v0, v1
	PreserveHost  bool
	// HTTPSRedirectStatusCode is 426, 301, 302, 307 or 308.
	HTTPSRedirectStatusCode int
	RequestBuffering        bool
	ResponseBuffering       bool
	Tags                    []string

	// What follows is beyond Kong's model, for Ingress now and for HTTPRoute
	// later; the zero value of each means "as Kong".

	// Matches are paths that Kong cannot say: exact and element-wise ones. They
	// stand beside Paths; any of both may match.
	Matches []PathMatch
	// Queries must all match.
	Queries []ValueMatch
	// Backends share the traffic by weight; empty means ServiceID alone.
	Backends []Backend
	// Filters change a request or its answer.
	Filters []Filter
	// Timeout bounds a request from its head to the last byte of its answer,
	// BackendTimeout each try; ms, 0 for none.
	Timeout, BackendTimeout int
	// Priority, when not 0, takes the place of the computed one.
	Priority uint64
	// Broken, when not "", says why every request to this route answers 500.
	Broken string
	// Unavailable, when not "", says why it answers 503: it has no backend.
	Unavailable string
	Source      Source
}

// PathMatch matches a path exactly or by whole elements.
type PathMatch struct {
	Type  string `json:"type"` // "exact" or "prefix"
	Value string `json:"value"`
}

// ValueMatch matches a named value, exactly or by regular expression.
type ValueMatch struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Regex bool   `json:"regex,omitempty"`
}

// Backend is one of several services that share a route's traffic.
type Backend struct {
	ServiceID string `json:"service"`
	Weight    int    `json:"weight"`
}

// Filter is one change that a route makes to a request or an answer. No source
// makes one yet; the kinds are those of Gateway API's HTTPRouteFilter.
type Filter struct {
	Type   string          `json:"type"`
	Config json.RawMessage `json:"config"`
}

// Upstream is a named set of targets (kong/db/schema/entities/upstreams.lua).
type Upstream struct {
	ID         string
	Name       string
	Algorithm  string // round-robin; others are problems until they come
	HostHeader string
	Slots      int
	Targets    []Target
	Tags       []string
	// Unavailable, when not "", says why it has no target on purpose (a Service
	// that nothing stands behind).
	Unavailable string
	Source      Source
}

// Target is one address of an upstream.
type Target struct {
	ID     string
	Target string // host:port
	Weight int    // 0..65535, 0 takes no traffic
	Tags   []string
}

// Consumer is somebody who calls (kong/db/schema/entities/consumers.lua).
type Consumer struct {
	ID       string
	Username string
	CustomID string
	Tags     []string
	// Broken, when not "", says why requests of this consumer answer 500.
	Broken string
	Source Source
}

// Credential is what a consumer proves itself with.
type Credential struct {
	ID         string
	Kind       string // key-auth, …
	ConsumerID string
	// Key is what the credential is looked up by. It is a secret.
	Key Secret
	// Attributes hold what the kind needs beside the key. They are secrets.
	Attributes map[string]Secret
	// TTL is the number of seconds that it is valid for, 0 for ever.
	TTL    int
	Tags   []string
	Source Source
}

// Plugin is one configured plugin (kong/db/schema/entities/plugins.lua).
type Plugin struct {
	ID           string
	Name         string
	InstanceName string
	ServiceID    string
	RouteID      string
	ConsumerID   string
	// Config is the config as written, a JSON object; defaults are filled in by
	// the plugin itself.
	Config    json.RawMessage
	Enabled   bool
	Protocols []string
	Tags      []string
	Ordering  *Ordering
	// PlainHeaders asks limiters for headers without a period too.
	PlainHeaders bool
	// SecretConfig says that the config, or a part of it, comes out of a Secret:
	// what is wrong with it is told without what stands in it, for those who read
	// problems may not be allowed to read Secrets.
	SecretConfig bool
	// Broken, when not "", says why all that the plugin is bound to answers 500.
	Broken string
	Source Source
}

// Ordering moves a plugin before or after others of the same route, in the
// access phase (Kong Enterprise: kong/db/schema/entities/plugins.lua, ordering).
type Ordering struct {
	Before *OrderingPhase `json:"before,omitempty"`
	After  *OrderingPhase `json:"after,omitempty"`
}

// OrderingPhase names plugins by phase; only access exists.
type OrderingPhase struct {
	Access []string `json:"access,omitempty"`
}

// Source says where an entity comes from, for problems and for people.
type Source struct {
	Object string `json:"object,omitempty"` // as problem.Problem.Object
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
}

// Problem makes a problem of what the entity came from.
func (s Source) Problem(sev problem.Severity, field, reason string) problem.Problem {
	return problem.Problem{Severity: sev, Object: s.Object, File: s.File, Line: s.Line, Field: field, Reason: reason}
}

// Secret is text that never prints: every verb of fmt and every encoder shows
// [redacted]. Reveal gives the text.
type Secret string

const redacted = "[redacted]"

// String hides the secret.
func (Secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return redacted }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Reveal gives the text, for the one place that compares or writes it.
func (s Secret) Reveal() string { return string(s) }
