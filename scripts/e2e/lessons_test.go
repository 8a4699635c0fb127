//go:build e2e && unix

package e2e

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLessonsInClusters: every check of every lesson fails before its solve and
// holds after it, in three kind clusters side by side, in real time; then nothing
// is left.
func TestLessonsInClusters(t *testing.T) {
	image := nodeImage(t)
	const within = 6 * time.Minute
	u := user{t, t.TempDir(), bin(t, "gwctl"), []string{"GWCTL_NODE_IMAGE=" + image}}
	containers := func() string {
		out, err := exec.Command("docker", "ps", "-a", "--format", "{{.Names}}", "--filter", "name=gwctl-gwctl-lessons-").Output()
		if err != nil {
			t.Errorf("docker ps: %v", err)
		}
		return string(bytes.TrimSpace(out))
	}
	t.Cleanup(func() {
		if left := containers(); left != "" {
			t.Errorf("containers are left: %s", left)
			for _, name := range []string{"gwctl-lessons-1", "gwctl-lessons-2", "gwctl-lessons-3"} {
				_, _ = u.run("down", "--name", name)
			}
		}
	})
	begin := time.Now()
	out, err := u.run("tutorial", "test", "--all", "--runtime", "kind", "--parallel", "3")
	took := time.Since(begin)
	t.Logf("it took %s\n%s", took.Round(time.Second), out)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out, "holds "); n < 8 {
		t.Errorf("%d lessons hold, want all eight", n)
	}
	if took > within {
		t.Errorf("it took %s, more than %s", took, within)
	}
	for _, dir := range []string{"gwctl", "gwctl-tutorial/claims"} {
		if left, _ := filepath.Glob(filepath.Join(u.home, ".local/state", dir, "*")); len(left) > 0 {
			t.Errorf("files are left: %v", left)
		}
	}
	if left := u.processes(); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
}
