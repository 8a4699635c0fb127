package learn

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// TestMaskKeys: a key is hidden in every form in which it is written.
func TestMaskKeys(t *testing.T) {
	t.Parallel()
	const key = `me&my "<own>"-key\7`
	m := maskKeys([]string{"ann-key", key, "ann-key-of-two", "brief"})
	tests := []struct{ name, in, want string }{
		{"as it is", "apikey: " + key, "apikey: me&m***************"},
		{"in JSON", `{"k":"me\u0026my \"\u003cown\u003e\"-key\\7"}`, `{"k":"me&m***************"}`},
		{"in JSON as it was", `{"k":"me&my \"<own>\"-key\\7"}`, `{"k":"me&m***************"}`},
		{"in a query", "/a?k=me%26my+%22%3Cown%3E%22-key%5C7&x=1", "/a?k=me&m***************&x=1"},
		{"in a path", "/a/me&my%20%22%3Cown%3E%22-key%5C7/b", "/a/me&m***************/b"},
		{"in a Secret", "key: YW5uLWtleQ==", "key: ann-***"},
		{"one that begins another", "ann-key and ann-key-of-two", "ann-*** and ann-**********"},
		{"a word", "in brief", "in brief"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, m.text(tt.in)); diff != "" {
				t.Errorf("text differs (-want +got):\n%s", diff)
			}
		})
	}
	if maskKeys([]string{"brief"}) != (mask{}) {
		t.Error("a mask for nothing")
	}
}

// TestMaskEvent: every text of an event is masked, what it belongs to is not, and the
// event itself stays as it is.
func TestMaskEvent(t *testing.T) {
	t.Parallel()
	const key, shown = "one-long-key", "one-********"
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	with := func(s string) engine.Event {
		return engine.Event{
			Seq: 1 << 60, Time: at, Type: engine.Fired, Step: key, Text: s,
			Fire: &engine.FireInfo{ID: key, Lanes: []engine.LaneInfo{{Path: "/a?k=" + s, Header: http.Header{"Apikey": {"x", s}}, Body: s}}},
			Answer: &engine.AnswerInfo{
				Fire: key, At: at, Header: http.Header{"X": {s}}, Body: "{" + s + "}",
				Gateway: &event.Event{ID: key, Path: "/" + s, Plugins: []event.Step{{Plugin: "a"}}},
			},
			Fired: &engine.FiredInfo{ID: key, Lanes: []engine.LaneSum{{Count: 1, Statuses: map[int]int{200: 1}}}},
			Apply: &engine.ApplyInfo{Text: s}, Run: &engine.RunInfo{Command: s, Output: s},
			Lesson: &engine.LessonInfo{Intro: s, Steps: []engine.StepInfo{{ID: key, Title: s}}},
			Ready:  &engine.ReadyInfo{Next: key, About: s, Can: []string{key}},
		}
	}
	e := with(key)
	got := maskKeys([]string{key}).event(e)
	private := cmpopts.IgnoreUnexported(engine.AnswerInfo{})
	if diff := cmp.Diff(with(shown), got, private); diff != "" {
		t.Errorf("event differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(with(key), e, private); diff != "" {
		t.Errorf("the event has changed (-want +got):\n%s", diff)
	}
}
