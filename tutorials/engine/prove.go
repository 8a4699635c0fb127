package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

// Proof is what Prove has shown.
type Proof struct {
	Steps     int `json:"steps"`
	Checks    int `json:"checks"`
	Questions int `json:"questions"`
	// Unproven are the questions whose answer is the author's word: no traffic
	// counts it.
	Unproven int `json:"unproven"`
	// Took is how long it took.
	Took time.Duration `json:"took"`
}

// Prove goes through the lesson and shows that every check fails before its step
// is solved and holds after it, and that every answer that traffic can give is the
// right one.
func (s *Session) Prove(ctx context.Context) (p Proof, err error) {
	begin := time.Now()
	err = s.act(func() error {
		for n := s.step; n < len(s.lesson.Steps); n = s.step {
			if err := s.proveStep(ctx, &p); err != nil {
				return hint.New("LESSON_FAILS", hint.CheckFailed, fmt.Sprintf("step %s: %v", s.lesson.Steps[n].ID, err),
					"mend the lesson, then gwctl tutorial test again")
			}
			p.Steps++
			if err := s.endStep(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	p.Took = time.Since(begin)
	return p, err
}

func (s *Session) proveStep(ctx context.Context, p *Proof) error {
	st := s.here()
	if len(st.Solve) > 0 {
		for n := range st.Items {
			s.place.item = n + 1
			if err := s.do(ctx, &st.Items[n]); err != nil {
				return err
			}
		}
	}
	for _, i := range st.Checks() {
		v, err := s.evaluate(ctx, i.Require)
		if err != nil {
			return err
		}
		if v.holds {
			return fmt.Errorf("check %s holds before the step is solved: %s", i.ID, v.reason)
		}
		p.Checks++
	}
	s.place.item, s.place.results, s.place.holds = 0, map[string]*result{}, map[string]bool{}
	if err := s.solve(ctx); err != nil {
		return err
	}
	return s.proveAnswers(st, p)
}

// proveAnswers compares what the author says with what the traffic said.
func (s *Session) proveAnswers(st *lesson.Step, p *Proof) error {
	for n := range st.Items {
		i := &st.Items[n]
		if i.Kind != lesson.Predict {
			continue
		}
		p.Questions++
		if i.Quiz.Of == nil {
			p.Unproven++
			continue
		}
		is := strconv.Itoa(s.place.counted[i.ID])
		if len(i.Quiz.Choices) > 0 && i.Quiz.Choice(is) == nil {
			return fmt.Errorf("question %s: the traffic says %s, which is none of the choices", i.ID, is)
		}
		if i.Quiz.Answer == "" {
			continue
		}
		if !matches(i.Quiz, is, i.Quiz.Answer) {
			return fmt.Errorf("question %s: the answer is given as %s, the traffic says %s", i.ID, i.Quiz.Answer, is)
		}
	}
	if n := slices.IndexFunc(st.Checks(), func(i lesson.Item) bool { return !s.place.holds[i.ID] }); n >= 0 {
		return fmt.Errorf("check %s was not reached", st.Checks()[n].ID)
	}
	return nil
}
