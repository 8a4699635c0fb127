// Package cli is the command line of gwctl: one file a subcommand, flags in, one
// call of a library, text out. Data goes to standard output, progress and errors
// to standard error.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/learn"
	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// projectURL tells this gwctl from others of the name.
const projectURL = "https://github.com/gwctl/gwctl"

// processCommand is the hidden command that is a local sandbox's process.
const processCommand = "__sandboxd"

// kindCommand is the hidden command that creates a kind cluster.
const kindCommand = "__kind"

// forwardCommand is the hidden command that forwards to a cluster.
const forwardCommand = "__forward"

// App is what the command line works with.
type App struct {
	In       *os.File
	Out, Err io.Writer
	Version  string
}

// Run runs the command line and returns its exit code.
func Run(ctx context.Context, a App, args []string) int {
	root, begun := a.root() //nolint:contextcheck // commands get the context from cobra
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return int(hint.OK)
	case !*begun:
		err = usage(err)
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(a.Err, "gwctl: interrupted")
		return int(hint.Interrupted)
	}
	if !output.WasTold(err) {
		a.complain(err)
	}
	return int(hint.ExitCode(err))
}

// complain prints the error, then what to do about it.
func (a App) complain(err error) {
	p := output.For(a.Err)
	_, _ = fmt.Fprintf(a.Err, "%s %s\n", p.Bad("gwctl:"), err)
	h, ok := errors.AsType[*hint.Hint](err)
	if !ok {
		return
	}
	for line := range strings.Lines(h.Advice) {
		_, _ = fmt.Fprintf(a.Err, "       %s\n", strings.TrimSuffix(line, "\n"))
	}
	if h.URL != "" {
		_, _ = fmt.Fprintf(a.Err, "       %s\n", h.URL)
	}
}

// usage makes a hint of what cobra says of a command line.
func usage(err error) error {
	if _, ok := errors.AsType[*hint.Hint](err); ok {
		return err
	}
	message, advice, _ := strings.Cut(err.Error(), "\n")
	advice = strings.Join(strings.Fields(advice), " ")
	if advice == "" {
		advice = "gwctl --help lists the commands, gwctl COMMAND --help their flags"
	}
	for _, verb := range []string{"get", "describe", "apply", "delete", "analyze"} {
		if strings.HasPrefix(message, `unknown command "`+verb+`"`) {
			advice = "that is a command of kubernetes-sigs/gwctl, an unrelated program of the same name; this is " + projectURL
		}
	}
	return hint.New("USAGE", hint.Usage, message, advice)
}

// root makes the commands. begun is set once one of them runs: until then an
// error is one of the command line.
func (a App) root() (c *cobra.Command, begun *bool) {
	begun = new(bool)
	c = &cobra.Command{
		Use:   "gwctl",
		Short: "An API gateway to play with, on your own machine",
		Long: "gwctl brings up an API gateway with a demo behind it and shows, request by request, what it does.\n\n" +
			"  gwctl up                                     bring it up\n" +
			"  gwctl fire /echo-1 --key " + sandbox.DemoKey + "   send requests, see what becomes of them\n" +
			"  gwctl down                                   remove it\n\n" +
			"This is " + projectURL + ", unrelated to kubernetes-sigs/gwctl.",
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRun:           func(*cobra.Command, []string) { *begun = true },
		SuggestionsMinimumDistance: 2,
	}
	c.SetIn(a.In)
	c.SetOut(a.Out)
	c.SetErr(a.Err)
	c.AddCommand(a.up(), a.down(), a.status(), a.reset(), a.fire(), a.watch(), a.plugins(), learn.Command(a.learn()), a.kubeconfig(), a.version(),
		a.pause(), a.resume(), a.logs(), a.image(), a.bundle(), a.doctor(), exitCodes(), a.process(), a.createKind(), a.forward())
	return c, begun
}

// group holds what every command that works on a sandbox has.
type group struct {
	output.Format
	name string
}

func (g *group) flags(c *cobra.Command) {
	c.Flags().StringVar(&g.name, "name", sandbox.DefaultName, "name of the sandbox")
}

// find finds the sandbox that the flags name.
func (a App) find(o sandbox.Options) (*sandbox.Sandbox, error) {
	o.Version = a.Version
	o.ProcessCommand = []string{processCommand, "--name", o.Name}
	o.Cluster.CreateCommand = []string{kindCommand, "--name", o.Name}
	o.Cluster.ForwardCommand = []string{forwardCommand, "--name", o.Name}
	return sandbox.New(o)
}

// learn is what the lessons' commands work with.
func (a App) learn() learn.App {
	return learn.App{
		In: a.In, Out: a.Out, Err: a.Err, Find: a.find,
		Gwctl: func(ctx context.Context, out io.Writer, args []string) int {
			return Run(ctx, App{Out: out, Err: out, Version: a.Version}, args)
		},
	}
}
