package hostile_test

import (
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/proxy/hostile"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

func startOurs(t testing.TB, step int) *gate {
	t.Helper()
	b := startBackend(t)
	cfg := proxytest.To(&proxytest.Upstream{Addr: b.addr, Port: b.port})
	cfg.Services[0].ReadTimeout, cfg.Services[0].Retries = 1000, 1
	gw := proxytest.Start(t, cfg, proxytest.Options{Server: func(o *h1.ServerOptions) {
		o.HeaderTimeout, o.BodyTimeout = time.Second, time.Second
	}})
	return &gate{addr: gw.Addr, back: b, step: step}
}

func check(t *testing.T, v verdict) {
	t.Helper()
	if v.dangerous != "" {
		t.Errorf("dangerous: %s", v.dangerous)
	}
	if v.wrong != "" {
		t.Errorf("wrong: %s", v.wrong)
	}
	if v.differs != "" {
		t.Errorf("not as the table says: %s", v.differs)
	}
}

// Every request of the table does what the table says, in whatever pieces it
// comes.
func TestRequests(t *testing.T) {
	t.Parallel()
	cases, err := hostile.Requests()
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 160 {
		t.Fatalf("%d requests", len(cases))
	}
	for name, step := range map[string]int{"whole": 0, "by 7 bytes": 7, "byte by byte": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startOurs(t, step)
			for _, c := range cases {
				t.Run(c.Group+"/"+c.Name, func(t *testing.T) { check(t, g.request(c)) }) //nolint:paralleltest // they share the backend's record
			}
		})
	}
}

// Every answer of the table comes out as the table says, and the next client
// gets its own.
func TestAnswers(t *testing.T) { //nolint:tparallel // the cases share the backend's record
	t.Parallel()
	cases, err := hostile.Answers()
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 45 {
		t.Fatalf("%d answers", len(cases))
	}
	g := startOurs(t, 0)
	for _, c := range cases {
		t.Run(c.Group+"/"+c.Name, func(t *testing.T) { check(t, g.answer(c)) })
	}
}
