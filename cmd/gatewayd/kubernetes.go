package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/types"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/daemon"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source/kube"
	"github.com/gwctl/gwctl/gatewayd/source/kube/report"
	"github.com/gwctl/gwctl/gatewayd/source/kube/webhook"
)

// clusterFlags are those of serve --kubernetes.
type clusterFlags struct {
	on            bool
	kubeconfig    string
	namespaces    []string
	publish       string
	elect         bool
	lease         string
	webhook       string
	service       string
	secret        string
	configuration string
}

func (c *clusterFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&c.on, "kubernetes", false, "serve what stands in a cluster, instead of --config")
	f.StringVar(&c.kubeconfig, "kubeconfig", "", "how to reach the cluster outside of a pod (or KUBECONFIG)")
	f.StringSliceVar(&c.namespaces, "watch-namespaces", nil, "namespaces to read; all when empty")
	f.StringVar(&c.publish, "publish-service", "", "Service, as NAMESPACE/NAME, whose address Ingresses get")
	f.BoolVar(&c.elect, "leader-elect", true, "let one gateway of several write conditions, events and addresses")
	f.StringVar(&c.lease, "lease", "gatewayd", "name of the Lease, in POD_NAMESPACE, by which it is elected")
	f.StringVar(&c.webhook, "webhook-listen", ":8443", "address of the validating webhook; empty for none")
	f.StringVar(&c.service, "webhook-service", "", "Service, as NAMESPACE/NAME, that the API server calls")
	f.StringVar(&c.secret, "webhook-secret", "gatewayd-webhook", "Secret in the namespace of --webhook-service that keeps its certificate")
	f.StringVar(&c.configuration, "webhook-configuration", "", "ValidatingWebhookConfiguration that is told of the certificate's authority")
}

// clustered is a gateway's Kubernetes side.
type clustered struct {
	source *kube.Source
	parts  []func(context.Context) error // beside the source: what writes, what answers
	pairs  pairs
	report *report.Reporter
}

// open makes it; instance names this gateway.
func (c *clusterFlags) open(o *daemon.Options, reading daemon.Reading, log *slog.Logger) (*clustered, error) {
	kube.Logs(log)
	cfg, err := kube.Config(c.kubeconfig, "gatewayd/"+version)
	if err != nil {
		return nil, err
	}
	src, err := kube.New(kube.Options{Config: cfg, Namespaces: c.namespaces, Log: log})
	if err != nil {
		return nil, err
	}
	publish, err := named("--publish-service", c.publish)
	if err != nil {
		return nil, err
	}
	k := &clustered{source: src}
	k.report = report.New(report.Options{
		Client: src.Client(), Class: reading.IngressClass, Publish: publish, Instance: c.instance(o), Log: log,
	})
	lead := report.LeadOptions{
		Config: cfg, Lease: types.NamespacedName{Namespace: os.Getenv("POD_NAMESPACE"), Name: c.lease}, Identity: c.instance(o), Log: log,
	}
	k.parts = append(k.parts, func(ctx context.Context) error {
		if !c.elect {
			k.report.Run(ctx)
			return nil
		}
		return report.Lead(ctx, lead, k.report.Run)
	})
	if c.elect && lead.Lease.Namespace == "" {
		return nil, errors.New("POD_NAMESPACE is not set, so there is no place for the Lease; set it, or say --leader-elect=false")
	}
	return k, k.guard(c, reading, log)
}

func (c *clusterFlags) instance(o *daemon.Options) string {
	host, _ := os.Hostname()
	return cmp.Or(o.Instance, os.Getenv("POD_NAME"), host)
}

// guard adds the webhook.
func (k *clustered) guard(c *clusterFlags, reading daemon.Reading, log *slog.Logger) error {
	if c.webhook == "" {
		return nil
	}
	service, err := named("--webhook-service", c.service)
	if err != nil {
		return err
	}
	if service.Name == "" {
		log.Info("no webhook: --webhook-service is not given")
		return nil
	}
	s, err := webhook.New(webhook.Options{
		Listen: c.webhook, Client: k.source.Client(), Service: service, Configuration: c.configuration, Log: log,
		Secret: types.NamespacedName{Namespace: service.Namespace, Name: c.secret},
		Check: func(ctx context.Context, o api.Resource) []problem.Problem {
			return reading.Check(o, k.source.Known(ctx, o))
		},
	})
	if err != nil {
		return err
	}
	k.parts = append(k.parts, s.Run)
	return nil
}

func named(flag, value string) (types.NamespacedName, error) {
	namespace, name, ok := strings.Cut(value, "/")
	if value != "" && (!ok || namespace == "" || name == "" || strings.Contains(name, "/")) {
		return types.NamespacedName{}, fmt.Errorf("%s %q: must be NAMESPACE/NAME", flag, value)
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}

// run serves with d, and the rest beside it until d has ended: a gateway that
// stops still answers the API server, but it leads no more.
func (k *clustered) run(ctx context.Context, d *daemon.Daemon, log *slog.Logger) error {
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var parts sync.WaitGroup
	for i, part := range k.parts {
		from := beside
		if i == 0 { // what writes
			from = ctx
		}
		parts.Go(func() {
			if err := part(from); err != nil && from.Err() == nil {
				log.Error("a part of the gateway has ended; requests are served on", "error", err)
			}
		})
	}
	err := d.Run(ctx)
	stop()
	parts.Wait()
	return err
}
