package preflight

import (
	"context"
	"sync"
	"time"

	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// CheckTimeout bounds one check.
const CheckTimeout = 2500 * time.Millisecond

// Verdict is how a check ended.
type Verdict string

// The verdicts.
const (
	// OK: it is as it should be.
	OK Verdict = "ok"
	// Warn: a sandbox can come up, but something may go wrong later.
	Warn Verdict = "warn"
	// Fail: a sandbox of runtime kind cannot come up.
	Fail Verdict = "fail"
	// Skip: there was nothing to look at.
	Skip Verdict = "skip"
)

// Finding is what a check found.
type Finding struct {
	// ID is the check's, and Title what it is about.
	ID    string `json:"id"`
	Title string `json:"title"`
	// Verdict, and Message what was seen.
	Verdict Verdict `json:"verdict"`
	Message string  `json:"message"`
	// Advice says what to do, URL where more is written; empty when all is well.
	Advice string `json:"advice,omitempty"`
	URL    string `json:"url,omitempty"`
	// Code is what doctor exits with when this is the first failure.
	Code hint.Code `json:"code,omitempty"`
}

// Check is one thing to look at.
type Check struct {
	ID, Title string
	// Code, Advice and URL go with a failure or a warning.
	Code        hint.Code
	Advice, URL string
	// Look finds out. Its message is one line; advice, when not "", takes the
	// place of the table's.
	Look func(ctx context.Context, p Probe) (v Verdict, message, advice string)
}

// Examine runs the checks at the same time and gives their findings in order.
func Examine(ctx context.Context, checks []Check, p Probe) []Finding {
	list := make([]Finding, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() { list[i] = c.run(ctx, p) })
	}
	all.Wait()
	return list
}

func (c Check) run(ctx context.Context, p Probe) Finding {
	ctx, cancel := context.WithTimeout(ctx, CheckTimeout)
	defer cancel()
	type result struct {
		v               Verdict
		message, advice string
	}
	done := make(chan result, 1)
	go func() {
		v, message, advice := c.Look(ctx, p)
		done <- result{v, message, advice}
	}()
	r := result{Warn, "it could not be found out in " + CheckTimeout.String(), ""}
	select {
	case r = <-done:
	case <-ctx.Done():
	}
	f := Finding{ID: c.ID, Title: c.Title, Verdict: r.v, Message: r.message}
	if r.v == Warn || r.v == Fail {
		f.Advice, f.URL, f.Code = c.Advice, c.URL, c.Code
		if r.advice != "" {
			f.Advice = r.advice
		}
	}
	return f
}

// Worst gives the exit code for findings: that of the first failure, OK for none.
func Worst(list []Finding) hint.Code {
	for _, f := range list {
		if f.Verdict == Fail {
			return f.Code
		}
	}
	return hint.OK
}

// info is an engine's name beside what it tells of itself.
type info struct {
	name string
	engine.Info
}
