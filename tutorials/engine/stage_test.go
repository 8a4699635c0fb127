package engine_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// cleaning is a lesson whose first two steps clean up.
const cleaning = `
## One {#one}

'''yaml {apply}
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: rate-limit, namespace: api-gateway-demo}
plugin: rate-limiting
config: {minute: 1, policy: local}
'''

'''yaml {cleanup}
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: rate-limit, namespace: api-gateway-demo}
plugin: rate-limiting
config: {minute: 4, policy: local}
'''

'''sh {cleanup}
gwctl plugins
'''

## Two {#two}

Read.

'''yaml {cleanup}
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: mark, namespace: api-gateway-demo}
plugin: key-auth
'''

## Three {#three}

Read.
`

// saved gives the limit that the sandbox holds, and whether the mark of step two is
// there.
func saved(t *testing.T, sb *sandbox.Sandbox) (minute string, marked bool) {
	t.Helper()
	docs, err := sb.Save(t.Context())
	must(t, err)
	if m := regexp.MustCompile(`minute: (\d+)`).FindSubmatch(docs); m != nil {
		minute = string(m[1])
	}
	return minute, strings.Contains(string(docs), "name: mark")
}

// TestGotoCleansUp: a later step begins as if every step before it had been done
// and had cleaned up; the step under way cleans up, too.
func TestGotoCleansUp(t *testing.T) {
	t.Parallel()
	o, _ := options(t, cleaning)
	var ran []string
	o.Gwctl = func(_ context.Context, command, _ string) (string, int, error) {
		ran = append(ran, command)
		return "", 0, nil
	}
	s := open(t, o)
	sb, err := find(sandbox.Options{Name: o.Sandbox, TestClock: true})
	must(t, err)
	must(t, s.Goto(t.Context(), 2))
	if minute, marked := saved(t, sb); minute != "4" || !marked {
		t.Errorf("at step three: got minute %s, marked %t; want 4, true", minute, marked)
	}
	if len(ran) != 1 {
		t.Errorf("got %v, want the step under way to have cleaned up", ran)
	}
	must(t, s.Goto(t.Context(), 1))
	if minute, marked := saved(t, sb); minute != "4" || marked {
		t.Errorf("at step two: got minute %s, marked %t; want 4, false", minute, marked)
	}
}

// TestSingleBeginsLater: a script that begins with a later step finds the sandbox
// where the step before it would have left it; one that has done that step finds
// it as it is.
func TestSingleBeginsLater(t *testing.T) {
	t.Parallel()
	sb := box(t, sandbox.Options{})
	o, _ := inBox(t, sb, cleaning)
	o.Gwctl = func(context.Context, string, string) (string, int, error) { return "", 0, nil }
	begin := func(step string) {
		t.Helper()
		x, err := engine.Attach(t.Context(), o, step)
		must(t, err)
		defer x.Close()
		must(t, x.Begin(t.Context()))
	}
	begin("three")
	if minute, marked := saved(t, sb); minute != "4" || !marked {
		t.Errorf("at step three: got minute %s, marked %t; want 4, true", minute, marked)
	}
	begin("one")
	must(t, sb.Apply(t.Context(), []byte("apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: mark, namespace: api-gateway-demo}\nplugin: key-auth\n")))
	begin("two")
	if minute, marked := saved(t, sb); minute != "4" || !marked {
		t.Errorf("at step two: got minute %s, marked %t; want 4, true", minute, marked)
	}
}
