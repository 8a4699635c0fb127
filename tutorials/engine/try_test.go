package engine_test

import (
	"slices"
	"testing"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// TestTry: the request that was refused last is sent again, alone, once its
// Retry-After is over, and the lesson stays where it is.
func TestTry(t *testing.T) {
	t.Parallel()
	o, r := options(t, `
## One {#one}

'''http {fire id=burst fresh within=minute}
### ann count=7
GET /echo-1
apikey: my-secret-api-key
### stranger count=2
GET /echo-1
'''

'''yaml {check id=limited}
fire: burst
lane: ann
status: {200: 5, 429: 2}
'''
`)
	s := open(t, o)
	if err := s.Try(t.Context()); err == nil {
		t.Error("nothing was refused, but it was tried again")
	}
	must(t, s.Advance(t.Context()))
	if can := r.last(t, engine.Ready).Ready.Can; !slices.Contains(can, "try") {
		t.Errorf("got %v, want try among them", can)
	}
	must(t, s.Try(t.Context()))
	a := r.last(t, engine.Answered).Answer
	if a.Fire != engine.TryID || a.Lane != "ann" || a.Of != 1 || a.Status != 200 {
		t.Errorf("got %+v, want one 200 for ann", a)
	}
	if w := r.last(t, engine.Waited).Wait; w.Reason != "retry-after" || w.Seconds < 1 {
		t.Errorf("got wait %+v", w)
	}
	must(t, s.Advance(t.Context()))
	if c := r.last(t, engine.Checked).Check; !c.Holds {
		t.Errorf("the check looks at what was tried: %s", c.Reason)
	}
}
