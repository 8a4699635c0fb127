package learn

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
	learned "github.com/gwctl/gwctl/tutorials/progress"
)

// consent shows what a lesson from elsewhere will do and asks, once for as long
// as its files stay as they are.
func (a App) consent(ctx context.Context, store *learned.Store, l *lesson.Lesson, dir string) error {
	sum, err := fingerprint(dir)
	if err != nil {
		return err
	}
	path, err := store.Path("trusted", sum)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	_, _ = fmt.Fprintf(a.Err, "This lesson does not come with gwctl: %s\n\nIt changes objects in a sandbox and sends requests to its gateway.\n", dir)
	if commands := l.Commands(); len(commands) > 0 {
		_, _ = fmt.Fprintln(a.Err, "It runs these commands on this machine, as you:")
		for _, c := range commands {
			for line := range strings.Lines(c) {
				_, _ = fmt.Fprintf(a.Err, "    %s\n", strings.TrimRight(line, "\n"))
			}
		}
	} else {
		_, _ = fmt.Fprintln(a.Err, "It runs no commands.")
	}
	if a.In == nil || !output.Terminal(a.Err) || !output.Terminal(a.In) {
		return hint.New("NOT_TRUSTED", hint.Usage, "nobody can be asked whether this lesson may run", "read what it runs, then run it with --trust")
	}
	_, _ = fmt.Fprint(a.Err, "Run it? [y/N] ")
	line, err := readLine(ctx, a.In)
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(line)) {
		return hint.New("NOT_TRUSTED", hint.Usage, "the lesson was not run", "nothing has been changed")
	}
	return os.WriteFile(path, nil, 0o600)
}

// fingerprint is a digest of all files of a directory.
func fingerprint(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(h, "%q %d\n", path, len(data))
		_, _ = h.Write(data)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading the lesson: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// harmless are the commands of gwctl that a lesson may run: they only look, or
// send requests.
func harmless() []string { return []string{"status", "fire", "plugins", "version"} }

// trusts says that an argument would give consent in the user's place, in any
// form: --trust, --trust=true.
func trusts(arg string) bool { return strings.HasPrefix(arg, "--trust") }

// gwctl runs a command of gwctl for a lesson.
func (a App) gwctl(ctx context.Context, command, name string) (string, int, error) {
	args := strings.Fields(command)[1:]
	step := len(args) > 1 && args[0] == "tutorial" && args[1] == "step" && !slices.ContainsFunc(args, trusts)
	if len(args) == 0 || !step && !slices.Contains(harmless(), args[0]) {
		return "", 0, hint.New("NOT_HARMLESS", hint.BadLesson, "a lesson may not run: "+command,
			"it may run gwctl "+strings.Join(harmless(), ", ")+", tutorial step")
	}
	if args[0] == "status" || args[0] == "fire" || step {
		args = append(args, "--name", name)
	}
	var out bytes.Buffer
	code := a.Gwctl(ctx, &out, args)
	if ctx.Err() != nil {
		return "", 0, context.Cause(ctx)
	}
	return out.String(), code, nil
}

// sandboxVariable tells commands of a lesson the name of its sandbox.
const sandboxVariable = "GWCTL_SANDBOX"

// shell runs a command as the user's shell does, or a script with the program
// that its first line names; they find the sandbox's name in GWCTL_SANDBOX.
func shell(ctx context.Context, command, name string) (string, int, error) {
	words := []string{"sh", "-c", command}
	if first, _, _ := strings.Cut(command, "\n"); strings.HasPrefix(first, "#!") {
		f, err := os.CreateTemp("", "gwctl-script-*")
		if err != nil {
			return "", 0, fmt.Errorf("writing the script: %w", err)
		}
		defer os.Remove(f.Name()) //nolint:errcheck // a temporary file
		_, err = f.WriteString(command + "\n")
		if err := errors.Join(err, f.Close()); err != nil {
			return "", 0, fmt.Errorf("writing the script: %w", err)
		}
		words = append(strings.Fields(strings.TrimPrefix(first, "#!")), f.Name())
	}
	c := exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // the user has agreed to it
	c.Env, c.WaitDelay = append(os.Environ(), sandboxVariable+"="+name), time.Second
	out, err := c.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil {
		return string(out), exit.ExitCode(), nil
	}
	return string(out), 0, err
}

// editor opens a text in the user's editor; nil when there is none.
func (a App) editor() func(context.Context, string) (string, error) {
	name := os.Getenv("VISUAL")
	if name == "" {
		name = os.Getenv("EDITOR")
	}
	if name == "" || a.In == nil {
		return nil
	}
	return func(ctx context.Context, text string) (string, error) {
		f, err := os.CreateTemp("", "gwctl-*.yaml")
		if err != nil {
			return "", fmt.Errorf("opening the editor: %w", err)
		}
		defer os.Remove(f.Name()) //nolint:errcheck // a temporary file
		_, err = f.WriteString(text)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", fmt.Errorf("opening the editor: %w", err)
		}
		words := append(strings.Fields(name), f.Name())
		c := exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // the user's own editor
		c.Stdin, c.Stdout, c.Stderr = a.In, a.Out, a.Err
		if err := c.Run(); err != nil {
			return "", hint.New("NO_EDITOR", hint.Usage, "the editor "+name+" did not work", "set EDITOR to one that does, or edit the file that gwctl status names").Because(err)
		}
		data, err := os.ReadFile(f.Name())
		if err != nil {
			return "", fmt.Errorf("reading what was edited: %w", err)
		}
		return string(data), nil
	}
}
