package engine

import (
	"net/http"
	"time"

	"github.com/gwctl/gwctl/gatewayd/event"
)

// Type says what an Event tells.
type Type string

// The types, each with the field of Event that it comes with.
const (
	// LessonBegan is the first: Lesson.
	LessonBegan Type = "lesson"
	// StepBegan is a step that has come into view: Began.
	StepBegan Type = "step"
	// Text is prose to read: Text, Markdown.
	Text Type = "text"
	// Working tells of what takes time: Work.
	Working Type = "work"
	// Applied tells that objects are served: Apply.
	Applied Type = "applied"
	// Firing is a volley that begins: Fire. Answered is each of its answers:
	// Answer. Traced is what a gateway tells late of an answer: Trace. Fired is
	// its end: Fired.
	Firing   Type = "fire"
	Answered Type = "answer"
	Traced   Type = "trace"
	Fired    Type = "fired"
	// Seen is a request of somebody else: Seen.
	Seen Type = "seen"
	// Waiting is a wait that begins, Waited its end: Wait.
	Waiting Type = "wait"
	Waited  Type = "waited"
	// Asked is a question, Guessed the learner's answer, Revealed the right
	// one: Quiz.
	Asked    Type = "ask"
	Guessed  Type = "guess"
	Revealed Type = "reveal"
	// Checked is what became of a check: Check.
	Checked Type = "check"
	// Hinted is a hint: Hint.
	Hinted Type = "hint"
	// Refused tells why what the learner wanted is not done: Refused.
	Refused Type = "refused"
	// Solving says that the lesson now does the step itself.
	Solving Type = "solve"
	// Ran is what a command said: Run.
	Ran Type = "run"
	// Paused asks an automatic run to wait for the speaker.
	Paused Type = "pause"
	// StepDone is the end of a step: Done.
	StepDone Type = "step-done"
	// Ready says that it is the learner's turn: Ready.
	Ready Type = "ready"
	// Finished is the end of the lesson: Done. Left is the last event of a
	// session.
	Finished Type = "finished"
	Left     Type = "left"
)

// Event is one thing that happened. It is what every view draws, and goes
// through JSON and back.
type Event struct {
	// Seq counts from 1.
	Seq int64 `json:"seq"`
	// Time is this machine's.
	Time time.Time `json:"time"`
	Type Type      `json:"type"`
	// Step is the id of the step that it belongs to.
	Step string `json:"step,omitempty"`

	Lesson  *LessonInfo   `json:"lesson,omitempty"`
	Began   *StepInfo     `json:"began,omitempty"`
	Text    string        `json:"text,omitempty"`
	Work    *WorkInfo     `json:"work,omitempty"`
	Apply   *ApplyInfo    `json:"apply,omitempty"`
	Fire    *FireInfo     `json:"fire,omitempty"`
	Answer  *AnswerInfo   `json:"answer,omitempty"`
	Trace   *TraceInfo    `json:"trace,omitempty"`
	Fired   *FiredInfo    `json:"fired,omitempty"`
	Seen    *event.Event  `json:"seen,omitempty"`
	Wait    *WaitInfo     `json:"wait,omitempty"`
	Quiz    *QuizInfo     `json:"quiz,omitempty"`
	Check   *CheckInfo    `json:"check,omitempty"`
	Hint    *HintInfo     `json:"hint,omitempty"`
	Refused *RefusedInfo  `json:"refused,omitempty"`
	Run     *RunInfo      `json:"run,omitempty"`
	Done    *ProgressInfo `json:"done,omitempty"`
	Ready   *ReadyInfo    `json:"ready,omitempty"`
}

// LessonInfo describes the lesson and where it runs.
type LessonInfo struct {
	ID      string     `json:"id"`
	Title   string     `json:"title"`
	Summary string     `json:"summary"`
	Minutes int        `json:"minutes"`
	Intro   string     `json:"intro,omitempty"`
	Steps   []StepInfo `json:"steps"`
	// Resumed says that it goes on where it was left.
	Resumed bool   `json:"resumed,omitempty"`
	Sandbox string `json:"sandbox"`
	Runtime string `json:"runtime"`
	URL     string `json:"url"`
	// Gateways are the names of the gateways' instances.
	Gateways []string `json:"gateways"`
}

// StepInfo describes a step: the Nth of Of.
type StepInfo struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	N     int    `json:"n"`
	Of    int    `json:"of"`
}

// WorkInfo tells of what takes time.
type WorkInfo struct {
	// What is sandbox, recover, setup, restore, cleanup, or events: of gateways
	// that come, go, or were not heard.
	What string `json:"what"`
	// State is started, warned, done or failed.
	State   string `json:"state"`
	Title   string `json:"title"`
	Message string `json:"message,omitempty"`
}

// ApplyInfo tells of objects that every gateway now serves.
type ApplyInfo struct {
	ID string `json:"id,omitempty"`
	// By is lesson, learner or solve.
	By      string   `json:"by"`
	Objects []string `json:"objects"`
	// Text are the documents; secrets stand in lessons in clear.
	Text   string `json:"text"`
	Millis int64  `json:"ms"`
}

// FireInfo describes a volley that begins.
type FireInfo struct {
	ID    string     `json:"id"`
	Lanes []LaneInfo `json:"lanes"`
	Count int        `json:"count"`
}

// LaneInfo is one client of a volley.
type LaneInfo struct {
	Name        string      `json:"name,omitempty"`
	Method      string      `json:"method"`
	Path        string      `json:"path"`
	Header      http.Header `json:"header,omitempty"`
	Body        string      `json:"body,omitempty"`
	Count       int         `json:"count"`
	Rate        float64     `json:"rate,omitempty"`
	Concurrency int         `json:"concurrency,omitempty"`
}

// AnswerInfo is what became of one request.
type AnswerInfo struct {
	Fire string `json:"fire"`
	Lane string `json:"lane,omitempty"`
	// N is its number in its lane, from 1, Of how many the lane has.
	N  int `json:"n"`
	Of int `json:"of"`
	// At is when it began on the gateway's clock as far as known, Millis how
	// long it took.
	At     time.Time   `json:"at"`
	Millis float64     `json:"ms"`
	Status int         `json:"status"`
	Header http.Header `json:"header,omitempty"`
	Body   string      `json:"body,omitempty"`
	// RetryAfter is in seconds, 0 for none; Limit and Remaining are -1 when the
	// answer does not tell.
	RetryAfter int    `json:"retryAfter,omitempty"`
	Limit      int    `json:"limit"`
	Remaining  int    `json:"remaining"`
	RequestID  string `json:"requestId,omitempty"`
	Error      string `json:"error,omitempty"`
	// Gateway is what the gateway tells of it, nil when it has not (yet).
	Gateway *event.Event `json:"gateway,omitempty"`

	came time.Time // when it had come, on the gateway's clock
}

// TraceInfo is what a gateway tells late of an answer.
type TraceInfo struct {
	Fire  string       `json:"fire"`
	Lane  string       `json:"lane,omitempty"`
	N     int          `json:"n"`
	Event *event.Event `json:"event"`
}

// FiredInfo sums a volley up.
type FiredInfo struct {
	ID     string    `json:"id"`
	Lanes  []LaneSum `json:"lanes"`
	Millis int64     `json:"ms"`
	// Lost is how many events the gateways dropped.
	Lost int64 `json:"lost,omitempty"`
}

// LaneSum counts the answers of a lane by status; 0 stands for no answer.
type LaneSum struct {
	Name     string      `json:"name,omitempty"`
	Count    int         `json:"count"`
	Statuses map[int]int `json:"statuses"`
	// Reached is how many came to a backend.
	Reached int `json:"reached"`
}

// WaitInfo tells of a wait.
type WaitInfo struct {
	// Reason is retry-after, minute (for its end or a place in it) or pause.
	Reason string `json:"reason"`
	// Seconds is how long, Until the end on this machine's clock; Moved says
	// that the gateways' clocks are moved instead.
	Seconds float64   `json:"seconds"`
	Until   time.Time `json:"until"`
	Moved   bool      `json:"moved,omitempty"`
}

// QuizInfo is a question, a guess or the answer to it.
type QuizInfo struct {
	ID       string       `json:"id"`
	Question string       `json:"question"`
	Choices  []ChoiceInfo `json:"choices,omitempty"`
	// Guess is what the learner said, "" when not asked or skipped.
	Guess string `json:"guess,omitempty"`
	// Answer is the right one, once it is revealed; Right says that the guess
	// is.
	Answer string `json:"answer,omitempty"`
	Right  bool   `json:"right,omitempty"`
	// Score and Asked count right guesses and all so far.
	Score int `json:"score"`
	Asked int `json:"asked"`
}

// ChoiceInfo is one answer to choose.
type ChoiceInfo struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// CheckInfo is what became of a check.
type CheckInfo struct {
	ID    string `json:"id"`
	Holds bool   `json:"holds"`
	// Reason says in words why it does or does not.
	Reason string `json:"reason"`
	// Hints says that there are hints for this case.
	Hints bool `json:"hints,omitempty"`
}

// HintInfo is a hint, the Nth of Of.
type HintInfo struct {
	N    int    `json:"n"`
	Of   int    `json:"of"`
	Text string `json:"text"`
	// When is the check that it is for, "" for any.
	When string `json:"when,omitempty"`
}

// RefusedInfo is an error that the learner can do something about.
type RefusedInfo struct {
	// ID is the error's, as in BAD_GUESS; "" for one without.
	ID      string `json:"id,omitempty"`
	Message string `json:"message"`
	Advice  string `json:"advice,omitempty"`
}

// RunInfo is what a command said.
type RunInfo struct {
	Command string `json:"command"`
	Output  string `json:"output"`
	Exit    int    `json:"exit"`
}

// ProgressInfo tells how far the lesson has come.
type ProgressInfo struct {
	Steps int `json:"steps"`
	Of    int `json:"of"`
	Score int `json:"score"`
	Asked int `json:"asked"`
	Hints int `json:"hints"`
}

// ReadyInfo says what the learner can do.
type ReadyInfo struct {
	// Next is what Advance does: apply, fire, run, predict, check, pause, step,
	// finish or, after the last step, none.
	Next string `json:"next"`
	// About says it in words.
	About string `json:"about"`
	// Can are the other things that can be done: hint, solve, again, try, edit,
	// back, reset.
	Can []string `json:"can"`
}
