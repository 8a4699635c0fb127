package learn

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
	learned "github.com/gwctl/gwctl/tutorials/progress"
)

func (a App) tutorialReset() *cobra.Command {
	var everything bool
	c := &cobra.Command{
		Use: "reset ID [STEP]", Short: "Forget how far you have come in a lesson, or from a step of it on",
		Args: func(c *cobra.Command, args []string) error {
			if everything {
				return cobra.NoArgs(c, args)
			}
			return cobra.RangeArgs(1, 2)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			store, err := learned.Open()
			if err != nil {
				return err
			}
			if err := a.recoverClaims(c.Context(), store); err != nil {
				return err
			}
			if everything {
				return a.forgetAll(store)
			}
			l, key, _, err := a.loadLesson(args[0], lesson.Options{})
			if err != nil {
				return err
			}
			if len(args) == 1 {
				was, err := store.Delete(key)
				if err == nil && was {
					_, err = fmt.Fprintf(a.Err, "lesson %s begins anew\n", l.ID)
				} else if err == nil {
					_, err = fmt.Fprintf(a.Err, "lesson %s had not been begun; nothing to do\n", l.ID)
				}
				return err
			}
			return a.goTo(store, l, key, args[1], false)
		},
	}
	c.Flags().BoolVar(&everything, "all", false, "all lessons")
	c.ValidArgsFunction = completeLessons
	return c
}

func (a App) forgetAll(store *learned.Store) error {
	records, err := store.All()
	if err != nil {
		return err
	}
	for _, r := range records {
		if _, err := store.Delete(r.Lesson); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(a.Err, "%d lessons begin anew\n", len(records))
	return err
}

// goTo makes a lesson go on with a step, what was guessed before it kept unless it
// is to be fresh.
func (a App) goTo(store *learned.Store, l *lesson.Lesson, key, step string, fresh bool) error {
	_, n, ok := l.Step(step)
	if !ok {
		var ids []string
		for _, s := range l.Steps {
			ids = append(ids, s.ID)
		}
		return hint.New("NO_STEP", hint.Usage, fmt.Sprintf("lesson %s has no step %q", l.ID, step), "it has "+strings.Join(ids, ", "))
	}
	r, err := store.Load(key)
	if err != nil {
		return err
	}
	kept := learned.Record{Lesson: key, Source: r.Source, Step: step, Guesses: map[string]bool{}, Finished: r.Finished}
	for _, s := range l.Steps[:n] {
		kept.Done = append(kept.Done, s.ID)
		for id, right := range r.Guesses {
			if !fresh && strings.HasPrefix(id, s.ID+"/") {
				kept.Guesses[id] = right
			}
		}
	}
	if err := store.Save(kept); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Err, "lesson %s goes on with step %s\n", l.ID, step)
	return err
}
