// Package step runs an ordered list of steps, reports each with its time, and
// undoes them when one fails.
package step

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Step is one thing to do. A step that finds its work done says so and passes,
// so that a list can be run twice.
type Step struct {
	// ID is stable, for programs; Title is for people.
	ID, Title string
	// Run does it.
	Run func(ctx context.Context, t *Task) error
	// Undo, when not nil, takes back what Run did, as far as it came. It is
	// called when this step or a later one fails.
	Undo func(ctx context.Context) error
}

// Event is what a Reporter is told.
type Event struct {
	ID, Title string
	// N of Of is the step's place in the list, from 1.
	N, Of int
	At    time.Time
	// Took is how long the step ran, once it has finished.
	Took time.Duration
	// Message is what the step says of itself; Advice, of a warning, what to do.
	Message, Advice string
	// Err is why it failed, nil when it did not.
	Err error
}

// Reporter is told how it goes. Its methods are called one at a time.
type Reporter interface {
	Started(e Event)
	// Warned comes between Started and Finished, any number of times.
	Warned(e Event)
	Finished(e Event)
}

// Progresser is a Reporter that also wants to hear how far a long step has come;
// Message then tells it.
type Progresser interface{ Progressed(e Event) }

// undoTimeout bounds undoing, all steps together: whoever waits has pressed
// Ctrl-C.
const undoTimeout = 10 * time.Second

// Task is a step that runs.
type Task struct {
	event  Event
	report Reporter
}

// Say sets what is reported when the step has finished.
func (t *Task) Say(format string, args ...any) { t.event.Message = fmt.Sprintf(format, args...) }

// Warn reports something that does not stop the step.
func (t *Task) Warn(message, advice string) {
	e := t.event
	e.At, e.Message, e.Advice = time.Now(), message, advice
	t.report.Warned(e)
}

// Progress tells how far the step has come, to whoever wants to hear it.
func (t *Task) Progress(format string, args ...any) {
	p, ok := t.report.(Progresser)
	if !ok {
		return
	}
	e := t.event
	e.At, e.Message = time.Now(), fmt.Sprintf(format, args...)
	p.Progressed(e)
}

// Run runs the steps in order. When one fails, or ctx ends, it undoes that one
// and those before it, the last first, and returns the error; what went wrong
// while undoing is reported as a warning and joined.
func Run(ctx context.Context, report Reporter, steps []Step) error {
	for i, s := range steps {
		if err := run(ctx, report, s, i+1, len(steps)); err != nil {
			return errors.Join(err, undo(ctx, report, steps[:i+1], len(steps)))
		}
	}
	return nil
}

func run(ctx context.Context, report Reporter, s Step, n, of int) error {
	begin := time.Now()
	t := &Task{report: report, event: Event{ID: s.ID, Title: s.Title, N: n, Of: of, At: begin}}
	report.Started(t.event)
	err := ctx.Err()
	if err == nil {
		err = s.Run(ctx, t)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // what the step makes of a context that ended says less
	}
	t.event.At = time.Now()
	t.event.Took, t.event.Err = t.event.At.Sub(begin), err
	report.Finished(t.event)
	return err
}

func undo(ctx context.Context, report Reporter, steps []Step, of int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	var errs []error
	for i, s := range slices.Backward(steps) {
		if s.Undo == nil {
			continue
		}
		if err := s.Undo(ctx); err != nil {
			err = fmt.Errorf("undoing %q: %w", s.ID, err)
			errs = append(errs, err)
			report.Warned(Event{ID: s.ID, Title: s.Title, N: i + 1, Of: of, At: time.Now(), Message: err.Error(), Advice: "gwctl down clears what is left"})
		}
	}
	return errors.Join(errs...)
}
