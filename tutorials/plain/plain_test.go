package plain_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/plain"
)

func TestMarkdown(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"emphasis and code", "Some **bold** and *soft* `code`.", "Some bold and soft code."},
		{"a link", "See [here](https://x.test/a) and <https://y.test>.", "See here (https://x.test/a) and https://y.test."},
		{"paragraphs", "One\ntwo.\n\nThree.", "One two.\n\nThree."},
		{"a long line", strings.Repeat("word ", 20), strings.TrimSpace(strings.Repeat("word ", 15)) + "\n" + strings.TrimSpace(strings.Repeat("word ", 5))},
		{"a list", "- one\n- two " + strings.Repeat("word ", 15) + "\n  1. deep\n", "- one\n- two " + strings.TrimSpace(strings.Repeat("word ", 14)) + "\n  word\n  1. deep"},
		{"numbers", "3. three\n4. four", "3. three\n4. four"},
		{"code", "So:\n\n```yaml\na:\n  b: 1\n```\n\nEnd.", "So:\n\n    a:\n      b: 1\n\nEnd."},
		{"a heading", "### More\n\nText.", "More\n\nText."},
		{"a quote", "> said\n> so", "said so"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, plain.Markdown(tt.in)); diff != "" {
				t.Errorf("text differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSentence(t *testing.T) {
	t.Parallel()
	deny := &event.Event{Plugins: []event.Step{
		{Plugin: "key-auth", Verdict: plugin.Verdict{Decision: "pass", Reason: "ann"}},
		{Plugin: "rate-limiting", Verdict: plugin.Verdict{Decision: "deny", Reason: "minute 5/5, resets in 23 s"}},
	}}
	passed := &event.Event{Consumer: "ann", Target: "127.0.0.1:1", Service: "ns.echo-1.80", Path: "/echo-1/a", Upstream: "/a"}
	tests := []struct {
		name string
		e    engine.Event
		want string
	}{
		{"a refusal", engine.Event{Type: engine.Answered, Answer: &engine.AnswerInfo{N: 6, Of: 8, Status: 429, RetryAfter: 23, Limit: 5, Gateway: deny}}, "Request 6 of 8: 429, refused by rate-limiting (minute 5/5, resets in 23 s), retry after 23 s."},
		{"an answer", engine.Event{Type: engine.Answered, Answer: &engine.AnswerInfo{Lane: "a", N: 1, Of: 2, Status: 200, Limit: 5, Remaining: 4, Gateway: passed}}, "a, request 1 of 2: 200, from echo-1 (asked for /a), as ann, 4 of 5 left."},
		{"no event yet", engine.Event{Type: engine.Answered, Answer: &engine.AnswerInfo{N: 1, Of: 1, Status: 200, Limit: -1}}, "Request 1 of 1: 200."},
		{"no answer", engine.Event{Type: engine.Answered, Answer: &engine.AnswerInfo{N: 1, Of: 1, Error: "refused"}}, "Request 1 of 1: no answer, refused."},
		{"no route", engine.Event{Type: engine.Answered, Answer: &engine.AnswerInfo{N: 1, Of: 1, Status: 404, Limit: -1, Gateway: &event.Event{Status: 404}}}, "Request 1 of 1: 404, no route matches."},
		{"a sum", engine.Event{Type: engine.Fired, Fired: &engine.FiredInfo{Lanes: []engine.LaneSum{{Count: 3, Statuses: map[int]int{200: 1, 429: 2}, Reached: 1}}}}, "Of 3 requests 1 was answered 200 and 2 were answered 429; 1 reached a backend."},
		{"a wait", engine.Event{Type: engine.Waiting, Wait: &engine.WaitInfo{Reason: "retry-after", Seconds: 22.3}}, "Waiting as long as Retry-After said: 23 s."},
		{"a moved clock", engine.Event{Type: engine.Waiting, Wait: &engine.WaitInfo{Reason: "minute", Seconds: 5, Moved: true}}, "Waiting for the clock: the gateway's clock is moved by 5 s."},
		{"somebody else", engine.Event{Type: engine.Seen, Seen: &event.Event{Method: "GET", Path: "/x", Status: 404}}, "Somebody else: GET /x was answered 404."},
		{"a command", engine.Event{Type: engine.Ran, Run: &engine.RunInfo{Command: "x", Output: "a\x1b[31mb\r\n⠋c\n", Exit: 3}}, "Running: x\n    a[31mb\n    c\nIt ended with exit code 3."},
		{"what cannot be done", engine.Event{Type: engine.Refused, Refused: &engine.RefusedInfo{ID: "X", Message: "no", Advice: "do"}}, "no: do."},
		{"an error alone", engine.Event{Type: engine.Refused, Refused: &engine.RefusedInfo{Message: "no"}}, "no."},
		{"nothing", engine.Event{Type: engine.Waited}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, plain.Sentence(tt.e)); diff != "" {
				t.Errorf("sentence differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStartFails: what keeps a lesson from starting is what Run returns.
func TestStartFails(t *testing.T) {
	t.Parallel()
	want := hint.New("X", hint.NotReady, "no", "do")
	var out bytes.Buffer
	err := plain.New(plain.Options{Out: &out}).Run(t.Context(), func(context.Context, func(engine.Event)) (*engine.Session, error) { return nil, want })
	if err != want || out.Len() > 0 { //nolint:errorlint // the very one
		t.Errorf("got %v, %q", err, out.String())
	}
}
