package snapshot

import (
	"crypto/sha256"
	"time"

	"github.com/gwctl/gwctl/gatewayd/balance"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// Snapshot is what the gateway serves from one swap to the next. It never
// changes.
type Snapshot struct {
	// Revision is a short digest of the entities: equal configurations have
	// equal revisions.
	Revision string
	// Config holds the entities that the snapshot was compiled from.
	Config *entity.Config
	// Problems are those of the configuration and those found in compiling.
	Problems []problem.Problem
	// Routes are all routes that can be matched.
	Routes []*Route
	// Global are the plugins bound to nothing; they see requests that match no
	// route, and the rewrite phase of all.
	Global []*Slot

	router    *router
	services  map[string]*Service
	consumers map[string]*plugin.Consumer
	byName    map[string]*plugin.Consumer
	creds     map[string]map[digest]*plugin.Credential
	shared    []string
}

type digest [sha256.Size]byte

// Route is a compiled route.
type Route struct {
	plugin.Route
	// Chain holds the plugins in the order of the access phase; Slots the same
	// by priority, for all other phases.
	Chain, Slots []*Slot
	Service      *Service
	// Backends, when there are any, share the traffic in Service's place.
	Backends *balance.RoundRobin
	backends []*Service

	StripPath               bool
	PreserveHost            bool
	HTTPSOnly               bool // https is among its protocols and http is not
	GRPC                    bool
	StreamsRequest          bool // request_buffering is false
	HTTPSRedirectStatusCode int
	Timeout, BackendTimeout time.Duration
	// Broken, when not "", says why every request answers 500.
	Broken string
	// Unavailable, when not "", says why every request answers 503.
	Unavailable string
}

// Service is the upstream side of a route.
type Service struct {
	ID, Name       string
	Protocol       string
	Host           string
	Port           int
	Path           string
	Retries        int
	ConnectTimeout time.Duration
	WriteTimeout   time.Duration
	ReadTimeout    time.Duration
	// HostHeader, when not "", is what Host says to the upstream.
	HostHeader string
	Balancer   balance.Balancer
	// Ring says that Balancer belongs to an upstream entity; without one, a
	// name that does not resolve is told apart from a ring without targets.
	Ring bool
	// Unavailable, when not "", says why there is no target.
	Unavailable string
}

// Slot is the place of one kind of plugin in a chain.
type Slot struct {
	Kind *plugin.Kind
	// base is the instance for callers that none of the maps knows.
	base *Plugin
	// bound are instances bound to a consumer and the route or service, loose
	// those bound to a consumer alone, shared by every chain. looseLoses says
	// that base is bound to route and service both, which beats a consumer
	// alone (kong/runloop/plugins_iterator.lua:lookup_cfg).
	bound, loose map[string]*Plugin
	looseLoses   bool
}

// Plugin is a compiled plugin, its phases looked up once.
type Plugin struct {
	ID, Name, InstanceName string
	Instance               plugin.Instance
	Access                 plugin.Accessor
	Rewrite                plugin.Rewriter
	Header                 plugin.HeaderFilter
	Body                   plugin.BodyFilter
	Log                    plugin.Logger
}

// For returns the plugin that runs for the consumer (nil for nobody), or nil.
func (s *Slot) For(c *plugin.Consumer) *Plugin {
	if c != nil {
		if p := s.bound[c.ID]; p != nil {
			return p
		}
		if !s.looseLoses {
			if p := s.loose[c.ID]; p != nil {
				return p
			}
		}
	}
	return s.base
}

// Match finds the route of a request that came in on the given port.
func (s *Snapshot) Match(req *plugin.Request, port int) (Match, bool) {
	return s.router.match(req, port)
}

// Service finds a service by id; nil if there is none.
func (s *Snapshot) Service(id string) *Service { return s.services[id] }

// Upstream picks the service that takes the next request of the route.
func (r *Route) Upstream() *Service {
	if r.Backends == nil {
		return r.Service
	}
	t, err := r.Backends.Next(nil)
	if err != nil {
		return nil
	}
	return r.backends[t.Port]
}

// Consumer finds a consumer by id, else by username.
func (s *Snapshot) Consumer(idOrUsername string) (*plugin.Consumer, bool) {
	if c, ok := s.consumers[idOrUsername]; ok {
		return c, true
	}
	c, ok := s.byName[idOrUsername]
	return c, ok
}

// Consumers is the number of consumers.
func (s *Snapshot) Consumers() int { return len(s.consumers) }

// Credential finds a credential by its key. What is looked up
// and compared is the key's SHA-256, over whose bytes a caller has no say, so
// the time taken tells nothing of the keys that are stored.
func (s *Snapshot) Credential(kind, key string) (*plugin.Credential, bool) {
	c, ok := s.creds[kind][sha256.Sum256([]byte(key))]
	return c, ok
}

// Shared lists the keys of the shared values that the snapshot uses.
func (s *Snapshot) Shared() []string { return s.shared }

// Stats counts what is served.
func (s *Snapshot) Stats() (routes, services, consumers, plugins int) {
	return len(s.Routes), len(s.Config.Services), len(s.consumers), len(s.Config.Plugins)
}

var _ plugin.Directory = (*Snapshot)(nil)
