package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// kind says what a block of the transcript is.
type kind int

const (
	prose kind = iota
	heading
	aside
	failure
	question
	guess
	revealed
	check
	hinted
	sent
	outcome
	applied
	ran
	finish
)

// block is one piece of the text of a step.
type block struct {
	kind  kind
	text  string
	quiz  *engine.QuizInfo
	check *engine.CheckInfo
	hint  *engine.HintInfo
	fire  *engine.FireInfo
	fired *engine.FiredInfo
	apply *engine.ApplyInfo
	run   *engine.RunInfo
	done  *engine.ProgressInfo
}

// scroller is a place in lines that do not all fit.
type scroller struct{ offset, total, height int }

// by moves the place, within its lines.
func (s *scroller) by(n int) { s.offset = max(0, min(s.offset+n, s.total-s.height)) }

// transcript is the text of the step under way and what has happened in it.
type transcript struct {
	scroller
	blocks []block
	lines  []string
	starts []int // the first line of each block
	width  int
	stale  bool
	moved  bool // there is something new to be brought into view
	anchor int  // the first block of what the last action brought
	fresh  bool // nothing has been done in this step
}

func (t *transcript) clear() { *t = transcript{fresh: true, moved: true, stale: true, width: t.width} }

func (t *transcript) add(b block) {
	t.blocks = append(t.blocks, b)
	t.stale, t.moved = true, true
}

// page is how far a page key scrolls.
func (t *transcript) page() int { return max(1, t.height-1) }

// question is the question that was asked last, nil for none.
func (t *transcript) question() *engine.QuizInfo {
	for _, b := range slices.Backward(t.blocks) {
		if b.kind == question {
			return b.quiz
		}
	}
	return nil
}

// measure draws what has changed.
func (t *transcript) measure(l *look, w int) {
	if t.stale || w != t.width {
		t.lines, t.starts, t.width, t.stale = nil, nil, w, false
		for i := range t.blocks {
			if i > 0 && !tight(t.blocks[i-1].kind, t.blocks[i].kind) {
				t.lines = append(t.lines, "")
			}
			t.starts = append(t.starts, len(t.lines))
			t.lines = append(t.lines, t.blocks[i].draw(l, w)...)
		}
	}
	t.total = len(t.lines)
}

// layout draws what has changed and finds the place to show.
func (t *transcript) layout(l *look, w, h int) {
	t.measure(l, w)
	t.height = h
	if t.moved {
		t.moved = false
		start := 0
		if t.anchor < len(t.starts) {
			start = t.starts[t.anchor]
		}
		t.offset = max(0, min(start, t.total-h))
	}
	t.by(0)
}

// tight says that no empty line parts two blocks.
func tight(a, b kind) bool {
	small := func(k kind) bool { return k == aside || k == check || k == sent || k == outcome || k == applied }
	return small(a) && small(b) || a == question && b == guess || a == guess && b == sent
}

// draw draws a block in lines of at most w cells.
func (b *block) draw(l *look, w int) []string {
	switch b.kind {
	case prose:
		return markdown(l, b.text, w)
	case heading:
		return style(wrapped(b.text, w, ""), l.accent.Render)
	case aside:
		return style(wrapped(b.text, w, "  "), l.dim.Render)
	case failure:
		return style(wrapped(l.no+" "+b.text, w, "  "), l.bad.Render)
	case question, guess, revealed:
		return b.drawQuiz(l, w)
	case check:
		if b.check.Holds {
			return style(wrapped(fmt.Sprintf("%s %s: %s.", l.yes, b.check.ID, b.check.Reason), w, "  "), l.good.Render)
		}
		text := fmt.Sprintf("%s %s: %s.", l.no, b.check.ID, b.check.Reason)
		if b.check.Hints {
			text += " h shows a hint."
		}
		return style(wrapped(text, w, "  "), l.bad.Render)
	case hinted:
		out := []string{l.warn.Render(fmt.Sprintf("Hint %d of %d", b.hint.N, b.hint.Of))}
		for _, line := range markdown(l, b.hint.Text, w-2) {
			out = append(out, l.warn.Render(l.bar)+" "+line)
		}
		return out
	case finish:
		return b.drawFinish(l, w)
	default:
		return b.drawDone(l, w)
	}
}

func style(lines []string, render func(...string) string) []string {
	for i := range lines {
		lines[i] = render(lines[i])
	}
	return lines
}

func (b *block) drawQuiz(l *look, w int) []string {
	q := b.quiz
	switch b.kind {
	case question:
		out := style(wrapped("? "+q.Question, w, "  "), l.accent.Render)
		for _, c := range q.Choices {
			out = append(out, wrapped("  "+c.Key+": "+c.Text, w, "     ")...)
		}
		return out
	case guess:
		return []string{l.dim.Render("  You say: " + q.Guess + ".")}
	}
	switch {
	case q.Guess == "":
		return wrapped(fmt.Sprintf("? The answer is %s.", q.Answer), w, "  ")
	case q.Right:
		return style(wrapped(fmt.Sprintf("%s You predicted %s, and so it is. %d of %d right.", l.yes, q.Guess, q.Score, q.Asked), w, "  "), l.good.Render)
	}
	return style(wrapped(fmt.Sprintf("%s You predicted %s; the answer is %s. %d of %d right.", l.no, q.Guess, q.Answer, q.Score, q.Asked), w, "  "), l.warn.Render)
}

// drawDone draws what was done.
func (b *block) drawDone(l *look, w int) []string {
	switch b.kind {
	case sent:
		return style(wrapped(l.now+" "+sending(b.fire), w, "  "), l.dim.Render)
	case outcome:
		var out []string
		for _, s := range b.fired.Lanes {
			name := ""
			if s.Name != "" {
				name = s.Name + ": "
			}
			out = append(out, "  "+name+l.statuses(s.Statuses)+l.dim.Render(fmt.Sprintf("   %d reached a backend", s.Reached)))
		}
		if b.fired.Lost > 0 {
			out = append(out, l.warn.Render(fmt.Sprintf("  %d of the gateway's events were lost", b.fired.Lost)))
		}
		return out
	case applied:
		who := map[string]string{"learner": "Your change", "solve": "The solution"}[b.apply.By]
		if who == "" {
			who = "Applied"
		}
		return style(wrapped(l.yes+" "+who+": "+strings.Join(b.apply.Objects, ", ")+". Every gateway serves it.", w, "  "), l.good.Render)
	case ran:
		out := []string{l.code.Render("$ " + l.cut(b.run.Command, w-2))}
		for line := range strings.Lines(strings.TrimRight(printable(b.run.Output), "\n")) {
			out = append(out, l.cut("  "+strings.TrimRight(line, "\n"), w))
		}
		if b.run.Exit != 0 {
			out = append(out, l.bad.Render(fmt.Sprintf("  exit code %d", b.run.Exit)))
		}
		return out
	}
	return nil
}

// sending says what a volley sends.
func sending(f *engine.FireInfo) string {
	if len(f.Lanes) > 1 {
		return fmt.Sprintf("%s: %d requests in %d lanes", f.ID, f.Count, len(f.Lanes))
	}
	x := f.Lanes[0]
	text := x.Method + " " + x.Path
	if x.Count > 1 {
		text = fmt.Sprintf("%d times %s", x.Count, text)
	}
	if len(x.Header) == 0 {
		text += " without a key"
	}
	return f.ID + ": " + text
}

func (b *block) drawFinish(l *look, w int) []string {
	out := []string{l.good.Render(l.yes + " The lesson is finished.")}
	if b.done.Asked > 0 {
		out = append(out, fmt.Sprintf("  %d of %d predictions were right.", b.done.Score, b.done.Asked))
	}
	if b.done.Hints > 0 {
		hints := "hints"
		if b.done.Hints == 1 {
			hints = "hint"
		}
		out = append(out, fmt.Sprintf("  You took %d %s.", b.done.Hints, hints))
	}
	return append(out, "", l.cut("More lessons: gwctl tutorial", w))
}

// printable leaves out what would move the cursor or is no text.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == '\n', r >= ' ' && r != 0x7f && (r < 0x80 || r > 0x9f) && (r < 0x2800 || r > 0x28ff):
			return r
		}
		return -1
	}, text)
}
