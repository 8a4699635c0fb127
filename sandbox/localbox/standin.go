package localbox

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/sandbox/echo"
)

// maxReplicas bounds the stand-ins of one Service.
const maxReplicas = 16

// standinVersion begins the version of every object that leads to a stand-in.
const standinVersion = "stand-in "

// standins runs echo backends in the place of pods. One that is still wanted is
// kept from set to set; one that is not lives on for grace, as requests that
// began with the last configuration may still ask it.
type standins struct {
	log   *slog.Logger
	grace time.Duration

	mu      sync.Mutex
	running map[replica]*standin
	wg      sync.WaitGroup
}

// replica names one stand-in: the nth of a Service.
type replica struct {
	namespace, service string
	n                  int
}

type standin struct {
	server *echo.Server
	stop   context.CancelFunc
	leave  *time.Timer // when it was last wanted long ago; nil while it is
}

func newStandins(log *slog.Logger, grace time.Duration) *standins {
	return &standins{log: log, grace: grace, running: map[replica]*standin{}}
}

// extend returns the set with an EndpointSlice for every stand-in, and makes the
// stand-ins run. A Service gets them when nothing else says what stands behind
// it and its selector matches the pods of a Deployment of its namespace: one for
// each replica.
func (s *standins) extend(set source.Set) source.Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := map[replica]bool{}
	out := set.Clone()
	served := addressed(set)
	for _, item := range set.Services {
		svc := item.Object
		if served[[2]string{svc.Namespace, svc.Name}] {
			continue
		}
		for n := range replicas(svc, set.Deployments) {
			r := replica{svc.Namespace, svc.Name, n}
			address, err := s.start(r)
			if err != nil {
				out.Problems = append(out.Problems, item.Source().Problem(problem.Warning, "",
					fmt.Sprintf("gets no stand-in: %v; close other programs, then save any manifest", err)))
				break
			}
			wanted[r] = true
			out.Add(slice(svc, n, address), source.Origin{Version: standinVersion + address.String()})
		}
	}
	for r, one := range s.running {
		if !wanted[r] && one.leave == nil {
			one.leave = time.AfterFunc(s.grace, func() { s.retire(r, one) })
		}
	}
	out.Sort()
	return out
}

// addressed tells which Services have addresses of their own.
func addressed(set source.Set) map[[2]string]bool {
	served := map[[2]string]bool{}
	for _, e := range set.Endpoints {
		served[[2]string{e.Object.Namespace, e.Object.Name}] = true
	}
	for _, e := range set.EndpointSlices {
		served[[2]string{e.Object.Namespace, e.Object.Labels[discoveryv1.LabelServiceName]}] = true
	}
	return served
}

// replicas counts the pods that a Service would have.
func replicas(svc *corev1.Service, deployments []source.Item[*appsv1.Deployment]) int {
	if svc.Spec.Type == corev1.ServiceTypeExternalName || len(svc.Spec.Selector) == 0 {
		return 0
	}
	selector := labels.SelectorFromSet(svc.Spec.Selector)
	n := 0
	for _, d := range deployments {
		if d.Object.Namespace != svc.Namespace || !selector.Matches(labels.Set(d.Object.Spec.Template.Labels)) {
			continue
		}
		if d.Object.Spec.Replicas == nil {
			n++
			continue
		}
		n += min(max(int(*d.Object.Spec.Replicas), 0), maxReplicas)
	}
	return min(n, maxReplicas)
}

// start makes a stand-in run, if it does not yet.
func (s *standins) start(r replica) (*net.TCPAddr, error) {
	one := s.running[r]
	if one != nil && (one.leave == nil || one.leave.Stop()) {
		one.leave = nil
	} else {
		server, err := echo.Listen("127.0.0.1:0", echo.Options{Name: r.service, Instance: r.service + "-" + strconv.Itoa(r.n)})
		if err != nil {
			return nil, err
		}
		ctx, stop := context.WithCancel(context.Background()) // until it is retired
		one = &standin{server: server, stop: stop}
		s.running[r] = one
		s.wg.Go(func() {
			if err := server.Run(ctx); err != nil {
				s.log.Error("a stand-in broke off", "service", r.namespace+"/"+r.service, "error", err)
			}
		})
	}
	return net.ResolveTCPAddr("tcp", one.server.Addr())
}

// retire stops a stand-in that nobody has wanted for a while.
func (s *standins) retire(r replica, one *standin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[r] == one {
		delete(s.running, r)
	}
	one.stop()
}

// close stops all and waits for them, patience at the longest.
func (s *standins) close(patience time.Duration) {
	s.mu.Lock()
	for r, one := range s.running {
		if one.leave != nil {
			one.leave.Stop()
		}
		one.stop()
		delete(s.running, r)
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
	}
}

// slice leads every port of a Service to a stand-in.
func slice(svc *corev1.Service, n int, address *net.TCPAddr) *discoveryv1.EndpointSlice {
	port := int32(address.Port) //nolint:gosec // a port fits
	e := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: svc.Namespace, Name: fmt.Sprintf("%s-stand-in-%02d", svc.Name, n),
			Labels: map[string]string{discoveryv1.LabelServiceName: svc.Name},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{address.IP.String()}}},
	}
	for _, p := range svc.Spec.Ports {
		e.Ports = append(e.Ports, discoveryv1.EndpointPort{Name: &p.Name, Port: &port, Protocol: &p.Protocol})
	}
	return e
}
