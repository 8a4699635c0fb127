package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/bundle"
	"github.com/gwctl/gwctl/tutorials/lessons"
)

func (a App) bundle() *cobra.Command {
	c := &cobra.Command{
		Use: "bundle", Short: "A sandbox in one file, for machines without a network", Args: cobra.NoArgs,
		Long: "A bundle holds the node image, the gateway, the echo backend, the chart and the lessons in one\n" +
			"file, with checksums. Make one where there is a network, carry it or serve it, and bring\n" +
			"sandboxes up of it: gwctl up --bundle FILE --offline.",
	}
	c.AddCommand(a.bundleCreate(), a.bundleVerify(), a.bundleServe())
	return c
}

func (a App) bundleCreate() *cobra.Command {
	image := ""
	c := &cobra.Command{
		Use: "create FILE", Short: "Make a bundle", Args: cobra.ExactArgs(1),
		Long: "Make a bundle of what is on this machine. When it was ended before it was ready, it goes on\nwhere it stopped.",
		RunE: func(c *cobra.Command, args []string) error {
			begin := time.Now()
			x, err := sandbox.CreateBundle(c.Context(), args[0], image, a.Version, lessons.FS(), func(text string) {
				_, _ = fmt.Fprintln(a.Err, text)
			})
			if err != nil {
				return err
			}
			a.printBundle(args[0], x)
			_, _ = fmt.Fprintf(a.Err, "made in %s\n", time.Since(begin).Round(100*time.Millisecond))
			return nil
		},
	}
	c.Flags().StringVar(&image, "image", "", "node image (default: the one that up would take)")
	return c
}

func (a App) printBundle(path string, x bundle.Index) {
	all, beyond := x.Size()
	_, _ = fmt.Fprintf(a.Out, "%s: gwctl %s, %s, %s\n%d files, %.1f MB, %.1f MB of it beyond the node image; every checksum is right\n",
		path, x.Version, x.Arch, x.NodeImage, len(x.Entries), float64(all)/1e6, float64(beyond)/1e6)
}

func (a App) bundleVerify() *cobra.Command {
	return &cobra.Command{
		Use: "verify FILE", Short: "Check every checksum of a bundle", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			x, err := bundle.Verify(args[0])
			if err != nil {
				return err
			}
			a.printBundle(args[0], x)
			return nil
		},
	}
}

func (a App) bundleServe() *cobra.Command {
	listen := ""
	c := &cobra.Command{
		Use: "serve FILE", Short: "Let others fetch a bundle from this machine", Args: cobra.ExactArgs(1),
		Long: "Serve a bundle over HTTP until Ctrl-C. Those who fetch it can go on where they stopped. It\n" +
			"listens on 127.0.0.1 unless told otherwise; for a room: --listen :8090.",
		RunE: func(c *cobra.Command, args []string) error {
			h, err := bundle.Handler(args[0])
			if err != nil {
				return err
			}
			l, err := (&net.ListenConfig{}).Listen(c.Context(), "tcp", listen)
			if err != nil {
				return fmt.Errorf("serving the bundle: %w", err)
			}
			_, port, _ := net.SplitHostPort(l.Addr().String())
			host, _ := os.Hostname()
			if net.ParseIP(hostOf(l)).IsLoopback() {
				host = hostOf(l)
			}
			_, _ = fmt.Fprintf(a.Err, "others bring sandboxes up of it with:\n  gwctl up --bundle http://%s/%s\nCtrl-C ends it\n", net.JoinHostPort(host, port), bundle.ServedName)
			return serveUntil(c.Context(), l, h)
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8090", "address to listen on")
	return c
}

func hostOf(l net.Listener) string {
	host, _, _ := net.SplitHostPort(l.Addr().String())
	return host
}

// serveUntil serves until ctx ends, which is no error.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the bundle: %w", err)
	}
	return nil
}
