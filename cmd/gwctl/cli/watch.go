package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
)

func (a App) watch() *cobra.Command {
	var (
		g group
		n int
	)
	c := &cobra.Command{
		Use: "watch", Short: "Show everybody's requests, live",
		Long: "Show every request that goes through the gateway, one line each, until Ctrl-C: time, status,\n" +
			"what was asked, and what each plugin decided. Events that came too fast are counted.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			s, err := a.find(sandbox.Options{Name: g.name})
			if err != nil {
				return err
			}
			found, err := s.Running(c.Context())
			if err != nil {
				return err
			}
			return a.watchAll(c.Context(), found.Gateways, n, asJSON)
		},
	}
	g.flags(c)
	g.Flag(c)
	c.Flags().IntVarP(&n, "number", "n", 0, "end after so many requests; 0 means never")
	return c
}

// errEnough ends watching.
var errEnough = errors.New("enough requests were seen")

// watchAll shows the events of all gateways until n have come, ctx ends or a
// gateway does.
func (a App) watchAll(ctx context.Context, gateways []sandbox.Gateway, n int, asJSON bool) error {
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		seen int
		lost int64
	)
	each := func(e event.Event) {
		mu.Lock()
		defer mu.Unlock()
		if n > 0 && seen >= n {
			return
		}
		a.printEvent(e, asJSON)
		if seen++; seen == n {
			stop(errEnough)
		}
	}
	dropped := func(more int64) {
		mu.Lock()
		defer mu.Unlock()
		lost += more
		_, _ = fmt.Fprintf(a.Err, "%d events were lost: they came faster than they could be shown\n", more)
	}
	for _, g := range gateways {
		wg.Go(func() {
			listening := func() { _, _ = fmt.Fprintf(a.Err, "watching %s; Ctrl-C ends it\n", g.URL()) }
			if err := g.Client().Events(inner, listening, each, dropped); err != nil {
				stop(hint.New("GATEWAY_GONE", hint.NotReady, "the gateway has gone", "see how it stands: gwctl status").Because(err))
			}
		})
	}
	wg.Wait()
	_, _ = fmt.Fprintf(a.Err, "%d requests, %d events lost\n", seen, lost)
	if err := context.Cause(inner); !errors.Is(err, errEnough) {
		return err
	}
	return nil
}

func (a App) printEvent(e event.Event, asJSON bool) {
	if asJSON {
		_ = json.NewEncoder(a.Out).Encode(e) // nobody reads any more
		return
	}
	p := output.For(a.Out)
	_, _ = fmt.Fprintf(a.Out, "%s  %s  %7.1f ms  %-4s %-24s %s\n", e.Time.Local().Format("15:04:05.000"),
		p.Status(e.Status, fmt.Sprint(e.Status)), float64(e.TotalMicros)/1000, e.Method, e.Path, chain(p, &e, output.Wide(a.Out)))
}
