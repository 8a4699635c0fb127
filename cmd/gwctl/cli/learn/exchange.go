package learn

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/killercoda"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

func (a App) tutorialExport() *cobra.Command {
	c := &cobra.Command{Use: "export", Short: "Write a lesson in another format"}
	var which string
	var o killercoda.Options
	k := &cobra.Command{
		Use: "killercoda DIR", Short: "Write a lesson as a scenario of Killercoda",
		Long: "Write a lesson as a scenario of Killercoda into a directory. Its commands and its verify.sh call\n" +
			"gwctl tutorial step, so gwctl must be on the scenario's machine: --install says how it gets there.",
		Example: "  gwctl tutorial export killercoda ./scenario --lesson rate-limiting",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if which == "" {
				return hint.New("USAGE", hint.Usage, "no lesson is named", "add --lesson and an id of gwctl tutorial list, or the directory of a lesson")
			}
			l, _, source, err := a.loadLesson(which, lesson.Options{})
			if err != nil {
				return err
			}
			if source != "" {
				o.Source = os.DirFS(source)
			}
			if err := killercoda.Export(l, args[0], o); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Out, "%s is a scenario of %d steps\n", args[0], len(l.Steps))
			return err
		},
	}
	f := k.Flags()
	f.StringVar(&which, "lesson", "", "id or directory of the lesson")
	f.StringVar(&o.Install, "install", "", "command that installs gwctl on the scenario's machine, where it is not there")
	f.StringVar(&o.Image, "image", "ubuntu", "machine that the scenario runs on")
	_ = k.RegisterFlagCompletionFunc("lesson", completeLessons)
	c.AddCommand(k)
	return c
}

func (a App) tutorialImport() *cobra.Command {
	c := &cobra.Command{Use: "import", Short: "Make a lesson of another format"}
	c.AddCommand(&cobra.Command{
		Use: "killercoda DIR [NEW]", Short: "Make a lesson of a scenario of Killercoda",
		Long: "Make a lesson of the scenario in a directory and write it to a new one (default: its id, here).\n" +
			"What the scenario runs, the lesson runs on this machine: it is shown before, and you are asked.",
		Args: cobra.RangeArgs(1, 2), //nolint:mnd // from and to
		RunE: func(_ *cobra.Command, args []string) error {
			dir, done, err := killercoda.Dir(args[0])
			if err != nil {
				return err
			}
			defer done() //nolint:errcheck // read only
			text, to, err := killercoda.Import(dir, args[0])
			if err != nil {
				return err
			}
			if len(args) > 1 {
				to = args[1]
			}
			if err := killercoda.Write(to, text); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Out, "%s is a lesson now. Read what it runs, then:\n  gwctl tutorial lint %s\n  gwctl tutorial run %s\n", to, to, to)
			return err
		},
	})
	return c
}
