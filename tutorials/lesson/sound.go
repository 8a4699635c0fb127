package lesson

import (
	"fmt"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// objects checks manifests; lines are those of the file after base.
func (b *builder) objects(text, file string, base int) {
	dec, n := api.NewDecoder(), 0
	for _, doc := range api.Split([]byte(text)) {
		d := dec.Decode(doc.Text)
		n += len(d.Objects)
		for _, p := range d.Problems {
			if p.Severity == problem.Error {
				p.File, p.Line = "", doc.Line+max(p.Line, 1)-1
				b.list = append(b.list, Fault{file, base + p.Line, strings.TrimPrefix(p.String(), "error: ")})
			}
		}
	}
	if n == 0 && strings.TrimSpace(text) == "" {
		b.list = append(b.list, Fault{file, max(base, 1), "there is no object"})
	}
}

// end checks what can only be known when all is read.
func (b *builder) end() {
	b.closeStep()
	if len(b.lesson.Steps) == 0 {
		b.at(1, "the lesson has no step: write a heading ## Title {#id}")
	}
}

// closeStep gives what has no id one, and checks that ids lead somewhere.
func (b *builder) closeStep() {
	s := b.step
	if s == nil {
		return
	}
	count := b.name(s)
	last := ""
	for n := range s.Items {
		switch i := &s.Items[n]; i.Kind {
		case Fire:
			last = i.ID
		case Check:
			b.refer(s, i, i.Require, last)
		case Predict:
			b.referQuiz(s, n)
		case Prose, Apply, Run, Pause:
		}
	}
	b.whole(s, count)
}

// name gives what has no id one, and counts the kinds.
func (b *builder) name(s *Step) map[Kind]int {
	ids := map[string]bool{}
	count := map[Kind]int{}
	for n := range s.Items {
		i := &s.Items[n]
		if i.Kind == Prose || i.Kind == Pause {
			continue
		}
		count[i.Kind]++
		if i.ID == "" {
			i.ID = fmt.Sprintf("%s-%d", i.Kind, count[i.Kind])
		}
		if ids[i.ID] {
			b.at(i.Line, "another block of the step has the id %q", i.ID)
		}
		ids[i.ID] = true
	}
	return count
}

// whole checks the step as a whole.
func (b *builder) whole(s *Step, count map[Kind]int) {
	for _, h := range s.Hints {
		if h.When != "" && find(s, Check, h.When) == nil {
			b.at(h.Line, "the step has no check %q", h.When)
		}
	}
	if len(s.Items) == 0 {
		b.at(s.Line, "the step is empty")
	}
	if len(s.Solve) > 0 && count[Check] == 0 {
		b.at(s.Solve[0].Line, "the step has a solve and no check")
	}
	if count[Check] > 0 && len(s.Solve)+count[Fire]+count[Apply]+count[Run] == 0 {
		b.at(s.Line, "the step has a check and nothing that makes it hold: write a solve")
	}
}

func find(s *Step, k Kind, id string) *Item {
	for n := range s.Items {
		if s.Items[n].Kind == k && s.Items[n].ID == id {
			return &s.Items[n]
		}
	}
	return nil
}

// refer makes sure that a check of traffic has traffic to look at.
func (b *builder) refer(s *Step, i *Item, c *Condition, last string) {
	if c.Not != nil {
		b.refer(s, i, c.Not, last)
	}
	if !c.OfTraffic() {
		return
	}
	if c.Fire == "" {
		c.Fire = last
	}
	f := find(s, Fire, c.Fire)
	switch {
	case c.Fire == "":
		b.at(i.Line, "the check looks at traffic, and there is no fire before it")
	case f == nil:
		b.at(i.Line, "the step has no fire %q", c.Fire)
	case c.Lane != "" && !f.Volley.has(c.Lane):
		b.at(i.Line, "the fire %q has no lane %q", c.Fire, c.Lane)
	}
}

func (v *Volley) has(lane string) bool {
	for _, l := range v.Lanes {
		if l.Name == lane {
			return true
		}
	}
	return false
}

// referQuiz finds the volley that answers the nth item: the next, or the one it
// names.
func (b *builder) referQuiz(s *Step, n int) {
	i := &s.Items[n]
	for m := n + 1; m < len(s.Items); m++ {
		f := &s.Items[m]
		if f.Kind != Fire || i.Quiz.Fire != "" && i.Quiz.Fire != f.ID {
			continue
		}
		i.Quiz.Fire = f.ID
		if i.Quiz.Of != nil && i.Quiz.Of.Lane != "" && !f.Volley.has(i.Quiz.Of.Lane) {
			b.at(i.Line, "the fire %q has no lane %q", f.ID, i.Quiz.Of.Lane)
		}
		return
	}
	b.at(i.Line, "no fire follows that answers the question")
}
