package kindbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gwctl/gwctl/sandbox/detach"
)

// createFault is what went wrong while kind created a cluster.
type createFault struct{ text, output string }

// Error gives the last line that the command printed that failed, for kind's own
// words are the whole command.
func (e *createFault) Error() string {
	lines := strings.Split(strings.TrimSpace(e.output), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return e.text
}

// endTimeout is how long a child may take to clean up when its parent leaves.
const endTimeout = 2 * time.Minute

// spawn has a child create the cluster and tells of kind's steps. When ctx ends
// the child ends, and removes before spawn returns what it has begun, unless that is
// to be retained.
func (b *Box) spawn(ctx context.Context, o order, step func(text string)) error {
	if len(b.opts.Command) == 0 { // this program would run itself without end
		return errors.New("starting kind: nobody said how this program is called for it")
	}
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.Command(exe, b.opts.Command...) //nolint:noctx // it is asked to end, so that it cleans up
	cmd.Args[0] = os.Args[0]                    // a test binary finds out by this name what to be
	cmd.Dir = b.opts.Dir
	var said bytes.Buffer
	cmd.Stderr = &said
	detach.Session(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting kind: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting kind: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting kind: %w", err)
	}
	raw, err := json.Marshal(o)
	if err == nil {
		_, err = in.Write(append(raw, '\n'))
	}
	if err != nil {
		_ = in.Close()
		_ = cmd.Wait()
		return fmt.Errorf("telling kind what to do: %w", err)
	}
	asked := context.AfterFunc(ctx, func() { _ = in.Close() })
	defer asked()
	kill := context.AfterFunc(ctx, func() {
		time.AfterFunc(endTimeout, func() { _ = cmd.Process.Kill() })
	})
	defer kill()
	last := listen(out, step)
	_ = in.Close()
	waited := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case last.Kind == "done":
		return nil
	case last.Kind == "failed":
		return &createFault{last.Text, last.Output}
	}
	return &createFault{fmt.Sprintf("kind's process ended: %v", errors.Join(waited, errors.New(said.String()))), said.String()}
}

// listen reads what the child tells until it says no more, and returns the last.
func listen(out io.Reader, step func(text string)) (last news) {
	r := bufio.NewReader(out)
	for {
		raw, err := r.ReadBytes('\n')
		if err != nil {
			return last
		}
		var n news
		if json.Unmarshal(raw, &n) != nil {
			continue
		}
		if last = n; n.Kind == "step" {
			step(n.Text)
		}
	}
}
