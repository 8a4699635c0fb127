package cli

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/probe"
)

// shower shows answers as they come.
type shower interface {
	// answer shows one answer; e is what the gateway tells of it, nil when it
	// did not.
	answer(a probe.Answer, e *event.Event)
	// waiting says that nothing happens for so long, on purpose.
	waiting(d time.Duration)
	// totals ends the list.
	totals(t totals)
}

// totals counts answers by status.
type totals struct {
	n     int
	by    map[int]int
	took  time.Duration
	lost  int64 // events that the gateway dropped
	proof string
}

// volley is one list of requests, and what the gateway tells of them.
type volley struct {
	gateways []sandbox.Gateway
	plan     probe.Plan
	path     string
	wait     bool
	show     shower
}

// queueSize is how many answers may wait for the gateway's events.
const queueSize = 4096

// run fires the requests and shows each answer with its event.
func (v volley) run(ctx context.Context) error {
	stream, err := follow(ctx, v.gateways)
	if err != nil {
		return err
	}
	defer stream.close()
	var (
		prober probe.Prober
		last   probe.Answer // the last refusal that says when to come again
		failed error
		t      = totals{by: map[int]int{}}
		queue  = make(chan probe.Answer, queueSize)
		shown  sync.WaitGroup
	)
	defer prober.Close()
	shown.Go(func() {
		for a := range queue {
			v.show.answer(a, stream.of(ctx, a.RequestID))
			t.n++
			t.by[a.Status]++
			if a.Err != nil {
				failed = a.Err
			}
			if a.Status == http.StatusTooManyRequests && a.RetryAfter > 0 && a.At.After(last.At) {
				last = a
			}
		}
	})
	begin := time.Now()
	err = prober.Run(ctx, v.plan, func(a probe.Answer) { queue <- a })
	t.took = time.Since(begin)
	close(queue)
	shown.Wait()
	if err == nil && v.wait && last.RetryAfter > 0 {
		t.proof, err = v.prove(ctx, &prober, stream, last)
	}
	t.lost = stream.lost()
	v.show.totals(t)
	if err == nil && failed != nil {
		return hint.New("NO_ANSWER", hint.NotReady, "the gateway did not answer every request", "see how it stands: gwctl status").Because(failed)
	}
	return err
}

// prove waits as long as the refusal said and asks once more.
func (v volley) prove(ctx context.Context, prober *probe.Prober, stream *stream, refused probe.Answer) (string, error) {
	left := refused.RetryAfter - time.Since(refused.At.Add(refused.Elapsed))
	v.show.waiting(left)
	if err := (clock.System{}).Wait(ctx, left); err != nil {
		return "", err
	}
	plan := v.plan
	plan.N, plan.Rate = 1, 0
	var got probe.Answer
	if err := prober.Run(ctx, plan, func(a probe.Answer) { got = a }); err != nil {
		return "", err
	}
	got.N = v.plan.N + 1
	v.show.answer(got, stream.of(ctx, got.RequestID))
	if got.Status == http.StatusTooManyRequests || got.Err != nil {
		return "", hint.New("RETRY_TOO_EARLY", hint.CheckFailed,
			fmt.Sprintf("after the %s that Retry-After named, the answer was %d", refused.RetryAfter, got.Status),
			"somebody else may have used the quota meanwhile: gwctl watch shows who")
	}
	return fmt.Sprintf("Retry-After told the truth: refused, %s later %d", refused.RetryAfter, got.Status), nil
}
