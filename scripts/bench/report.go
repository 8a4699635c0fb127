package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

func table(s scenario, results map[string][]result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s (%d connections)\n\n", s.title, s.conns)
	fmt.Fprintf(&b, "| contestant | CPU µs/req (min–max) | ratio to %s | req/s | p99 | RSS MB |\n|---|---|---|---|---|---|\n", s.base)
	cost := func(r result) float64 { return r.micros }
	base := median(results[s.base], cost)
	for _, c := range s.contestants {
		rs := results[c.name]
		low, high := rs[0].micros, rs[0].micros
		for _, r := range rs {
			low, high = min(low, r.micros), max(high, r.micros)
		}
		m := median(rs, cost)
		p99 := "–"
		if d := median(rs, func(r result) time.Duration { return r.p99 }); d > 0 {
			p99 = d.Round(10 * time.Microsecond).String()
		}
		fmt.Fprintf(&b, "| %s | **%.1f** (%.1f–%.1f) | %.2f | %.0f | %s | %.0f |\n", c.name, m, low, high, m/base,
			median(rs, func(r result) float64 { return r.perSecond }), p99, float64(median(rs, func(r result) int { return r.rss }))/1024)
	}
	return b.String() + "\n"
}

// writeReport puts the tables between the two marks of the README.
func writeReport(path, report string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	const begin, end = "<!-- bench begins -->\n", "<!-- bench ends -->"
	before, rest, ok := strings.Cut(string(raw), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s lacks the marks %q and %q", path, strings.TrimSpace(begin), end)
	}
	return os.WriteFile(path, []byte(before+begin+report+end+after), 0o644)
}
