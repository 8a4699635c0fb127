package cli

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/probe"
)

func (a App) fire() *cobra.Command {
	var (
		g       group
		plan    probe.Plan
		rate    string
		headers []string
		body    string
		wait    bool
	)
	c := &cobra.Command{
		Use: "fire PATH", Short: "Send requests through the gateway and show what becomes of each",
		Long: "Send requests through the gateway. Each is one line: its number, the status, what is left of\n" +
			"the limit, Retry-After, and what each plugin decided, as the gateway itself tells it.",
		Example: "  gwctl fire /echo-1                                      # 401: no key\n" +
			"  gwctl fire /echo-1 --key " + sandbox.DemoKey + "              # five pass, the sixth is 429\n" +
			"  gwctl fire /echo-2 --key " + sandbox.DemoKey + " --rate 2/s   # two a second\n" +
			"  gwctl fire /echo-2 --key " + sandbox.DemoKey + " --wait       # and prove Retry-After",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			if plan.Rate, err = parseRate(rate); err != nil {
				return err
			}
			if plan.Header, err = parseHeaders(headers); err != nil {
				return err
			}
			if plan.N < 1 || plan.Concurrency < 1 {
				return hint.New("USAGE", hint.Usage, "-n and --concurrency must be 1 or more", "as in: gwctl fire /echo-1 -n 8 --concurrency 4")
			}
			plan.Body = []byte(body)
			if plan.Method == "" && body != "" {
				plan.Method = http.MethodPost
			}
			return a.fireAt(c.Context(), g.name, args[0], plan, wait, a.shower(asJSON))
		},
	}
	g.flags(c)
	g.Flag(c)
	f := c.Flags()
	f.IntVarP(&plan.N, "number", "n", 8, "how many requests")
	f.StringVar(&rate, "rate", "", `how many to begin in a time, as in "2/s", "30/m"; none is as fast as possible`)
	f.IntVar(&plan.Concurrency, "concurrency", 1, "how many may be under way at a time")
	f.StringVar(&plan.Key, "key", "", "API key, sent in the field "+sandbox.KeyHeader)
	f.StringArrayVarP(&headers, "header", "H", nil, `header field, as in "Accept: text/html"; may be given again`)
	f.StringVarP(&plan.Method, "method", "X", "", "method (default GET, or POST with -d)")
	f.StringVarP(&body, "data", "d", "", "body")
	f.BoolVar(&wait, "wait", false, "after a 429, wait as long as Retry-After says and prove that the next request passes")
	return c
}

// fireAt fires at the gateway of a sandbox.
func (a App) fireAt(ctx context.Context, name, path string, plan probe.Plan, wait bool, show shower) error {
	s, err := a.find(sandbox.Options{Name: name})
	if err != nil {
		return err
	}
	found, err := s.Running(ctx)
	if err != nil {
		return err
	}
	if strings.Contains(path, "://") {
		return hint.New("USAGE", hint.Usage, "fire takes a path, not a URL", "requests go to the sandbox's gateway, as in: gwctl fire /echo-1")
	}
	plan.URL = found.Gateways[0].URL() + "/" + strings.TrimPrefix(path, "/")
	return volley{gateways: found.Gateways, plan: plan, path: path, wait: wait, show: show}.run(ctx)
}

// parseRate reads "2/s".
func parseRate(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, unit, ok := strings.Cut(text, "/")
	seconds := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	if !ok {
		seconds = 1
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0 && n <= 1e6) || seconds == 0 { // NaN too
		return 0, hint.New("USAGE", hint.Usage, fmt.Sprintf("--rate %q is not a rate", text), "use a number a second, minute or hour, as in 2/s, 30/m")
	}
	return n / seconds, nil
}

func parseHeaders(list []string) (http.Header, error) {
	h := http.Header{}
	for _, text := range list {
		name, value, ok := strings.Cut(text, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, hint.New("USAGE", hint.Usage, fmt.Sprintf("-H %q is not a header field", text), `use name and value, as in -H "Accept: text/html"`)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, nil
}
