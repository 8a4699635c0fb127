package report

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// page is what the template draws.
type page struct {
	Style   template.CSS
	Policy  string
	Title   string
	Summary string
	Intro   template.HTML
	Facts   []fact
	Steps   []*section
	Classes []int // those that occur
}

type fact struct{ Name, Value string }

// section is one visit of a step.
type section struct {
	ID, Title string
	N, Of     int
	Again     bool // it was visited before
	Done      bool
	Took      string
	Parts     []*part

	began time.Time
}

// part is one thing that happened in a step: one of its fields is set.
type part struct {
	At     string // since the lesson began
	Prose  template.HTML
	Apply  *engine.ApplyInfo
	Volley *volley
	Note   string
	Quiz   *engine.QuizInfo
	Checks []engine.CheckInfo
	Hint   *hintPart
	Run    *engine.RunInfo
}

type hintPart struct {
	N, Of int
	When  string
	Text  template.HTML
}

// builder makes a page of events.
type builder struct {
	page   *page
	lesson *engine.LessonInfo
	now    *section
	volley *volley
	quiz   map[string]*engine.QuizInfo // of the section, by id
	byID   map[string]*volley
	seen   map[string]bool // steps
	begin  time.Time
	end    time.Time
	done   *engine.ProgressInfo
	hints  int
	solved int
	counts map[int]int // answers by class
}

// build makes the page; ok is false when no lesson has begun.
func build(events []engine.Event) (*page, bool) {
	b := &builder{page: &page{}, seen: map[string]bool{}, byID: map[string]*volley{}, counts: map[int]int{}}
	for _, e := range events {
		if b.begin.IsZero() {
			b.begin = e.Time
		}
		b.end = e.Time
		b.add(e)
	}
	if b.lesson == nil {
		return nil, false
	}
	b.finish()
	return b.page, true
}

func (b *builder) add(e engine.Event) {
	switch e.Type {
	case engine.LessonBegan:
		b.lesson = e.Lesson
		b.page.Title, b.page.Summary, b.page.Intro = e.Lesson.Title, e.Lesson.Summary, markdown(e.Lesson.Intro)
	case engine.StepBegan:
		b.open(e)
	case engine.StepDone, engine.Finished:
		b.done = e.Done
		if b.now != nil {
			b.now.Done, b.now.Took = true, lasting(e.Time.Sub(b.now.began))
		}
	case engine.Firing, engine.Answered, engine.Traced, engine.Fired:
		b.traffic(e)
	case engine.Asked, engine.Guessed, engine.Revealed, engine.Checked, engine.Hinted, engine.Solving:
		b.learnt(e)
	default:
		b.happened(e)
	}
}

func (b *builder) open(e engine.Event) {
	id := e.Began.ID
	b.now = &section{ID: "step-" + id, Title: e.Began.Title, N: e.Began.N, Of: e.Began.Of, Again: b.seen[id], began: e.Time}
	if b.now.Again {
		b.now.ID += fmt.Sprintf("-%d", e.Seq)
	}
	b.seen[id] = true
	b.quiz = map[string]*engine.QuizInfo{}
	b.page.Steps = append(b.page.Steps, b.now)
}

// put adds a part to the step under way. What happens before the first step is
// left out but for notes, which have no place either.
func (b *builder) put(e engine.Event, p *part) {
	if b.now == nil {
		return
	}
	p.At = "+" + lasting(e.Time.Sub(b.begin))
	b.now.Parts = append(b.now.Parts, p)
}

func (b *builder) traffic(e engine.Event) {
	switch e.Type {
	case engine.Firing:
		b.volley = newVolley(e.Fire)
		b.byID[e.Fire.ID] = b.volley
		b.put(e, &part{Volley: b.volley})
	case engine.Answered:
		b.counts[class(e.Answer)]++
		if v := b.byID[e.Answer.Fire]; v != nil {
			v.answers = append(v.answers, e.Answer)
		}
	case engine.Traced:
		if v := b.byID[e.Trace.Fire]; v != nil {
			v.trace(e.Trace)
		}
	default:
		if v := b.byID[e.Fired.ID]; v != nil {
			v.sum(e.Fired)
		}
	}
}

func (b *builder) learnt(e engine.Event) {
	switch e.Type {
	case engine.Asked:
		q := *e.Quiz
		if b.quiz != nil {
			b.quiz[q.ID] = &q
		}
		b.put(e, &part{Quiz: &q})
	case engine.Guessed, engine.Revealed:
		if q := b.quiz[e.Quiz.ID]; q != nil {
			*q = *e.Quiz
		}
	case engine.Checked:
		if b.now != nil && len(b.now.Parts) > 0 {
			if last := b.now.Parts[len(b.now.Parts)-1]; last.Checks != nil {
				last.Checks = append(last.Checks, *e.Check)
				return
			}
		}
		b.put(e, &part{Checks: []engine.CheckInfo{*e.Check}})
	case engine.Hinted:
		b.hints++
		b.put(e, &part{Hint: &hintPart{e.Hint.N, e.Hint.Of, e.Hint.When, markdown(e.Hint.Text)}})
	default:
		b.solved++
		b.put(e, &part{Note: "The lesson solved the step."})
	}
}

func (b *builder) happened(e engine.Event) {
	switch e.Type {
	case engine.Text:
		b.put(e, &part{Prose: markdown(e.Text)})
	case engine.Applied:
		b.put(e, &part{Apply: e.Apply})
	case engine.Ran:
		b.put(e, &part{Run: e.Run})
	case engine.Waiting:
		b.put(e, &part{Note: waited(e.Wait)})
	case engine.Seen:
		b.put(e, &part{Note: fmt.Sprintf("Somebody else: %s %s was answered %d.", e.Seen.Method, e.Seen.Path, e.Seen.Status)})
	case engine.Working:
		if e.Work.State == "warned" || e.Work.State == "failed" {
			b.put(e, &part{Note: e.Work.Title + ": " + e.Work.Message})
		}
	default:
	}
}

func waited(w *engine.WaitInfo) string {
	what := map[string]string{"retry-after": "as long as Retry-After said", "minute": "for the clock", "pause": "a moment"}[w.Reason]
	took := lasting(time.Duration(w.Seconds * float64(time.Second)))
	if w.Moved {
		return fmt.Sprintf("Waited %s: the gateway's clock was moved by %s.", what, took)
	}
	return fmt.Sprintf("Waited %s: %s.", what, took)
}

// finish sums up.
func (b *builder) finish() {
	p, l := b.page, b.lesson
	for _, s := range p.Steps {
		if s.Took == "" {
			s.Took = "not finished"
		}
		for _, x := range s.Parts {
			if x.Volley != nil {
				x.Volley.finish()
			}
		}
	}
	add := func(name, format string, args ...any) {
		p.Facts = append(p.Facts, fact{name, fmt.Sprintf(format, args...)})
	}
	add("When", "%s, for %s", b.begin.UTC().Format("2006-01-02 15:04 UTC"), lasting(b.end.Sub(b.begin)))
	steps, score, asked := 0, 0, 0
	if b.done != nil {
		steps, score, asked = b.done.Steps, b.done.Score, b.done.Asked
	}
	add("Steps", "%d of %d done", steps, len(l.Steps))
	if asked > 0 {
		add("Predictions", "%d of %d right", score, asked)
	} else {
		add("Predictions", "none")
	}
	add("Hints used", "%d", b.hints)
	if b.solved > 0 {
		add("Solved by the lesson", "%s", times(b.solved, "step"))
	}
	total := 0
	var parts []string
	p.Classes = slices.Sorted(maps.Keys(b.counts))
	for _, c := range p.Classes {
		total += b.counts[c]
		parts = append(parts, fmt.Sprintf("%d × %s", b.counts[c], className(c)))
	}
	if total > 0 {
		add("Requests", "%d: %s", total, strings.Join(parts, ", "))
	}
	add("Gateway", "%s, runtime %s, sandbox %s", strings.Join(l.Gateways, ", "), l.Runtime, l.Sandbox)
}

func times(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// className names a class in the legend.
func className(class int) string {
	if class == 0 {
		return "no answer"
	}
	return fmt.Sprintf("%dxx", class)
}
