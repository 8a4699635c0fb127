package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// pauser gives the sandbox's Pauser.
func (s *Sandbox) pauser() (Pauser, error) {
	if p, ok := s.runtime.(Pauser); ok {
		return p, nil
	}
	return nil, hint.New("CANNOT_PAUSE", hint.Usage, "a sandbox of runtime "+s.record.Runtime+" cannot be paused",
		"it takes next to nothing while it idles; gwctl down removes it")
}

// Pause takes the sandbox off the CPU until Resume or Up.
func (s *Sandbox) Pause(ctx context.Context) error {
	return s.locked(ctx, func(p Pauser) error { return p.Pause(ctx) }, Running)
}

// Resume lets a paused sandbox go on, and returns when its gateways answer.
func (s *Sandbox) Resume(ctx context.Context) error {
	return s.locked(ctx, func(p Pauser) error { return p.Resume(ctx) }, Paused)
}

// locked does something with the Pauser of a sandbox that is in the state, under
// its lock; in another one of the two there is nothing to do.
func (s *Sandbox) locked(ctx context.Context, do func(Pauser) error, in State) error {
	f, err := s.Find(ctx)
	switch {
	case err != nil:
		return err
	case f.State == Absent || f.State == Broken:
		_, err := s.Running(ctx)
		return err
	}
	p, err := s.pauser()
	if err != nil || f.State != in {
		return err
	}
	unlock, err := s.lock(ctx, func() {})
	if err != nil {
		return err
	}
	defer unlock()
	return do(p)
}

// Kubeconfig gives the sandbox's kubeconfig and the context in it.
func (s *Sandbox) Kubeconfig() (path, kubecontext string, err error) {
	if !s.known {
		_, err := s.Running(context.Background()) // says that there is none, and asks nobody
		return "", "", err
	}
	c, ok := s.runtime.(Clustered)
	if !ok {
		return "", "", hint.New("NO_KUBECONFIG", hint.Preflight, "the runtime "+s.Runtime()+" has no cluster, so there is no kubeconfig",
			"edit the manifests that `gwctl status` names instead of using kubectl: changes are served within a second")
	}
	path, kubecontext = c.Kubeconfig()
	return path, kubecontext, nil
}

// Logs gives what the gateways have logged: the last lines of each and, with
// follow, what comes, until ctx ends.
func (s *Sandbox) Logs(ctx context.Context, tail int64, follow bool, each func(gateway, line string)) error {
	l, ok := s.runtime.(Logger)
	if !ok || !s.known {
		_, err := s.Running(ctx)
		return err
	}
	return l.Logs(ctx, tail, follow, each)
}

// followEvery is how often a file is looked at for more.
const followEvery = 200 * time.Millisecond

// followFile gives the last lines of a file and, with follow, what is added.
func followFile(ctx context.Context, path string, tail int64, follow bool, each func(line string)) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	r := bufio.NewReader(f)
	var last []string
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			if last = append(last, line); tail > 0 && int64(len(last)) > tail {
				last = last[1:]
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
	}
	for _, line := range last {
		each(line)
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for follow {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for {
			line, err := r.ReadString('\n')
			if line != "" {
				each(line)
			}
			if err != nil {
				break
			}
		}
	}
	return nil
}
