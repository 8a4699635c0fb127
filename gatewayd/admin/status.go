package admin

import (
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// Status is what a gateway says of itself under /status.
type Status struct {
	Instance string    `json:"instance"`
	Version  string    `json:"version"`
	Started  time.Time `json:"started"`
	// Now is the gateway's clock, TestClock says that it can be moved.
	Now       time.Time `json:"now"`
	TestClock bool      `json:"testClock,omitempty"`
	// Ready says that a configuration is served; Revision names it, Swaps
	// counts how many have been served so far.
	Ready    bool   `json:"ready"`
	Revision string `json:"revision,omitempty"`
	Swaps    int64  `json:"swaps"`
	// Proxy is the address that serves clients.
	Proxy     string            `json:"proxy"`
	Routes    []RouteStatus     `json:"routes"`
	Services  []ServiceStatus   `json:"services"`
	Consumers []string          `json:"consumers"`
	Plugins   []PluginStatus    `json:"plugins"`
	Problems  []problem.Problem `json:"problems"`
	// Objects tells for every object the version that is served.
	Objects []entity.Object `json:"objects"`
}

// RouteStatus describes a route.
type RouteStatus struct {
	Name    string   `json:"name"`
	Methods []string `json:"methods,omitempty"`
	Hosts   []string `json:"hosts,omitempty"`
	// Paths are as Kong writes them, exact ones after "=", element-wise ones
	// with "/*" behind them.
	Paths     []string `json:"paths,omitempty"`
	Headers   []string `json:"headers,omitempty"`
	Protocols []string `json:"protocols,omitempty"`
	Service   string   `json:"service,omitempty"`
	StripPath bool     `json:"stripPath,omitempty"`
	// Plugins are in the order of the access phase.
	Plugins []string `json:"plugins,omitempty"`
	// Broken and Unavailable say why it answers 500 or 503.
	Broken      string `json:"broken,omitempty"`
	Unavailable string `json:"unavailable,omitempty"`
}

// ServiceStatus describes a service.
type ServiceStatus struct {
	Name     string   `json:"name"`
	Protocol string   `json:"protocol"`
	Path     string   `json:"path,omitempty"`
	Targets  []string `json:"targets"`
}

// PluginStatus describes a configured plugin.
type PluginStatus struct {
	Name     string `json:"name"`
	Instance string `json:"instance,omitempty"`
	Object   string `json:"object,omitempty"`
	Route    string `json:"route,omitempty"`
	Service  string `json:"service,omitempty"`
	Consumer string `json:"consumer,omitempty"`
	Enabled  bool   `json:"enabled"`
}

// fill describes a snapshot.
func (s *Status) fill(snap *snapshot.Snapshot) {
	s.Ready, s.Revision = true, snap.Revision
	s.Problems, s.Objects = snap.Problems, snap.Config.Objects
	compiled := map[string]*snapshot.Route{}
	for _, r := range snap.Routes {
		compiled[r.ID] = r
	}
	services, routes := map[string]string{}, map[string]string{}
	for i := range snap.Config.Services {
		e := &snap.Config.Services[i]
		services[e.ID] = e.Name
		s.Services = append(s.Services, serviceStatus(e, snap.Config.Upstreams))
	}
	for i := range snap.Config.Routes {
		e := &snap.Config.Routes[i]
		routes[e.ID] = e.Name
		s.Routes = append(s.Routes, routeStatus(e, compiled[e.ID], services[e.ServiceID]))
	}
	consumers := map[string]string{}
	for _, c := range snap.Config.Consumers {
		name := c.Username
		if name == "" {
			name = c.CustomID
		}
		consumers[c.ID] = name
		s.Consumers = append(s.Consumers, name)
	}
	for _, p := range snap.Config.Plugins {
		s.Plugins = append(s.Plugins, PluginStatus{
			Name: p.Name, Instance: p.InstanceName, Object: p.Source.Object, Enabled: p.Enabled,
			Route: routes[p.RouteID], Service: services[p.ServiceID], Consumer: consumers[p.ConsumerID],
		})
	}
}

func routeStatus(e *entity.Route, r *snapshot.Route, service string) RouteStatus {
	st := RouteStatus{
		Name: e.Name, Methods: e.Methods, Hosts: e.Hosts, Paths: append([]string(nil), e.Paths...),
		Protocols: e.Protocols, Service: service, StripPath: e.StripPath, Unavailable: e.Unavailable, Broken: e.Broken,
	}
	for _, m := range e.Matches {
		if m.Type == "exact" {
			st.Paths = append(st.Paths, "="+m.Value)
		} else {
			st.Paths = append(st.Paths, strings.TrimSuffix(m.Value, "/")+"/*")
		}
	}
	for name := range e.Headers {
		st.Headers = append(st.Headers, name)
	}
	if r != nil {
		st.Broken, st.Unavailable = r.Broken, r.Unavailable
		for _, slot := range r.Chain {
			st.Plugins = append(st.Plugins, slot.Kind.Name)
		}
		if r.Service != nil && r.Service.Unavailable != "" && st.Unavailable == "" {
			st.Unavailable = r.Service.Unavailable
		}
	}
	return st
}

func serviceStatus(e *entity.Service, upstreams []entity.Upstream) ServiceStatus {
	st := ServiceStatus{Name: e.Name, Protocol: e.Protocol, Path: e.Path, Targets: []string{}}
	for _, u := range upstreams {
		if u.Name != e.Host {
			continue
		}
		for _, t := range u.Targets {
			st.Targets = append(st.Targets, t.Target)
		}
		return st
	}
	st.Targets = append(st.Targets, e.Host)
	return st
}
