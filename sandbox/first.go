package sandbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// DemoKey is the key of the demo's one consumer.
const DemoKey = "my-secret-api-key"

// KeyHeader is the field in which the demo wants it.
const KeyHeader = "apikey"

// maxAnswer bounds what is kept of an answer's body, in bytes.
const maxAnswer = 4 << 10

// Answer is what a first request was answered.
type Answer struct {
	// Host is the host that was asked for, "" for the address.
	Host string `json:"host,omitempty"`
	Path string `json:"path"`
	// Key says that it carried the demo's key.
	Key    bool    `json:"key,omitempty"`
	Status int     `json:"status"`
	Body   string  `json:"body,omitempty"`
	Millis float64 `json:"ms"`
}

// first sends the first requests through a gateway that was started, and clears
// what they counted.
func (s *Sandbox) first(ctx context.Context, t *step.Task, res *Result) error {
	f, err := s.runtime.Find(ctx)
	if err != nil {
		return err
	}
	if f.State != Running {
		return hint.New("GATEWAY_GONE", hint.NotReady, "the gateway has gone: "+f.Why, "its log may say more: "+f.Log)
	}
	res.Runtime, res.Started, res.Gateways, res.Manifests = s.record.Runtime, s.runtime.Started(), f.Gateways, f.Manifests
	res.Demo = s.record.Manifests == "" && s.opts.Manifests == "" && s.runtime.Pristine(ctx)
	st := f.Gateways[0].Status
	s.problems(res)
	if !res.Started {
		t.Say("not sent, as it ran already")
		return nil
	}
	ask := asker{url: f.Gateways[0].URL(), client: &http.Client{
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if s.record.Runtime != Local {
		ask.patience = wayPatience
	}
	if res.Demo {
		err = ask.demo(ctx, t, st.Routes, res)
	} else {
		err = ask.any(ctx, t, st.Routes, res)
	}
	if err != nil {
		return err
	}
	if s.record.Runtime != Local { // what was missing may have come meanwhile
		if f, err = s.runtime.Find(ctx); err != nil {
			return err
		}
		if f.State != Running {
			return hint.New("GATEWAY_GONE", hint.NotReady, "the gateway has gone: "+f.Why, "gwctl logs may say more")
		}
		res.Gateways = f.Gateways
		s.problems(res)
	}
	return clearCounters(ctx, f.Gateways)
}

// problems collects what the gateways and the runtime know to be wrong.
func (s *Sandbox) problems(res *Result) {
	res.Problems = slices.Clone(res.Gateways[0].Status.Problems)
	if f, ok := s.runtime.(Faulter); ok {
		res.Problems = append(res.Problems, f.Problems()...)
	}
}

// wayPatience is how long the way into a cluster may take to lead to the gateways
// that are ready: its nodes learn of them a little later than its API server.
const wayPatience = 45 * time.Second

// askEvery is how often it is tried again. Each try has a connection of its own:
// one that is kept leads where it led before.
const askEvery = 100 * time.Millisecond

type asker struct {
	url    string
	client *http.Client
	// patience is how long an answer other than the wanted one is asked anew.
	patience time.Duration
}

// want asks until the answer has the wanted status, 0 being any, or patience
// ends, and returns the last answer.
func (a asker) want(ctx context.Context, host, path string, key bool, status int) (Answer, error) {
	end := time.Now().Add(a.patience)
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		got, err := a.get(ctx, host, path, key)
		if err == nil && (status == 0 || got.Status == status) || time.Now().After(end) || ctx.Err() != nil {
			return got, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// demo asks without a key once, and with it through every route.
func (a asker) demo(ctx context.Context, t *step.Task, routes []admin.RouteStatus, res *Result) error {
	var said []string
	for i, r := range routes {
		host, path, ok := plainGet(r)
		if !ok {
			continue
		}
		for _, key := range []bool{false, true} {
			want := http.StatusOK
			if !key {
				want = http.StatusUnauthorized
				if i > 0 {
					continue
				}
			}
			got, err := a.want(ctx, host, path, key, want)
			if err != nil {
				return err
			}
			res.Answers = append(res.Answers, got)
			if got.Status != want {
				return hint.New("WRONG_ANSWER", hint.NotReady, fmt.Sprintf("GET %s was answered %d instead of %d", path, got.Status, want),
					"this should not happen with the demo; please report it with: "+strings.TrimSpace(got.Body))
			}
			said = append(said, fmt.Sprintf("%d %s (%.1f ms)", got.Status, path, got.Millis))
		}
	}
	t.Say("%s", strings.Join(said, ", "))
	return nil
}

// any asks once through the first route that a plain GET can match, whatever
// the answer.
func (a asker) any(ctx context.Context, t *step.Task, routes []admin.RouteStatus, res *Result) error {
	sound := 0
	for _, r := range routes {
		if r.Broken == "" {
			sound++
		}
	}
	if sound == 0 {
		return hint.New("NOTHING_SERVED", hint.NotReady, "nothing in "+res.Manifests+" can be served",
			"write an Ingress of class kong and what it needs, or mend what the problems name; then gwctl up")
	}
	for _, r := range routes {
		host, path, ok := plainGet(r)
		if !ok {
			continue
		}
		got, err := a.want(ctx, host, path, false, 0)
		if err != nil {
			return err
		}
		res.Answers = append(res.Answers, got)
		t.Say("%d for GET %s%s (%.1f ms)", got.Status, host, path, got.Millis)
		return nil
	}
	t.Say("not sent: no route can be matched by a plain GET")
	return nil
}

// plainGet finds host and path of a GET that the route matches, unless it wants
// more: another method, a header, a path that only a regular expression tells.
func plainGet(r admin.RouteStatus) (host, path string, ok bool) {
	has := func(list []string, what string) bool {
		for _, s := range list {
			if strings.EqualFold(s, what) {
				return true
			}
		}
		return len(list) == 0
	}
	if len(r.Headers) > 0 || !has(r.Methods, http.MethodGet) || !has(r.Protocols, "http") {
		return "", "", false
	}
	if len(r.Hosts) > 0 {
		host = strings.Replace(r.Hosts[0], "*", "example", 1)
	}
	if len(r.Paths) == 0 {
		return host, "/", true
	}
	for _, p := range r.Paths {
		if strings.HasPrefix(p, "~") {
			continue
		}
		p = strings.TrimSuffix(strings.TrimPrefix(p, "="), "/*")
		if p == "" {
			p = "/"
		}
		return host, p, true
	}
	return "", "", false
}

func (a asker) get(ctx context.Context, host, path string, key bool) (Answer, error) {
	ans := Answer{Host: host, Path: path, Key: key}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+path, nil)
	if err != nil {
		return ans, fmt.Errorf("asking for %s: %w", path, err)
	}
	req.Host = host
	if key {
		req.Header.Set(KeyHeader, DemoKey)
	}
	begin := time.Now()
	res, err := a.client.Do(req)
	if err != nil {
		return ans, fmt.Errorf("asking for %s: %w", path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return ans, fmt.Errorf("reading the answer to %s: %w", path, err)
	}
	ans.Status, ans.Body, ans.Millis = res.StatusCode, string(body), float64(time.Since(begin).Microseconds())/1000
	return ans, nil
}
