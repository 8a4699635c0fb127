package kube

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// credentialLabel says on a Secret that it is a credential.
const credentialLabel = "konghq.com/credential"

// Options are what a Source needs.
type Options struct {
	// Config says how to reach the API server.
	Config *rest.Config
	// Namespaces are those that are read, all when empty.
	Namespaces []string
	Log        *slog.Logger
	// After is time.After or a test's own clock, for settling and for Retry.
	After func(time.Duration) <-chan time.Time
	// Retry is how often a kind that is missing, or a Secret that could not be
	// read, is tried again; 5 s when 0.
	Retry time.Duration
}

// Source reads and watches an API server. Make it with New; Run may be called
// once.
type Source struct {
	opts   Options
	client client.Client
	// credentials holds the Secrets with the label, metadata the metadata of
	// those without, and objects everything else. Three caches, for one whose
	// selectors differ by kind asks the API server before it is started.
	objects, credentials, metadata cache.Cache
	secrets                        secrets
	changed                        chan struct{}
	last                           atomic.Pointer[source.Set]

	mu     sync.Mutex // over what is in the states
	states []*state
}

var _ source.Source = (*Source)(nil)

// New makes a source. It asks the API server for nothing yet.
func New(o Options) (*Source, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.After == nil {
		o.After = time.After
	}
	o.Config = rest.CopyConfig(o.Config)
	if o.Retry == 0 {
		o.Retry = 5 * time.Second
	}
	s := &Source{opts: o, changed: make(chan struct{}, 1)}
	if err := s.connect(); err != nil {
		return nil, fmt.Errorf("making a client of the API server: %w", err)
	}
	for _, k := range kinds() {
		s.states = append(s.states, &state{kind: k, label: api.KindOf(resource(k.object)), from: s.of(k)})
	}
	s.states = append(s.states, &state{kind: kind{object: secretHead()}, label: "Secret (metadata)", from: s.metadata})
	s.secrets = secrets{reader: s.client, metadata: s.metadata, log: o.Log, held: map[client.ObjectKey]*corev1.Secret{}}
	return s, nil
}

// connect makes the caches and the client.
func (s *Source) connect() error {
	scheme, err := Scheme()
	if err != nil {
		return err
	}
	web, err := rest.HTTPClientFor(s.opts.Config)
	if err != nil {
		return err
	}
	mapper, err := apiutil.NewDynamicRESTMapper(s.opts.Config, web)
	if err != nil {
		return err
	}
	if s.client, err = client.New(s.opts.Config, client.Options{Scheme: scheme, Mapper: mapper, HTTPClient: web}); err != nil {
		return err
	}
	watching := rest.CopyConfig(s.opts.Config)
	watching.Wrap(func(next http.RoundTripper) http.RoundTripper { return &patient{next: next, log: s.opts.Log} })
	patiently, err := rest.HTTPClientFor(watching)
	if err != nil {
		return err
	}
	open := func(selector string) cache.Cache {
		parsed, failed := labels.Parse(selector)
		c, failing := cache.New(watching, cache.Options{
			Scheme: scheme, Mapper: mapper, HTTPClient: patiently, ReaderFailOnMissingInformer: true,
			DefaultNamespaces: s.namespaces(), DefaultTransform: slim, DefaultWatchErrorHandler: s.watchFailed,
			DefaultLabelSelector: parsed,
		})
		err = errors.Join(err, failed, failing)
		return c
	}
	s.objects, s.credentials, s.metadata = open(""), open(credentialLabel), open("!"+credentialLabel)
	return err
}

func (s *Source) namespaces() map[string]cache.Config {
	if len(s.opts.Namespaces) == 0 {
		return nil
	}
	m := map[string]cache.Config{}
	for _, ns := range s.opts.Namespaces {
		m[ns] = cache.Config{}
	}
	return m
}

// of gives the cache that holds a kind.
func (s *Source) of(k kind) cache.Cache {
	if _, ok := k.object.(*corev1.Secret); ok {
		return s.credentials
	}
	return s.objects
}

// Client reads from and writes to the API server, past the cache.
func (s *Source) Client() client.Client { return s.client }

// Last is the set that was sent last, empty before the first.
func (s *Source) Last() source.Set {
	if set := s.last.Load(); set != nil {
		return *set
	}
	return source.Set{}
}

// Run sends a set once every kind has been read, and again after every settled
// change, until ctx ends. An API server that is away makes no difference but in
// the log.
func (s *Source) Run(ctx context.Context, send func(source.Set)) error {
	ctx, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	for _, c := range []cache.Cache{s.objects, s.credentials, s.metadata} {
		parts.Go(func() {
			if err := c.Start(ctx); err != nil {
				s.opts.Log.Error("the cache of the API server's objects ended", "error", err)
			}
		})
	}
	parts.Go(func() { s.watch(ctx, &parts) })
	return source.Settle(ctx, s.changed, s.opts.After, func() error {
		set, ok := s.read(ctx)
		if ok && ctx.Err() == nil {
			s.last.Store(&set)
			send(set)
		}
		return nil
	})
}

// notify says that something has changed.
func (s *Source) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}
