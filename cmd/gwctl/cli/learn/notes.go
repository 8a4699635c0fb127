package learn

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/plain"
	learned "github.com/gwctl/gwctl/tutorials/progress"
)

// notesEvery is how often the notes look at which step is under way.
const notesEvery = 200 * time.Millisecond

func (a App) tutorialNotes() *cobra.Command {
	var once bool
	c := &cobra.Command{
		Use: "notes", Short: "Show the speaker notes of the lesson that runs, in a second terminal",
		Long: "Show the speaker notes of the step that is under way in another terminal, and follow it from step\n" +
			"to step until you press Ctrl-C.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			store, err := learned.Open()
			if err != nil {
				return err
			}
			return a.followNotes(c.Context(), store, once)
		},
	}
	c.Flags().BoolVar(&once, "once", false, "show those of now, then end")
	return c
}

func (a App) followNotes(ctx context.Context, store *learned.Store, once bool) error {
	again := time.NewTicker(notesEvery)
	defer again.Stop()
	shown := "nothing yet"
	for {
		text := "No lesson runs. Begin one in another terminal: gwctl tutorial\n"
		if n, ok := engine.ReadNow(store); ok {
			text = notesText(n)
		}
		if text != shown {
			shown = text
			if _, err := fmt.Fprint(a.Out, text); err != nil {
				return err
			}
		}
		if once {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func notesText(n engine.Now) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, step %d of %d: %s\n", n.Title, n.Step.N, n.Step.Of, n.Step.Title)
	for _, note := range n.Notes {
		fmt.Fprintf(&b, "\n%s\n", plain.Markdown(note))
	}
	if len(n.Notes) == 0 {
		b.WriteString("\nThere are no notes for this step.\n")
	}
	if n.Next != "" {
		fmt.Fprintf(&b, "\nNext: %s\n", n.Next)
	}
	return b.String()
}
