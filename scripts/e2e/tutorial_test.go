//go:build e2e && unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tmux is a terminal of its own, driven through a private tmux server.
type tmux struct {
	t    *testing.T
	name string
	user user
}

func newTmux(t *testing.T, u user, width, height int) tmux {
	t.Helper()
	tool(t, "tmux")
	m := tmux{t, fmt.Sprintf("gwctl-e2e-%d-%d", os.Getpid(), width), u}
	shell := strings.Join(append(append([]string{"env", "-i", "HOME=" + u.home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "PS1=prompt> ", "ENV="}, u.env...), "sh"), " ")
	shell = strings.Replace(shell, "PS1=prompt> ", "'PS1=prompt> '", 1)
	m.must("-f", "/dev/null", "new-session", "-d", "-s", "m", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), "TERM=xterm-256color "+shell)
	t.Cleanup(func() { _ = exec.Command("tmux", "-L", m.name, "kill-server").Run() })
	m.must("set", "-g", "status", "off")
	m.must("resize-window", "-t", "m", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height))
	return m
}

func (m tmux) must(args ...string) string {
	m.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-L", m.name}, args...)...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (m tmux) keys(keys ...string) {
	m.t.Helper()
	for _, k := range keys {
		m.must("send-keys", "-t", "m", k)
	}
}

func (m tmux) screen() string {
	m.t.Helper()
	return m.must("capture-pane", "-t", "m", "-p")
}

// until waits for a text on the screen and gives the screen.
func (m tmux) until(what string, patience time.Duration) string {
	m.t.Helper()
	want := regexp.MustCompile(what)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); ; <-again.C {
		text := m.screen()
		if want.MatchString(text) {
			return text
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("after %s there is no %q on the screen:\n%s", patience, what, text)
		}
	}
}

// keep writes a frame where CI collects what is to be looked at.
func (m tmux) keep(name, frame string) {
	m.t.Helper()
	m.t.Logf("%s\n%s", name, frame)
	if dir := os.Getenv("GWCTL_E2E_FRAMES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".txt"), []byte(frame), 0o600); err != nil {
			m.t.Error(err)
		}
	}
}

// TestTutorialOnATerminal goes through a lesson as a learner does: the sixth dot
// is a 429, the countdown runs, and the request at its end is a 200.
func TestTutorialOnATerminal(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{80, 24}, {120, 36}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			t.Parallel()
			m := newTmux(t, newUser(t), size[0], size[1])
			learn(m, fmt.Sprintf("%dx%d", size[0], size[1]))
		})
	}
}

func learn(m tmux, size string) {
	const soon = 20 * time.Second
	m.until("prompt>", soon)
	cast, page := filepath.Join(m.user.home, "cast"), filepath.Join(m.user.home, "page.html")
	m.keys("clear; "+m.user.gwctl+" tutorial run rate-limiting --record "+cast+" --report "+page, "Enter")
	m.until("Your prediction", soon)
	m.keys("5", "Enter")
	m.until("Enter send 8 times GET /echo-1", soon)
	m.keys("Enter")
	// the volley waits for the next minute when this one is nearly over
	frame := m.until(`burst +●●●●●▲▲▲(?s:.*)Retry-After: \d+`, 80*time.Second)
	if !strings.Contains(frame, "22222444") {
		m.t.Errorf("the sixth request is no 429:\n%s", frame)
	}
	m.keep("dots-"+size, frame)
	m.keys("t")
	m.keep("countdown-"+size, m.until("The request goes", soon))
	frame = m.until("promise held", 70*time.Second)
	if !regexp.MustCompile(`try now +●`).MatchString(frame) {
		m.t.Errorf("what was tried at the end is no 200:\n%s", frame)
	}
	if late := regexp.MustCompile(`(\d+) ms after the end`).FindStringSubmatch(strings.ReplaceAll(frame, "\n", " ")); late == nil || len(late[1]) > 3 {
		m.t.Errorf("it came too late:\n%s", frame)
	}
	m.keep("proof-"+size, frame)
	m.keys("Left")
	m.keep("request-"+size, m.until(`request \d+ of \d+, `, soon))
	m.keys("Escape") // with a letter right behind it, it would be Alt
	m.until("look into a request", soon)
	m.keys("q")
	frame = m.until("goes on here next time", soon)
	if strings.Contains(frame, "requests ──") {
		m.t.Errorf("the terminal is not clean:\n%s", frame)
	}
	if alternate := m.must("display-message", "-p", "-t", "m", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"); strings.TrimSpace(alternate) != "0 1 0" {
		m.t.Errorf("the terminal is left with alternate screen, cursor, mouse %q, want 0 1 0", alternate)
	}
	if raw, err := os.ReadFile(page); err != nil || !strings.Contains(string(raw), "</html>") || strings.Count(string(raw), "429") < 3 {
		m.t.Errorf("the report, %d bytes, does not tell of the lesson: %v", len(raw), err)
	}
	m.keys("echo typed-$((6*7))", "Enter")
	m.until("(?m)^typed-42", soon)
	if left := m.user.processes(); len(left) > 1 { // the shell
		m.t.Errorf("processes are left: %v", left)
	}
	played := filepath.Join(m.user.home, "played") // by asciinema, which wants a terminal
	m.keys("clear; "+tool(m.t, "asciinema")+" cat "+cast+" > "+played+"; echo ended-$?", "Enter")
	m.until("(?m)^ended-0", soon)
	raw, err := os.ReadFile(played)
	if err != nil || !strings.Contains(string(raw), "promise held") || !strings.Contains(string(raw), "goes on here next time") {
		m.t.Errorf("asciinema plays it to %d bytes without the end: %v", len(raw), err)
	}
	m.keys("exit", "Enter")
	recorded(m, cast)
}

// recorded looks at the recording of a full screen, and plays it.
func recorded(m tmux, path string) {
	m.t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, want := range []string{`{"version":2,`, `\u001b[?1049h`, `"m","The sixth request"`, "promise held", `\u001b[?1049l`, "goes on here next time"} {
		if !strings.Contains(string(raw), want) {
			m.t.Errorf("the recording has no %s", want)
		}
	}
	if out := m.user.must("tutorial", "replay", path); !strings.Contains(out, "promise held") {
		m.t.Error("what is played does not show the end of the countdown")
	}
}
