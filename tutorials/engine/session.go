package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/probe"
	"github.com/gwctl/gwctl/tutorials/progress"
	"github.com/gwctl/gwctl/tutorials/stream"
)

// Options are what a Session needs.
type Options struct {
	Lesson *lesson.Lesson
	// Key names the lesson in the store: its id, and more for one that is not
	// built in. Source is the directory of such a one.
	Key, Source string
	Store       *progress.Store
	// Sandbox is the name of the one to use, "" for the default one.
	Sandbox string
	// Find finds a sandbox.
	Find func(sandbox.Options) (*sandbox.Sandbox, error)
	// Emit is told every event, one at a time. It returns soon.
	Emit func(Event)
	// Fresh begins the lesson anew instead of going on where it was left.
	Fresh bool
	// TestClock runs the lesson in a local sandbox of its own, whose clock is
	// moved instead of waiting.
	TestClock bool
	// Plugins are the names of those that the gateway knows.
	Plugins []string
	// Gwctl runs a command of gwctl and gives its output and exit code; Shell any
	// other. Whoever sets Shell has asked whether the lesson may run commands.
	Gwctl, Shell func(ctx context.Context, command, sandbox string) (output string, exit int, err error)
	PID          int
}

// Session is a lesson that runs. Its methods are to be called one at a time but
// Close, which may be called while another runs: that one then ends.
type Session struct {
	opts    Options
	lesson  *lesson.Lesson
	host    host
	claimed bool
	begun   bool // the lesson has begun: there is something to keep and to clean up
	stream  *stream.Stream
	watch   *watch
	prober  probe.Prober

	emitting sync.Mutex
	seq      int64
	inView   string // the id of the step under way

	acting sync.Mutex // held by the method that runs
	record progress.Record
	step   int // of lesson.Steps; len for after the last
	place  place
}

// place is where in a step the learner is.
type place struct {
	item    int // how many items are done
	results map[string]*result
	asked   map[string]string // guesses by the question's id
	counted map[string]int    // what the traffic said when it was first asked
	holds   map[string]bool   // checks that have held
	failing string            // the check that failed last, why it did
	why     string
	hinted  map[int]bool // hints that were shown
	solving bool
}

func newPlace(item int) place {
	return place{
		item: item, results: map[string]*result{}, asked: map[string]string{}, counted: map[string]int{}, holds: map[string]bool{}, hinted: map[int]bool{},
	}
}

// left is the place where the lesson was left.
func (s *Session) left() place {
	p := newPlace(s.record.Item)
	maps.Copy(p.asked, s.record.Asked)
	for _, n := range s.record.Hinted {
		p.hinted[n] = true
	}
	return p
}

// Open brings the lesson to where it begins or was left, and lets the learner
// begin: the last event is Ready. The session is to be closed, after an error
// too.
func Open(ctx context.Context, o Options) (*Session, error) {
	s := &Session{opts: o, lesson: o.Lesson}
	if o.Key == "" {
		s.opts.Key = o.Lesson.ID
	}
	if s.opts.Store == nil {
		s.opts.Store = &progress.Store{}
	}
	var err error
	if s.record, err = s.opts.Store.Load(s.opts.Key); err != nil {
		return s, err
	}
	s.record.Source = o.Source
	if err := s.take(ctx); err != nil {
		return s, err
	}
	if s.watch, err = newWatch(ctx, s.gateways); err != nil {
		return s, err
	}
	if s.watch.test { // the same place in a minute every time
		if err := s.watch.wait(ctx, s.watch.place(time.Second, 0)); err != nil {
			return s, err
		}
	}
	if s.stream, err = s.listen(ctx); err != nil {
		return s, err
	}
	return s, s.begin(ctx)
}

// begin puts the sandbox where the lesson begins or was left.
func (s *Session) begin(ctx context.Context) error {
	resumed := s.resumes()
	if !resumed {
		s.record = progress.Record{Lesson: s.opts.Key, Source: s.opts.Source, Finished: s.record.Finished}
	}
	docs := s.record.Docs
	s.record.Docs = "" // they are true of the moment when the lesson was left
	var err error
	switch {
	case docs != "":
		err = s.host.Replace(ctx, []byte(docs))
	case resumed:
		err = s.stage(ctx, s.step, s.record.Item)
	default:
		var demo []byte
		if demo, err = Demo(); err == nil {
			err = s.host.Replace(ctx, demo)
		}
	}
	if err != nil {
		return err
	}
	if err := s.host.ClearCounters(ctx); err != nil {
		return err
	}
	s.emit(Event{Type: LessonBegan, Lesson: s.info(resumed)})
	if !resumed {
		if err := s.perform(ctx, s.lesson.Setup, "setup"); err != nil {
			return err
		}
	}
	at := newPlace(0)
	if resumed {
		at = s.left()
	}
	if err := s.enter(ctx, s.step, at); err != nil {
		return err
	}
	s.begun = true
	s.emit(Event{Type: Ready, Ready: s.ready()})
	return nil
}

// resumes finds where the lesson was left; false means that it begins anew.
func (s *Session) resumes() bool {
	_, n, ok := s.lesson.Step(s.record.Step)
	if !ok || s.opts.Fresh || n == 0 && s.record.Item == 0 {
		return false
	}
	s.step = n
	s.record.Item = min(s.record.Item, len(s.lesson.Steps[n].Items))
	return true
}

func (s *Session) info(resumed bool) *LessonInfo {
	l := s.lesson
	i := &LessonInfo{
		ID: l.ID, Title: l.Title, Summary: l.Summary, Minutes: l.Minutes, Intro: l.Intro, Resumed: resumed,
		Sandbox: s.host.Name(), Runtime: s.host.Runtime(), URL: s.gateways()[0].URL(),
	}
	for n := range l.Steps {
		i.Steps = append(i.Steps, s.stepInfo(n))
	}
	for _, g := range s.gateways() {
		i.Gateways = append(i.Gateways, g.Status.Instance)
	}
	return i
}

func (s *Session) stepInfo(n int) StepInfo {
	return StepInfo{ID: s.lesson.Steps[n].ID, Title: s.lesson.Steps[n].Title, N: n + 1, Of: len(s.lesson.Steps)}
}

// Lesson is the lesson that runs.
func (s *Session) Lesson() *lesson.Lesson { return s.lesson }

// Steps tells of every step, in order.
func (s *Session) Steps() []StepInfo {
	out := make([]StepInfo, len(s.lesson.Steps))
	for n := range out {
		out[n] = s.stepInfo(n)
	}
	return out
}

// emit tells one event.
func (s *Session) emit(e Event) {
	s.emitting.Lock()
	defer s.emitting.Unlock()
	s.seq++
	e.Seq, e.Time = s.seq, time.Now()
	e.Step = s.inView
	s.opts.Emit(e)
}

// Refuse tells why what the learner wanted is not done. A screen that shows events
// alone calls it.
func (s *Session) Refuse(err error) {
	r := &RefusedInfo{Message: err.Error()}
	if h, ok := errors.AsType[*hint.Hint](err); ok {
		r.ID, r.Advice = h.ID, h.Advice
	}
	s.emit(Event{Type: Refused, Refused: r})
}

// view says which step is under way.
func (s *Session) view(id string) {
	s.emitting.Lock()
	defer s.emitting.Unlock()
	s.inView = id
}

// closeTimeout bounds giving the sandbox back.
const closeTimeout = 20 * time.Second

// Close keeps how far the lesson has come and gives the sandbox back as it was.
// A context that has ended does not keep it from that.
func (s *Session) Close(ctx context.Context) error {
	s.acting.Lock()
	defer s.acting.Unlock()
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), closeTimeout,
		hint.New("TIMEOUT", hint.Timeout, "the sandbox could not be given back in time", "gwctl tutorial tries again at its next start"))
	defer cancel()
	var errs []error
	switch {
	case s.claimed && s.begun:
		errs = append(errs, s.leave(ctx))
	case s.claimed: // nothing has begun: what the learner had before stays
		errs = append(errs, s.forgetNow())
	}
	if s.stream != nil {
		s.stream.Close()
		s.stream = nil
	}
	s.prober.Close()
	errs = append(errs, s.release(ctx))
	s.host.claim = nil
	err := errors.Join(errs...)
	s.emit(Event{Type: Left})
	return err
}

// leave cleans up what the lesson did and keeps what it needs to go on.
func (s *Session) leave(ctx context.Context) error {
	var errs []error
	if s.step < len(s.lesson.Steps) {
		if docs, err := s.host.Save(ctx); err == nil {
			s.record.Docs = string(docs)
		}
		errs = append(errs, s.keep())
	} else {
		s.record.Docs = ""
		errs = append(errs, s.keep())
	}
	if s.step < len(s.lesson.Steps) {
		errs = append(errs, s.perform(ctx, s.lesson.Steps[s.step].Cleanup, "cleanup"))
	}
	return errors.Join(append(errs, s.perform(ctx, s.lesson.Cleanup, "cleanup"), s.forgetNow())...)
}

// keep stores how far the lesson has come.
func (s *Session) keep() error {
	s.record.Step, s.record.Item, s.record.Asked, s.record.Hinted = "", 0, nil, nil
	if s.step < len(s.lesson.Steps) {
		s.record.Step, s.record.Item = s.lesson.Steps[s.step].ID, s.place.item
		s.record.Asked = maps.Clone(s.place.asked)
		maps.DeleteFunc(s.record.Asked, func(id, _ string) bool { return s.place.told(id) })
		s.record.Hinted = slices.Sorted(maps.Keys(s.place.hinted))
	}
	return s.opts.Store.Save(s.record)
}

func (s *Session) progress() *ProgressInfo {
	p := &ProgressInfo{Of: len(s.lesson.Steps), Hints: s.record.Hints}
	for _, st := range s.lesson.Steps {
		if slices.Contains(s.record.Done, st.ID) {
			p.Steps++
		}
	}
	p.Score, p.Asked = s.record.Score()
	return p
}

// act runs one action of the learner's.
func (s *Session) act(do func() error) error {
	s.acting.Lock()
	defer s.acting.Unlock()
	if s.stream == nil {
		return errors.New("the lesson has been left")
	}
	err := do()
	if err == nil {
		err = s.keep()
	}
	if err != nil {
		return err
	}
	s.emit(Event{Type: Ready, Ready: s.ready()})
	return nil
}
