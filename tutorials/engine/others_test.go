package engine_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/progress"
)

// claimed says that the store has a claim on a sandbox.
func claimed(t *testing.T, store *progress.Store, name string) bool {
	t.Helper()
	path, err := store.Path("claims", name+".json")
	must(t, err)
	_, err = os.Stat(path)
	return err == nil
}

// TestClaimBeforeUp: a session that dies while its sandbox comes up leaves a claim,
// so that the sandbox goes; one whose sandbox does not come up leaves none.
func TestClaimBeforeUp(t *testing.T) {
	t.Parallel()
	o, _ := options(t, oneStep)
	at, was := 0, false
	o.Emit = func(e engine.Event) {
		if e.Type == engine.Working && e.Work.What == "sandbox" {
			if at++; at == 1 {
				was = claimed(t, o.Store, o.Sandbox)
			}
		}
	}
	s := open(t, o)
	if at == 0 || !was {
		t.Errorf("of %d things that the coming up told, none was told with a claim", at)
	}
	must(t, s.Close(t.Context()))
	if claimed(t, o.Store, o.Sandbox) {
		t.Error("the claim is left")
	}
}

// TestRecoverGoesOn: a sandbox that cannot be given back keeps nothing else from
// being given back, and its claim is kept.
func TestRecoverGoesOn(t *testing.T) {
	t.Parallel()
	sb := box(t, sandbox.Options{})
	f, err := sb.Running(t.Context())
	must(t, err)
	p, err := os.FindProcess(f.Gateways[0].PID)
	must(t, err)
	must(t, p.Kill())
	store := progress.At(t.TempDir())
	for name, created := range map[string]time.Time{sb.Name(): sb.Created(), "z-gone": time.Now()} {
		must(t, store.Write(map[string]any{"sandbox": name, "lesson": "l", "created": created, "docs": ""}, "claims", name+".json"))
	}
	var said []string
	failed := map[string]error{}
	err = engine.Recover(t.Context(), store, func(name string) (*sandbox.Sandbox, error) { return find(sandbox.Options{Name: name}) },
		func(sandbox, _ string, err error) {
			if err != nil {
				failed[sandbox] = err
				return
			}
			said = append(said, sandbox)
		})
	must(t, err)
	if len(said) != 1 || said[0] != "z-gone" || claimed(t, store, "z-gone") {
		t.Errorf("given back are %v, want z-gone alone", said)
	}
	if !errors.Is(failed[sb.Name()], hint.New("SANDBOX_BROKEN", 0, "", "")) || len(failed) != 1 || !claimed(t, store, sb.Name()) {
		t.Errorf("got %v, want that of %s alone and its claim kept", failed, sb.Name())
	}
}

// TestNowOfAnother: a session that ends leaves what another tells of itself.
func TestNowOfAnother(t *testing.T) {
	t.Parallel()
	one, _ := options(t, oneStep)
	two, _ := options(t, oneStep)
	two.Store, two.Sandbox, two.Key = one.Store, one.Sandbox+"-2", "other"
	s := open(t, one)
	other := open(t, two)
	must(t, s.Close(t.Context()))
	if _, ok := engine.ReadNow(one.Store); !ok {
		t.Error("what the other session tells is gone")
	}
	must(t, other.Close(t.Context()))
	if n, ok := engine.ReadNow(one.Store); ok {
		t.Errorf("got %+v, and no session runs", n)
	}
}
