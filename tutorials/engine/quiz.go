package engine

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

// quizInfo describes a question, with the guess if there is one.
func (s *Session) quizInfo(i *lesson.Item) *QuizInfo {
	q := &QuizInfo{ID: i.ID, Question: i.Quiz.Question, Guess: s.place.asked[i.ID]}
	for _, c := range i.Quiz.Choices {
		q.Choices = append(q.Choices, ChoiceInfo(c))
	}
	q.Score, q.Asked = s.record.Score()
	return q
}

// valid gives the answer that was meant, or refuses what cannot be one.
func valid(q *lesson.Quiz, answer string) (string, error) {
	if len(q.Choices) == 0 {
		if n, err := strconv.Atoi(answer); err != nil || n < 0 {
			return "", hint.New("BAD_GUESS", hint.Usage, fmt.Sprintf("%q is not a number", answer), "answer with a whole number, as in 5")
		}
		return answer, nil
	}
	if c := q.Pick(answer); c != nil {
		return c.Key, nil
	}
	var keys []string
	for _, c := range q.Choices {
		keys = append(keys, c.Key)
	}
	return "", hint.New("BAD_GUESS", hint.Usage, fmt.Sprintf("%q is none of the choices", answer), "answer with one of "+strings.Join(keys, ", "))
}

// told reports whether the answer to a question has been told.
func (p *place) told(id string) bool { return p.holds["quiz "+id] }

// reveal tells the right answer once the traffic has given it.
func (s *Session) reveal(step string, i *lesson.Item) {
	guess, asked := s.place.asked[i.ID]
	if !asked || s.place.told(i.ID) {
		return
	}
	s.place.holds["quiz "+i.ID] = true // told once
	answer := i.Quiz.Answer
	if i.Quiz.Of != nil {
		s.place.counted[i.ID] = measure(i.Quiz.Of, s.place.results[i.Quiz.Fire])
		answer = strconv.Itoa(s.place.counted[i.ID])
	}
	right := guess != "" && matches(i.Quiz, guess, answer)
	if guess != "" {
		if s.record.Guesses == nil {
			s.record.Guesses = map[string]bool{}
		}
		s.record.Guesses[step+"/"+i.ID] = right
	}
	q := s.quizInfo(i)
	q.Answer, q.Right = answer, right
	if c := i.Quiz.Choice(answer); c != nil {
		q.Answer = c.Key
	}
	s.emit(Event{Type: Revealed, Quiz: q})
}

func matches(q *lesson.Quiz, guess, answer string) bool {
	if len(q.Choices) > 0 {
		return guess == answer
	}
	g, err := strconv.Atoi(guess)
	a, err2 := strconv.Atoi(answer)
	return err == nil && err2 == nil && max(g-a, a-g) <= q.Within
}

// measure counts what a question asks for.
func measure(m *lesson.Measure, r *result) int {
	n := 0
	if r == nil {
		return n
	}
	for _, a := range r.answers {
		switch {
		case m.Lane != "" && a.Lane != m.Lane:
		case m.RetryAfter && a.RetryAfter > 0:
			return a.RetryAfter
		case m.Code:
			n = a.Status
		case !m.RetryAfter && a.Status == m.Status:
			n++
		}
	}
	return n
}
