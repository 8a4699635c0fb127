package cli

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/tutorials/probe"
)

func TestParseRate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want float64
		ok   bool
	}{
		{"", 0, true},
		{"2/s", 2, true},
		{"2", 2, true},
		{"0.5/s", 0.5, true},
		{"30/m", 0.5, true},
		{"3600/h", 1, true},
		{"2/d", 0, false},
		{"0/s", 0, false},
		{"-1/s", 0, false},
		{"NaN/s", 0, false},
		{"Inf", 0, false},
		{"x", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			got, err := parseRate(tt.text)
			if got != tt.want || (err == nil) != tt.ok {
				t.Errorf("got %v, %v; want %v, ok %t", got, err, tt.want, tt.ok)
			}
		})
	}
}

func TestParseHeaders(t *testing.T) {
	t.Parallel()
	got, err := parseHeaders([]string{"accept: text/html", "X-A:1", "x-a: 2:3", "Empty:"})
	want := http.Header{"Accept": {"text/html"}, "X-A": {"1", "2:3"}, "Empty": {""}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("got error %v; header differs (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{"", "nothing", ": value"} {
		if _, err := parseHeaders([]string{bad}); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, want string
	}{
		{"nothing", "", ""},
		{"short", "a b", "  a b"},
		{"long", "one two three four", "  one two\n  three four"},
		{"a word that does not fit", "a incomprehensible b", "  a\n  incomprehensible\n  b"},
		{"letters of more than a byte", "äääää ööö ü", "  äääää ööö\n  ü"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := output.Wrap(tt.text, 12, "  "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func ran(name, decision, reason string, limits ...plugin.LimitState) event.Step {
	return event.Step{Plugin: name, Phase: "access", Verdict: plugin.Verdict{Decision: decision, Reason: reason, Limits: limits}}
}

func TestChain(t *testing.T) {
	t.Parallel()
	minute := plugin.LimitState{Limit: 5, Remaining: 2}
	full := plugin.LimitState{Limit: 5, RetrySeconds: 23}
	tests := []struct {
		name string
		e    *event.Event
		want string
	}{
		{"no event", nil, "(no event came)"},
		{"no route", &event.Event{}, "no route"},
		{
			"passed", &event.Event{Route: "r", Service: "echo", Target: "t", Plugins: []event.Step{ran("key-auth", "pass", "demo-user"), ran("rate-limiting", "pass", "", minute)}},
			"key-auth ✓ demo-user → rate-limiting ✓ 3/5 → echo",
		},
		{
			"refused", &event.Event{Route: "r", Plugins: []event.Step{ran("key-auth", "pass", "demo-user"), ran("rate-limiting", "deny", "", minute, full)}},
			"key-auth ✓ demo-user → rate-limiting ✗ 5/5, 23 s",
		},
		{"no key", &event.Event{Route: "r", Plugins: []event.Step{ran("key-auth", "deny", "no key")}}, "key-auth ✗ no key"},
		{"skipped", &event.Event{Route: "r", Plugins: []event.Step{ran("cors", "skip", "no origin"), ran("x", "error", "")}}, "cors – no origin → x !"},
		{"upstream gone", &event.Event{Route: "r", Error: "connection refused"}, "connection refused"},
		{
			"token bucket", &event.Event{Route: "r", Plugins: []event.Step{ran("l", "pass", "", plugin.LimitState{Limit: 60, Burst: 10, Remaining: 9})}},
			"l ✓ 1/10",
		},
		{
			"leaky bucket", &event.Event{Route: "r", Plugins: []event.Step{ran("l", "pass", "", plugin.LimitState{Limit: 60, Queue: 5, Remaining: 3, Wait: 1500 * time.Millisecond})}},
			"l ✓ 2/5, waited 1.5 s",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := chain(output.Paint{}, tt.e, true); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := textShower{w: &out}
	s.answer(probe.Answer{N: 1, Status: 200, Elapsed: 1200 * time.Microsecond, Limit: 5, Remaining: 4}, &event.Event{})
	s.answer(probe.Answer{N: 12, Status: 429, Elapsed: 300 * time.Microsecond, Limit: 5, RetryAfter: 23 * time.Second}, &event.Event{})
	s.answer(probe.Answer{N: 13, Limit: probe.Unknown, Err: errors.New("connection refused")}, nil)
	s.waiting(22900 * time.Millisecond)
	s.totals(totals{n: 13, by: map[int]int{429: 1, 200: 11, 0: 1}, took: 3540 * time.Millisecond, lost: 2, proof: "proved"})
	want := `   1  200   4/5     -         1.2 ms  no route
  12  429   0/5     23 s      0.3 ms  no route
  13  ---   -       -         0.0 ms  connection refused
      waiting 22.9 s, as Retry-After says

13 requests in 3.5 s: 1 without an answer, 11 × 200 OK, 1 × 429 Too Many Requests
2 events were lost: they came faster than they could be shown
proved
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("lines differ (-want +got):\n%s", diff)
	}
}
