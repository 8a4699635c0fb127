package localbox

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/gwctl/gwctl/gatewayd/daemon"
	"github.com/gwctl/gwctl/gatewayd/plugins"
)

const (
	// drainTimeout bounds the wait for requests under way when the process ends:
	// whoever waits for `down` would rather have it gone.
	drainTimeout = 400 * time.Millisecond
	drainGrace   = 20 * time.Millisecond
	// standinGrace is how long a stand-in that is no longer wanted lives on.
	standinGrace = 2 * time.Second
	// watchEvery is how often the process looks whether its file is still there.
	watchEvery = time.Second
	// lockTimeout bounds the wait for the lock that says that it lives: others
	// only hold it to look.
	lockTimeout = 2 * time.Second
)

// errDismissed says that the parent ended without "keep".
var errDismissed = errors.New("whoever started this process has left")

// Serve is the process of a sandbox: it reads its order from in, tells how it
// goes on out, and serves until ctx ends, the parent leaves without having said
// "keep", or its process.json is gone. The log goes to logs.
func Serve(ctx context.Context, in io.ReadCloser, out io.WriteCloser, logs io.Writer) error {
	log := slog.New(slog.NewTextHandler(&capped{w: logs, left: maxLog}, nil))
	conversation := bufio.NewReader(in)
	var o order
	if err := readLine(conversation, &o); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	err := serve(ctx, o, conversation, in, out, log)
	if err != nil {
		log.Error("the process ends", "error", err)
		n := news{Kind: failed, Error: err.Error()}
		if taken, ok := errors.AsType[*portError](err); ok {
			n.Port = taken.port
		}
		_ = writeLine(out, n) // nobody may be there to read it
	}
	return err
}

func serve(ctx context.Context, o order, conversation *bufio.Reader, in io.Closer, out io.WriteCloser, log *slog.Logger) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	alive := flock.New(filepath.Join(o.Dir, aliveFile), flock.SetPermissions(fileMode))
	locking, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	if ok, err := alive.TryLockContext(locking, time.Millisecond); !ok {
		return fmt.Errorf("another process serves this sandbox: %w", err)
	}
	// Only the end of the process unlocks it: whoever waits for the lock wants to see
	// no process any more.
	defer runtime.KeepAlive(alive)

	stand := newStandins(log, standinGrace)
	defer stand.close(drainTimeout)
	d, p, err := open(ctx, o, stand, log)
	if err != nil {
		return err
	}
	box := &Box{dir: o.Dir}
	if err := box.writeProcess(p); err != nil {
		d.Close()
		return fmt.Errorf("writing what runs: %w", err)
	}
	defer box.forget(p.Instance)
	if err := writeLine(out, news{Kind: listening, Process: &p}); err != nil {
		d.Close()
		return errDismissed
	}
	go box.watch(ctx, p.Instance, end)
	go box.converse(ctx, d.Served(), conversation, in, out, p, end)
	log.Info("the sandbox's process runs", "name", o.Name, "pid", p.PID, "proxy", p.Proxy, "manifests", p.Manifests)
	err = d.Run(ctx)
	if cause := context.Cause(ctx); err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// open makes the gateway, on the first of the ports that is free.
func open(ctx context.Context, o order, stand *standins, log *slog.Logger) (*daemon.Daemon, Process, error) {
	p := Process{
		Instance: o.Name + "-" + random(4), PID: os.Getpid(), Version: o.Version, Started: time.Now(),
		Token: random(16), Manifests: o.Manifests, TestClock: o.TestClock,
	}
	src, err := daemon.Open(o.Manifests, reading(stand))
	if err != nil {
		return nil, p, err
	}
	l, err := listen(ctx, o.Ports)
	if err != nil {
		return nil, p, err
	}
	d, err := daemon.New(daemon.Options{ //nolint:contextcheck // it takes the context in Run
		Version: o.Version, Instance: p.Instance, Provider: src, Kinds: plugins.All(),
		Listener: l, Admin: "127.0.0.1:0", Health: "127.0.0.1:0", AdminToken: p.Token, TestClock: o.TestClock,
		DrainTimeout: drainTimeout, DrainGrace: drainGrace, Log: log, Print: printer(),
	})
	if err != nil {
		_ = l.Close()
		return nil, p, err
	}
	p.Proxy, p.Admin, p.Health = d.Addr(), d.AdminAddr(), d.HealthAddr()
	return d, p, nil
}

// portError says that no port of those wanted is free.
type portError struct {
	port int
	err  error
}

// Error names the port.
func (e *portError) Error() string { return fmt.Sprintf("port %d is taken: %v", e.port, e.err) }

// Unwrap gives what listening said.
func (e *portError) Unwrap() error { return e.err }

// listen opens the first port that is free.
func listen(ctx context.Context, ports []int) (net.Listener, error) {
	var first error
	for _, port := range ports {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if port != 0 && answers(ctx, address) {
			// Some systems let 127.0.0.1 be taken beside 0.0.0.0.
			first = errors.Join(first, &portError{port, errors.New("something listens there")})
			continue
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err == nil {
			return l, nil
		}
		first = errors.Join(first, &portError{port, err})
	}
	return nil, first
}

func answers(ctx context.Context, address string) bool {
	c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

func random(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// converse tells the parent when the first configuration is served, and waits
// for its "keep".
func (b *Box) converse(ctx context.Context, served <-chan struct{}, conversation *bufio.Reader, in io.Closer, out io.WriteCloser, p Process, end func(error)) {
	go func() {
		select {
		case <-served:
			_ = writeLine(out, news{Kind: serving})
		case <-ctx.Done():
		}
	}()
	line, err := conversation.ReadString('\n')
	if err != nil || line != keep+"\n" {
		end(errDismissed)
		return
	}
	p.Kept = true
	if err := b.writeProcess(p); err != nil {
		end(fmt.Errorf("writing what runs: %w", err))
		return
	}
	_ = in.Close()
	_ = out.Close()
}

// watch ends the process when its file is gone or names another.
func (b *Box) watch(ctx context.Context, instance string, end func(error)) {
	every := time.NewTicker(watchEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			if p, err := b.readProcess(); err != nil || p.Instance != instance {
				end(fmt.Errorf("%s no longer names this process", b.path(processFile)))
				return
			}
		}
	}
}

// forget removes what tells of the process.
func (b *Box) forget(instance string) {
	if p, err := b.readProcess(); err == nil && p.Instance == instance {
		_ = os.Remove(b.path(processFile))
	}
}
