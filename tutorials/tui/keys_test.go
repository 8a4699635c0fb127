package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/limit"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// TestKeys: every key does what the help says of it, and no key does anything
// that cannot be done now.
func TestKeys(t *testing.T) {
	t.Parallel()
	all := []string{"again", "try", "hint", "solve", "edit", "back", "reset"}
	tests := []struct {
		name, next, keys string
		can              []string
		want             []string
		says             string
	}{
		{"enter goes on", "fire", "enter", nil, []string{"advance"}, ""},
		{"c checks", "check", "c", nil, []string{"advance"}, ""},
		{"c before the check", "fire", "c", nil, nil, "comes later"},
		{"again", "check", "f", all, []string{"again"}, ""},
		{"nothing to send again", "fire", "f", nil, nil, "Nothing has been sent"},
		{"hint", "check", "h", all, []string{"hint"}, ""},
		{"no hint", "check", "h", nil, nil, "no further hint"},
		{"solve", "check", "s", all, []string{"solve"}, ""},
		{"nothing to solve", "check", "s", nil, nil, "nothing to solve"},
		{"try without a refusal", "fire", "t", nil, nil, "No request of this step"},
		{"try", "check", "t", all, []string{"try"}, ""},
		{"nothing to edit", "check", "e", nil, nil, "nothing to change"},
		{"forth", "check", "n", nil, []string{"goto 1"}, ""},
		{"nothing before", "check", "p", nil, nil, "first step"},
		{"reset", "check", "r", nil, []string{"goto 0"}, ""},
		{"reset the lesson is asked once", "check", "R", nil, nil, "R again"},
		{"reset the lesson", "check", "R R", nil, []string{"goto 0"}, ""},
		{"not when something else is pressed", "check", "R ? R R", nil, nil, "R again"},
		{"a prediction", "predict", "1 2 backspace 3 enter", nil, []string{"guess 13"}, ""},
		{"letters are no number", "predict", "h x 5 enter", []string{"hint"}, []string{"hint", "guess 5"}, ""},
		{"a prediction skipped", "predict", "enter", nil, []string{"advance"}, ""},
		{"help closes with any key", "fire", "? s", all, nil, ""},
		{"esc alone does nothing", "fire", "esc", all, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := &host{gateway: newGateway(fiveAMinute(limit.FixedWindow))}
				p := start(t, Options{}, h)
				h.next = &engine.ReadyInfo{Next: tt.next, Can: tt.can}
				_ = h.ready()
				p.settle(t)
				p.press(t, strings.Fields(tt.keys)...)
				if diff := cmp.Diff(tt.want, h.done()); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
				if !strings.Contains(p.note, tt.says) {
					t.Errorf("it says %q, want %q", p.note, tt.says)
				}
				p.quit(t)
				if diff := cmp.Diff([]string{"close"}, h.done()); diff != "" {
					t.Errorf("leaving (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestChoices: the letter of a choice answers, also when it is a key.
func TestChoices(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &host{gateway: newGateway(fiveAMinute(limit.FixedWindow))}
		p := start(t, Options{}, h)
		h.tell(engine.Event{Type: engine.Asked, Quiz: &engine.QuizInfo{Question: "?", Choices: []engine.ChoiceInfo{{Key: "q", Text: "x"}, {Key: "b", Text: "y"}}}})
		h.tell(engine.Event{Type: engine.Ready, Ready: &engine.ReadyInfo{Next: "predict"}})
		p.settle(t)
		p.press(t, "7", "q", "enter")
		if diff := cmp.Diff([]string{"guess q"}, h.done()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		p.press(t, "ctrl+c")
		p.pass(t, 3*time.Second)
		p.over(t)
	})
}

// TestChoicesInWords: a choice is answered by its word, or the beginning of it, letters
// that are keys among them.
func TestChoicesInWords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &host{gateway: newGateway(fiveAMinute(limit.FixedWindow))}
		p := start(t, Options{}, h)
		h.tell(engine.Event{Type: engine.Asked, Quiz: &engine.QuizInfo{Question: "?", Choices: []engine.ChoiceInfo{{Key: "yes", Text: "x"}, {Key: "no", Text: "y"}, {Key: "429", Text: "z"}}}})
		for _, keys := range []string{"n o x enter", "y enter", "4 2 9 enter"} {
			h.tell(engine.Event{Type: engine.Ready, Ready: &engine.ReadyInfo{Next: "predict"}})
			p.settle(t)
			p.press(t, strings.Fields(keys)...)
			p.settle(t)
		}
		if diff := cmp.Diff([]string{"guess no", "guess y", "guess 429"}, h.done()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		p.press(t, "ctrl+c")
		p.pass(t, 3*time.Second)
		p.over(t)
	})
}

// TestOneThingAtATime: while something is under way nothing else begins, Esc ends
// it, and leaving does too.
func TestOneThingAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &host{gateway: newGateway(fiveAMinute(limit.TokenBucket)), burst: 6, took: time.Hour}
		p := start(t, Options{}, h)
		p.press(t, "enter")
		p.pass(t, 13*time.Second)
		h.done()
		p.press(t, "t", "h", "enter")
		if diff := cmp.Diff([]string{"try"}, h.done()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		p.press(t, "esc")
		if p.busy != "" || p.note != "Stopped." {
			t.Errorf("busy with %q, saying %q, want it stopped", p.busy, p.note)
		}
		p.press(t, "t")
		p.quit(t)
		if diff := cmp.Diff([]string{"try", "close"}, h.done()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// TestComplaint: what goes wrong is said, with what to do about it, and the lesson
// goes on.
func TestComplaint(t *testing.T) {
	t.Parallel()
	s := newScene(Options{NoColor: true})
	s.begin(prose8)
	s.press("enter")
	s.Update(acted{hint.New("NO_ANSWER", hint.NotReady, "the gateway did not answer", "see how it stands: gwctl status")})
	got := strings.Join(strings.Fields(s.View()), " ")
	if !strings.Contains(got, "the gateway did not answer. See how it stands: gwctl status.") || s.busy != "" {
		t.Errorf("busy %q, got\n%s", s.busy, s.View())
	}
}

// TestNotOpened: a lesson that cannot begin ends with the reason.
func TestNotOpened(t *testing.T) {
	t.Parallel()
	s := newScene(Options{NoColor: true})
	broken := errors.New("no sandbox")
	_, cmd := s.Update(opened{nil, broken})
	if _, ok := cmd().(tea.QuitMsg); !ok || !errors.Is(s.fatal, broken) {
		t.Errorf("got %v, want %v and the end", s.fatal, broken)
	}
}

// TestLeftWhileOpening: leaving before the sandbox is up gives back what came up
// since.
func TestLeftWhileOpening(t *testing.T) {
	t.Parallel()
	s := newScene(Options{NoColor: true})
	s.press("q")
	h := &host{}
	_, cmd := s.Update(opened{h, context.Canceled})
	if _, ok := cmd().(left); !ok || s.fatal != nil {
		t.Errorf("got %v, want it closed", s.fatal)
	}
	if diff := cmp.Diff([]string{"close"}, h.done()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestAuto: a lesson that runs by itself stops at its breaks, solves what does not
// hold and leaves at the end.
func TestAuto(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &host{gateway: newGateway(fiveAMinute(limit.FixedWindow)), burst: 2}
		p := start(t, Options{Auto: true, Pace: time.Second, Breaks: []string{"two"}}, h)
		p.pass(t, 1100*time.Millisecond)
		p.settle(t)
		if diff := cmp.Diff([]string{"advance"}, h.done()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		h.tell(engine.Event{Type: engine.Checked, Check: &engine.CheckInfo{ID: "x"}})
		_ = h.ready()
		p.pass(t, 1100*time.Millisecond)
		if diff := cmp.Diff([]string{"solve"}, h.done()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		h.tell(engine.Event{Type: engine.StepBegan, Began: &engine.StepInfo{ID: "two", Title: "Two", N: 2, Of: 2}})
		_ = h.ready()
		p.pass(t, time.Minute)
		if diff := cmp.Diff([]string(nil), h.done()); diff != "" {
			t.Errorf("it did not wait (-want +got):\n%s", diff)
		}
		p.press(t, "enter")
		p.pass(t, 1100*time.Millisecond)
		if diff := cmp.Diff([]string{"advance", "advance"}, h.done()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		h.next = &engine.ReadyInfo{Next: "none"}
		h.tell(engine.Event{Type: engine.Finished, Done: &engine.ProgressInfo{}})
		_ = h.ready()
		p.pass(t, 3*time.Second)
		p.over(t)
		if diff := cmp.Diff([]string{"close"}, h.done()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// TestManyEvents: two hundred answers a second are drawn within a tenth of one,
// thirty-odd frames a second at most, and nobody who tells waits.
func TestManyEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &host{gateway: newGateway(limit.Rule{Algorithm: limit.SlidingWindow, Period: limit.Minute, Limit: 100})}
		p := start(t, Options{}, h)
		const rate, times = 200, 400
		begin, before := time.Now(), p.frames
		for n := range times {
			h.tell(engine.Event{Type: engine.Answered, Answer: h.gateway.ask(time.Now(), "load", "", times, true)})
			p.pass(t, time.Second/rate)
			if shown := len(p.traffic.dots); n+1-shown > rate/10 {
				t.Fatalf("of %d answers %d are shown", n+1, shown)
			}
		}
		if n, most := p.frames-before, int(time.Since(begin)/gather)*3/2; n > most {
			t.Errorf("%d frames, want at most %d", n, most)
		}
		p.quit(t)
	})
}

// TestEdit: the learner's editor gets the draft; what it makes of it is applied,
// and nothing when it is left as it was.
func TestEdit(t *testing.T) {
	t.Parallel()
	h := &host{}
	same := func(_ context.Context, text string) (string, error) { return text, nil }
	other := func(_ context.Context, text string) (string, error) { return text + ", changed", nil }
	for _, open := range []func(context.Context, string) (string, error){same, other} {
		if err := (&edit{t.Context(), open, h}).Run(); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"draft", "draft", "edit draft, changed"}, h.done()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
