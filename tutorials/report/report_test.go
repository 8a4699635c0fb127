package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	theKey  = "my-secret-api-key"
	another = "anns-own-key"
	third   = "basic-cred3ntials"
	fourth  = "in-a-secret-only"
)

// stream makes events a second apart.
type stream struct {
	events []engine.Event
	at     time.Time
}

func (s *stream) add(e engine.Event) {
	s.at = s.at.Add(time.Second)
	e.Seq, e.Time = int64(len(s.events)+1), s.at
	s.events = append(s.events, e)
}

func start() time.Time { return time.Date(2026, 1, 2, 3, 4, 55, 0, time.UTC) }

// answer is one answer, the nth of eight a second apart: five pass.
func answer(n int) *engine.AnswerInfo {
	at := start().Add(time.Duration(n) * 2 * time.Second)
	a := &engine.AnswerInfo{
		Fire: "burst", Lane: "ann", N: n, Of: 8, At: at, Millis: 1.25, Status: 200, Limit: 5, Remaining: max(5-n, 0),
		Header: http.Header{"Ratelimit-Limit": {"5"}}, Body: `{"apikey":"` + theKey + `"}`,
	}
	limit := plugin.LimitState{
		Algorithm: "fixed-window", Period: "minute", Identifier: "ann", Limit: 5, Used: float64(min(n, 5)), Remaining: int64(a.Remaining),
		WindowEnd: at.Truncate(time.Minute).Add(time.Minute),
	}
	steps := []event.Step{
		{Plugin: "key-auth", Phase: "access", Verdict: plugin.Verdict{Decision: "pass", Reason: "ann"}, Micros: 7},
		{Plugin: "rate-limiting", Phase: "access", Verdict: plugin.Verdict{Decision: "pass", Limits: []plugin.LimitState{limit}}, Micros: 9},
	}
	a.Gateway = &event.Event{Instance: "gw-1", Time: at, Path: "/echo-1", Status: 200, Route: "r", Service: "demo.echo-1.80", Target: "10.0.0.1:80", Upstream: "/", Plugins: steps}
	if n > 5 {
		a.Status, a.RetryAfter = 429, 30
		steps[1].Decision, steps[1].Reason = "deny", "minute 5/5, resets in 30 s"
		a.Gateway.Status, a.Gateway.Target, a.Gateway.Service, a.Gateway.Upstream = 429, "", "", ""
	}
	return a
}

// lesson is a small session in which everything happens once.
func lesson() []engine.Event {
	s := &stream{at: start()}
	steps := []engine.StepInfo{{ID: "one", Title: "One <step>", N: 1, Of: 2}, {ID: "two", Title: "Two", N: 2, Of: 2}}
	s.add(engine.Event{Type: engine.Working, Work: &engine.WorkInfo{What: "sandbox", State: "done", Title: "Sandbox"}})
	s.add(engine.Event{Type: engine.LessonBegan, Lesson: &engine.LessonInfo{
		ID: "l", Title: "A lesson & more", Summary: "What it is about.", Minutes: 5, Steps: steps,
		Intro:   "Hello *there*. <script>alert(1)</script> ![p](https://example.com/p.png) [x](javascript:alert(1))",
		Sandbox: "default", Runtime: "local", URL: "http://127.0.0.1:8000", Gateways: []string{"gw-1"},
	}})
	s.add(engine.Event{Type: engine.StepBegan, Began: &steps[0]})
	s.add(engine.Event{Type: engine.Text, Text: "Send `" + theKey + "`.\n\n## Not a step\n\n```yaml\na: 1\n```\n"})
	s.add(engine.Event{Type: engine.Applied, Apply: &engine.ApplyInfo{
		ID: "a", By: "lesson", Objects: []string{"Secret demo/k"}, Millis: 4,
		Text: "apiVersion: v1\nkind: Secret\nmetadata: {name: k}\nstringData: {key: " + fourth + "}\ndata: {key: aW4tYmFzZTY0LW9ubHk=}\n",
	}})
	s.add(engine.Event{Type: engine.Asked, Quiz: &engine.QuizInfo{ID: "q", Question: "How many?", Choices: []engine.ChoiceInfo{{Key: "a", Text: "five"}, {Key: "b", Text: "eight"}}}})
	s.add(engine.Event{Type: engine.Guessed, Quiz: &engine.QuizInfo{ID: "q", Question: "How many?", Guess: "a"}})
	s.add(engine.Event{Type: engine.Waiting, Wait: &engine.WaitInfo{Reason: "minute", Seconds: 12.5, Moved: true}})
	s.add(engine.Event{Type: engine.Waited, Wait: &engine.WaitInfo{Reason: "minute", Seconds: 12.5, Moved: true}})
	s.add(engine.Event{Type: engine.Firing, Fire: &engine.FireInfo{ID: "burst", Count: 9, Lanes: []engine.LaneInfo{
		{Name: "ann", Method: "GET", Path: "/echo-1?apikey=" + another + "&x=1", Header: http.Header{"Apikey": {theKey}}, Count: 8, Rate: 0.5, Concurrency: 2},
		{Name: "bob", Method: "GET", Path: "/nowhere", Header: http.Header{"Authorization": {"Basic " + third}, "X-Key": {"abc"}}, Count: 1},
	}}})
	for n := 1; n <= 8; n++ {
		a := answer(n)
		if n == 3 {
			late := a.Gateway
			a.Gateway = nil
			s.add(engine.Event{Type: engine.Answered, Answer: a})
			s.add(engine.Event{Type: engine.Traced, Trace: &engine.TraceInfo{Fire: "burst", Lane: "ann", N: 3, Event: late}})
			continue
		}
		s.add(engine.Event{Type: engine.Answered, Answer: a})
	}
	s.add(engine.Event{Type: engine.Answered, Answer: &engine.AnswerInfo{Fire: "burst", Lane: "bob", N: 1, Of: 1, At: start(), Limit: -1, Remaining: -1, Error: "connection refused"}})
	s.add(engine.Event{Type: engine.Fired, Fired: &engine.FiredInfo{ID: "burst", Millis: 16000, Lost: 2}})
	s.add(engine.Event{Type: engine.Revealed, Quiz: &engine.QuizInfo{ID: "q", Question: "How many?", Guess: "a", Answer: "a", Right: true, Score: 1, Asked: 1}})
	s.add(engine.Event{Type: engine.Checked, Check: &engine.CheckInfo{ID: "c", Reason: "the answers were 5 times 200", Hints: true}})
	s.add(engine.Event{Type: engine.Checked, Check: &engine.CheckInfo{ID: "d", Holds: true, Reason: "it is so"}})
	s.add(engine.Event{Type: engine.Hinted, Hint: &engine.HintInfo{N: 1, Of: 2, Text: "Look **there**.", When: "c"}})
	s.add(engine.Event{Type: engine.Ran, Run: &engine.RunInfo{Command: "gwctl status", Output: "all <well>\n", Exit: 3}})
	s.add(engine.Event{Type: engine.Seen, Seen: &event.Event{Method: "GET", Path: "/stranger", Status: 404}})
	s.add(engine.Event{Type: engine.StepDone, Done: &engine.ProgressInfo{Steps: 1, Of: 2, Score: 1, Asked: 1, Hints: 1}})
	s.add(engine.Event{Type: engine.StepBegan, Began: &steps[1]})
	s.add(engine.Event{Type: engine.Solving})
	s.add(engine.Event{Type: engine.Ready, Ready: &engine.ReadyInfo{Next: "none"}})
	s.add(engine.Event{Type: engine.Left})
	return s.events
}

func page(t *testing.T, events []engine.Event) string {
	t.Helper()
	var c report.Collector
	for _, e := range events {
		c.Add(e)
	}
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden: the page of a small session, without its style.
func TestGolden(t *testing.T) {
	t.Parallel()
	got := page(t, lesson())
	head, rest, _ := strings.Cut(got, "<style>")
	_, rest, ok := strings.Cut(rest, "</style>")
	if !ok {
		t.Fatal("the page has no style")
	}
	head = head[:strings.Index(head, "sha256-")] + head[strings.Index(head, "; base-uri"):]
	got = head + rest
	path := filepath.Join("testdata", "page.golden.html")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the page differs (-want +got):\n%s", diff)
	}
}

// TestNoKeys: no key of a session stands in its page, and other words do.
func TestNoKeys(t *testing.T) {
	t.Parallel()
	got := page(t, lesson())
	for _, key := range []string{theKey, another, third, fourth, "in-base64-only", "aW4tYmFzZTY0LW9ubHk", "X-Key: abc"} {
		if strings.Contains(got, key) {
			t.Errorf("the page holds %s", key)
		}
	}
	for _, want := range []string{"[key 1]", "Basic [key", "apikey=[key", "X-Key: [key"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
}

// TestHarmless: what a lesson writes can neither run nor load anything.
func TestHarmless(t *testing.T) {
	t.Parallel()
	got := page(t, lesson())
	for _, bad := range []string{"<script", "<img", "javascript:", "<step>", "<well>", " src=", " style="} {
		if strings.Contains(strings.ToLower(got), bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
}

// TestKept: events that are kept are not changed.
func TestKept(t *testing.T) {
	t.Parallel()
	events := lesson()
	before, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	page(t, events)
	after, err := json.Marshal(events)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the events were changed: %v\n%s", err, cmp.Diff(string(before), string(after)))
	}
}

// TestNothing: without a lesson there is no page.
func TestNothing(t *testing.T) {
	t.Parallel()
	var c report.Collector
	c.Add(engine.Event{Type: engine.Working, Work: &engine.WorkInfo{What: "sandbox", State: "failed"}})
	if err := c.Write(new(bytes.Buffer)); !errors.Is(err, report.ErrNothing) {
		t.Errorf("got %v", err)
	}
}

// TestLong: many requests are drawn, and their table is folded.
func TestLong(t *testing.T) {
	t.Parallel()
	s := &stream{at: start()}
	for _, e := range lesson()[:3] {
		s.add(e)
	}
	const many = 2000
	s.add(engine.Event{Type: engine.Firing, Fire: &engine.FireInfo{ID: "burst", Count: many, Lanes: []engine.LaneInfo{{Name: "ann", Method: "GET", Path: "/", Count: many}}}})
	for n := 1; n <= many; n++ {
		a := answer(n)
		a.Of = many
		s.add(engine.Event{Type: engine.Answered, Answer: a})
	}
	s.add(engine.Event{Type: engine.StepBegan, Began: &engine.StepInfo{ID: "one", Title: "One", N: 1, Of: 2}})
	got := page(t, s.events)
	if n := strings.Count(got, `<svg class="dot`); n < many {
		t.Errorf("%d dots", n)
	}
	if !strings.Contains(got, `<details class="requests">`) || !strings.Contains(got, "One</a> (again)") {
		t.Error("the table is not folded, or the second visit not told")
	}
}
