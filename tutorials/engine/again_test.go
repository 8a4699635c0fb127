package engine_test

import (
	"os"
	"testing"
	"time"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// TestGatewayDies: a lesson whose gateway was killed and healed goes on with the
// new one, and hears what it decides.
func TestGatewayDies(t *testing.T) {
	t.Parallel()
	sb := box(t, sandbox.Options{})
	o, r := inBox(t, sb, `
## One {#one}

'''http {fire id=a count=2 fresh}
GET /echo-1
apikey: my-secret-api-key
'''

'''yaml {check id=heard}
fire: a
reached: 2
'''
`)
	heard := make(chan engine.Event, 1)
	o.Emit = func(e engine.Event) {
		r.add(e)
		if e.Type == engine.Working && e.Work.What == "events" {
			select {
			case heard <- e:
			default:
			}
		}
	}
	s := open(t, o)
	must(t, s.Advance(t.Context()))
	f, err := sb.Running(t.Context())
	must(t, err)
	p, err := os.FindProcess(f.Gateways[0].PID)
	must(t, err)
	must(t, p.Kill())
	_, err = sb.Up(t.Context(), silent{})
	must(t, err)
	select {
	case e := <-heard:
		now, err := sb.Running(t.Context())
		must(t, err)
		want := "gateway " + now.Gateways[0].Status.Instance + " has taken the place of " + f.Gateways[0].Status.Instance
		if len(e.Work.Message) < len(want) || e.Work.Message[:len(want)] != want {
			t.Errorf("got %q, want %q", e.Work.Message, want)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the new gateway is not heard")
	}
	must(t, s.Again(t.Context()))
	must(t, s.Advance(t.Context()))
	if c := r.last(t, engine.Checked).Check; !c.Holds {
		t.Errorf("check fails: %s", c.Reason)
	}
}
