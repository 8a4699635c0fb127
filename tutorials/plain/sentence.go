package plain

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// Sentence says an event in words; "" for one that says nothing to a reader.
func Sentence(e engine.Event) string {
	switch e.Type {
	case engine.LessonBegan:
		return lessonBegan(e.Lesson)
	case engine.StepBegan:
		return fmt.Sprintf("\nStep %d of %d: %s\n", e.Began.N, e.Began.Of, e.Began.Title)
	case engine.Text:
		return Markdown(e.Text) + "\n"
	case engine.Working:
		return work(e.Work)
	case engine.StepDone:
		return fmt.Sprintf("Step done. %d of %d.", e.Done.Steps, e.Done.Of)
	case engine.Finished:
		return finished(e.Done)
	case engine.Applied, engine.Firing, engine.Answered, engine.Fired, engine.Seen, engine.Waiting, engine.Ran:
		return happened(e)
	case engine.Asked, engine.Guessed, engine.Revealed, engine.Checked, engine.Hinted, engine.Solving, engine.Refused:
		return learnt(e)
	case engine.Traced, engine.Waited, engine.Paused, engine.Ready, engine.Left:
	}
	return ""
}

// happened says what was done and what became of it.
func happened(e engine.Event) string {
	switch e.Type {
	case engine.Applied:
		return applied(e.Apply)
	case engine.Firing:
		return firing(e.Fire)
	case engine.Answered:
		return answered(e.Answer)
	case engine.Fired:
		return fired(e.Fired)
	case engine.Waiting:
		return waiting(e.Wait)
	case engine.Ran:
		return ran(e.Run)
	default:
		return fmt.Sprintf("Somebody else: %s %s was answered %d.", e.Seen.Method, e.Seen.Path, e.Seen.Status)
	}
}

// learnt says what concerns the learner.
func learnt(e engine.Event) string {
	switch e.Type {
	case engine.Asked:
		return asked(e.Quiz)
	case engine.Guessed:
		return fmt.Sprintf("You say: %s.", e.Quiz.Guess)
	case engine.Revealed:
		return revealed(e.Quiz)
	case engine.Checked:
		return checked(e.Check)
	case engine.Refused:
		return refused(e.Refused)
	case engine.Hinted:
		return fmt.Sprintf("Hint %d of %d: %s", e.Hint.N, e.Hint.Of, Markdown(e.Hint.Text))
	default:
		return "The lesson does the step now."
	}
}

func refused(r *engine.RefusedInfo) string {
	if r.Advice == "" {
		return r.Message + "."
	}
	return r.Message + ": " + r.Advice + "."
}

func lessonBegan(l *engine.LessonInfo) string {
	title := l.Title
	if !strings.ContainsAny(title[len(title)-1:], ".?!") {
		title += "."
	}
	head := fmt.Sprintf("Lesson: %s About %d minutes, %d steps.", title, l.Minutes, len(l.Steps))
	if l.Resumed {
		return head + " It goes on where you left it."
	}
	if l.Intro == "" {
		return head
	}
	return head + "\n\n" + Markdown(l.Intro)
}

func work(w *engine.WorkInfo) string {
	switch {
	case w.What == "setup" && w.State == "started":
		return "The lesson sets things up."
	case w.What == "cleanup" || w.What == "setup" || w.State == "started" || w.State == "done" && w.What == "sandbox":
		return ""
	case w.State == "warned":
		return "Note: " + w.Message + "."
	case w.State == "failed":
		return w.Title + " failed: " + w.Message + "."
	}
	return w.Title + ": " + w.Message + "."
}

func applied(a *engine.ApplyInfo) string {
	who := map[string]string{"learner": "Your change", "solve": "The solution"}[a.By]
	if who == "" {
		who = "Applied"
	}
	return fmt.Sprintf("%s: %s. Every gateway serves it now.", who, strings.Join(a.Objects, ", "))
}

func firing(f *engine.FireInfo) string {
	var lines []string
	for _, l := range f.Lanes {
		what := fmt.Sprintf("%s %s", l.Method, l.Path)
		if key := l.Header.Get("apikey"); key != "" {
			what += " with apikey: " + key
		} else if len(l.Header) == 0 {
			what += " without a key"
		}
		if l.Count > 1 {
			what = fmt.Sprintf("%d times %s", l.Count, what)
		}
		if l.Rate > 0 {
			what += ", " + pace(l.Rate)
		}
		if l.Concurrency > 1 {
			what += fmt.Sprintf(", up to %d at a time", l.Concurrency)
		}
		if l.Name != "" {
			what = l.Name + ": " + what
		}
		lines = append(lines, what+".")
	}
	if len(lines) == 1 {
		return "Sending " + lines[0]
	}
	return "Sending side by side:\n" + strings.Join(lines, "\n")
}

func pace(rate float64) string {
	if rate >= 1 {
		return fmt.Sprintf("%g a second", rate)
	}
	return fmt.Sprintf("%g a minute", math.Round(rate*60))
}

func answered(a *engine.AnswerInfo) string {
	who := fmt.Sprintf("Request %d of %d", a.N, a.Of)
	if a.Lane != "" {
		who = fmt.Sprintf("%s, request %d of %d", a.Lane, a.N, a.Of)
	}
	if a.Error != "" {
		return who + ": no answer, " + a.Error + "."
	}
	parts := []string{fmt.Sprint(a.Status)}
	parts = append(parts, story(a)...)
	if a.Status < 400 && a.Gateway != nil && a.Gateway.Consumer != "" {
		parts = append(parts, "as "+a.Gateway.Consumer)
	}
	if left, limit, ok := quota(a); ok {
		parts = append(parts, fmt.Sprintf("%d of %d left", left, limit))
	}
	if a.RetryAfter > 0 {
		parts = append(parts, fmt.Sprintf("retry after %d s", a.RetryAfter))
	}
	return who + ": " + strings.Join(parts, ", ") + "."
}

// quota tells what a request that passed has left.
func quota(a *engine.AnswerInfo) (left, limit int, ok bool) {
	if a.Status >= 400 || a.Limit < 0 {
		return 0, 0, false
	}
	return a.Remaining, a.Limit, true
}

// story tells who answered: a backend, or the plugin that refused.
func story(a *engine.AnswerInfo) []string {
	g := a.Gateway
	if g == nil {
		return nil
	}
	var parts []string
	for _, s := range g.Plugins {
		parts = append(parts, decisions(s)...)
	}
	switch {
	case g.Target != "" && g.Upstream != "" && g.Upstream != g.Path:
		parts = append(parts, fmt.Sprintf("from %s (asked for %s)", service(g.Service), g.Upstream))
	case g.Target != "":
		parts = append(parts, "from "+service(g.Service))
	case g.Route == "" && g.Status == 404:
		parts = append(parts, "no route matches")
	case len(parts) == 0 && g.Error != "":
		parts = append(parts, g.Error)
	}
	return parts
}

// decisions says what a plugin did to a request that was refused or held up.
func decisions(s event.Step) []string {
	var parts []string
	if s.Decision == "deny" || s.Decision == "error" {
		text := "refused by " + s.Plugin
		if s.Plugin == "route" {
			text = "not served"
		}
		if s.Reason != "" {
			text += " (" + s.Reason + ")"
		}
		parts = append(parts, text)
	}
	for _, l := range s.Limits {
		if l.Wait > 0 {
			parts = append(parts, fmt.Sprintf("waited %.1f s for its turn", l.Wait.Seconds()))
		}
	}
	return parts
}

// service shortens namespace.name.port to the name.
func service(name string) string {
	parts := strings.Split(name, ".")
	if len(parts) == 3 {
		return parts[1]
	}
	return name
}

func fired(f *engine.FiredInfo) string {
	var lines []string
	for _, l := range f.Lanes {
		if l.Count < 2 {
			continue
		}
		name := ""
		if l.Name != "" {
			name = l.Name + ": "
		}
		lines = append(lines, fmt.Sprintf("%sof %d requests %s; %d reached a backend.", name, l.Count, statuses(l.Statuses), l.Reached))
	}
	if f.Lost > 0 {
		lines = append(lines, fmt.Sprintf("%d of the gateway's events were lost.", f.Lost))
	}
	if len(lines) == 1 {
		lines[0] = strings.ToUpper(lines[0][:1]) + lines[0][1:]
	}
	return strings.Join(lines, "\n")
}

func statuses(counts map[int]int) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		what := fmt.Sprint(code)
		if code == 0 {
			what = "nothing"
		}
		verb := "were"
		if counts[code] == 1 {
			verb = "was"
		}
		parts = append(parts, fmt.Sprintf("%d %s answered %s", counts[code], verb, what))
	}
	return strings.Join(parts, " and ")
}

func waiting(w *engine.WaitInfo) string {
	what := map[string]string{
		"retry-after": "as long as Retry-After said", "minute": "for the clock", "pause": "a moment",
	}[w.Reason]
	if w.Moved {
		return fmt.Sprintf("Waiting %s: the gateway's clock is moved by %.0f s.", what, math.Ceil(w.Seconds))
	}
	return fmt.Sprintf("Waiting %s: %.0f s.", what, math.Ceil(w.Seconds))
}

func asked(q *engine.QuizInfo) string {
	lines := []string{"Question: " + q.Question}
	for _, c := range q.Choices {
		lines = append(lines, fmt.Sprintf("  %s: %s", c.Key, c.Text))
	}
	return strings.Join(lines, "\n")
}

func revealed(q *engine.QuizInfo) string {
	switch {
	case q.Guess == "":
		return fmt.Sprintf("The answer is %s.", q.Answer)
	case q.Right:
		return fmt.Sprintf("Your prediction %s is right. %d of %d right so far.", q.Guess, q.Score, q.Asked)
	}
	return fmt.Sprintf("You predicted %s; the answer is %s. %d of %d right so far.", q.Guess, q.Answer, q.Score, q.Asked)
}

func checked(c *engine.CheckInfo) string {
	if c.Holds {
		return fmt.Sprintf("Check %s holds: %s.", c.ID, c.Reason)
	}
	text := fmt.Sprintf("Check %s does not hold yet: %s.", c.ID, c.Reason)
	if c.Hints {
		text += " There is a hint."
	}
	return text
}

func ran(r *engine.RunInfo) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Running: %s\n", r.Command)
	for line := range strings.Lines(clean(r.Output)) {
		b.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
	}
	if r.Exit != 0 {
		fmt.Fprintf(&b, "It ended with exit code %d.", r.Exit)
	}
	return strings.TrimRight(b.String(), "\n")
}

// clean leaves out what is no plain text.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r >= ' ' && r != 0x7f && (r < 0x80 || r > 0x9f) && (r < 0x2800 || r > 0x28ff) {
			return r
		}
		return -1
	}, text)
}

func finished(p *engine.ProgressInfo) string {
	text := "The lesson is finished."
	if p.Asked > 0 {
		text += fmt.Sprintf(" %d of %d predictions were right.", p.Score, p.Asked)
	}
	return text
}
