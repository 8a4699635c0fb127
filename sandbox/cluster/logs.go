package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
)

// LogOptions say what of a pod's log is wanted.
type LogOptions struct {
	// Tail is how many lines from the end, 0 for all.
	Tail int64
	// Previous asks for the log of the container before the last restart.
	Previous bool
}

func (o LogOptions) pod() *corev1.PodLogOptions {
	p := &corev1.PodLogOptions{Previous: o.Previous}
	if o.Tail > 0 {
		p.TailLines = &o.Tail
	}
	return p
}

// Logs gives what a pod's one container has logged.
func (c *Conn) Logs(ctx context.Context, namespace, pod string, o LogOptions) ([]byte, error) {
	raw, err := c.Typed.CoreV1().Pods(namespace).GetLogs(pod, o.pod()).DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the log of pod %s/%s: %w", namespace, pod, err)
	}
	return raw, nil
}

// Follow calls each for every line that a pod logs, those of before first, until
// ctx or the pod ends.
func (c *Conn) Follow(ctx context.Context, namespace, pod string, o LogOptions, each func(line string)) error {
	opts := o.pod()
	opts.Follow = true
	r, err := c.Typed.CoreV1().Pods(namespace).GetLogs(pod, opts).Stream(ctx)
	if err != nil {
		return fmt.Errorf("following the log of pod %s/%s: %w", namespace, pod, err)
	}
	defer r.Close()
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			each(line)
		}
		if err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("following the log of pod %s/%s: %w", namespace, pod, err)
		}
	}
}
