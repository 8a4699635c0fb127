// Command bench measures what a request costs in gatewayd and, in the same run
// and in turns, in nginx and HAProxy doing the same. It prints a table and, with
// -write, puts it into the README beside it.
//
// Each proxy has one core to itself; the load and the backend share another. The
// figure that counts is CPU time per request (user and system, of all processes
// of the proxy): it stays true on a machine that does other things too, where
// requests per second do not. Everything is on loopback.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	rounds := flag.Int("rounds", 5, "how often each contestant runs; the table shows medians")
	seconds := flag.Duration("for", 4*time.Second, "how long one run takes")
	conns := flag.Int("c", 64, "connections")
	only := flag.String("only", "", "run only scenarios whose title has this in it")
	write := flag.Bool("write", false, "put the table into scripts/bench/README.md")
	gatewayd := flag.String("gatewayd", "bin/gatewayd", "the binary to measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "gwctl-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin, err := filepath.Abs(*gatewayd)
	if err != nil {
		return err
	}
	b := &bench{dir: dir, gatewayd: bin, duration: *seconds}
	defer b.stop()
	if err := b.start(ctx); err != nil {
		return err
	}
	var report strings.Builder
	for _, s := range b.scenarios(*conns) {
		if !strings.Contains(s.title, *only) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s\n", s.title)
		results := map[string][]result{}
		for round := range *rounds {
			for _, c := range s.contestants {
				r, err := b.measure(ctx, c, s)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", s.title, c.name, err)
				}
				fmt.Fprintf(os.Stderr, "  round %d %-22s %6.1f µs/req %8.0f req/s\n", round+1, c.name, r.micros, r.perSecond)
				results[c.name] = append(results[c.name], r)
			}
		}
		report.WriteString(table(s, results))
	}
	fmt.Println(report.String())
	if *write {
		return writeReport("scripts/bench/README.md", report.String())
	}
	return nil
}

// result is one run of one contestant.
type result struct {
	micros    float64 // CPU µs per request
	perSecond float64
	p99       time.Duration
	rss       int // KiB
}

func median[T int | float64 | time.Duration](rs []result, of func(result) T) T {
	vs := make([]T, 0, len(rs))
	for _, r := range rs {
		vs = append(vs, of(r))
	}
	slices.Sort(vs)
	return vs[len(vs)/2]
}
