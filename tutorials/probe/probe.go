// Package probe fires requests by a plan and tells of every answer. It knows no
// screen and no sandbox: whoever calls it draws.
package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/clock"
)

// Plan says what to fire.
type Plan struct {
	// URL is where: scheme, host, path and query.
	URL string
	// Method is GET when empty.
	Method string
	// Header is sent as it is; its Host takes the place of the URL's.
	Header http.Header
	// Key, when not "", is sent in KeyHeader ("apikey" when empty).
	Key, KeyHeader string
	Body           []byte
	// N is how many requests, 1 when 0.
	N int
	// Rate is how many a second are begun; 0 means as fast as possible.
	Rate float64
	// Concurrency is how many may be under way at a time, 1 when 0.
	Concurrency int
	// Timeout bounds one request, 30 s when 0.
	Timeout time.Duration
}

// Unknown is Limit and Remaining of an answer that does not say.
const Unknown = -1

// maxBody bounds what an Answer keeps of a body, in bytes.
const maxBody = 64 << 10

// Answer is what became of one request.
type Answer struct {
	// N is the request's number, from 1, in the order in which they began.
	N int
	// At is when it began, Elapsed how long it took to the last byte.
	At      time.Time
	Elapsed time.Duration
	// Status is 0 when there was no answer; Err then says why.
	Status int
	Header http.Header
	// Body is its first 64 KiB.
	Body []byte
	// RetryAfter is what Retry-After says, 0 when it does not.
	RetryAfter time.Duration
	// Limit and Remaining are those of X-RateLimit-* or RateLimit-*, or Unknown.
	Limit, Remaining int
	// RequestID is the gateway's.
	RequestID string
	Err       error
}

// Prober fires requests over connections that it keeps. The zero Prober is ready
// to use.
type Prober struct {
	// Clock times the requests; the machine's when nil.
	Clock clock.Clock

	once   sync.Once
	client *http.Client
}

// Run fires the plan's requests and calls each for every answer, one at a time,
// in the order in which they come. It returns when all have come, or with the
// cause when ctx ends; a request without an answer is no error but an Answer
// with one.
func (p *Prober) Run(ctx context.Context, plan Plan, each func(Answer)) error {
	plan, err := plan.check()
	if err != nil {
		return err
	}
	p.once.Do(p.open)
	numbers := make(chan int)
	answers := make(chan Answer)
	var workers sync.WaitGroup
	for range min(plan.Concurrency, plan.N) {
		workers.Go(func() {
			for n := range numbers {
				answers <- p.fire(ctx, plan, n)
			}
		})
	}
	go func() {
		p.pace(ctx, plan, numbers)
		close(numbers)
		workers.Wait()
		close(answers)
	}()
	for a := range answers {
		if ctx.Err() == nil || a.Err == nil {
			each(a)
		}
	}
	return context.Cause(ctx)
}

// check fills in defaults and refuses what cannot be fired.
func (plan Plan) check() (Plan, error) {
	if plan.Method == "" {
		plan.Method = http.MethodGet
	}
	if plan.KeyHeader == "" {
		plan.KeyHeader = "apikey"
	}
	if plan.N == 0 {
		plan.N = 1
	}
	if plan.Concurrency == 0 {
		plan.Concurrency = 1
	}
	if plan.Timeout == 0 {
		plan.Timeout = 30 * time.Second
	}
	switch u, err := url.Parse(plan.URL); {
	case err != nil:
		return plan, fmt.Errorf("reading the URL: %w", err)
	case u.Host == "":
		return plan, fmt.Errorf("reading the URL %q: it has no host", plan.URL)
	case plan.N < 0 || plan.Concurrency < 0 || plan.Rate < 0:
		return plan, errors.New("reading the plan: number, rate and concurrency cannot be below 0")
	}
	if _, err := http.NewRequest(plan.Method, plan.URL, nil); err != nil { //nolint:noctx // it is not sent
		return plan, fmt.Errorf("reading the plan: %w", err)
	}
	return plan, nil
}

func (p *Prober) open() {
	if p.Clock == nil {
		p.Clock = clock.System{}
	}
	p.client = &http.Client{
		Transport: &http.Transport{Proxy: nil, DisableCompression: true, MaxIdleConnsPerHost: 1024, IdleConnTimeout: time.Minute},
		// What the gateway answers is what counts, not where it sends to.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// pace hands out the numbers, each when it is due: from the start, not from the
// one before, so that a slow answer does not slow what follows.
func (p *Prober) pace(ctx context.Context, plan Plan, numbers chan<- int) {
	start := p.Clock.Now()
	for i := range plan.N {
		if plan.Rate > 0 {
			due := start.Add(time.Duration(float64(i) / plan.Rate * float64(time.Second)))
			if d := due.Sub(p.Clock.Now()); d > 0 && p.Clock.Wait(ctx, d) != nil {
				return
			}
		}
		select {
		case numbers <- i + 1:
		case <-ctx.Done():
			return
		}
	}
}

func (p *Prober) fire(ctx context.Context, plan Plan, n int) Answer {
	a := Answer{N: n, At: p.Clock.Now(), Limit: Unknown, Remaining: Unknown}
	begin := time.Now() // how long it took is real, whatever the clock
	a.Err = p.ask(ctx, plan, &a)
	a.Elapsed = time.Since(begin)
	return a
}

func (p *Prober) ask(ctx context.Context, plan Plan, a *Answer) error {
	ctx, cancel := context.WithTimeout(ctx, plan.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, plan.Method, plan.URL, bytes.NewReader(plan.Body))
	if err != nil {
		return err
	}
	for name, values := range plan.Header {
		req.Header[name] = append([]string(nil), values...)
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	if plan.Key != "" {
		req.Header.Set(plan.KeyHeader, plan.Key)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	a.read(res.StatusCode, res.Header)
	a.Body, err = io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body) // so that the connection can be used again
	return err
}

// read takes over what the head of the answer says.
func (a *Answer) read(status int, h http.Header) {
	a.Status, a.Header = status, h
	a.RequestID = h.Get("X-Kong-Request-Id")
	if seconds, err := strconv.Atoi(strings.TrimSpace(h.Get("Retry-After"))); err == nil && seconds > 0 {
		a.RetryAfter = time.Duration(seconds) * time.Second
	}
	for _, prefix := range []string{"X-RateLimit-", "RateLimit-"} {
		limit, err := strconv.Atoi(h.Get(prefix + "Limit"))
		left, err2 := strconv.Atoi(h.Get(prefix + "Remaining"))
		if err == nil && err2 == nil {
			a.Limit, a.Remaining = limit, left
			return
		}
	}
}

// Close closes the connections that are kept.
func (p *Prober) Close() {
	if p.client != nil {
		p.client.CloseIdleConnections()
	}
}
