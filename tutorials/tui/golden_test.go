package tui

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/limit"
	"github.com/gwctl/gwctl/tutorials/engine"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// stopped is a clock that is moved by hand.
type stopped struct{ at time.Time }

func (s *stopped) Now() time.Time { return s.at }

func (s *stopped) Wait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// scene is a model that a test shows things to, at a time that stands still.
type scene struct {
	*Model
	clock *stopped
}

func newScene(o Options) *scene {
	c := &stopped{time.Date(2026, 1, 2, 10, 2, 40, 0, time.UTC)}
	o.Clock = c
	s := &scene{newModel(context.Background(), o, newLook(io.Discard, o)), c}
	s.feed = newFeed(c)
	return s
}

func (s *scene) tell(events ...engine.Event) {
	for _, e := range events {
		e.Time = s.clock.at
		s.take(&e)
	}
}

// begin opens a lesson at its second step.
func (s *scene) begin(text string) {
	s.busy, s.session = "", &host{}
	steps := []engine.StepInfo{{ID: "a", Title: "The sixth request", N: 1, Of: 3}, {ID: "b", Title: "Wait, and try again", N: 2, Of: 3}, {ID: "c", Title: "Your turn", N: 3, Of: 3}}
	s.tell(
		engine.Event{Type: engine.LessonBegan, Lesson: &engine.LessonInfo{
			ID: "rate-limiting", Title: "Five a minute", Intro: "A backend can only do so much.", Steps: steps,
			Sandbox: "gwctl-lessons", Runtime: "local", URL: "http://127.0.0.1:8000", Gateways: []string{"gateway-0"},
		}},
		engine.Event{Type: engine.StepBegan, Began: &steps[1]},
		engine.Event{Type: engine.Text, Text: text},
	)
	s.ready = engine.ReadyInfo{Next: "fire", About: "send 8 times GET /echo-1", Can: []string{"hint", "solve", "back", "reset"}}
}

// fire lets a lane's requests be judged, so much time after one another.
func (s *scene) fire(g *gateway, id, lane string, count int, apart time.Duration, key bool) {
	f := fireInfo(id, count)
	f.Lanes[0].Name = lane
	s.tell(engine.Event{Type: engine.Firing, Fire: f})
	sums := map[int]int{}
	reached := 0
	for range count {
		a := g.ask(s.clock.at, id, lane, count, key)
		sums[a.Status]++
		if a.Gateway.Target != "" {
			reached++
		}
		s.tell(engine.Event{Type: engine.Answered, Answer: a})
		s.clock.at = s.clock.at.Add(apart)
	}
	s.tell(engine.Event{Type: engine.Fired, Fired: &engine.FiredInfo{ID: id, Lanes: []engine.LaneSum{{Name: lane, Count: count, Statuses: sums, Reached: reached}}}})
	s.ready = engine.ReadyInfo{Next: "check", About: "check whether it holds", Can: []string{"again", "try", "hint", "solve", "back"}}
}

func (s *scene) press(keys ...string) {
	for _, k := range keys {
		s.Update(keyMsg(k))
	}
}

const prose8 = "A refusal also carries `Retry-After`: so many seconds, and then it is worth **trying again**.\n\n" +
	"```yaml\nplugin: rate-limiting\nconfig:\n  minute: 5\n```\n\n- `RateLimit-Limit` is how many there are,\n- `RateLimit-Remaining` how many are left.\n"

// scenes are what the golden frames show.
func scenes() map[string]func(s *scene) {
	limited := func(s *scene, r limit.Rule, n int) {
		s.begin(prose8)
		s.fire(newGateway(r), "burst", "", n, time.Millisecond, true)
	}
	out := map[string]func(s *scene){
		"opening": func(s *scene) {
			s.tell(engine.Event{Type: engine.Working, Work: &engine.WorkInfo{What: "sandbox", State: "done", Title: "Manifests", Message: "the demo"}})
		},
		"question": func(s *scene) {
			s.begin(prose8)
			s.tell(engine.Event{Type: engine.Asked, Quiz: &engine.QuizInfo{Question: "Of the eight requests, how many will be answered 200?"}})
			s.ready.Next = "predict"
			s.press("1", "2", "backspace")
		},
		"choices": func(s *scene) {
			s.begin(prose8)
			s.tell(engine.Event{Type: engine.Asked, Quiz: &engine.QuizInfo{Question: "Who wrote the 429?", Choices: []engine.ChoiceInfo{{Key: "a", Text: "the backend"}, {Key: "b", Text: "the gateway"}}}})
			s.ready.Next = "predict"
			s.press("b")
		},
		"fixed":   func(s *scene) { limited(s, fiveAMinute(limit.FixedWindow), 8) },
		"sliding": func(s *scene) { limited(s, fiveAMinute(limit.SlidingWindow), 8) },
		"token": func(s *scene) {
			limited(s, fiveAMinute(limit.TokenBucket), 8)
			s.clock.at = s.clock.at.Add(7500 * time.Millisecond)
		},
		"leaky": func(s *scene) {
			limited(s, limit.Rule{Algorithm: limit.LeakyBucket, Period: limit.Minute, Limit: 5, Size: 2}, 8)
			s.clock.at = s.clock.at.Add(3 * time.Second)
		},
		"countdown": func(s *scene) {
			limited(s, fiveAMinute(limit.FixedWindow), 6)
			s.clock.at = s.clock.at.Add(3 * time.Second)
		},
		"armed": func(s *scene) {
			limited(s, fiveAMinute(limit.FixedWindow), 6)
			s.press("t")
			s.clock.at = s.clock.at.Add(13 * time.Second)
		},
		"checks": checkScene,
		"finished": func(s *scene) {
			s.begin(prose8)
			s.tell(engine.Event{Type: engine.StepDone, Done: &engine.ProgressInfo{}}, engine.Event{Type: engine.Finished, Done: &engine.ProgressInfo{Steps: 3, Of: 3, Score: 2, Asked: 3, Hints: 1}})
			s.ready = engine.ReadyInfo{Next: "none", Can: []string{"back"}}
		},
		"help":  func(s *scene) { limited(s, fiveAMinute(limit.FixedWindow), 6); s.press("?") },
		"steps": func(s *scene) { s.begin(prose8) },
	}
	moreScenes(out)
	return out
}

func moreScenes(out map[string]func(s *scene)) {
	out["edge"] = func(s *scene) { // the burst at the edge of a minute
		s.begin(prose8)
		s.clock.at = s.clock.at.Add(17750 * time.Millisecond)
		s.fire(newGateway(fiveAMinute(limit.FixedWindow)), "edge", "", 10, 500*time.Millisecond, true)
	}
	out["detail"] = func(s *scene) {
		s.begin(prose8)
		s.fire(newGateway(fiveAMinute(limit.FixedWindow)), "burst", "", 8, time.Millisecond, true)
		s.press("left", "left", "left")
	}
	out["lanes"] = func(s *scene) {
		s.begin(prose8)
		for _, a := range []limit.Algorithm{limit.FixedWindow, limit.SlidingWindow, limit.TokenBucket, limit.LeakyBucket} {
			s.fire(newGateway(fiveAMinute(a)), "burst", strings.TrimSuffix(strings.TrimSuffix(a.String(), "-window"), "-bucket"), 8, time.Millisecond, true)
		}
	}
	out["strangers"] = func(s *scene) {
		s.begin(prose8)
		g := newGateway(fiveAMinute(limit.FixedWindow))
		s.fire(g, "stranger", "", 12, 10*time.Millisecond, false)
		s.fire(g, "user", "", 3, 10*time.Millisecond, true)
		s.fire(g, "stranger", "", 12, 10*time.Millisecond, false)
	}
	proof := func(s *scene) {
		s.begin(prose8)
		g := newGateway(fiveAMinute(limit.FixedWindow))
		s.fire(g, "burst", "", 6, time.Millisecond, true)
		s.clock.at = s.countdown.end.Add(12 * time.Millisecond)
		s.fire(g, engine.TryID, "", 1, time.Millisecond, true)
	}
	out["proof"] = proof
	big := func(n int) func(s *scene) {
		return func(s *scene) {
			s.begin(prose8)
			s.fire(newGateway(fiveAMinute(limit.FixedWindow)), "burst", "", 8, time.Millisecond, true)
			s.clock.at = s.clock.at.Add(5 * time.Second)
			s.press("b")
			for range n {
				s.press("tab")
			}
		}
	}
	out["big-countdown"], out["big-answers"], out["big-limit"], out["big-text"] = big(0), big(1), big(2), big(3)
	out["big-proof"] = func(s *scene) { proof(s); s.press("b") }
}

func checkScene(s *scene) {
	s.begin(prose8)
	s.fire(newGateway(fiveAMinute(limit.FixedWindow)), "yours", "", 5, time.Millisecond, true)
	s.ready.Can = append(s.ready.Can, "edit")
	s.opts.Edit = func(_ context.Context, text string) (string, error) { return text, nil }
	s.tell(
		engine.Event{Type: engine.Checked, Check: &engine.CheckInfo{ID: "traffic", Holds: true, Reason: "the answers were 5 times 200"}},
		engine.Event{Type: engine.Checked, Check: &engine.CheckInfo{ID: "object", Reason: ".config.minute of KongPlugin api-gateway-demo/rate-limit is 5, and should be 3", Hints: true}},
		engine.Event{Type: engine.Hinted, Hint: &engine.HintInfo{N: 1, Of: 2, Text: "Look for the line that says how many pass in a minute."}},
		engine.Event{Type: engine.Ran, Run: &engine.RunInfo{Command: "gwctl status", Output: "2 routes\n\x1b[31mred\u2800", Exit: 1}},
		engine.Event{Type: engine.Applied, Apply: &engine.ApplyInfo{By: "learner", Objects: []string{"KongPlugin api-gateway-demo/rate-limit"}}},
		engine.Event{Type: engine.Revealed, Quiz: &engine.QuizInfo{Guess: "4", Answer: "5", Score: 1, Asked: 2}},
	)
}

// TestFrames compares every panel, at the least size and at a comfortable one,
// with its golden frame. There is no colour in them.
func TestFrames(t *testing.T) {
	t.Parallel()
	for name, show := range scenes() {
		for _, size := range [][2]int{{80, 24}, {120, 36}} {
			frame(t, fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), Options{NoColor: true}, size, show)
		}
	}
	all := scenes()
	for _, name := range []string{"fixed", "leaky", "detail", "help", "proof", "checks"} {
		frame(t, name+"-ascii", Options{NoColor: true, ASCII: true}, [2]int{80, 24}, all[name])
	}
	frame(t, "token-still", Options{NoColor: true, Still: true}, [2]int{80, 24}, all["token"])
}

func frame(t *testing.T, name string, o Options, size [2]int, show func(*scene)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		s := newScene(o)
		s.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		s.View()
		show(s)
		got := s.View()
		sound(t, got, size[0], size[1])
		if got != ansi.Strip(got) {
			t.Error("there is colour in it")
		}
		if o.ASCII && strings.ContainsFunc(got, func(r rune) bool { return r > 126 }) {
			t.Errorf("it is not ASCII alone:\n%s", got)
		}
		path := filepath.Join("testdata", name+".txt")
		var b strings.Builder
		for line := range strings.Lines(got) {
			b.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
		if *update {
			if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("frame differs (-want +got), -update writes it anew:\n%s", diff)
		}
	})
}

// sound fails when a frame does not fill its screen exactly, or has Braille.
func sound(t *testing.T, got string, w, h int) {
	t.Helper()
	lines := strings.Split(got, "\n")
	if w >= leastWidth && h >= leastHeight && len(lines) != h {
		t.Errorf("%d lines at %dx%d, want %d", len(lines), w, h, h)
	}
	for i, line := range lines {
		if n := ansi.StringWidth(line); n > max(w, leastWidth) {
			t.Errorf("line %d is %d cells wide at %dx%d: %q", i+1, n, w, h, line)
		}
	}
	if strings.ContainsFunc(got, func(r rune) bool { return r >= 0x2800 && r <= 0x28ff }) {
		t.Error("there is Braille in it")
	}
}

// TestResize: every size gives a sound frame, also right after another one, and
// the text stays where the reader is.
func TestResize(t *testing.T) {
	t.Parallel()
	for name, show := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(Options{NoColor: true})
			show(s)
			for w := 1; w <= 200; w += 13 {
				for h := 1; h <= 60; h += 5 {
					s.Update(tea.WindowSizeMsg{Width: w, Height: h})
					sound(t, s.View(), w, h)
				}
			}
		})
	}
}
