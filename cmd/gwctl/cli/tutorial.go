package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/lessons"
	learned "github.com/gwctl/gwctl/tutorials/progress"
)

func (a App) tutorial() *cobra.Command {
	var r runner
	c := &cobra.Command{
		Use: "tutorial", Aliases: []string{"tutorials", "learn"}, Short: "Learn what a gateway does, with real requests",
		Long: "Lessons that send real requests through a real gateway and show what it decides.\n\n" +
			"Without a subcommand the lessons are listed, and on a terminal you can choose one. A lesson\n" +
			"uses your sandbox and gives it back as it was; without one it brings up its own.\n" +
			"You can leave at any time: the lesson goes on where you left it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.welcome(c.Context(), r) },
	}
	r.runFlags(c)
	c.AddCommand(a.tutorialList(), a.tutorialRun(), a.tutorialStatus(), a.tutorialReset(), a.tutorialReplay(), a.tutorialNotes(),
		a.tutorialNew(), a.tutorialLint(), a.tutorialTest(), a.tutorialStep(), a.tutorialExport(), a.tutorialImport())
	return c
}

// welcome lists the lessons and, on a terminal, runs the one that is chosen.
func (a App) welcome(ctx context.Context, r runner) error {
	store, err := learned.Open()
	if err != nil {
		return err
	}
	if err := a.recoverClaims(ctx, store); err != nil {
		return err
	}
	all, err := lessons.All(lesson.Options{Lang: r.language()})
	if err != nil {
		return badLesson(err)
	}
	next, err := a.printLessons(store, all)
	if err != nil {
		return err
	}
	if !terminal(a.Out) || a.In == nil || !terminal(a.In) {
		_, err = fmt.Fprintf(a.Out, "\nBegin with: gwctl tutorial run %s\n", next)
		return err
	}
	_, _ = fmt.Fprintf(a.Out, "\nType the number or name of a lesson; Enter takes %s: ", next)
	line, err := readLine(ctx, a.In)
	if err != nil {
		return err
	}
	for n, l := range all {
		if line == "" && l.ID == next || line == l.ID || line == fmt.Sprint(n+1) {
			return a.runLesson(ctx, r, l.ID)
		}
	}
	return unknownLesson(line)
}

// readLine reads one line and nothing behind it.
func readLine(ctx context.Context, in *os.File) (string, error) {
	type read struct {
		text string
		err  error
	}
	got := make(chan read, 1)
	go func() {
		var text []byte
		one := make([]byte, 1)
		for {
			n, err := in.Read(one)
			if n == 1 && one[0] != '\n' {
				text = append(text, one[0])
				continue
			}
			if n == 1 || len(text) > 0 {
				err = nil
			}
			got <- read{strings.TrimSpace(string(text)), err}
			return
		}
	}()
	select {
	case r := <-got:
		return r.text, r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func unknownLesson(id string) error {
	return hint.New("NO_LESSON", hint.Usage, fmt.Sprintf("there is no lesson %q", id),
		"gwctl tutorial list names those that there are; a lesson of your own is the directory that holds its "+lesson.File)
}

func badLesson(err error) error {
	if _, ok := err.(lesson.Faults); !ok { //nolint:errorlint // it is never wrapped
		return err
	}
	return hint.New("BAD_LESSON", hint.BadLesson, "the lesson is not valid", "mend what is named; gwctl tutorial lint DIR looks again").Because(fmt.Errorf("\n%w", err))
}

// recoverClaims gives back the sandboxes of lessons that have crashed.
func (a App) recoverClaims(ctx context.Context, store *learned.Store) error {
	return engine.Recover(ctx, store, func(name string) (*sandbox.Sandbox, error) { return a.find(sandbox.Options{Name: name}) },
		func(sandbox, lesson string) {
			_, _ = fmt.Fprintf(a.Err, "lesson %s had ended without giving sandbox %s back; that is done now\n", lesson, sandbox)
		})
}

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
	var g group
	var r runner
	c := &cobra.Command{
		Use: "list", Short: "List the lessons", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			asJSON, err := g.json()
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
	g.outputFlag(c)
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
	var g group
	c := &cobra.Command{
		Use: "status", Short: "Show how far you have come", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			asJSON, err := g.json()
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
	g.outputFlag(c)
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
		_, _ = fmt.Fprintf(w, "%s\t%d of %d\t%d of %d right\t%d\t%s\n", s.ID, s.Done, s.Steps, s.Score, s.Asked, s.Hints, dash(s.Step))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Out, "\n%d of %d lessons finished, %d of %d predictions right\n", done, len(states), score, asked)
	return err
}

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

// completeLessons completes the id of a lesson.
func completeLessons(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := lessons.All(lesson.Options{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var out []string
	for _, l := range all {
		out = append(out, l.ID+"\t"+l.Title)
	}
	return out, cobra.ShellCompDirectiveDefault
}
