package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/gwctl/gwctl/gatewayd/balance"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// Options are what Compile needs beside the entities.
type Options struct {
	Kinds []plugin.Kind
	// Env is lent to every instance; Scope and PlainHeaders are set for each.
	Env plugin.Env
}

// Compile makes a snapshot of the entities. It never fails: what is faulty
// becomes a problem, and what it should have guarded answers 500.
func Compile(cfg *entity.Config, opts Options) *Snapshot {
	c := &compiler{
		cfg: cfg, opts: opts,
		kinds:     map[string]*plugin.Kind{},
		services:  map[string]*Service{},
		upstreams: map[string]*entity.Upstream{},
		snap: &Snapshot{
			Config: cfg, router: newRouter(), Revision: revision(cfg),
			consumers: map[string]*plugin.Consumer{},
			byName:    map[string]*plugin.Consumer{},
			creds:     map[string]map[digest]*plugin.Credential{},
		},
	}
	for i := range opts.Kinds {
		c.kinds[opts.Kinds[i].Name] = &opts.Kinds[i]
	}
	c.snap.services = c.services
	c.problems = slices.Clone(cfg.Problems)
	c.compileConsumers()
	c.compileServices()
	c.compilePlugins()
	c.compileRoutes()
	c.snap.router.sort()
	c.snap.Problems = problem.Sort(c.problems)
	slices.Sort(c.snap.shared)
	c.snap.shared = slices.Compact(c.snap.shared)
	return c.snap
}

type compiler struct {
	cfg       *entity.Config
	opts      Options
	snap      *Snapshot
	problems  []problem.Problem
	kinds     map[string]*plugin.Kind
	services  map[string]*Service
	upstreams map[string]*entity.Upstream
	plugins   pluginIndex
	broken    map[string]string // consumer id → reason
}

// revision digests what is served. Each entity is written by itself, so that no
// buffer grows to hold them all.
func revision(cfg *entity.Config) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	digestAll(enc, cfg.Services)
	digestAll(enc, cfg.Routes)
	digestAll(enc, cfg.Upstreams)
	digestAll(enc, cfg.Consumers)
	digestAll(enc, cfg.Credentials)
	digestAll(enc, cfg.Plugins)
	digestAll(enc, cfg.Problems)
	for i := range cfg.Credentials { // Secret hides itself from encoders
		c := &cfg.Credentials[i]
		_, _ = io.WriteString(h, c.ID+"\x00"+c.Key.Reveal()+"\x00")
		for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
			_, _ = io.WriteString(h, name+"\x00"+c.Attributes[name].Reveal()+"\x00")
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

func digestAll[T any](enc *json.Encoder, list []T) {
	// Encoding entities cannot fail: they hold no channels, functions or cycles.
	_ = enc.Encode(len(list))
	for i := range list {
		_ = enc.Encode(&list[i])
	}
}

func (c *compiler) problem(src entity.Source, field, format string, args ...any) {
	c.problems = append(c.problems, src.Problem(problem.Error, field, fmt.Sprintf(format, args...)))
}

func (c *compiler) compileConsumers() {
	c.broken = map[string]string{}
	for i := range c.cfg.Consumers {
		e := &c.cfg.Consumers[i]
		who := &plugin.Consumer{ID: e.ID, Username: e.Username, CustomID: e.CustomID, Tags: e.Tags}
		c.snap.consumers[e.ID] = who
		if e.Username != "" {
			c.snap.byName[e.Username] = who
		}
		if e.Broken != "" {
			c.broken[e.ID] = e.Broken
		}
	}
	for i := range c.cfg.Credentials {
		e := &c.cfg.Credentials[i]
		who := c.snap.consumers[e.ConsumerID]
		if who == nil {
			c.problem(e.Source, "consumer", "no consumer has the id %q", e.ConsumerID)
			continue
		}
		attributes := make(map[string]string, len(e.Attributes))
		for k, v := range e.Attributes {
			attributes[k] = v.Reveal()
		}
		byKey := c.snap.creds[e.Kind]
		if byKey == nil {
			byKey = map[digest]*plugin.Credential{}
			c.snap.creds[e.Kind] = byKey
		}
		byKey[sha256.Sum256([]byte(e.Key.Reveal()))] = &plugin.Credential{ID: e.ID, Consumer: who, Attributes: attributes}
	}
}

func (c *compiler) compileServices() {
	for i := range c.cfg.Upstreams {
		c.upstreams[c.cfg.Upstreams[i].Name] = &c.cfg.Upstreams[i]
	}
	for i := range c.cfg.Services {
		e := &c.cfg.Services[i]
		if !e.Enabled {
			continue
		}
		s := &Service{
			ID: e.ID, Name: e.Name, Protocol: e.Protocol, Host: e.Host, Port: e.Port, Path: e.Path, Retries: e.Retries,
			ConnectTimeout: milliseconds(e.ConnectTimeout), WriteTimeout: milliseconds(e.WriteTimeout),
			ReadTimeout: milliseconds(e.ReadTimeout), HostHeader: e.HostHeader,
		}
		c.balancer(s)
		c.services[e.ID] = s
	}
}

// balancer gives a service its targets: those of the upstream that its host
// names, else the host itself.
func (c *compiler) balancer(s *Service) {
	up := c.upstreams[s.Host]
	if up == nil {
		s.Balancer = balance.NewRoundRobin([]balance.Target{target(s.Host, s.Port, 1)})
		return
	}
	s.Ring, s.Unavailable = true, up.Unavailable
	if s.HostHeader == "" {
		s.HostHeader = up.HostHeader
	}
	var ts []balance.Target
	for _, t := range up.Targets {
		host, port := splitTarget(t.Target)
		ts = append(ts, target(host, port, t.Weight))
	}
	s.Balancer = balance.NewRoundRobin(ts)
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }
