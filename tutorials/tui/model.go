package tui

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// Model is the state of the screen. It is changed by Update alone.
type Model struct {
	opts   Options
	look   *look
	keys   keymap
	ctx    context.Context
	cancel context.CancelFunc
	feed   *feed
	open   func(context.Context) (session, error)

	session session
	// busy says what is under way, "" for nothing; stop ends it.
	busy    string
	stop    context.CancelFunc
	leaving bool
	gone    bool // the sandbox is given back
	// turn says that Ready has been told since the last action began, over that
	// the action has ended: only both make it the learner's turn.
	turn, over bool
	pacing     bool // an automatic run pauses before its next action
	fatal      error
	note       string // a short word to the learner, until the next key
	asking     string // what a second press of this key confirms

	width, height int
	heard         time.Time // when the last batch came
	ticking       bool
	frame         int

	lesson   engine.LessonInfo
	step     engine.StepInfo
	marks    []mark
	ready    engine.ReadyInfo
	score    engine.QuizInfo
	finished *engine.ProgressInfo
	failed   bool // a check has failed since the step began
	paused   bool
	typed    string // the prediction that is being typed

	text      transcript
	traffic   traffic
	limits    limits
	countdown countdown
	wait      *engine.WaitInfo
	// skew is by how much the gateway's clock is ahead of this machine's; moves
	// says that it is moved instead of waited for.
	skew  time.Duration
	moves bool

	focus  focus
	help   bool
	big    bool
	page   int // of big mode
	detail scroller
}

// mark is how far a step has come.
type mark int

const (
	todo mark = iota
	under
	done
)

// focus is what the arrows up and down act on.
type focus int

const (
	onText focus = iota
	onRequests
	onDetail
)

func newModel(ctx context.Context, o Options, l *look) *Model {
	m := &Model{opts: o, look: l, keys: newKeymap(), width: 80, height: 24, busy: "bringing up a sandbox"}
	m.ctx, m.cancel = context.WithCancel(ctx)
	m.traffic.reset()
	return m
}

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(m.opening(), m.feed.listen(m.ctx, time.Time{}), m.tick())
}

// now is the time on the gateway's clock.
func (m *Model) now() time.Time { return m.opts.Clock.Now().Add(m.skew) }

// can says whether the learner may do something now.
func (m *Model) can(what string) bool {
	return m.session != nil && slices.Contains(m.ready.Can, what)
}

// asked says that a question waits for its answer.
func (m *Model) asked() bool { return m.ready.Next == "predict" && m.busy == "" }

// farewell is what stays on the terminal.
func (m *Model) farewell() string {
	switch {
	case m.lesson.ID == "":
		return "You have left before the lesson began."
	case m.finished != nil:
		text := fmt.Sprintf("Lesson %s is finished.", m.lesson.ID)
		if m.finished.Asked > 0 {
			text += fmt.Sprintf(" %d of %d predictions were right.", m.finished.Score, m.finished.Asked)
		}
		return text + " More lessons: gwctl tutorial"
	}
	return fmt.Sprintf("You have left lesson %s at step %d of %d. It goes on here next time.", m.lesson.ID, m.step.N, m.step.Of)
}

func itoa(n int) string { return strconv.Itoa(n) }
