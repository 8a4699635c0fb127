package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/gatewayd/daemon"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

func serveCommand() *cobra.Command {
	var (
		o      daemon.Options
		config string
		class  string
		format string
		limits = h1.DefaultLimits()
		kube   clusterFlags
	)
	c := &cobra.Command{
		Use:   "serve {--config PATH | --kubernetes}",
		Short: "Serve a directory of manifests, a kong.yml, or what stands in a cluster",
		Long: "Serve a directory of manifests, single files of them, a kong.yml, or what stands in a cluster.\n" +
			"Changes are served within a second; a file that stops parsing keeps what it last said, and so\n" +
			"does a cluster whose API server is away.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			log, err := newLog(c.ErrOrStderr(), format)
			if err != nil {
				return err
			}
			o.Log, o.Version, o.Limits = log, version, limits
			if o.AdminToken == "" {
				o.AdminToken = os.Getenv("GATEWAYD_ADMIN_TOKEN")
			}
			reading := daemon.Reading{Kinds: plugins.All(), IngressClass: class}
			var side *clustered
			if kube.on {
				if side, err = kube.open(&o, reading, log); err != nil {
					return err
				}
				o.Instance, o.Served = kube.instance(&o), side.served
				o.Provider = provider{side, translate.Options{IngressClass: class, Kinds: reading.Kinds}}
			} else if o.Provider, err = daemon.Open(config, reading); err != nil {
				return err
			}
			o.Kinds = reading.Kinds
			o.Print = func(cfg *entity.Config) ([]byte, error) { return reading.Print(cfg, true) }
			d, err := daemon.New(o)
			if err != nil {
				return err
			}
			log.Info("gatewayd starts", "version", version, "proxy", d.Addr(), "admin", d.AdminAddr(), "health", d.HealthAddr())
			if side != nil {
				return side.run(c.Context(), d, log)
			}
			return d.Run(c.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&config, "config", "", "directory or file of manifests, or a kong.yml")
	f.StringVar(&o.Listen, "listen", ":8000", "address that serves clients")
	f.StringVar(&o.Admin, "admin", "127.0.0.1:8001", "address of the admin listener; empty for none")
	f.StringVar(&o.Health, "health", "127.0.0.1:8007", "address of /healthz and /readyz; empty for none")
	f.StringVar(&o.AdminToken, "admin-token", "", "bearer token of the admin listener (or GATEWAYD_ADMIN_TOKEN); needed beyond loopback")
	f.StringVar(&o.Instance, "instance", "", "name of this gateway in events (default: the host's)")
	f.StringVar(&class, "ingress-class", translate.DefaultClass, "ingress class to serve")
	f.StringSliceVar(&o.TrustedIPs, "trusted-ips", nil, "addresses and CIDR ranges whose X-Forwarded-* is believed")
	f.StringVar(&o.RealIPHeader, "real-ip-header", "X-Real-IP", "field that names the client when it comes from a trusted address")
	f.BoolVar(&o.RealIPRecursive, "real-ip-recursive", false, "take the last untrusted address of that field")
	f.BoolVar(&o.TestClock, "test-clock", false, "let the admin listener move the clock (all listeners on loopback)")
	f.DurationVar(&o.DrainTimeout, "drain-timeout", 30*time.Second, "how long requests under way may take when the gateway stops")
	f.DurationVar(&o.ShutdownDelay, "shutdown-delay", 0, "how long a gateway that is told to stop is not ready and serves all the same")
	f.IntVar(&limits.Line, "max-line", limits.Line, "longest request line or header field, in bytes")
	f.IntVar(&limits.Head, "max-head", limits.Head, "longest request head, in bytes")
	f.IntVar(&limits.Fields, "max-fields", limits.Fields, "largest number of header fields")
	f.StringVar(&format, "log-format", "text", "json or text")
	kube.add(f)
	c.MarkFlagsOneRequired("config", "kubernetes")
	c.MarkFlagsMutuallyExclusive("config", "kubernetes")
	return c
}

func newLog(w io.Writer, format string) (*slog.Logger, error) {
	switch format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	}
	return nil, fmt.Errorf("--log-format %q: must be json or text", format)
}
