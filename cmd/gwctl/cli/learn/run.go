package learn

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/lessons"
	learned "github.com/gwctl/gwctl/tutorials/progress"
	"github.com/gwctl/gwctl/tutorials/record"
)

// runner holds the flags of running a lesson.
type runner struct {
	output.Format
	name string
	screenFlags
	plain, auto, trust, fresh, noWait bool
	pace                              time.Duration
	breaks, params                    []string
	record, report, lang, step        string
}

func (r *runner) langFlag(c *cobra.Command) {
	c.Flags().StringVar(&r.lang, "lang", "", `language of the prose where a lesson has it, as in "de" (default: that of the terminal)`)
}

func (r *runner) runFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.name, "name", "", "name of the sandbox to use (default: "+sandbox.DefaultName+" if it is up, else one of the lesson's own)")
	f.BoolVar(&r.plain, "plain", false, "line by line, one sentence an event: for screen readers, pipes and logs")
	f.BoolVar(&r.auto, "auto", false, "run by itself, waiting for Enter at breakpoints only")
	f.DurationVar(&r.pace, "pace", time.Second, "with --auto: the pause before each action")
	f.StringArrayVar(&r.breaks, "break", nil, "with --auto: wait for Enter before this step; may be given again")
	f.StringVar(&r.record, "record", "", "record what is shown to this file, as an asciicast of version 2")
	f.StringVar(&r.report, "report", "", "write what happened to this file, as a page for a browser")
	f.BoolVar(&r.fresh, "fresh", false, "begin anew instead of where it was left")
	f.BoolVar(&r.noWait, "no-wait", false, "use a sandbox of its own whose clock is moved instead of waiting")
	r.langFlag(c)
	r.screenFlags.flags(c)
}

// language is the one that was asked for, or the terminal's.
func (r *runner) language() string {
	if r.lang != "" {
		return r.lang
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			lang, _, _ := strings.Cut(v, "_")
			return lang
		}
	}
	return ""
}

func (a App) tutorialRun() *cobra.Command {
	var r runner
	c := &cobra.Command{
		Use: "run ID|DIR", Short: "Run a lesson",
		Long: "Run a lesson: one that gwctl brings along, or one from a directory of yours. What a lesson from\n" +
			"a directory runs is shown first, and you are asked once.",
		Example: "  gwctl tutorial run rate-limiting\n" +
			"  gwctl tutorial run rate-limiting --auto --pace 2s     # for an audience\n" +
			"  gwctl tutorial run rate-limiting --auto --no-wait -o json\n" +
			"  gwctl tutorial run ./my-lesson",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeLessons,
		RunE:              func(c *cobra.Command, args []string) error { return a.runLesson(c.Context(), r, args[0]) },
	}
	r.runFlags(c)
	r.Flag(c)
	f := c.Flags()
	f.BoolVar(&r.trust, "trust", false, "run a lesson from a directory without asking")
	f.StringArrayVar(&r.params, "set", nil, "value of a param of the lesson, as in limit=3; may be given again")
	f.StringVar(&r.step, "step", "", "begin with this step")
	return c
}

// runLesson runs one lesson from beginning to end.
func (a App) runLesson(ctx context.Context, r runner, which string) (err error) {
	asJSON, err := r.JSON()
	if err != nil {
		return err
	}
	if r.noWait && r.name != "" {
		return hint.New("USAGE", hint.Usage, "--no-wait and --name do not go together", "leave one away: with --no-wait the lesson has a sandbox of its own")
	}
	params, err := parseParams(r.params)
	if err != nil {
		return err
	}
	l, key, source, err := a.loadLesson(which, lesson.Options{Lang: r.language(), Params: params})
	if err != nil {
		return err
	}
	store, err := learned.Open()
	if err != nil {
		return err
	}
	if err := a.before(ctx, r, store, l, key, source); err != nil {
		return err
	}
	hide := maskOf(l, params)
	out, rec, done, err := a.recorded(r.record, hide.text(l.Title), a.fullScreen(r))
	if err != nil {
		return err
	}
	began := false
	defer func() { err = errors.Join(err, done(began)) }()
	keep, write, err := a.reported(r.report)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, write()) }()
	o := a.sessionOptions(l, key, source, store)
	o.Sandbox, o.Fresh = r.name, r.fresh && r.step == "" // goTo has seen to a step
	if r.noWait {
		o.TestClock, o.Sandbox = true, engine.OwnSandbox
	}
	return a.screen(r, asJSON, out, rec, hide).Run(ctx, func(ctx context.Context, emit func(engine.Event)) (*engine.Session, error) {
		o.Emit = func(e engine.Event) {
			e = hide.event(e)
			if e.Type == engine.StepBegan && rec != nil {
				rec.Mark(e.Began.Title)
			}
			began = began || e.Type == engine.LessonBegan
			keep(e)
			emit(e)
		}
		return engine.Open(ctx, o)
	})
}

// before does what comes before a lesson runs: consent, order after a crash, the
// step to begin with.
func (a App) before(ctx context.Context, r runner, store *learned.Store, l *lesson.Lesson, key, source string) error {
	if source != "" && !r.trust {
		if err := a.consent(ctx, store, l, source); err != nil {
			return err
		}
	}
	if err := a.recoverClaims(ctx, store); err != nil {
		return err
	}
	if r.step == "" {
		return nil
	}
	return a.goTo(store, l, key, r.step, r.fresh)
}

// sessionOptions are those that every session has.
func (a App) sessionOptions(l *lesson.Lesson, key, source string, store *learned.Store) engine.Options {
	o := engine.Options{
		Lesson: l, Key: key, Source: source, Store: store, PID: os.Getpid(), Gwctl: a.gwctl, Shell: shell,
		Find: a.Find,
	}
	for _, k := range plugins.All() {
		o.Plugins = append(o.Plugins, k.Name)
	}
	return o
}

func parseParams(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range list {
		name, value, ok := strings.Cut(p, "=")
		if !ok || strings.ContainsAny(value, "\r\n") {
			return nil, hint.New("USAGE", hint.Usage, fmt.Sprintf("--set %q is no param", p), "use name and value, as in --set limit=3")
		}
		out[name] = value
	}
	return out, nil
}

// loadLesson reads a lesson by its id or from a directory. source is "" for one
// that gwctl brings along.
func (a App) loadLesson(which string, o lesson.Options) (l *lesson.Lesson, key, source string, err error) {
	l, ok, err := lessons.Find(which, o)
	if err != nil {
		return nil, "", "", badLesson(err)
	}
	if ok {
		return l, l.ID, "", nil
	}
	if _, err := os.Stat(filepath.Join(which, lesson.File)); err != nil {
		return nil, "", "", unknownLesson(which)
	}
	source, err = filepath.Abs(which)
	if err != nil {
		return nil, "", "", fmt.Errorf("finding %s: %w", which, err)
	}
	o.Name = which
	l, err = lesson.Load(os.DirFS(source), o)
	if err != nil {
		return nil, "", "", badLesson(err)
	}
	sum := sha256.Sum256([]byte(source))
	return l, l.ID + "-" + hex.EncodeToString(sum[:4]), source, nil
}

func (a App) tutorialReplay() *cobra.Command {
	var speed float64
	var idle time.Duration
	c := &cobra.Command{
		Use: "replay FILE", Short: "Play a recording of a lesson",
		Long: "Play a recording that run --record made, or any other asciicast of version 2. Where there is no\n" +
			"terminal it is written out without waiting.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return hint.New("NO_RECORD", hint.Preflight, "the recording cannot be read", "name a file that run --record made").Because(err)
			}
			defer f.Close() //nolint:errcheck // read only
			o := record.PlayOptions{Speed: speed, MaxIdle: idle}
			if !output.Terminal(a.Out) {
				o.Lines = true
				if !c.Flags().Changed("speed") {
					o.Speed = 0
				}
			}
			return record.Play(c.Context(), f, a.Out, o)
		},
	}
	c.Flags().Float64Var(&speed, "speed", 1, "how much faster than recorded; 0 does not wait at all")
	c.Flags().DurationVar(&idle, "max-idle", 0, "the longest that a pause may take")
	return c
}
