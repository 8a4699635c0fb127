package lesson

import (
	"net/http"
	"time"
)

// File is the name of the file that holds a lesson.
const File = "lesson.md"

// Lesson is one lesson.
type Lesson struct {
	ID      string
	Title   string
	Summary string
	// Level is beginner, intermediate or advanced; Minutes how long it takes.
	Level   string
	Minutes int
	Tags    []string
	Needs   Needs
	// Params are the values that stand for {{name}}.
	Params map[string]string
	// Intro is the Markdown before the first step, Notes the speaker's there.
	Intro string
	Notes []string
	// Setup is done before the first step, Cleanup at the end: Apply, Fire, Run.
	Setup, Cleanup []Item
	Steps          []Step
	// Languages are those that the prose is there in, beside English.
	Languages []string
}

// Needs is what a lesson asks of the sandbox.
type Needs struct {
	// Mode is any, or the name of a runtime: local, kind, cluster.
	Mode string
	// Plugins must be known to the gateway.
	Plugins []string
	// Replicas is how many gateways there must be at least.
	Replicas int
}

// Step is one step of a lesson.
type Step struct {
	ID    string
	Title string
	Line  int
	// Items are what is read and done, in order: Prose, Apply, Fire, Run,
	// Predict, Check, Pause.
	Items []Item
	Hints []Hint
	// Solve makes the checks hold, Setup comes before the step, Cleanup after.
	Solve, Setup, Cleanup []Item
	// Notes are the speaker's.
	Notes []string
}

// Kind says what an Item is.
type Kind string

// The kinds.
const (
	Prose   Kind = "prose"
	Apply   Kind = "apply"
	Fire    Kind = "fire"
	Run     Kind = "run"
	Predict Kind = "predict"
	Check   Kind = "check"
	Pause   Kind = "pause"
)

// Item is one piece of a step. Kind says which of the other fields is set.
type Item struct {
	Kind Kind
	// ID names it within its step.
	ID   string
	Line int
	// Text is the Markdown of Prose, the manifests of Apply, the commands of
	// Run, one a line.
	Text    string
	Volley  *Volley
	Quiz    *Quiz
	Require *Condition
}

// Volley is what one fire block sends: its lanes side by side.
type Volley struct {
	Lanes []Lane
	// Fresh clears all counters first.
	Fresh bool
	// Wait is waited first; AfterRetry waits as long as the last Retry-After of
	// the step said.
	Wait       time.Duration
	AfterRetry bool
	// At, when not nil, is how far into a calendar minute it begins.
	At *time.Duration
	// Within says that no calendar minute may end while it runs.
	Within bool
}

// Lane is one client of a volley.
type Lane struct {
	// Name is "" when there is one lane without a name.
	Name   string
	Method string
	// Path is the request target: path and query.
	Path   string
	Header http.Header
	Body   string
	Count  int
	// Rate is how many a second are begun, 0 for as fast as possible.
	Rate        float64
	Concurrency int
}

// Duration is how long the lane takes to begin all its requests.
func (l Lane) Duration() time.Duration {
	if l.Rate == 0 {
		return 0
	}
	return time.Duration(float64(l.Count-1) / l.Rate * float64(time.Second))
}

// Duration is how long the longest lane takes to begin all its requests.
func (v *Volley) Duration() time.Duration {
	var most time.Duration
	for _, l := range v.Lanes {
		most = max(most, l.Duration())
	}
	return most
}

// Count is how many requests the lanes have together.
func (v *Volley) Count() int {
	n := 0
	for _, l := range v.Lanes {
		n += l.Count
	}
	return n
}

// Quiz is a question whose answer the traffic of a volley gives.
type Quiz struct {
	Question string
	// Choices are to choose from; none means that a number is asked for.
	Choices []Choice
	// Answer is the right one as the author says, "" when only Of tells.
	Answer string
	// Of is what is counted in the volley, nil when only Answer tells.
	Of *Measure
	// Fire is the id of the volley.
	Fire string
	// Within is by how much a number may be off.
	Within int
}

// Choice is one answer to choose.
type Choice struct{ Key, Text string }

// Measure is a number that a volley gives.
type Measure struct {
	// Lane restricts it to one lane, "" for all.
	Lane string
	// Status counts answers of that status; RetryAfter is the first Retry-After
	// in seconds, Code the status of the last answer.
	Status           int
	RetryAfter, Code bool
}

// Hint is one layer of help.
type Hint struct {
	Text string
	// When is the id of the check that must fail for it, "" for any time.
	When string
	Line int
}

// Checks lists the checks of a step.
func (s *Step) Checks() []Item { return s.all(Check) }

// Fires lists the volleys of a step.
func (s *Step) Fires() []Item { return s.all(Fire) }

func (s *Step) all(k Kind) []Item {
	var out []Item
	for _, i := range s.Items {
		if i.Kind == k {
			out = append(out, i)
		}
	}
	return out
}

// Step finds a step by its id and tells its number, from 0.
func (l *Lesson) Step(id string) (*Step, int, bool) {
	for i := range l.Steps {
		if l.Steps[i].ID == id {
			return &l.Steps[i], i, true
		}
	}
	return nil, 0, false
}

// Commands lists what the lesson would run on this machine, scripts of checks too.
func (l *Lesson) Commands() []string {
	var out []string
	l.each(func(i *Item) {
		if i.Kind == Run {
			out = append(out, i.Text)
		}
		for c := i.Require; c != nil; c = c.Not {
			if c.Exec != "" {
				out = append(out, c.Exec)
			}
		}
	})
	return out
}

// each goes through all items, in the order in which they are done.
func (l *Lesson) each(do func(*Item)) {
	list := [][]Item{l.Setup}
	for _, s := range l.Steps {
		list = append(list, s.Setup, s.Items, s.Solve, s.Cleanup)
	}
	for _, items := range append(list, l.Cleanup) {
		for n := range items {
			do(&items[n])
		}
	}
}
