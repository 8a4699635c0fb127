package engine

import (
	"context"
	"time"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

// TryID is the id of the volleys that Try sends; none of a lesson has it.
const TryID = "try now"

// Try sends the request that was refused last once more, as soon as its
// Retry-After is over. When the lesson does that next, it does it.
func (s *Session) Try(ctx context.Context) error {
	return s.act(func() error {
		if s.triesNext() {
			return s.advance(ctx)
		}
		l, ok := s.refused()
		if !ok {
			return hint.New("NOTHING_REFUSED", hint.Usage, "no answer of this step has named a Retry-After", "send requests until one is refused")
		}
		return s.fire(ctx, TryID, &lesson.Volley{Lanes: []lesson.Lane{l}, AfterRetry: true})
	})
}

// triesNext says that the lesson itself waits for Retry-After next.
func (s *Session) triesNext() bool {
	i := s.next()
	return i != nil && i.Kind == lesson.Fire && i.Volley.AfterRetry
}

// refused finds the request that was refused last, as a lane of one.
func (s *Session) refused() (lesson.Lane, bool) {
	var lane lesson.Lane
	var last time.Time
	for _, r := range s.place.results {
		for _, a := range r.answers {
			if a.RetryAfter <= 0 || !a.At.After(last) {
				continue
			}
			for _, l := range r.lanes {
				if l.Name == a.Lane {
					lane, last = l, a.At
				}
			}
		}
	}
	lane.Count, lane.Rate, lane.Concurrency = 1, 0, 1
	return lane, !last.IsZero()
}
