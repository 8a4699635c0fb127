package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// retryLesson uses a limit up, then waits exactly as long as the refusal said.
const retryLesson = `
## One {#one}

'''yaml {apply}
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: rate-limit, namespace: api-gateway-demo}
plugin: rate-limiting
config: {%s, policy: local}
'''

'''http {fire id=use-up count=%d concurrency=%d fresh%s}
GET /echo-1
apikey: my-secret-api-key
'''

'''http {fire id=again wait=retry-after}
GET /echo-1
apikey: my-secret-api-key
'''

'''yaml {check id=refused}
fire: use-up
on: 429
header: {Retry-After: {at-least: 1}}
'''

'''yaml {check id=kept}
fire: again
status: {200: 1}
'''
`

// TestRetryAfterOfAQueue: the queue of a leaky bucket has a place again when its
// refusal said so; somebody else waits in it all the while.
func TestRetryAfterOfAQueue(t *testing.T) {
	t.Parallel()
	o, r := options(t, `
## One {#one}

'''yaml {apply}
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: rate-limit, namespace: api-gateway-demo}
plugin: rate-limiting
config: {minute: 20, queue: 2, policy: local, algorithm: leaky-bucket}
'''

'''http {fire id=queue fresh}
### burst count=4 concurrency=4
GET /echo-1
apikey: my-secret-api-key
### later count=2 rate=19/m concurrency=2
GET /echo-1
apikey: my-secret-api-key
'''
`)
	s := open(t, o)
	must(t, s.Advance(t.Context()))
	must(t, s.Advance(t.Context()))
	var retry []int
	var later *engine.AnswerInfo
	for _, e := range r.of(engine.Answered) {
		switch a := e.Answer; {
		case a.Lane == "later" && a.N == 2:
			later = a
		case a.Status == 429:
			retry = append(retry, a.RetryAfter)
		}
	}
	if len(retry) != 3 || retry[0] != 3 { // one every three seconds
		t.Errorf("got Retry-After %v, want three refusals of 3 s", retry)
	}
	if later == nil || later.Status != 200 { // it came 3.2 s after them
		t.Errorf("got %+v, want 200", later)
	}
}

// TestRetryAfter: after a refusal, waiting exactly as long as Retry-After says is
// enough, whatever counts, wherever in the minute.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		config             string
		count, concurrency int
	}{
		{"minute: 5, algorithm: fixed-window", 7, 1},
		{"minute: 5, algorithm: sliding-window", 7, 1},
		{"minute: 7, algorithm: sliding-window", 9, 1},
		{"minute: 5, algorithm: token-bucket", 7, 1},
		{"minute: 7, burst: 3, algorithm: token-bucket", 5, 1},
		{"minute: 5, hour: 6, algorithm: sliding-window", 7, 1},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			for _, at := range []string{" within=minute", " at=0s", " at=31.4s", " at=58s"} {
				text := fmt.Sprintf(retryLesson, tt.config, tt.count, tt.concurrency, at)
				o, r := options(t, text)
				o.Sandbox += "-" + strings.Trim(strings.NewReplacer(".", "-", "=", "-").Replace(at), " ")
				o.Sandbox = strings.TrimRight(o.Sandbox, "-")
				s := open(t, o)
				begin := time.Now()
				for range 4 {
					must(t, s.Advance(t.Context()))
				}
				for _, c := range r.of(engine.Checked) {
					if !c.Check.Holds {
						t.Errorf("%s%s: check %s: %s", tt.config, at, c.Check.ID, c.Check.Reason)
					}
				}
				if t.Failed() {
					for _, e := range r.of(engine.Answered) {
						t.Logf("%s %d: %d at %s, retry after %d: %v", e.Answer.Fire, e.Answer.N, e.Answer.Status, e.Answer.At, e.Answer.RetryAfter, e.Answer.Gateway.Plugins)
					}
				}
				w := r.last(t, engine.Waited).Wait
				if w.Reason != "retry-after" || !w.Moved || w.Seconds <= 0 {
					t.Errorf("%s%s: got wait %+v", tt.config, at, w)
				}
				if took := time.Since(begin); took > 20*time.Second {
					t.Errorf("%s%s: took %s: the clock was not moved", tt.config, at, took)
				}
				must(t, s.Close(t.Context()))
			}
		})
	}
}
