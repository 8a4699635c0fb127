package lesson

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// translate reads a translation and, when use is set, puts its prose in the
// place of the lesson's.
func (l *Lesson) translate(text, file string, use bool) error {
	r := newReport(file, text)
	r.plain(text)
	front, body, bodyLine := r.cutFront(text)
	title, summary := l.Title, l.Summary
	if front != "" {
		d := &doc{r, 1}
		if n := d.parse(front, "the front matter"); n != nil {
			d.fields(n, "the front matter of a translation", map[string]func(*yaml.Node){
				"title": d.text(&title), "summary": d.text(&summary),
			})
		}
	}
	t := &translation{report: r, intro: "", steps: map[string]*translated{}}
	for _, p := range pieces(r, l.fill(r, body, bodyLine), bodyLine) {
		t.add(p)
	}
	steps := make([]Step, len(l.Steps))
	for i, s := range l.Steps {
		tr := t.steps[s.ID]
		if tr == nil {
			r.at(1, "step %q is not translated", s.ID)
			continue
		}
		delete(t.steps, s.ID)
		steps[i] = t.merge(s, tr)
	}
	for id, tr := range t.steps {
		r.at(tr.line, "the lesson has no step %q", id)
	}
	if err := r.err(); err != nil {
		return err
	}
	if use {
		l.Title, l.Summary, l.Intro, l.Steps = title, summary, t.intro, steps
	}
	return nil
}

// translation is what a file in another language says.
type translation struct {
	*report
	intro string
	steps map[string]*translated
	step  *translated
}

type translated struct {
	title  string
	line   int
	pieces []piece
}

func (t *translation) add(p piece) {
	switch {
	case p.kind == headingPiece:
		t.step = &translated{title: p.text, line: p.line}
		t.steps[p.id] = t.step
	case t.step != nil:
		t.step.pieces = append(t.step.pieces, p)
	case p.kind == prosePiece:
		t.intro = strings.TrimSpace(t.intro + "\n\n" + p.text)
	}
}

// merge puts the prose of a translated step into the step: between the same
// blocks in the same order.
func (t *translation) merge(s Step, tr *translated) Step {
	out := s
	out.Title, out.Items, out.Notes = tr.title, nil, nil
	out.Hints = append([]Hint(nil), s.Hints...)
	rest, hints := s.Items, 0
	for _, p := range tr.pieces {
		switch action := p.info.action; {
		case p.kind == prosePiece:
			out.Items = append(out.Items, Item{Kind: Prose, Line: p.line, Text: p.text})
		case p.kind == notePiece:
			out.Notes = append(out.Notes, p.text)
		case action == "hint":
			if hints < len(out.Hints) {
				out.Hints[hints].Text = strings.TrimSpace(p.text)
			}
			hints++
		case action == "solve" || action == "setup" || action == "cleanup":
			t.at(p.line, "a translation leaves %s away; it comes from %s", action, File)
		default:
			if rest = skipProse(rest); len(rest) == 0 || !p.translates(rest[0]) {
				t.at(p.line, "step %q has other blocks here than %s: translate the same blocks in the same order", s.ID, File)
				return s
			}
			out.Items = append(out.Items, t.block(rest[0], p))
			rest = rest[1:]
		}
	}
	if len(skipProse(rest)) > 0 || hints != len(s.Hints) {
		t.at(tr.line, "step %q lacks blocks or hints that %s has: translate the same ones in the same order", s.ID, File)
	}
	return out
}

func skipProse(items []Item) []Item {
	for len(items) > 0 && items[0].Kind == Prose {
		items = items[1:]
	}
	return items
}

// translates reports whether the piece stands for the item.
func (p piece) translates(i Item) bool {
	if p.kind == pausePiece {
		return i.Kind == Pause
	}
	return Kind(p.info.action) == i.Kind
}

// block translates one block: a question's words; of others there is nothing.
func (t *translation) block(i Item, p piece) Item {
	if i.Kind != Predict {
		if strings.TrimSpace(p.text) != "" {
			t.at(p.line, "leave the block empty in a translation; what it does comes from %s", File)
		}
		return i
	}
	q, said := *i.Quiz, &Quiz{}
	said.ask(p.text)
	if said.Question == "" || len(said.Choices) != len(q.Choices) {
		t.at(p.line, "translate the question and each of its %d choices", len(q.Choices))
		return i
	}
	for n := range said.Choices {
		if said.Choices[n].Key != q.Choices[n].Key {
			t.at(p.line, "choice %q must keep its key %q", said.Choices[n].Key, q.Choices[n].Key)
		}
	}
	q.Question, q.Choices = said.Question, said.Choices
	i.Quiz = &q
	return i
}
