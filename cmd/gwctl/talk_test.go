//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// talk is a gwctl that is talked with by lines.
type talk struct {
	t     *testing.T
	c     *exec.Cmd
	in    io.WriteCloser
	lines chan string
	heard strings.Builder
}

// talk begins to talk with a gwctl, whose environment is added to.
func (b box) talk(env []string, args ...string) *talk {
	b.t.Helper()
	c := b.command(args...)
	c.Env = append(c.Env, env...)
	in, err := c.StdinPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	x := &talk{t: b.t, c: c, in: in, lines: make(chan string, 10_000)}
	go func() {
		defer close(x.lines)
		for r := bufio.NewScanner(out); r.Scan(); {
			x.lines <- r.Text()
		}
	}()
	b.t.Cleanup(func() { _ = c.Process.Kill() })
	return x
}

// say types a line.
func (x *talk) say(line string) {
	x.t.Helper()
	if _, err := io.WriteString(x.in, line+"\n"); err != nil {
		x.t.Fatal(err)
	}
}

// hear reads until a line has that in it, and gives that line.
func (x *talk) hear(want string) string {
	x.t.Helper()
	late := time.After(deadline)
	for {
		select {
		case line, ok := <-x.lines:
			if !ok {
				x.t.Fatalf("it ended without %q:\n%s", want, x.heard.String())
			}
			x.heard.WriteString(line + "\n")
			if strings.Contains(line, want) {
				return line
			}
		case <-late:
			x.t.Fatalf("%q was not said within %s:\n%s", want, deadline, x.heard.String())
		}
	}
}

// leave leaves the lesson.
func (x *talk) leave() {
	x.t.Helper()
	x.say("q")
	x.hear("You have left the lesson")
	for line := range x.lines {
		x.heard.WriteString(line + "\n")
	}
	if err := x.c.Wait(); err != nil {
		x.t.Errorf("%v\n%s", err, x.heard.String())
	}
}

// TestTalkGatewayDies: a learner whose gateway dies is told so, and goes on where
// the lesson was once it is healed.
func TestTalkGatewayDies(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.must("up", "--port", "0")
	x := b.talk(nil, "tutorial", "run", "rate-limiting", "--plain", "--lang", "en")
	x.hear("Type your answer")
	if err := syscall.Kill(b.process().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	x.say("5")
	x.hear("Press Enter to")
	x.say("")
	x.hear("sandbox default is broken")
	b.must("up")
	x.hear("has taken the place of")
	x.say("")
	x.hear("Your prediction 5 is right.")
	x.leave()
	clean(t, x.heard.String())
}

// TestTalkTry: a refused request is tried again by a typed t or try: how long that
// waits is said, then the answer.
func TestTalkTry(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	x := b.talk(nil, "tutorial", "run", "rate-limiting", "--plain", "--no-wait", "--lang", "en")
	x.hear("Type your answer")
	x.say("5")
	x.hear("Press Enter to send")
	x.say("try")
	x.hear("no answer of this step has named a Retry-After")
	x.say("?")
	x.hear("try (t) ")
	x.say("")
	x.hear("Type t to try again what was refused")
	for _, line := range []string{"t", "try"} {
		x.say(line)
		x.hear("Waiting as long as Retry-After said: the gateway's clock is moved by ")
		x.hear("Request 1 of 1: 200")
		x.hear("Type t to try again")
		x.say("f") // refused anew
		x.hear("Request 8 of 8: 429")
	}
	x.say("")
	x.hear("Check limited holds")
	x.leave()
	clean(t, x.heard.String())
}

// TestTalkJSON: what cannot be done is an event, too.
func TestTalkJSON(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	x := b.talk(nil, "tutorial", "run", "rate-limiting", "--no-wait", "-o", "json", "--lang", "en")
	x.hear(`"next":"predict"`)
	for typed, id := range map[string]string{"nine": "BAD_GUESS", "go nowhere": "NO_STEP"} {
		x.say(typed)
		var e engine.Event
		if err := json.Unmarshal([]byte(x.hear(`"type":"refused"`)), &e); err != nil {
			t.Fatal(err)
		}
		if e.Refused == nil || e.Refused.ID != id || e.Refused.Advice == "" || e.Seq == 0 {
			t.Errorf("%s: got %+v, want %s", typed, e.Refused, id)
		}
	}
	x.say("5")
	x.hear(`"guess":"5"`)
	x.say("q")
	x.hear(`"type":"left"`)
}

// TestTalkElsewhere: a lesson that crashed, in a sandbox that cannot be given back
// yet, is only warned of by a lesson that runs in another one.
func TestTalkElsewhere(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.must("up", "--port", "0")
	x := b.talk(nil, "tutorial", "run", "rate-limiting", "--plain", "--lang", "en")
	x.hear("Type your answer")
	if err := x.c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = x.c.Wait()
	if err := syscall.Kill(b.process().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	out := b.must("tutorial", "run", "rate-limiting", "--plain", "--auto", "--pace", "0", "--no-wait")
	for _, want := range []string{"warning: giving the sandbox back as it was: sandbox default is broken", "heal it with gwctl up", "The lesson is finished"} {
		if !strings.Contains(out, want) {
			t.Errorf("got %q, want %q in it", out, want)
		}
	}
	b.must("up")
	if out := b.must("tutorial"); !strings.Contains(out, "had ended without giving sandbox default back") {
		t.Errorf("got %q, want it given back", out)
	}
}
