package tui

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// hear takes in what has happened.
func (m *Model) hear(b batch) tea.Cmd {
	m.heard = m.opts.Clock.Now()
	for i := range b.events {
		m.take(&b.events[i])
	}
	return tea.Batch(m.feed.listen(m.ctx, m.heard), m.yield(), m.tick())
}

// take takes in one event.
func (m *Model) take(e *engine.Event) {
	switch e.Type {
	case engine.LessonBegan:
		m.lesson = *e.Lesson
		m.marks = make([]mark, len(e.Lesson.Steps))
		m.text.clear()
	case engine.StepBegan:
		m.enter(e.Began)
	case engine.StepDone:
		m.mark(m.step.N-1, done)
	case engine.Finished:
		m.finished = e.Done
		m.step = engine.StepInfo{N: len(m.marks), Of: len(m.marks)}
		m.score.Score, m.score.Asked = e.Done.Score, e.Done.Asked
		m.text.clear()
		m.text.add(block{kind: finish, done: e.Done})
	case engine.Ready:
		m.ready, m.typed, m.turn = *e.Ready, "", true
	case engine.Paused:
		m.paused = true
	case engine.Firing, engine.Answered, engine.Traced, engine.Fired, engine.Waiting, engine.Waited, engine.Applied, engine.Seen:
		m.happened(e)
	default:
		m.learnt(e)
	}
}

// enter brings a step into view.
func (m *Model) enter(s *engine.StepInfo) {
	first := m.step.ID == "" && s.N == 1
	for n := range m.marks {
		switch {
		case n == s.N-1:
			m.marks[n] = under
		case n < s.N-1:
			m.marks[n] = done
		case m.marks[n] == under:
			m.marks[n] = todo
		}
	}
	m.step, m.failed, m.paused, m.finished = *s, false, false, nil
	m.text.clear()
	if first && m.lesson.Intro != "" && !m.lesson.Resumed {
		m.text.add(block{kind: prose, text: m.lesson.Intro})
	}
	m.text.add(block{kind: heading, text: s.Title})
	m.traffic.reset()
	m.limits = limits{}
	m.countdown = countdown{}
	m.focus, m.detail = onText, scroller{}
}

func (m *Model) mark(n int, k mark) {
	if n >= 0 && n < len(m.marks) {
		m.marks[n] = k
	}
}

// happened takes in what the traffic and the configuration did.
func (m *Model) happened(e *engine.Event) {
	switch e.Type {
	case engine.Firing:
		m.traffic.fire(e.Fire)
		m.countdown.firing()
		m.text.add(block{kind: sent, fire: e.Fire})
	case engine.Answered:
		m.answered(e)
	case engine.Traced:
		m.traffic.trace(e.Trace)
		if d := m.traffic.find(e.Trace.Fire, e.Trace.Lane, e.Trace.N); d != nil {
			m.limits.take(d)
		}
	case engine.Fired:
		m.traffic.fired()
		m.text.add(block{kind: outcome, fired: e.Fired})
	case engine.Waiting:
		m.wait, m.moves = e.Wait, m.moves || e.Wait.Moved
	case engine.Waited:
		if e.Wait.Moved {
			m.skew += time.Duration(e.Wait.Seconds * float64(time.Second))
		}
		m.wait = nil
	case engine.Applied:
		m.limits = limits{}
		m.text.add(block{kind: applied, apply: e.Apply})
	case engine.Seen:
		m.traffic.stranger(e.Seen)
	default:
	}
}

// answered takes in one answer.
func (m *Model) answered(e *engine.Event) {
	a := e.Answer
	m.learnClock(a, e.Time)
	d := m.traffic.add(a)
	m.limits.take(d)
	m.countdown.answered(a)
}

// learnClock finds out by how much the gateway's clock is ahead: of a machine
// beside this one a little, of one that is moved a lot.
func (m *Model) learnClock(a *engine.AnswerInfo, told time.Time) {
	const much = 2 * time.Second
	ahead := cameAt(a).Sub(told)
	if d := ahead - m.skew; d > much || d < -much {
		m.skew = ahead
		m.moves = m.moves || ahead > much
	}
}

// cameAt is when an answer had come, on the gateway's clock.
func cameAt(a *engine.AnswerInfo) time.Time {
	return a.At.Add(time.Duration(a.Millis * float64(time.Millisecond)))
}

// learnt takes in what concerns the learner.
func (m *Model) learnt(e *engine.Event) {
	switch e.Type {
	case engine.Text:
		m.text.add(block{kind: prose, text: e.Text})
	case engine.Working:
		m.working(e.Work)
	case engine.Asked:
		m.text.add(block{kind: question, quiz: e.Quiz})
	case engine.Guessed:
		m.text.add(block{kind: guess, quiz: e.Quiz})
	case engine.Revealed:
		m.score = *e.Quiz
		m.text.add(block{kind: revealed, quiz: e.Quiz})
	case engine.Checked:
		m.failed = !e.Check.Holds
		m.text.add(block{kind: check, check: e.Check})
	case engine.Hinted:
		m.text.add(block{kind: hinted, hint: e.Hint})
	case engine.Solving:
		m.failed = false
		m.text.add(block{kind: aside, text: "The lesson does the step now."})
	case engine.Ran:
		m.text.add(block{kind: ran, run: e.Run})
	default:
	}
}

func (m *Model) working(w *engine.WorkInfo) {
	switch {
	case w.State == "warned" || w.What == "recover":
		m.text.add(block{kind: aside, text: upper(w.Message) + "."})
	case w.State == "failed":
		m.text.add(block{kind: failure, text: w.Title + " failed: " + w.Message + "."})
	case w.State == "done" && m.lesson.ID == "":
		m.text.add(block{kind: aside, text: w.Title + ": " + w.Message + "."})
	}
}
