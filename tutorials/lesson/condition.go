package lesson

import "time"

// Condition is what a check wants. Every field that is set must hold.
type Condition struct {
	// Fire is the id of the volley that Status, Header, Body, Trace, Limiter and
	// Reached look at, Lane one lane of it, "" for all.
	Fire, Lane string
	// Status says how many answers there must be of each status. A volley has no
	// others.
	Status map[int]Match
	// On restricts Header, Body and Trace to answers of that status, 0 for all.
	On int
	// Header says what every such answer must have.
	Header map[string]Match
	// Body is what every such answer's body must be.
	Body *Match
	// Trace is a decision of a plugin, as the gateway tells it.
	Trace *Trace
	// Limiter is the state of a limiter after the last answer.
	Limiter *Limiter
	// Reached is how many requests came to a backend.
	Reached *Match
	Object  *Object
	Problem *Problem
	Metric  *Metric
	// Exec is a command of the shell that must end with 0: for what nothing else
	// can tell. It runs only where the learner has agreed.
	Exec string
	// Eventually is how long it may take to come true, 0 for at once.
	Eventually time.Duration
	// Not must not hold. It looks at the same answers, if it does not say others.
	Not *Condition
}

// Trace is a decision of a plugin.
type Trace struct {
	Plugin string
	// Decision is pass, deny, skip or error; Reason what its words must be.
	Decision string
	Reason   *Match
	// Count is how many of the answers it must stand at; at least one when nil.
	Count *Match
}

// Limiter is what must be true of a limiter's state.
type Limiter struct {
	Algorithm, Period  string
	Limit, Used        *Match
	Remaining, Current *Match
	Tokens, Queued     *Match
}

// Object is what must be true of an object.
type Object struct {
	Kind, Namespace, Name string
	// Path leads to a value in it, as in {.config.minute}; Value is what that
	// must be. Without a path the object must be there.
	Path  string
	Value *Match
}

// Problem is what must be true of the gateway's problems.
type Problem struct {
	// None wants that there is none; else one must match all of the others.
	None                  bool
	Object, Field, Reason *Match
}

// Metric is what must be true of the sum of a metric's series, over every
// gateway.
type Metric struct {
	Name   string
	Labels map[string]string
	Value  Match
}

// Match is what a value must be. Every field that is set must hold.
type Match struct {
	// Equals is the text that it must be; numbers are compared as numbers.
	Equals *string
	Not    *string
	// Contains is a part that it must have, Matches a regular expression (RE2).
	Contains, Matches string
	// AtLeast and AtMost bound a number, both included.
	AtLeast, AtMost *float64
	// Present says whether there must be a value at all.
	Present *bool
}
