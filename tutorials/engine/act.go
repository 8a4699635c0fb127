package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

// apply adds or changes objects and waits until every gateway serves them.
func (s *Session) apply(ctx context.Context, id, by, text string) error {
	begin := time.Now()
	if err := s.host.Apply(ctx, []byte(text)); err != nil {
		return err
	}
	s.emit(Event{Type: Applied, Apply: &ApplyInfo{
		ID: id, By: by, Objects: objectNames(text), Text: text, Millis: time.Since(begin).Milliseconds(),
	}})
	return nil
}

// objectNames lists the objects of documents.
func objectNames(text string) []string {
	dec := api.NewDecoder()
	var out []string
	for _, doc := range api.Split([]byte(text)) {
		for _, o := range dec.Decode(doc.Text).Objects {
			out = append(out, api.Name(o.Value))
		}
	}
	return out
}

func objectList(text string) string { return strings.Join(objectNames(text), ", ") }

// perform does setup, cleanup or solve blocks.
func (s *Session) perform(ctx context.Context, items []lesson.Item, what string) error {
	if len(items) == 0 {
		return nil
	}
	by := "lesson"
	if what == "solve" {
		by = what
	} else {
		s.emit(Event{Type: Working, Work: &WorkInfo{What: what, State: "started", Title: what}})
	}
	for n := range items {
		i := &items[n]
		var err error
		if i.Kind == lesson.Apply {
			err = s.apply(ctx, i.ID, by, i.Text)
		} else {
			err = s.do(ctx, i)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if what != "solve" {
		s.emit(Event{Type: Working, Work: &WorkInfo{What: what, State: "done", Title: what}})
	}
	return nil
}

// Guess answers the question that comes next.
func (s *Session) Guess(ctx context.Context, answer string) error {
	return s.act(func() error {
		i := s.next()
		if i == nil || i.Kind != lesson.Predict {
			return hint.New("NO_QUESTION", hint.Usage, "no question waits for an answer", "go on with the lesson")
		}
		answer, err := valid(i.Quiz, strings.ToLower(strings.TrimSpace(answer)))
		if err != nil {
			return err
		}
		s.place.asked[i.ID] = answer
		q := s.quizInfo(i)
		s.emit(Event{Type: Guessed, Quiz: q})
		return s.advance(ctx)
	})
}

// Hint shows the next hint: one for the check that failed before any other.
func (s *Session) Hint(context.Context) error {
	return s.act(func() error {
		st := s.here()
		n := s.nextHint()
		if st == nil || n < 0 {
			return hint.New("NO_HINT", hint.Usage, "there is no further hint", "let the lesson solve the step, or go back and read it again")
		}
		s.place.hinted[n] = true
		s.record.Hints++
		h := st.Hints[n]
		s.emit(Event{Type: Hinted, Hint: &HintInfo{N: len(s.place.hinted), Of: len(s.place.hinted) + s.hintsLeft(), Text: h.Text, When: h.When}})
		return nil
	})
}

// nextHint finds the hint to show, -1 for none.
func (s *Session) nextHint() int {
	st := s.here()
	if st == nil {
		return -1
	}
	general := -1
	for n, h := range st.Hints {
		switch {
		case s.place.hinted[n]:
		case h.When != "" && h.When == s.place.failing:
			return n
		case h.When == "" && general < 0:
			general = n
		}
	}
	return general
}

func (s *Session) hintsLeft() int {
	st, left := s.here(), 0
	if st == nil {
		return 0
	}
	for n, h := range st.Hints {
		if !s.place.hinted[n] && (h.When == "" || h.When == s.place.failing) {
			left++
		}
	}
	return left
}

// Solve does the step: what it shows, then its solve, until its checks hold.
func (s *Session) Solve(ctx context.Context) error {
	return s.act(func() error { return s.solve(ctx) })
}

func (s *Session) solve(ctx context.Context) error {
	st := s.here()
	if st == nil {
		return nil
	}
	s.emit(Event{Type: Solving})
	s.place.solving = true
	defer func() { s.place.solving = false }()
	solved := false
	for i := s.next(); i != nil; i = s.next() {
		if i.Kind == lesson.Check && !solved && len(st.Solve) > 0 {
			if err := s.perform(ctx, st.Solve, "solve"); err != nil {
				return err
			}
			solved = true
		}
		before := s.place.item
		if err := s.advance(ctx); err != nil {
			return err
		}
		if s.place.item == before {
			return hint.New("NOT_SOLVED", hint.CheckFailed, "check "+s.place.failing+" does not hold after the solve: "+s.place.why,
				"somebody else may use the sandbox: gwctl watch shows who. Else the lesson is at fault: gwctl tutorial test")
		}
	}
	if !slices.Contains(s.record.Solved, st.ID) {
		s.record.Solved = append(s.record.Solved, st.ID)
	}
	return nil
}

// Again fires again: the volleys that the next checks look at, or the last one.
func (s *Session) Again(ctx context.Context) error {
	return s.act(func() error {
		if s.here() == nil {
			return nil
		}
		last := s.lastFire()
		if last == nil {
			return hint.New("NOTHING_FIRED", hint.Usage, "nothing has been sent in this step yet", "go on with the lesson")
		}
		return s.fire(ctx, last.ID, last.Volley)
	})
}

// Draft gives the manifests that the learner is to change in this step, as they
// are now.
func (s *Session) Draft(ctx context.Context) (text string, err error) {
	s.acting.Lock()
	defer s.acting.Unlock()
	st := s.here()
	if st == nil {
		return "", nil
	}
	docs, err := s.host.Save(ctx)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, i := range st.Solve {
		if i.Kind == lesson.Apply {
			for _, name := range objectNames(i.Text) {
				doc := document(docs, name)
				if doc == "" {
					doc = "# " + name + " is not there yet: write it here."
				}
				parts = append(parts, doc)
			}
		}
	}
	return strings.Join(parts, "\n---\n") + "\n", nil
}

// document finds the document that holds an object.
func document(docs []byte, name string) string {
	dec := api.NewDecoder()
	for _, doc := range api.Split(docs) {
		for _, o := range dec.Decode(doc.Text).Objects {
			if api.Name(o.Value) == name {
				return string(doc.Text)
			}
		}
	}
	return ""
}

// Edit applies what the learner has written.
func (s *Session) Edit(ctx context.Context, text string) error {
	return s.act(func() error { return s.apply(ctx, "", "learner", text) })
}

// Goto goes to a step, its number from 0, as if every step before it had been
// solved; the step that is under way begins anew.
func (s *Session) Goto(ctx context.Context, n int) error {
	return s.act(func() error {
		if n < 0 || n >= len(s.lesson.Steps) {
			return hint.New("NO_STEP", hint.Usage, fmt.Sprintf("the lesson has no step %d", n+1), fmt.Sprintf("it has steps 1 to %d", len(s.lesson.Steps)))
		}
		if st := s.here(); st != nil {
			if err := s.perform(ctx, st.Cleanup, "cleanup"); err != nil {
				return err
			}
		}
		if err := s.stage(ctx, n, 0); err != nil {
			return err
		}
		return s.enter(ctx, n, newPlace(0))
	})
}

// stage puts the sandbox where a step is when so many items of it are done, and
// every step before it was done and has cleaned up. Requests are not sent again,
// and no command is run.
func (s *Session) stage(ctx context.Context, n, done int) error {
	docs, err := Demo()
	if err != nil {
		return err
	}
	if err := s.host.Replace(ctx, docs); err != nil {
		return err
	}
	before := slices.Clone(s.lesson.Setup)
	for _, st := range s.lesson.Steps[:n] {
		before = slices.Concat(before, st.Setup, st.Items, st.Solve, st.Cleanup)
	}
	if done > 0 {
		before = append(append(before, s.lesson.Steps[n].Setup...), s.lesson.Steps[n].Items[:done]...)
	}
	for _, i := range before {
		if i.Kind == lesson.Apply {
			if err := s.host.Apply(ctx, []byte(i.Text)); err != nil {
				return err
			}
		}
	}
	return s.host.ClearCounters(ctx)
}
