package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// scriptMark begins a block that is one script, with the program that reads it.
const scriptMark = "#!"

// run runs the commands of a block, one a line, or the block as one script.
func (s *Session) run(ctx context.Context, text string) error {
	if strings.HasPrefix(text, scriptMark) {
		return s.runOne(ctx, text)
	}
	for command := range strings.Lines(text) {
		command = strings.TrimSpace(command)
		if command == "" || strings.HasPrefix(command, "#") {
			continue
		}
		if err := s.runOne(ctx, command); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) runOne(ctx context.Context, command string) error {
	out, exit, err := s.command(ctx, command)
	if err != nil {
		return err
	}
	s.emit(Event{Type: Ran, Run: &RunInfo{Command: command, Output: out, Exit: exit}})
	return nil
}

// command runs one command, or a script: gwctl's own without a shell.
func (s *Session) command(ctx context.Context, command string) (output string, exit int, err error) {
	do := s.opts.Shell
	if command == "gwctl" || strings.HasPrefix(command, "gwctl ") && !strings.Contains(command, "\n") {
		do = s.opts.Gwctl
	}
	if do == nil {
		return "", 0, hint.New("NOT_TRUSTED", hint.Usage, "the lesson may not run: "+firstLine(command), "read what it runs, then run it with --trust")
	}
	output, exit, err = do(ctx, command, s.host.Name())
	if err != nil {
		return "", 0, fmt.Errorf("running %s: %w", firstLine(command), err)
	}
	return output, exit, nil
}

// judgeExec runs the command of a check: it holds when that ends with 0.
func (s *Session) judgeExec(ctx context.Context, command string) (verdict, error) {
	out, exit, err := s.command(ctx, command)
	if err != nil {
		return verdict{}, err
	}
	said := ""
	if last := lastLine(out); last != "" {
		said = ", saying " + oneLine(last)
	}
	if exit != 0 {
		return no("%s ended with code %d, and should end with 0%s", firstLine(command), exit, said), nil
	}
	return yes("%s ended with code 0%s", firstLine(command), said), nil
}

// firstLine names a script by its first line that does something.
func firstLine(script string) string {
	if !strings.HasPrefix(script, scriptMark) && !strings.Contains(script, "\n") {
		return script
	}
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "set ") {
			return "a script (" + line + " …)"
		}
	}
	return "a script"
}

// lastLine is the last line that says something.
func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
