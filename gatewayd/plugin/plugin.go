package plugin

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"time"
)

// Kind is one plugin that the gateway knows: the name that manifests use, its
// place in the order, and how a raw config becomes an Instance. Make it with
// Define.
type Kind struct {
	// Name is what manifests write in KongPlugin.plugin.
	Name string
	// Priority is Kong's number for the plugin: higher runs first, in every
	// phase, on the way back too (kong/runloop/plugins_iterator.lua).
	Priority int
	// Doc says in a sentence or two what the plugin does, for `gwctl plugins`.
	Doc string
	// Fields describes the config, in the order of its struct.
	Fields []ConfigField
	// ManifestDefaults are config fields that a manifest (KongPlugin,
	// KongClusterPlugin) gets when it does not write them, where we differ from
	// what a kong.yml gets. Values are JSON values.
	ManifestDefaults map[string]any
	// Refs are config fields that hold the id or username of a consumer, such
	// as key-auth's anonymous; a reference to none is a problem.
	Refs []string
	// New makes an instance. decode fills the given pointer strictly from the
	// raw config, over the defaults that it holds, and reports every fault at
	// once. Equal input gives instances that behave alike; New starts nothing
	// and opens nothing but through env.Shared.
	New func(decode func(into any) error, env Env) (Instance, error)
	// Effective gives the config with every default filled in, for
	// `gatewayd translate`; it reports the same faults as New.
	Effective func(decode func(into any) error, env Env) (any, error)
}

// ConfigField describes one field of a plugin's config.
type ConfigField struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default string `json:"default,omitempty"`
	Doc     string `json:"doc"`
}

// Instance is one configured plugin. All requests share it, so it never changes
// after New; what must outlive a change of configuration lives behind
// Env.Shared. It takes part in the phases whose interfaces it implements.
type Instance any

type (
	// Certificater picks a certificate while the TLS handshake runs. Only
	// global plugins do.
	Certificater interface {
		Certificate(ctx context.Context, hello *tls.ClientHelloInfo) (*tls.Certificate, error)
	}
	// Rewriter sees a request before it has a route. Only global plugins do.
	Rewriter interface {
		Rewrite(x *Exchange) (*Reply, error)
	}
	// Accessor decides whether a routed request goes upstream. A Reply ends the
	// request there; an error answers 500 and is logged.
	Accessor interface {
		Access(x *Exchange) (*Reply, error)
	}
	// HeaderFilter edits the head of the answer, whether it comes from the
	// upstream or from a Reply.
	HeaderFilter interface {
		FilterHeader(x *Exchange, head *Head) error
	}
	// BodyFilter wraps the body of the answer as it streams. The gateway drops
	// Content-Length from a filtered answer.
	BodyFilter interface {
		FilterBody(x *Exchange, body io.Reader) (io.Reader, error)
	}
	// Logger runs after the last byte has left. It cannot change anything and
	// must not keep x.
	Logger interface {
		Log(x *Exchange, sum Summary)
	}
)

// Reply is an answer that a plugin gives in place of the upstream's.
type Reply struct {
	Status int
	// Message, when Body is nil, becomes Kong's error body, in JSON, HTML, XML
	// or plain text as the Accept header asks (kong/tools/http.lua).
	Message string
	// Body, when not nil, is sent as it is, under ContentType.
	Body        []byte
	ContentType string
	// Header holds more fields of the answer.
	Header []Field
}

// Head is the head of an answer on its way to the client.
type Head struct {
	Status int
	// Reason is the reason phrase that came with the status; "" for the usual
	// one. Whoever changes Status clears it.
	Reason string
	Header Header
}

// Summary is what the log phase is told.
type Summary struct {
	Status          int
	Target          string // address of the upstream target, empty if none was asked
	RequestBytes    int64  // body bytes read from the client
	ResponseBytes   int64  // body bytes sent to the client
	Total           time.Duration
	UpstreamLatency time.Duration // to the first byte of its answer, 0 if none was asked
	Err             error         // why the exchange broke off, if it did
}

// Env is what the gateway lends to every instance.
type Env struct {
	// Now reads the gateway's clock, which a test may move.
	Now func() time.Time
	// Wait sleeps on the gateway's clock until d has passed or ctx ends, and
	// then returns ctx's error.
	Wait func(ctx context.Context, d time.Duration) error
	Log  *slog.Logger
	// Shared returns the value under key, opening it where there is none. A
	// value that has a Close method is closed once no served snapshot uses it;
	// one that has none is kept as long as the gateway runs.
	Shared func(key string, open func() (any, error)) (any, error)
	// Scope says what the instance is bound to.
	Scope Scope
	// PlainHeaders asks limiters for X-RateLimit-Limit and
	// X-RateLimit-Remaining without a period too: so for manifests, not for a
	// kong.yml, which gets Kong's own alone.
	PlainHeaders bool
}

// Scope is what an instance is bound to: ids, empty where it is not bound.
type Scope struct {
	Service, Route, Consumer string
	// Plugin is the id of the configured plugin.
	Plugin string
}

// Clearer is what a shared value implements whose counts can be cleared: all of
// them when plugin is "", else those of the plugin with this name.
type Clearer interface {
	Clear(plugin string)
}

// Keeper is what a shared value implements whose counts can be put aside, and
// brought back in the place of those that came since.
type Keeper interface {
	Keep()
	Restore()
}
