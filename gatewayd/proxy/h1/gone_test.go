package h1_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// balanced makes a configuration whose one service has targets, by an upstream.
func balanced(addresses ...string) *entity.Config {
	cfg := proxytest.To(&proxytest.Upstream{Port: 80})
	cfg.Services[0].Host, cfg.Services[0].Retries = "pods", 0
	up := entity.Upstream{ID: "upstream-1", Name: "pods"}
	for _, a := range addresses {
		up.Targets = append(up.Targets, entity.Target{Target: a, Weight: 100})
	}
	cfg.Upstreams = []entity.Upstream{up}
	return cfg
}

// A target that is taken away while it is being dialled, as a pod is that does
// not answer for it is gone, is given up: the request goes where it would go now.
func TestTargetGoesWhileDialled(t *testing.T) {
	t.Parallel()
	const gone = "192.0.2.1:80"
	up := proxytest.NewUpstream(t, nil)
	there := fmt.Sprintf("127.0.0.1:%d", up.Port)
	elsewhere := balanced(there) // the route leads to another service now
	elsewhere.Services[0].ID, elsewhere.Routes[0].ServiceID = "service-2", "service-2"
	for _, c := range []struct {
		name       string
		next       *entity.Config
		status     int
		stillDials bool
	}{
		{"for another", balanced(there), 200, false},
		{"for none", balanced(), 503, false},
		{"with its service, with which the request began", &entity.Config{}, 200, true},
		{"with the way to its service", elsewhere, 200, true},
		{"not at all", balanced(gone, there), 200, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dialling, answers := make(chan struct{}), make(chan struct{})
			gw := proxytest.Start(t, balanced(gone), proxytest.Options{Transport: h1.TransportOptions{
				Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
					if address == gone {
						close(dialling)
						select {
						case <-ctx.Done():
							return nil, ctx.Err()
						case <-answers:
							address = there
						}
					}
					return (&net.Dialer{}).DialContext(ctx, network, address)
				},
			}})
			got := make(chan proxytest.Answer)
			go func() { got <- gw.Get("/") }()
			<-dialling
			gw.Swap(c.next)
			if c.stillDials {
				close(answers)
			}
			if a := <-got; a.Status != c.status {
				t.Errorf("answered %d %s, want %d", a.Status, a.Body, c.status)
			}
		})
	}
}

// Targets that nobody asks for are forgotten, with their connections; what is
// under way meanwhile ends well.
func TestSweepForgetsTargets(t *testing.T) {
	t.Parallel()
	asked, answer := make(chan struct{}), make(chan struct{})
	up := proxytest.NewUpstream(t, func(s proxytest.Seen, c net.Conn) bool {
		if strings.HasPrefix(s.Line, "GET /slow ") {
			close(asked)
			<-answer
		}
		return proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	conns := func() []int {
		var all []int
		for _, s := range up.Seen() {
			all = append(all, s.Conn)
		}
		return all
	}
	ask := func(path string) {
		t.Helper()
		if a := gw.Get(path); a.Status != 200 {
			t.Errorf("%s answered %d", path, a.Status)
		}
	}
	ask("/")
	gw.Transport.Sweep(time.Now().Add(30 * time.Second))
	ask("/")
	gw.Transport.Sweep(time.Now().Add(2 * time.Minute))
	ask("/")
	slow := make(chan int)
	go func() { slow <- gw.Get("/slow").Status }()
	<-asked
	gw.Transport.Sweep(time.Now().Add(2 * time.Minute))
	ask("/")
	close(answer)
	if got := <-slow; got != 200 {
		t.Errorf("/slow answered %d", got)
	}
	ask("/")
	if diff := cmp.Diff([]int{0, 0, 1, 1, 2, 2}, conns()); diff != "" {
		t.Errorf("the connections that were used (-want +got):\n%s", diff)
	}
}
