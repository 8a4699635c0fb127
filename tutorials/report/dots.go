package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// dot is one request as it is drawn: colour, shape and digit tell its class.
type dot struct {
	// Class is 0 for no answer, else the first digit of the status.
	Class int
	Title string
	// Flip says that the class is not that of the request before it.
	Flip bool
	// Edge is the minute of the clock that has begun since the request before it,
	// "" for none.
	Edge string
}

// lane is one lane of a volley.
type lane struct {
	Name, Sends string
	Dots        []dot
	Sum, Words  string
}

func class(a *engine.AnswerInfo) int {
	if a.Error != "" || a.Status < 100 || a.Status > 599 {
		return 0
	}
	return a.Status / 100
}

// dots draws the answers of one lane, in the order in which they were sent.
func dots(answers []*engine.AnswerInfo) []dot {
	var out []dot
	for i, a := range answers {
		d := dot{Class: class(a), Title: sentence(a)}
		if i > 0 {
			before := answers[i-1]
			d.Flip = d.Class != class(before)
			if m := a.At.UTC().Truncate(time.Minute); m.After(before.At) {
				d.Edge = m.Format("15:04:05")
			}
		}
		out = append(out, d)
	}
	return out
}

// sentence says what became of a request, for a pointer that rests on its dot.
func sentence(a *engine.AnswerInfo) string {
	text := fmt.Sprintf("request %d of %d: %s", a.N, a.Of, status(a))
	if a.RetryAfter > 0 {
		text += fmt.Sprintf(", retry after %d s", a.RetryAfter)
	}
	return text
}

func status(a *engine.AnswerInfo) string {
	if class(a) == 0 {
		return "no answer"
	}
	return fmt.Sprint(a.Status)
}

// sends says what a lane sends.
func sends(l engine.LaneInfo) string {
	what := l.Method + " " + l.Path
	if h := headers(l.Header); len(h) > 0 {
		what += ", " + strings.Join(h, ", ")
	}
	if l.Count > 1 {
		what += fmt.Sprintf(", %d times", l.Count)
	}
	if l.Rate >= 1 {
		what += fmt.Sprintf(", %g a second", l.Rate)
	} else if l.Rate > 0 {
		what += fmt.Sprintf(", %.3g a minute", l.Rate*60)
	}
	if l.Concurrency > 1 {
		what += fmt.Sprintf(", up to %d at a time", l.Concurrency)
	}
	return what
}

// runs says the statuses in words for those who do not see the dots: 5 times 200,
// then 3 times 429.
func runs(answers []*engine.AnswerInfo) string {
	var parts []string
	for i := 0; i < len(answers); {
		n := 1
		for i+n < len(answers) && answers[i+n].Status == answers[i].Status {
			n++
		}
		parts = append(parts, fmt.Sprintf("%d × %s", n, status(answers[i])))
		i += n
	}
	return strings.Join(parts, ", then ")
}
