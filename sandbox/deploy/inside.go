package deploy

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/image"
	"github.com/gwctl/gwctl/sandbox/step"
)

// EchoImage is the echo backend's image as manifests name it.
const EchoImage = image.Repository + "/echo:demo"

// DemoClass is the ingress class that the demo and lessons name.
const DemoClass = "kong"

// Inside is a sandbox's part that is inside a cluster.
type Inside struct {
	Conn *cluster.Conn
	// Changed says that the gateway was installed or upgraded.
	Changed bool
	// Problems are those of a kong.yml that the gateway cannot see.
	Problems []problem.Problem
	// KeepCRDs lets CRDs of another's stay as they are.
	KeepCRDs bool
	// Making, when not nil, is told what is going to be made and was not there, so
	// that it is remembered before it is there.
	Making func([]cluster.Ref) error
	// NoWait passes over what waits for pods, or for gateways to serve.
	NoWait bool
	// Echo, when not "", is the image that echo backends have here, in the place of
	// the one that manifests name.
	Echo string
	// Class is the ingress class that is served here, DemoClass when "": the demo
	// and lessons name DemoClass, and get this one.
	Class string
}

func (in *Inside) making(list []cluster.Ref) error {
	if in.Making == nil || len(list) == 0 {
		return nil
	}
	return in.Making(list)
}

// Install makes the CRDs be there and the release be as planned.
func (in *Inside) Install(ctx context.Context, t *step.Task, plan Plan) error {
	if plan.KongFile == nil {
		if err := EnsureCRDs(ctx, in.Conn, in.KeepCRDs, in.making); err != nil {
			return err
		}
	}
	helm, err := NewHelm(in.Conn, func(string, ...any) {})
	if err != nil {
		return err
	}
	did, err := helm.Ensure(ctx, plan)
	if err != nil {
		return err
	}
	in.Changed = did != "unchanged"
	t.Say("release %s %s in namespace %s", Release, did, Namespace)
	return nil
}

// Ready waits until the gateways take traffic.
func (in *Inside) Ready(ctx context.Context, t *step.Task) error {
	if in.NoWait {
		t.Say("not waited for")
		return nil
	}
	list, err := in.Answering(ctx)
	if err != nil {
		return in.stuck(ctx, err)
	}
	pods := make([]string, 0, len(list))
	for _, g := range list {
		pods = append(pods, g.Pod)
	}
	t.Say("%s", strings.Join(pods, ", "))
	return nil
}

const (
	// answerTimeout bounds the wait for gateways that the cluster calls ready to
	// answer, answerEvery is how often they are asked. After a stop of its node a
	// pod is called ready for a while that does not run yet.
	answerTimeout = 2 * time.Minute
	answerEvery   = 200 * time.Millisecond
)

// Answering waits until every gateway is ready, and answers.
func (in *Inside) Answering(ctx context.Context) ([]Gateway, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, hint.New("GATEWAY_SILENT", hint.NotReady,
		"the gateways do not answer within "+answerTimeout.String(), "gwctl logs may say why; gwctl doctor looks for reasons"))
	defer cancel()
	tick := time.NewTicker(answerEvery)
	defer tick.Stop()
	for {
		if err := in.Conn.Available(ctx, Namespace, Release); err != nil {
			return nil, err
		}
		list, err := Gateways(ctx, in.Conn)
		if err == nil {
			return list, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), err)
		}
	}
}

// stuck makes a hint of a pod that does not start.
func (in *Inside) stuck(ctx context.Context, err error) error {
	s, ok := errors.AsType[*cluster.StuckError](err)
	if !ok {
		return err
	}
	switch {
	case s.Reason == "Unschedulable":
		return hint.New("NO_ROOM", hint.Resources, "the cluster has no room for the gateway",
			"give its nodes more CPU or memory, or free some: "+s.Message).Because(err)
	case strings.Contains(s.Reason, "Image"):
		return hint.New("NO_POD_IMAGE", hint.NotReady, "the cluster cannot have the gateway's image",
			"push it where the cluster can pull it: gwctl image push REGISTRY, then gwctl up --registry REGISTRY").Because(err)
	case s.Reason == "CrashLoopBackOff":
		return hint.New("GATEWAY_CRASHES", hint.NotReady, "the gateway's pod ends again and again",
			"its last words:\n"+in.lastWords(ctx, s.Pod)).Because(err)
	}
	return hint.New("POD_STUCK", hint.NotReady, "the gateway's pod does not start", "gwctl logs, gwctl doctor").Because(err)
}

// lastWords gives the end of what a pod's container logged before it ended.
func (in *Inside) lastWords(ctx context.Context, pod string) string {
	lines, err := in.Conn.Logs(ctx, Namespace, pod, cluster.LogOptions{Tail: 5, Previous: true})
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(lines))
}

// Exists reports whether a path is there, for checks before anything is done.
func Exists(path string) error {
	_, err := os.Stat(path)
	if err == nil {
		return nil
	}
	return hint.New("NO_MANIFESTS", hint.Preflight, "the manifests cannot be read",
		"give --manifests a directory or file that is there; for the demo: gwctl down, then gwctl up").Because(err)
}

// Logs gives what the gateways' pods have logged; with follow, until ctx ends.
func (in *Inside) Logs(ctx context.Context, tail int64, follow bool, each func(gateway, line string)) error {
	pods, err := in.Conn.Pods(ctx, Namespace, Selector)
	if err != nil {
		return err
	}
	if len(pods) == 0 {
		return ErrNoGateway
	}
	var (
		mu  sync.Mutex
		all sync.WaitGroup
	)
	errs := make([]error, len(pods))
	for i, p := range pods {
		say := func(line string) {
			mu.Lock()
			defer mu.Unlock()
			each(p.Name, line)
		}
		all.Go(func() {
			if follow {
				errs[i] = in.Conn.Follow(ctx, Namespace, p.Name, cluster.LogOptions{Tail: tail}, say)
				return
			}
			raw, err := in.Conn.Logs(ctx, Namespace, p.Name, cluster.LogOptions{Tail: tail})
			errs[i] = err
			for line := range strings.Lines(string(raw)) {
				say(line)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
