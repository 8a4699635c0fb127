package plain

import (
	"errors"
	"testing"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// TestMends: what takes too long is no reason to leave the lesson; what nobody
// foresaw is.
func TestMends(t *testing.T) {
	t.Parallel()
	for _, code := range []hint.Code{hint.Usage, hint.CheckFailed, hint.NotReady, hint.Broken, hint.Timeout} {
		if !mends(hint.New("X", code, "no", "do")) {
			t.Errorf("the lesson is left for code %d", code)
		}
	}
	if mends(errors.New("no")) || mends(nil) {
		t.Error("a lesson goes on that cannot")
	}
}
