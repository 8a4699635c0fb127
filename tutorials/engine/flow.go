package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gwctl/gwctl/tutorials/lesson"
)

// enter brings a step into view at a place in it: the items before are done
// already.
func (s *Session) enter(ctx context.Context, n int, at place) error {
	s.step = n
	s.view(s.lesson.Steps[n].ID)
	s.place = at
	st := &s.lesson.Steps[n]
	info := s.stepInfo(n)
	s.emit(Event{Type: StepBegan, Began: &info})
	if at.item == 0 {
		if err := s.perform(ctx, st.Setup, "setup"); err != nil {
			return err
		}
	}
	for _, i := range st.Items[:at.item] {
		if i.Kind == lesson.Prose {
			s.emit(Event{Type: Text, Text: i.Text})
		}
		if i.Kind == lesson.Check {
			s.place.holds[i.ID] = true
		}
	}
	s.read()
	if err := s.tellNow(); err != nil {
		return err
	}
	return s.keep()
}

// here is the step under way, nil after the last.
func (s *Session) here() *lesson.Step {
	if s.step >= len(s.lesson.Steps) {
		return nil
	}
	return &s.lesson.Steps[s.step]
}

// next is the item that comes next, nil at the end of the step.
func (s *Session) next() *lesson.Item {
	st := s.here()
	if st == nil || s.place.item >= len(st.Items) {
		return nil
	}
	return &st.Items[s.place.item]
}

// lastFire is the volley of the step that is done last, nil if none is.
func (s *Session) lastFire() *lesson.Item {
	st := s.here()
	if st == nil {
		return nil
	}
	for n := min(s.place.item, len(st.Items)) - 1; n >= 0; n-- {
		if st.Items[n].Kind == lesson.Fire {
			return &st.Items[n]
		}
	}
	return nil
}

// read brings the prose up to the next thing to do into view.
func (s *Session) read() {
	for i := s.next(); i != nil; i = s.next() {
		switch i.Kind {
		case lesson.Prose:
			s.emit(Event{Type: Text, Text: i.Text})
		case lesson.Pause:
			s.emit(Event{Type: Paused})
		case lesson.Predict:
			s.emit(Event{Type: Asked, Quiz: s.quizInfo(i)})
			return
		case lesson.Apply, lesson.Fire, lesson.Run, lesson.Check:
			return
		}
		s.place.item++
	}
}

// ready says what can be done now.
func (s *Session) ready() *ReadyInfo {
	r := &ReadyInfo{Can: []string{}}
	st := s.here()
	if st == nil {
		r.Next, r.About = "none", "the lesson is finished"
		return r
	}
	i := s.next()
	switch {
	case i != nil:
		r.Next, r.About = string(i.Kind), about(i)
	case s.step+1 < len(s.lesson.Steps):
		r.Next, r.About = "step", "go on with: "+s.lesson.Steps[s.step+1].Title
	default:
		r.Next, r.About = "finish", "finish the lesson"
	}
	can := func(what string, ok bool) {
		if ok {
			r.Can = append(r.Can, what)
		}
	}
	can("hint", s.hintsLeft() > 0)
	can("solve", len(st.Checks()) > 0 && i != nil)
	can("again", s.lastFire() != nil)
	_, ok := s.refused()
	can("try", ok)
	can("edit", i != nil && slices.ContainsFunc(st.Solve, func(x lesson.Item) bool { return x.Kind == lesson.Apply }))
	can("back", s.step > 0)
	can("reset", true)
	return r
}

// about says in words what an item does.
func about(i *lesson.Item) string {
	switch i.Kind {
	case lesson.Apply:
		return "apply " + objectList(i.Text)
	case lesson.Fire:
		return fireAbout(i.Volley)
	case lesson.Run:
		return "run " + i.Text
	case lesson.Predict:
		return "answer the question"
	case lesson.Check:
		return "check whether it holds"
	case lesson.Prose, lesson.Pause:
	}
	return "read on"
}

func fireAbout(v *lesson.Volley) string {
	l := v.Lanes[0]
	what := fmt.Sprintf("send %s %s", l.Method, l.Path)
	switch {
	case len(v.Lanes) > 1:
		what = fmt.Sprintf("send %d requests in %d lanes side by side", v.Count(), len(v.Lanes))
	case l.Count > 1:
		what = fmt.Sprintf("send %d times %s %s", l.Count, l.Method, l.Path)
	}
	switch {
	case v.AfterRetry:
		return "wait as long as Retry-After said, then " + what
	case v.Wait > 0:
		return fmt.Sprintf("wait %s, then %s", v.Wait, what)
	case v.At != nil:
		return fmt.Sprintf("wait for second %d of a minute, then %s", int(v.At.Seconds()), what)
	}
	return what
}

// Advance does the next thing: what Ready said. At a question it skips it; see
// Guess.
func (s *Session) Advance(ctx context.Context) error {
	return s.act(func() error { return s.advance(ctx) })
}

func (s *Session) advance(ctx context.Context) error {
	st := s.here()
	if st == nil {
		return nil
	}
	i := s.next()
	if i == nil {
		return s.endStep(ctx)
	}
	if i.Kind == lesson.Check {
		return s.advanceChecks(ctx)
	}
	if err := s.do(ctx, i); err != nil {
		return err
	}
	s.place.item++
	s.read()
	return nil
}

// do does one item that is not a check.
func (s *Session) do(ctx context.Context, i *lesson.Item) error {
	switch i.Kind {
	case lesson.Apply:
		return s.apply(ctx, i.ID, "lesson", i.Text)
	case lesson.Fire:
		return s.fire(ctx, i.ID, i.Volley)
	case lesson.Run:
		return s.run(ctx, i.Text)
	case lesson.Predict:
		if _, ok := s.place.asked[i.ID]; !ok {
			s.place.asked[i.ID] = ""
		}
	case lesson.Prose, lesson.Pause, lesson.Check:
	}
	return nil
}

// advanceChecks evaluates the checks that follow one another; it stays at the
// first that does not hold.
func (s *Session) advanceChecks(ctx context.Context) error {
	for i := s.next(); i != nil && i.Kind == lesson.Check; i = s.next() {
		if err := s.refresh(ctx, i.Require); err != nil {
			return err
		}
		ok, reason, err := s.judge(ctx, i.Require, i.Require.Eventually)
		if err != nil {
			return err
		}
		s.place.holds[i.ID] = ok
		if !ok {
			s.place.failing, s.place.why = i.ID, reason
			s.emit(Event{Type: Checked, Check: &CheckInfo{ID: i.ID, Reason: reason, Hints: s.hintsLeft() > 0}})
			return nil
		}
		s.place.failing = ""
		s.emit(Event{Type: Checked, Check: &CheckInfo{ID: i.ID, Holds: true, Reason: reason}})
		s.place.item++
		s.read()
	}
	return nil
}

// endStep finishes the step and enters the next, or finishes the lesson.
func (s *Session) endStep(ctx context.Context) error {
	st := s.here()
	if !slices.Contains(s.record.Done, st.ID) {
		s.record.Done = append(s.record.Done, st.ID)
	}
	if err := s.perform(ctx, st.Cleanup, "cleanup"); err != nil {
		return err
	}
	s.emit(Event{Type: StepDone, Done: s.progress()})
	if s.step+1 < len(s.lesson.Steps) {
		return s.enter(ctx, s.step+1, newPlace(0))
	}
	if s.record.Finished.IsZero() {
		s.record.Finished = time.Now().UTC()
	}
	s.emit(Event{Type: Finished, Done: s.progress()})
	s.step = len(s.lesson.Steps)
	s.view("")
	s.place = place{}
	return nil
}
