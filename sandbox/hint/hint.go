// Package hint is an error that says what to do next: a message, an advice, a
// stable ID to search for and the exit code that the command line ends with.
package hint

import (
	"errors"
	"fmt"
)

// Hint is an error that a user can act on. Its ID and its code never change
// once they have been released: scripts depend on them.
type Hint struct {
	// ID names the case, as in "PORT_IN_USE".
	ID string
	// Message says what is wrong, in one line.
	Message string
	// Advice says what to do about it; it may have several lines.
	Advice string
	// URL, when not "", is where more is written.
	URL string
	// Code is what the command line exits with.
	Code Code

	cause error
}

// New makes a hint.
func New(id string, code Code, message, advice string) *Hint {
	return &Hint{ID: id, Code: code, Message: message, Advice: advice}
}

// Because returns a copy of the hint that wraps the error that led to it.
func (h *Hint) Because(err error) *Hint {
	c := *h
	c.cause = err
	return &c
}

// Error gives the message and, where there is one, the cause.
func (h *Hint) Error() string {
	if h.cause == nil {
		return h.Message
	}
	return fmt.Sprintf("%s: %v", h.Message, h.cause)
}

// Unwrap gives the cause.
func (h *Hint) Unwrap() error { return h.cause }

// Is reports whether target is a hint of the same ID.
func (h *Hint) Is(target error) bool {
	var t *Hint
	return errors.As(target, &t) && t.ID == h.ID
}

// ExitCode gives what the command line ends with for an error: the code of the
// hint in it, OK for nil, Unexpected for any other error.
func ExitCode(err error) Code {
	var h *Hint
	switch {
	case err == nil:
		return OK
	case errors.As(err, &h):
		return h.Code
	}
	return Unexpected
}
