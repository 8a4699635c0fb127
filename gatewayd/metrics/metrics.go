// Package metrics counts what the gateway does, cheaply enough for every
// request, and gives it to Prometheus when asked.
package metrics

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// Metrics counts requests by route and status. Make it with New.
type Metrics struct {
	registry *prometheus.Registry
	routes   sync.Map // route id → *routeCounts
	none     routeCounts
	duration prometheus.Histogram
	upstream prometheus.Histogram
	current  func() *snapshot.Snapshot

	requests, bytes, problems, objects *prometheus.Desc
}

// routeCounts counts the answers of one route. Statuses are few: the slice is
// copied when a new one comes and read without a lock.
type routeCounts struct {
	route, service string
	codes          atomic.Pointer[[]*codeCount]
	in, out        atomic.Int64
	mu             sync.Mutex
}

type codeCount struct {
	code int
	n    atomic.Uint64
}

// New returns metrics that tell of the snapshot that current gives, too.
func New(current func() *snapshot.Snapshot) *Metrics {
	buckets := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	m := &Metrics{
		registry: prometheus.NewRegistry(), current: current,
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "gatewayd_request_duration_seconds", Buckets: buckets,
			Help: "Time from the head of a request to the last byte of its answer.",
		}),
		upstream: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "gatewayd_upstream_duration_seconds", Buckets: buckets,
			Help: "Time until the head of the upstream's answer was there.",
		}),
		requests: prometheus.NewDesc("gatewayd_http_requests_total", "Requests by route, service and status.",
			[]string{"route", "service", "code"}, nil),
		bytes: prometheus.NewDesc("gatewayd_body_bytes_total", "Bytes of bodies by route and direction.",
			[]string{"route", "direction"}, nil),
		problems: prometheus.NewDesc("gatewayd_config_problems", "Problems of the configuration that is served.",
			[]string{"severity"}, nil),
		objects: prometheus.NewDesc("gatewayd_config_entities", "Entities of the configuration that is served.",
			[]string{"kind"}, nil),
	}
	m.registry.MustRegister(m, m.duration, m.upstream, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Observe counts one exchange.
func (m *Metrics) Observe(r *snapshot.Route, sum plugin.Summary) {
	c := &m.none
	if r != nil {
		v, ok := m.routes.Load(r.ID)
		if !ok {
			v, _ = m.routes.LoadOrStore(r.ID, &routeCounts{route: r.Name, service: r.Route.Service})
		}
		c, _ = v.(*routeCounts)
	}
	c.count(sum.Status)
	if sum.RequestBytes > 0 {
		c.in.Add(sum.RequestBytes)
	}
	if sum.ResponseBytes > 0 {
		c.out.Add(sum.ResponseBytes)
	}
	m.duration.Observe(sum.Total.Seconds())
	if sum.UpstreamLatency > 0 {
		m.upstream.Observe(sum.UpstreamLatency.Seconds())
	}
}

func (c *routeCounts) count(code int) {
	if codes := c.codes.Load(); codes != nil {
		for _, k := range *codes {
			if k.code == code {
				k.n.Add(1)
				return
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var codes []*codeCount
	if old := c.codes.Load(); old != nil {
		codes = *old
	}
	for _, k := range codes {
		if k.code == code {
			k.n.Add(1)
			return
		}
	}
	k := &codeCount{code: code}
	k.n.Add(1)
	next := append(slices.Clone(codes), k)
	c.codes.Store(&next)
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.requests, m.bytes, m.problems, m.objects} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.none.collect(m, ch)
	m.routes.Range(func(_, v any) bool {
		if c, ok := v.(*routeCounts); ok {
			c.collect(m, ch)
		}
		return true
	})
	s := m.current()
	if s == nil {
		return
	}
	by := map[problem.Severity]int{problem.Error: 0, problem.Warning: 0}
	for _, p := range s.Problems {
		by[p.Severity]++
	}
	for sev, n := range by {
		ch <- prometheus.MustNewConstMetric(m.problems, prometheus.GaugeValue, float64(n), string(sev))
	}
	routes, services, consumers, plugins := s.Stats()
	for kind, n := range map[string]int{"route": routes, "service": services, "consumer": consumers, "plugin": plugins} {
		ch <- prometheus.MustNewConstMetric(m.objects, prometheus.GaugeValue, float64(n), kind)
	}
}

func (c *routeCounts) collect(m *Metrics, ch chan<- prometheus.Metric) {
	if codes := c.codes.Load(); codes != nil {
		for _, k := range *codes {
			ch <- prometheus.MustNewConstMetric(m.requests, prometheus.CounterValue, float64(k.n.Load()), c.route, c.service, strconv.Itoa(k.code))
		}
	}
	ch <- prometheus.MustNewConstMetric(m.bytes, prometheus.CounterValue, float64(c.in.Load()), c.route, "in")
	ch <- prometheus.MustNewConstMetric(m.bytes, prometheus.CounterValue, float64(c.out.Load()), c.route, "out")
}
