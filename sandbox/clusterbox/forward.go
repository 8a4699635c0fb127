package clusterbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/detach"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

const (
	forwardFile = "forward.json"
	forwardLock = "forward.lock"
	forwardLog  = "forward.log"
	// watchEvery is how often the process looks whether its file is still there.
	watchEvery = 200 * time.Millisecond
	// endTimeout bounds the wait until it has gone.
	endTimeout = 5 * time.Second
	// dialTimeout bounds the way to a pod, podEvery how long the pods that were
	// found are believed.
	dialTimeout = 5 * time.Second
	podEvery    = time.Second
	proxyPort   = 8000
)

// order is what the process is told, in one line of JSON.
type order struct {
	Dir, Kubeconfig, Context string
	Ports                    []int
}

// forwardState is what it writes and tells: where it listens.
type forwardState struct {
	PID     int    `json:"pid"`
	Address string `json:"address"`
	// Taken is the port that was asked for and is not free.
	Taken int    `json:"taken,omitempty"`
	Error string `json:"error,omitempty"`
}

func (b *Box) readForward() (forwardState, error) {
	var f forwardState
	raw, err := os.ReadFile(b.path(forwardFile))
	if err == nil {
		err = json.Unmarshal(raw, &f)
	}
	if err != nil {
		return f, fmt.Errorf("finding the process that forwards: %w", err)
	}
	return f, nil
}

// forwarding reports whether the process is there: it holds a lock.
func (b *Box) forwarding() bool {
	if _, err := os.Stat(b.path(forwardFile)); err != nil {
		return false
	}
	l := flock.New(b.path(forwardLock))
	free, err := l.TryLock()
	if free {
		_ = l.Unlock()
	}
	return err == nil && !free
}

// forward makes sure that a process forwards, on the wanted port.
func (b *Box) forward(ctx context.Context, t *step.Task, want Want) error {
	if b.forwarding() {
		f, err := b.readForward()
		if err == nil && (!want.Fixed || f.Address == net.JoinHostPort("127.0.0.1", strconv.Itoa(want.Ports[0]))) {
			t.Say("http://%s is forwarded to the gateways, pid %d", f.Address, f.PID)
			return nil
		}
	}
	if err := b.stopForward(ctx); err != nil {
		return err
	}
	ports := want.Ports
	if want.Fixed {
		ports = ports[:1]
	}
	f, err := b.spawn(ctx, order{b.opts.Dir, b.state.Kubeconfig, b.state.Context, ports})
	if err != nil {
		return err
	}
	b.started = true
	t.Say("http://%s is forwarded to the gateways, pid %d", f.Address, f.PID)
	return nil
}

// spawn starts the process and waits until it listens.
func (b *Box) spawn(ctx context.Context, o order) (forwardState, error) {
	var f forwardState
	if len(b.opts.Command) == 0 { // this program would run itself without end
		return f, errors.New("starting the process that forwards: nobody said how this program is called for it")
	}
	exe, err := os.Executable()
	if err != nil {
		return f, fmt.Errorf("finding this program: %w", err)
	}
	log, err := os.OpenFile(b.path(forwardLog), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return f, fmt.Errorf("opening the log: %w", err)
	}
	defer log.Close()                           //nolint:errcheck // the process has its own
	cmd := exec.Command(exe, b.opts.Command...) //nolint:noctx // it outlives any context
	cmd.Args[0] = os.Args[0]                    // a test binary finds out by this name what to be
	cmd.Dir, cmd.Stderr = b.opts.Dir, log
	detach.Session(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return f, fmt.Errorf("starting the process that forwards: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return f, fmt.Errorf("starting the process that forwards: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return f, fmt.Errorf("starting the process that forwards: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	err = json.NewEncoder(in).Encode(o)
	_ = in.Close()
	if err == nil {
		err = json.NewDecoder(out).Decode(&f)
	}
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err != nil:
		err = hint.New("FORWARD_FAILED", hint.NotReady, "the process that forwards did not start", "its log may say more: "+b.path(forwardLog)).Because(err)
	case f.Taken != 0:
		err = hint.New("PORT_IN_USE", hint.PortInUse, fmt.Sprintf("port %d is taken by another program", f.Taken),
			"choose another with --port, or leave --port away: a free one is picked then")
	case f.Error != "":
		err = errors.New(f.Error)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return f, err
	}
	return f, cmd.Process.Release()
}

// stopForward ends the process by removing its file, and waits until it is gone.
func (b *Box) stopForward(ctx context.Context) error {
	if err := os.Remove(b.path(forwardFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("ending the process that forwards: %w", err)
	}
	if _, err := os.Stat(b.path(forwardLock)); err != nil {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	l := flock.New(b.path(forwardLock))
	if ok, err := l.TryLockContext(wait, 20*time.Millisecond); !ok {
		return hint.New("STUCK", hint.Broken, "the process that forwards does not end",
			"end it by hand: it is called `gwctl __forward`").Because(errors.Join(err, context.Cause(wait)))
	}
	return errors.Join(l.Unlock(), os.Remove(b.path(forwardLock)))
}

// Forward is the process: it reads its order from in, tells on out where it
// listens, and forwards until ctx ends or its file is gone.
func Forward(ctx context.Context, in io.Reader, out io.Writer) error {
	var o order
	if err := json.NewDecoder(bufio.NewReader(in)).Decode(&o); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	say := json.NewEncoder(out)
	lock := flock.New(filepath.Join(o.Dir, forwardLock))
	if ok, err := lock.TryLock(); !ok {
		return errors.Join(errors.New("another process forwards already"), err, say.Encode(forwardState{Error: "another process forwards already"}))
	}
	defer lock.Unlock() //nolint:errcheck // it ends with the process
	l, taken, err := listen(ctx, o.Ports)
	if err != nil {
		return errors.Join(err, say.Encode(forwardState{Taken: taken}))
	}
	conn, err := cluster.Open(o.Kubeconfig, o.Context)
	if err != nil {
		return errors.Join(err, say.Encode(forwardState{Error: err.Error()}))
	}
	f := forwardState{PID: os.Getpid(), Address: l.Addr().String()}
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	path := filepath.Join(o.Dir, forwardFile)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return errors.Join(err, say.Encode(forwardState{Error: err.Error()}))
	}
	if err := say.Encode(f); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for range tick.C {
			if _, err := os.Stat(path); err != nil || ctx.Err() != nil {
				cancel()
				_ = l.Close()
				return
			}
		}
	}()
	p := &pods{conn: conn}
	for {
		c, err := l.Accept()
		if err != nil {
			return nil
		}
		go p.carry(ctx, c)
	}
}

// listen listens on the first of the ports that is free.
func listen(ctx context.Context, ports []int) (l net.Listener, taken int, err error) {
	for _, port := range ports {
		l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return l, 0, nil
		}
		taken = port
	}
	return nil, taken, fmt.Errorf("listening for clients: %w", err)
}

// pods are the gateways' pods, found anew now and then; connections go to each in
// turn.
type pods struct {
	conn *cluster.Conn

	mu    sync.Mutex
	names []string
	found time.Time
	next  int
}

// pick gives a pod that takes traffic; again asks for what there is now.
func (p *pods) pick(ctx context.Context, again bool) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if again || time.Since(p.found) > podEvery {
		list, err := p.conn.Pods(ctx, deploy.Namespace, deploy.Selector)
		if err != nil && len(p.names) == 0 {
			return "", err
		}
		if err == nil {
			p.names = p.names[:0]
			for i := range list {
				if cluster.Ready(&list[i]) {
					p.names = append(p.names, list[i].Name)
				}
			}
			p.found = time.Now()
		}
	}
	if len(p.names) == 0 {
		return "", deploy.ErrNoGateway
	}
	p.next++
	return p.names[p.next%len(p.names)], nil
}

// carry carries one connection to a pod; where the first cannot be reached,
// another is tried.
func (p *pods) carry(ctx context.Context, client net.Conn) {
	defer client.Close()
	var up net.Conn
	for try := range 3 {
		dial, cancel := context.WithTimeout(ctx, dialTimeout)
		pod, err := p.pick(dial, try > 0)
		if err == nil {
			up, err = p.conn.Dialer(deploy.Namespace, pod, proxyPort)(dial, "", "")
		}
		cancel()
		if err == nil {
			break
		}
		fmt.Fprintf(os.Stderr, "%s %v\n", time.Now().Format(time.RFC3339), err)
	}
	if up == nil {
		return
	}
	defer up.Close()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{up, client}, {client, up}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			done <- struct{}{}
		}()
	}
	select {
	case <-done: // one side has said all; the other half follows with the close
	case <-ctx.Done():
	}
}
