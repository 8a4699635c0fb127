package author_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/tutorials/author"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

// broken boxes do not come up; each says so once, none comes up while another
// does, and each is taken down.
func TestBoxesThatDoNotComeUp(t *testing.T) {
	t.Parallel()
	var coming, down atomic.Int32
	var boxes []author.Box
	for _, name := range []string{"a", "b", "c"} {
		boxes = append(boxes, author.Box{
			Name: name,
			Up: func(context.Context) error {
				if coming.Add(1) != 1 {
					t.Error("two come up at once")
				}
				defer coming.Add(-1)
				return errors.New(name + " does not come up")
			},
			Down: func(context.Context) error { down.Add(1); return errors.New(name + " does not go") },
		})
	}
	list := make([]engine.Options, 3)
	for i := range list {
		list[i].Lesson = &lesson.Lesson{ID: "x"}
	}
	err := author.TestIn(t.Context(), list, boxes, func(r author.Result) { t.Errorf("a lesson was tested: %+v", r) })
	for _, name := range []string{"a", "b", "c"} {
		if err == nil || !strings.Contains(err.Error(), name+" does not come up") || !strings.Contains(err.Error(), name+" does not go") {
			t.Errorf("got %v, which does not tell of %s", err, name)
		}
	}
	if down.Load() != 3 {
		t.Errorf("%d boxes were taken down, want 3", down.Load())
	}
}

// A test that is ended leaves no box, and tells that it was ended.
func TestBoxesEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	up, down := 0, 0
	box := author.Box{
		Name: "a",
		Up:   func(context.Context) error { up++; cancel(); return nil },
		Down: func(ctx context.Context) error { down++; return ctx.Err() },
	}
	err := author.TestIn(ctx, []engine.Options{{Lesson: &lesson.Lesson{ID: "x"}}}, []author.Box{box}, func(author.Result) {})
	if !errors.Is(err, context.Canceled) || up != 1 || down != 1 {
		t.Errorf("got %v, %d ups and %d downs", err, up, down)
	}
}

// The box that lessons are tested in is the one that their options name; one that
// is not there is told for each lesson.
func TestInItsBox(t *testing.T) {
	t.Parallel()
	var asked []string
	find := func(o sandbox.Options) (*sandbox.Sandbox, error) {
		asked = append(asked, o.Name)
		if o.TestClock {
			t.Error("the clock is to be moved in a cluster")
		}
		return nil, errors.New("not found")
	}
	list := make([]engine.Options, 3)
	var order []string
	for i, id := range []string{"short", "long", "middle"} {
		list[i] = engine.Options{Lesson: &lesson.Lesson{ID: id, Minutes: []int{1, 9, 5}[i]}, Find: find, TestClock: true, Sandbox: "other"}
	}
	nothing := func(context.Context) error { return nil }
	err := author.TestIn(t.Context(), list, []author.Box{{Name: "a", Up: nothing, Down: nothing}}, func(r author.Result) { order = append(order, r.Lesson) })
	if err == nil || strings.Join(order, " ") != "long middle short" || strings.Join(asked, " ") != "a a a" {
		t.Errorf("got %v, lessons %v, sandboxes %v", err, order, asked)
	}
}
