//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// scenario is an exported lesson whose scripts run in bash, as on the machine of
// a scenario.
type scenario struct {
	box

	dir string
}

// bash runs a script or a command, and gives its exit code.
func (s scenario) bash(args ...string) (out string, code int) {
	s.t.Helper()
	c := s.command()
	path, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("GWCTL_TEST_NO_SKIP") != "" {
			s.t.Fatal("bash is not installed")
		}
		s.t.Skip("bash is not installed")
	}
	c.Path, c.Args, c.Dir = path, append([]string{"bash"}, args...), s.dir
	raw, err := c.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(raw), exit.ExitCode()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return string(raw), 0
}

// works runs what must end with 0.
func (s scenario) works(args ...string) {
	s.t.Helper()
	if out, code := s.bash(args...); code != 0 {
		s.t.Fatalf("%s ended with %d:\n%s", strings.Join(args, " "), code, out)
	}
}

// verify runs a step's verify.sh, whose code must be that.
func (s scenario) verify(when string, step string, want int) {
	s.t.Helper()
	out, code := s.bash(filepath.Join(step, "verify.sh"))
	if code != want {
		s.t.Errorf("%s, %s: verify.sh ended with %d, want %d:\n%s", step, when, code, want, out)
	}
	if want != 0 && !strings.Contains(out, "does not hold yet: ") {
		s.t.Errorf("%s, %s: verify.sh does not say why:\n%s", step, when, out)
	}
}

// commands are those of a text that a learner presses, and those of its
// solution.
func (s scenario) commands(step string) (shown, solution []string) {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, step, "text.md"))
	if err != nil {
		s.t.Fatal(err)
	}
	text, folded, _ := strings.Cut(string(raw), "<details><summary>Solution")
	pressed := regexp.MustCompile("(?s)```\n([^`]*)\n```\\{\\{exec\\}\\}")
	for _, m := range pressed.FindAllStringSubmatch(text, -1) {
		shown = append(shown, m[1])
	}
	for _, m := range pressed.FindAllStringSubmatch(folded, -1) {
		solution = append(solution, m[1])
	}
	return shown, solution
}

// TestScenario: the scripts of an exported lesson, in bash against a sandbox:
// every verify.sh fails before the step is done, and holds after it. The lesson
// that is made of the scenario holds, too.
func TestScenario(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"key-auth", "what-went-wrong"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := scenario{newBox(t), filepath.Join(t.TempDir(), "scenario")}
			s.must("tutorial", "export", "killercoda", s.dir, "--lesson", id)
			s.works("intro/background.sh")
			s.works("intro/foreground.sh")
			steps, err := filepath.Glob(filepath.Join(s.dir, "step*"))
			if err != nil || len(steps) < 3 {
				t.Fatalf("steps %v, %v", steps, err)
			}
			for _, path := range steps {
				step := filepath.Base(path)
				s.works(filepath.Join(step, "background.sh"))
				s.verify("before", step, 20)
				shown, solution := s.commands(step)
				for _, c := range shown {
					s.works("-c", c)
				}
				if len(solution) > 0 {
					s.verify("before the solution", step, 20)
				}
				for _, c := range solution {
					s.works("-c", c)
				}
				s.verify("after", step, 0)
				s.verify("once more", step, 0)
			}
			s.must("down")

			back := filepath.Join(t.TempDir(), "back")
			s.must("tutorial", "import", "killercoda", s.dir, back)
			if out := s.must("tutorial", "test", back, "--trust"); !strings.Contains(out, "1 lessons hold") {
				t.Errorf("got %s", out)
			}
		})
	}
}
