package author

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// Box is a sandbox that lessons are tested in, one after the other.
type Box struct {
	Name string
	// Up brings it up, Down takes it away: after an Up that failed, too.
	Up, Down func(context.Context) error
}

// downTimeout bounds taking a box away.
const downTimeout = 2 * time.Minute

// TestIn proves lessons in boxes that come up for them, in real time: as many
// side by side as there are boxes, those that take longest first. Boxes come up
// one after the other, since they would only be in each other's way, and each
// begins with a lesson at once. Its error joins those of lessons and boxes.
func TestIn(ctx context.Context, list []engine.Options, boxes []Box, told func(Result)) error {
	t := &tests{left: slices.Clone(list), told: told}
	slices.SortStableFunc(t.left, func(a, b engine.Options) int { return cmp.Compare(b.Lesson.Minutes, a.Lesson.Minutes) })
	var coming sync.Mutex
	var all sync.WaitGroup
	for _, b := range boxes[:min(len(boxes), len(list))] {
		all.Go(func() {
			t.fail(t.in(ctx, b, &coming))
		})
	}
	all.Wait()
	return errors.Join(t.errs...)
}

// in tests lessons in a box until there are no more.
func (t *tests) in(ctx context.Context, b Box, coming *sync.Mutex) (err error) {
	coming.Lock()
	if ctx.Err() != nil || t.done() {
		coming.Unlock()
		return ctx.Err()
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
		defer cancel()
		err = errors.Join(err, b.Down(ctx))
	}()
	err = b.Up(ctx)
	coming.Unlock()
	if err != nil {
		return err
	}
	t.work(ctx, func(o engine.Options) engine.Options {
		o.Sandbox, o.TestClock = b.Name, false
		return o
	})
	return nil
}

// tests are lessons that are tested.
type tests struct {
	mu   sync.Mutex
	left []engine.Options
	errs []error
	told func(Result)
}

// work tests lessons until there are no more or ctx ends.
func (t *tests) work(ctx context.Context, where func(engine.Options) engine.Options) {
	for o, ok := t.next(); ok; o, ok = t.next() {
		if ctx.Err() != nil {
			t.fail(context.Cause(ctx))
			return
		}
		r := test(ctx, where(o))
		t.mu.Lock()
		t.errs = append(t.errs, r.Err)
		t.told(r)
		t.mu.Unlock()
	}
}

func (t *tests) next() (o engine.Options, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.left) == 0 {
		return o, false
	}
	o, t.left = t.left[0], t.left[1:]
	return o, true
}

func (t *tests) done() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.left) == 0
}

func (t *tests) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errs = append(t.errs, err)
}
