package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// Options are what a Server needs.
type Options struct {
	// Listen is the address, host:port.
	Listen string
	// Check tells what is wrong with an object.
	Check func(context.Context, api.Resource) []problem.Problem
	// Client reads and writes the Secret and the configuration.
	Client client.Client
	// Service is what the API server calls, Secret holds the certificate, and
	// Configuration is the ValidatingWebhookConfiguration that is told of its
	// authority; none when empty.
	Service, Secret client.ObjectKey
	Configuration   string
	// Hosts are more names and addresses that the certificate is for.
	Hosts []string
	Log   *slog.Logger
	// Every is how often certificate and configuration are looked at; 1 min
	// when 0.
	Every time.Duration
	// Now is time.Now, or a test's own clock, by which certificates age.
	Now func() time.Time
}

// Server answers the API server. Make it with New.
type Server struct {
	opts     Options
	listener net.Listener
	keeper   keeper
	cert     atomic.Pointer[tls.Certificate]
	failed   string // what the log has already
}

// New opens the listener.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Every == 0 {
		o.Every = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Service.Name == "" || o.Secret.Name == "" {
		return nil, errors.New("the webhook needs --webhook-service and --webhook-secret; or turn it off with --webhook-listen=")
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening for the API server's questions: %w", err)
	}
	svc := o.Service.Name + "." + o.Service.Namespace
	return &Server{opts: o, listener: l, keeper: keeper{
		client: o.Client, secret: o.Secret, hosts: append([]string{svc + ".svc", svc, svc + ".svc.cluster.local"}, o.Hosts...),
		now: o.Now, lifetime: lifetime,
	}}, nil
}

// Addr is the address that is listened on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run answers until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	web := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:    slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c := s.cert.Load(); c != nil {
				return c, nil
			}
			return nil, errors.New("there is no certificate yet")
		}},
	}
	done := make(chan error, 1)
	go func() { done <- web.ServeTLS(s.listener, "", "") }()
	for {
		s.tend(ctx)
		select {
		case err := <-done:
			return fmt.Errorf("answering the API server: %w", err)
		case <-ctx.Done():
			// Questions under way are answered.
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return web.Shutdown(end)
		case <-time.After(s.opts.Every):
		}
	}
}

// tend looks after the certificate, then after the configuration: nobody may be
// told of an authority before this gateway shows its certificate.
func (s *Server) tend(ctx context.Context) {
	cert, bundle, err := s.keeper.ensure(ctx)
	if err == nil {
		s.cert.Store(cert)
		err = s.publish(ctx, bundle)
	}
	switch {
	case err == nil:
		s.failed = ""
	case ctx.Err() == nil && s.failed != err.Error():
		s.failed = err.Error()
		s.opts.Log.Warn("the webhook is not in order; trying again", "error", err)
	}
}
