package lesson

import (
	"errors"
	"strconv"
	"strings"
)

const maxChoices = 9

// quiz reads a predict block.
func (r *report) quiz(in info, text string) *Quiz {
	q := &Quiz{}
	var id string
	r.read(in, "predict", map[string]attribute{
		"id": idAttr(&id), "answer": textAttr(&q.Answer), "fire": idAttr(&q.Fire),
		"within": numberAttr(&q.Within, 0, maxCount),
		"of": func(v string) (err error) {
			q.Of, err = measure(v)
			return err
		},
	})
	q.ask(text)
	numeric := func() bool { _, err := strconv.Atoi(q.Answer); return err == nil }
	switch {
	case q.Question == "":
		r.at(in.line, "predict asks nothing: write the question into the block")
	case len(q.Choices) == 1 || len(q.Choices) > maxChoices:
		r.at(in.line, "give 2 to %d choices, one a line, as in - a: the attacker", maxChoices)
	case q.Answer == "" && q.Of == nil:
		r.at(in.line, "predict has no answer: give answer=5, or of=status:200 to count it")
	case len(q.Choices) == 0 && q.Answer != "" && !numeric():
		r.at(in.line, "without choices the answer must be a number, not %q", q.Answer)
	case len(q.Choices) > 0 && q.Answer != "" && q.Choice(q.Answer) == nil:
		r.at(in.line, "with choices the answer must be one of them, not %q", q.Answer)
	case len(q.Choices) > 0 && q.Within > 0:
		r.at(in.line, "within means nothing with choices: leave it away")
	}
	r.choices(in, q)
	return q
}

// choices makes sure that exactly one choice can be the answer.
func (r *report) choices(in info, q *Quiz) {
	seen := map[string]bool{}
	for _, c := range q.Choices {
		_, err := strconv.Atoi(c.Key)
		switch {
		case seen[c.Key]:
			r.at(in.line, "two choices have the key %q", c.Key)
		case q.Of != nil && err != nil:
			r.at(in.line, "choice %q is no number, and of counts one: give the numbers as keys, as in - 429: too many", c.Key)
		}
		seen[c.Key] = true
	}
}

// ask takes the text of the block apart: question, then choices.
func (q *Quiz) ask(text string) {
	var question []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		key, rest, ok := strings.Cut(strings.TrimPrefix(line, "- "), ":")
		if ok && strings.HasPrefix(line, "- ") && validID(key) {
			q.Choices = append(q.Choices, Choice{key, strings.TrimSpace(rest)})
		} else if line != "" {
			question = append(question, line)
		}
	}
	q.Question = strings.Join(question, " ")
}

// Choice finds a choice by its key, nil if there is none.
func (q *Quiz) Choice(key string) *Choice {
	for i := range q.Choices {
		if q.Choices[i].Key == key {
			return &q.Choices[i]
		}
	}
	return nil
}

// Pick finds the choice that an answer means: by its key, or by a beginning that no
// other key has. It is nil if there is none.
func (q *Quiz) Pick(answer string) *Choice {
	if c := q.Choice(answer); c != nil || answer == "" {
		return c
	}
	var found *Choice
	for i := range q.Choices {
		if c := &q.Choices[i]; strings.HasPrefix(c.Key, answer) {
			if found != nil {
				return nil
			}
			found = c
		}
	}
	return found
}

// measure reads status:200, code, retry-after, with lane/ in front or not.
func measure(text string) (*Measure, error) {
	m := &Measure{}
	what := text
	if lane, rest, ok := strings.Cut(text, "/"); ok {
		m.Lane, what = lane, rest
	}
	switch what {
	case "retry-after":
		m.RetryAfter = true
		return m, nil
	case "code":
		m.Code = true
		return m, nil
	}
	code, ok := strings.CutPrefix(what, "status:")
	n, err := strconv.Atoi(code)
	if !ok || err != nil || n < 100 || n > 599 {
		return nil, errors.New("must be status:200, code or retry-after, with a lane in front as in alice/status:200 if one is meant")
	}
	m.Status = n
	return m, nil
}
