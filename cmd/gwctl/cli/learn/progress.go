package learn

import (
	"cmp"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/lessons"
	learned "github.com/gwctl/gwctl/tutorials/progress"
)

// lessonState is what list and status tell of a lesson.
type lessonState struct {
	N       int      `json:"n"`
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Summary string   `json:"summary"`
	Level   string   `json:"level"`
	Minutes int      `json:"minutes"`
	Tags    []string `json:"tags"`
	Steps   int      `json:"steps"`
	// Done is how many steps have been finished, Step the one that comes next.
	Done     int    `json:"done"`
	Step     string `json:"step,omitempty"`
	Finished bool   `json:"finished"`
	Score    int    `json:"score"`
	Asked    int    `json:"asked"`
	Hints    int    `json:"hints"`
}

func lessonStates(store *learned.Store, all []*lesson.Lesson) ([]lessonState, error) {
	out := []lessonState{}
	for n, l := range all {
		r, err := store.Load(l.ID)
		if err != nil {
			return nil, err
		}
		st := lessonState{
			N: n + 1, ID: l.ID, Title: l.Title, Summary: l.Summary, Level: l.Level, Minutes: l.Minutes, Tags: l.Tags, Steps: len(l.Steps),
			Step: r.Step, Finished: !r.Finished.IsZero(), Hints: r.Hints,
		}
		st.Score, st.Asked = r.Score()
		for _, id := range r.Done {
			if _, _, ok := l.Step(id); ok {
				st.Done++
			}
		}
		out = append(out, st)
	}
	return out, nil
}

// note says how far a lesson has come.
func (s lessonState) note() string {
	switch {
	case s.Finished && s.Step != "":
		return fmt.Sprintf("finished; again, %d of %d steps", s.Done, s.Steps)
	case s.Finished:
		return "finished"
	case s.Done > 0 || s.Step != "":
		return fmt.Sprintf("%d of %d steps", s.Done, s.Steps)
	}
	return "-"
}

// printLessons lists the lessons and finds the one to go on with.
func (a App) printLessons(store *learned.Store, all []*lesson.Lesson) (next string, err error) {
	states, err := lessonStates(store, all)
	if err != nil {
		return "", err
	}
	w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\tLESSON\tWHAT IT IS ABOUT\tMINUTES\tPROGRESS")
	for _, s := range states {
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\n", s.N, s.ID, s.Title, s.Minutes, s.note())
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	for _, s := range states { // one that has been begun, else the first that has not
		if !s.Finished && s.Step != "" {
			return s.ID, nil
		}
	}
	for _, s := range states {
		if !s.Finished {
			return s.ID, nil
		}
	}
	return all[0].ID, nil
}

func (a App) tutorialList() *cobra.Command {
	var g output.Format
	var r runner
	c := &cobra.Command{
		Use: "list", Short: "List the lessons", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			store, err := learned.Open()
			if err != nil {
				return err
			}
			all, err := lessons.All(lesson.Options{Lang: r.language()})
			if err != nil {
				return badLesson(err)
			}
			if asJSON {
				return a.statesJSON(store, all)
			}
			_, err = a.printLessons(store, all)
			return err
		},
	}
	g.Flag(c)
	r.langFlag(c)
	return c
}

func (a App) statesJSON(store *learned.Store, all []*lesson.Lesson) error {
	states, err := lessonStates(store, all)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(a.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(states)
}

func (a App) tutorialStatus() *cobra.Command {
	var g output.Format
	c := &cobra.Command{
		Use: "status", Short: "Show how far you have come", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			store, err := learned.Open()
			if err != nil {
				return err
			}
			if err := a.recoverClaims(c.Context(), store); err != nil {
				return err
			}
			all, err := lessons.All(lesson.Options{})
			if err != nil {
				return badLesson(err)
			}
			if asJSON {
				return a.statesJSON(store, all)
			}
			return a.printProgress(store, all)
		},
	}
	g.Flag(c)
	return c
}

func (a App) printProgress(store *learned.Store, all []*lesson.Lesson) error {
	states, err := lessonStates(store, all)
	if err != nil {
		return err
	}
	done, score, asked := 0, 0, 0
	w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "LESSON\tSTEPS\tPREDICTIONS\tHINTS\tNEXT STEP")
	for _, s := range states {
		if s.Finished {
			done++
		}
		score, asked = score+s.Score, asked+s.Asked
		_, _ = fmt.Fprintf(w, "%s\t%d of %d\t%d of %d right\t%d\t%s\n", s.ID, s.Done, s.Steps, s.Score, s.Asked, s.Hints, cmp.Or(s.Step, "-"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Out, "\n%d of %d lessons finished, %d of %d predictions right\n", done, len(states), score, asked)
	return err
}
