// Package tutorials is what lessons are: their format is in lesson, what runs
// them in engine, the lessons themselves in lessons. A view is a Screen; plain
// is one, and whoever draws the engine's events can be another.
package tutorials

import (
	"context"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// Start opens the session of a lesson; emit is told every event. The session is
// to be closed, after an error too; it is nil only when there is nothing to close.
type Start func(ctx context.Context, emit func(engine.Event)) (*engine.Session, error)

// Screen shows one lesson and lets a learner through it.
type Screen interface {
	// Run starts the session, shows it until the learner leaves or the lesson is
	// finished, and closes it. A context that ends is a learner who leaves.
	Run(ctx context.Context, start Start) error
}
