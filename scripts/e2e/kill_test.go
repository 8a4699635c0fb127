//go:build e2e && unix

package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestClusterKilledWhileComingUp: whenever an up is ended, the next up or down
// converges, and nothing is left behind.
func TestClusterKilledWhileComingUp(t *testing.T) {
	type point struct {
		after time.Duration
		sig   syscall.Signal
		next  string
	}
	points := []point{
		{1500 * time.Millisecond, syscall.SIGKILL, "down"},
		{5 * time.Second, syscall.SIGINT, "down"},
		{9 * time.Second, syscall.SIGKILL, "up"},
		{17 * time.Second, syscall.SIGKILL, "up"},
	}
	if long() {
		points = nil
		for i := range 24 {
			points = append(points, point{
				time.Duration(500+i*950) * time.Millisecond,
				[]syscall.Signal{syscall.SIGKILL, syscall.SIGINT}[i%2], []string{"up", "down"}[i/2%2],
			})
		}
	}
	for i, p := range points {
		t.Run(fmt.Sprintf("%s after %s, then %s", p.sig, p.after, p.next), func(t *testing.T) {
			u := newClusterUser(t, fmt.Sprintf("kill-%d-%d", os.Getpid()%10000, i))
			c := u.command("up", "--runtime", "kind", "--name", u.name, "--port", "0")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() { _ = c.Wait(); close(ended) }()
			select {
			case <-time.After(p.after):
			case <-ended: // it was faster
			}
			_ = c.Process.Signal(p.sig)
			select {
			case <-ended:
			case <-time.After(60 * time.Second):
				t.Fatalf("up does not end after %s", p.sig)
			}
			if p.next == "down" {
				return // newClusterUser brings it down and looks what is left
			}
			out := u.up("--port", "0")
			if !strings.Contains(out, "200  GET /echo-1 with the key") && !strings.Contains(out, "is up already") {
				t.Errorf("the next up says\n%s", out)
			}
			becomes(t, u.url("/echo-1/health"), 200, key)
		})
	}
}
