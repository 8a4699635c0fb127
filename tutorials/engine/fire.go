package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/probe"
)

// result is what became of the last volley of an id.
type result struct {
	answers []AnswerInfo      // in the order in which they came
	served  [][]entity.Object // what each gateway served
	lanes   []lesson.Lane     // those that sent
}

// maxBody bounds what the stream keeps of a body, in bytes.
const maxBody = 4 << 10

// fire sends a volley and tells of every answer.
func (s *Session) fire(ctx context.Context, id string, v *lesson.Volley) error {
	due, err := s.prepare(ctx, v)
	if err != nil {
		return err
	}
	served, err := s.served(ctx)
	if err != nil {
		return err
	}
	s.emit(Event{Type: Firing, Fire: fireInfo(id, v)})
	begin, lost := time.Now(), s.stream.Dropped()
	answers, err := s.volley(ctx, id, v, due)
	if err != nil {
		return err
	}
	s.place.results[id] = &result{answers: answers, served: served, lanes: v.Lanes}
	s.emit(Event{Type: Fired, Fired: &FiredInfo{
		ID: id, Lanes: sums(v, answers), Millis: time.Since(begin).Milliseconds(), Lost: s.stream.Dropped() - lost,
	}})
	if st := s.here(); st != nil {
		for n := range st.Items {
			if i := &st.Items[n]; i.Kind == lesson.Predict && i.Quiz.Fire == id {
				s.reveal(st.ID, i)
			}
		}
	}
	for _, a := range answers {
		if a.Error != "" {
			return hint.New("NO_ANSWER", hint.NotReady, "the gateway did not answer every request", "see how it stands: gwctl status").Because(errors.New(a.Error))
		}
	}
	return nil
}

// headStart is how long before a volley is due its counters are cleared, where it
// has to meet a moment of the clock: that can take a while.
const headStart = time.Second

// prepare waits until the volley is due, having cleared counters if it wants that,
// and tells the moment that it is to meet, zero for none.
func (s *Session) prepare(ctx context.Context, v *lesson.Volley) (due time.Time, err error) {
	reason, until := "", time.Time{}
	switch {
	case v.AfterRetry:
		due, ok := s.retryDue()
		if !ok {
			return due, hint.New("NO_RETRY_AFTER", hint.CheckFailed, "no answer of this step has named a Retry-After to wait for",
				"send the requests before this one again")
		}
		reason, until = "retry-after", due
	case v.Wait > 0:
		reason, until = "pause", s.watch.now().Add(v.Wait)
	case v.At != nil:
		due = s.watch.place(*v.At, headStart)
		reason, until = "minute", due
	case v.Within:
		reason, until = "minute", s.watch.room(v.Duration())
	}
	if d := until.Sub(s.watch.now()); reason != "" && d > 0 {
		w := &WaitInfo{Reason: reason, Seconds: d.Seconds(), Until: time.Now().Add(d), Moved: s.watch.test}
		s.emit(Event{Type: Waiting, Wait: w})
		if err := s.await(ctx, v, due, until); err != nil {
			return due, err
		}
		s.emit(Event{Type: Waited, Wait: w})
	}
	if v.Fresh && due.IsZero() {
		return due, s.host.ClearCounters(ctx)
	}
	return due, nil
}

// await waits; counters that have to be clear at a moment are cleared before it.
func (s *Session) await(ctx context.Context, v *lesson.Volley, due, until time.Time) error {
	if v.Fresh && !due.IsZero() {
		if err := s.watch.wait(ctx, due.Add(-headStart)); err != nil {
			return err
		}
		if err := s.host.ClearCounters(ctx); err != nil {
			return err
		}
	}
	return s.watch.wait(ctx, until)
}

// retryDue tells when the last refusal of the step said to come again.
func (s *Session) retryDue() (time.Time, bool) {
	var due time.Time
	var last time.Time
	for _, r := range s.place.results {
		for _, a := range r.answers {
			if a.RetryAfter > 0 && a.At.After(last) {
				last = a.At
				due = a.came.Add(time.Duration(a.RetryAfter) * time.Second)
			}
		}
	}
	return due, !last.IsZero()
}

// served tells which versions of which objects each gateway serves. It is not the
// revision, which also changes when an object moves to another file.
func (s *Session) served(ctx context.Context) ([][]entity.Object, error) {
	list, err := s.present(ctx)
	if err != nil {
		return nil, err
	}
	var out [][]entity.Object
	for _, g := range list {
		out = append(out, g.Status.Objects)
	}
	return out, nil
}

// shot is one request of a volley that is due.
type shot struct {
	lane, n int
	due     time.Duration
}

// volley fires all lanes side by side.
func (s *Session) volley(ctx context.Context, id string, v *lesson.Volley, due time.Time) ([]AnswerInfo, error) {
	var (
		flying  atomic.Int64
		landed  = make(chan struct{}, 1)
		queue   = make(chan AnswerInfo, v.Count())
		workers sync.WaitGroup
		lanes   = make([]chan int, len(v.Lanes))
	)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for n, l := range v.Lanes {
		lanes[n] = make(chan int, l.Count)
		for range min(max(l.Concurrency, 1), l.Count) {
			workers.Go(func() {
				for k := range lanes[n] {
					a, err := s.shoot(ctx, id, l, k)
					if err != nil {
						cancel(err)
					} else {
						queue <- a
					}
					flying.Add(-1)
					select {
					case landed <- struct{}{}:
					default:
					}
				}
			})
		}
	}
	var out []AnswerInfo
	told := make(chan struct{})
	go func() {
		defer close(told)
		for a := range queue {
			out = append(out, s.tell(ctx, a))
		}
	}()
	err := s.pace(ctx, v, due, lanes, &flying, landed)
	for _, l := range lanes {
		close(l)
	}
	workers.Wait()
	close(queue)
	<-told
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		s.complete(ctx, out)
	}
	return out, err
}

// complete gives the answers that were told without it what the gateways have told
// late: checks judge by it.
func (s *Session) complete(ctx context.Context, answers []AnswerInfo) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for n := range answers {
		if a := &answers[n]; a.Gateway == nil && a.RequestID != "" {
			a.Gateway = s.stream.Late(ctx, a.RequestID)
		}
	}
}

const (
	// stalled is how long no request may come back before those under way count as
	// waiting for the clock, as in a leaky bucket.
	stalled = 300 * time.Millisecond
	// glance is how long a clock that is moved on for them rests between moves.
	glance = 20 * time.Millisecond
)

// pace hands every request to its lane when it is due, the first one at begin, or
// now.
func (s *Session) pace(ctx context.Context, v *lesson.Volley, begin time.Time, lanes []chan int, flying *atomic.Int64, landed <-chan struct{}) error {
	if begin.IsZero() {
		begin = s.watch.now()
	}
	for _, x := range shots(v) {
		due := begin.Add(x.due)
		if s.watch.test && due.After(s.watch.now()) {
			land(ctx, stalled, flying, landed)
		}
		if err := s.watch.wait(ctx, due); err != nil {
			return context.Cause(ctx)
		}
		flying.Add(1)
		lanes[x.lane] <- x.n
	}
	return s.thaw(ctx, flying, landed)
}

// thaw moves a test clock on while requests wait for it, as in a leaky bucket.
func (s *Session) thaw(ctx context.Context, flying *atomic.Int64, landed <-chan struct{}) error {
	if !s.watch.test {
		return nil
	}
	rest := stalled
	for flying.Load() > 0 && ctx.Err() == nil {
		if land(ctx, rest, flying, landed) {
			rest = stalled
			continue
		}
		if err := s.watch.wait(ctx, s.watch.now().Add(time.Second)); err != nil {
			return context.Cause(ctx)
		}
		rest = glance
	}
	return nil
}

// land waits until no request is under way, as long as any comes back in time. It
// reports whether one did.
func land(ctx context.Context, patience time.Duration, flying *atomic.Int64, landed <-chan struct{}) bool {
	any := false
	for flying.Load() > 0 {
		timer := time.NewTimer(patience)
		select {
		case <-landed:
			timer.Stop()
			any = true
		case <-timer.C:
			return any
		case <-ctx.Done():
			timer.Stop()
			return any
		}
	}
	return any
}

// shots lists all requests of a volley in the order in which they are due.
func shots(v *lesson.Volley) []shot {
	var out []shot
	for lane, l := range v.Lanes {
		for n := range l.Count {
			x := shot{lane: lane, n: n + 1}
			if l.Rate > 0 {
				x.due = time.Duration(float64(n) / l.Rate * float64(time.Second))
			}
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b shot) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.n, b.n)) })
	return out
}

// shoot sends one request.
func (s *Session) shoot(ctx context.Context, id string, l lesson.Lane, n int) (AnswerInfo, error) {
	plan := probe.Plan{URL: s.gateways()[0].URL() + l.Path, Method: l.Method, Header: l.Header, Body: []byte(l.Body)}
	moved := s.watch.ahead()
	var got probe.Answer
	if err := s.prober.Run(ctx, plan, func(a probe.Answer) { got = a }); err != nil {
		return AnswerInfo{}, err
	}
	a := AnswerInfo{
		Fire: id, Lane: l.Name, N: n, Of: l.Count, At: got.At.Add(moved), Millis: float64(got.Elapsed.Microseconds()) / 1000,
		Status: got.Status, Header: got.Header, Body: string(got.Body[:min(len(got.Body), maxBody)]),
		RetryAfter: int(got.RetryAfter.Seconds()), Limit: got.Limit, Remaining: got.Remaining, RequestID: got.RequestID,
	}
	a.came = s.watch.now()
	if got.Err != nil {
		a.Error = got.Err.Error()
	}
	return a, nil
}

// tell tells of an answer, with what the gateway tells of it.
func (s *Session) tell(ctx context.Context, a AnswerInfo) AnswerInfo {
	a.Gateway = s.stream.Of(ctx, a.RequestID, func(e event.Event) {
		s.emit(Event{Type: Traced, Trace: &TraceInfo{Fire: a.Fire, Lane: a.Lane, N: a.N, Event: &e}})
	})
	s.emit(Event{Type: Answered, Answer: &a})
	return a
}

// strange tells of somebody else's request.
func (s *Session) strange(e event.Event) { s.emit(Event{Type: Seen, Seen: &e}) }

func fireInfo(id string, v *lesson.Volley) *FireInfo {
	f := &FireInfo{ID: id, Count: v.Count()}
	for _, l := range v.Lanes {
		f.Lanes = append(f.Lanes, LaneInfo(l))
	}
	return f
}

// sums counts the answers of every lane.
func sums(v *lesson.Volley, answers []AnswerInfo) []LaneSum {
	out := make([]LaneSum, len(v.Lanes))
	for n, l := range v.Lanes {
		out[n] = LaneSum{Name: l.Name, Statuses: map[int]int{}}
		for _, a := range answers {
			if a.Lane != l.Name {
				continue
			}
			out[n].Count++
			out[n].Statuses[a.Status]++
			if a.Gateway != nil && a.Gateway.Target != "" {
				out[n].Reached++
			}
		}
	}
	return out
}
