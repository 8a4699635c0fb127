// Package learn is the command line of the lessons: gwctl tutorial and the commands
// below it, one file each.
package learn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/lessons"
	learned "github.com/gwctl/gwctl/tutorials/progress"
)

// App is what the commands work with.
type App struct {
	In       *os.File
	Out, Err io.Writer
	// Find finds a sandbox.
	Find func(sandbox.Options) (*sandbox.Sandbox, error)
	// Gwctl runs a command of gwctl, whatever it prints going to out, and gives its
	// exit code.
	Gwctl func(ctx context.Context, out io.Writer, args []string) int
}

// Command makes the command tutorial and those below it.
func Command(a App) *cobra.Command {
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
	if !output.Terminal(a.Out) || a.In == nil || !output.Terminal(a.In) {
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

// recoverClaims gives back the sandboxes of lessons that have crashed. One that
// cannot be given back now is no reason to stop: it is tried again next time.
func (a App) recoverClaims(ctx context.Context, store *learned.Store) error {
	return engine.Recover(ctx, store, func(name string) (*sandbox.Sandbox, error) { return a.Find(sandbox.Options{Name: name}) },
		func(sandbox, lesson string, err error) {
			if err == nil {
				_, _ = fmt.Fprintf(a.Err, "lesson %s had ended without giving sandbox %s back; that is done now\n", lesson, sandbox)
				return
			}
			_, _ = fmt.Fprintf(a.Err, "warning: %v\n", err)
			if h, ok := errors.AsType[*hint.Hint](err); ok && h.Advice != "" {
				_, _ = fmt.Fprintf(a.Err, "         %s\n", h.Advice)
			}
		})
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
