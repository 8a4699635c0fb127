package localbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// child is a process under way: started, and not yet told to stay.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	news  chan news // closed when the process says no more
	ended chan struct{}
}

// start starts the process; it listens when start returns.
func (b *Box) start(ctx context.Context, o order) (*child, Process, error) {
	if err := os.Remove(b.path(processFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, Process{}, fmt.Errorf("clearing what ran before: %w", err)
	}
	c, err := b.spawn(o)
	if err != nil {
		return nil, Process{}, err
	}
	n, err := c.next(ctx)
	if err == nil && (n.Kind != listening || n.Process == nil) {
		err = b.explain(ctx, n)
	}
	if err != nil {
		c.end()
		return nil, Process{}, err
	}
	return c, *n.Process, nil
}

// spawn runs this program again under the hidden command.
func (b *Box) spawn(o order) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	mode := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if info, err := os.Stat(b.Log()); err == nil && info.Size() > maxLog/2 {
		mode |= os.O_TRUNC
	}
	log, err := os.OpenFile(b.Log(), mode, fileMode)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	defer log.Close()                      //nolint:errcheck // the process has its own
	cmd := exec.Command(exe, b.command...) //nolint:noctx // it outlives any context
	// Not the program's path: a test binary finds out by this name what to be.
	cmd.Args[0] = os.Args[0]
	cmd.Dir, cmd.Stderr = b.dir, log
	detach(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the gateway's process: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the gateway's process: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the gateway's process: %w", err)
	}
	c := &child{cmd: cmd, in: in, news: make(chan news, 4), ended: make(chan struct{})}
	go c.listen(out)
	if err := writeLine(in, o); err != nil {
		c.end()
		return nil, fmt.Errorf("telling the gateway's process what to do: %w", err)
	}
	return c, nil
}

// listen forwards what the process says until it says no more.
func (c *child) listen(out io.Reader) {
	defer close(c.ended)
	defer close(c.news)
	r := bufio.NewReader(out)
	for {
		var n news
		if readLine(r, &n) != nil {
			break
		}
		c.news <- n
	}
}

// next waits for the next thing that the process says.
func (c *child) next(ctx context.Context) (news, error) {
	select {
	case n, ok := <-c.news:
		if !ok {
			return n, errSilent
		}
		return n, nil
	case <-ctx.Done():
		return news{}, context.Cause(ctx)
	}
}

// keep lets the process stay when this one ends.
func (c *child) keep() error {
	if _, err := io.WriteString(c.in, keep+"\n"); err != nil {
		return fmt.Errorf("letting the gateway's process stay: %w", err)
	}
	if err := c.in.Close(); err != nil {
		return fmt.Errorf("letting the gateway's process stay: %w", err)
	}
	<-c.ended // it closes its end when it has read that
	return c.cmd.Process.Release()
}

// end ends a process that was not told to stay.
func (c *child) end() {
	_ = c.in.Close() // it ends by itself
	kill := time.AfterFunc(2*drainTimeout, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	<-c.ended
	_ = c.cmd.Wait()
}

// explain makes an error of what the process says when it fails.
func (b *Box) explain(ctx context.Context, n news) *hint.Hint {
	if n.Port != 0 {
		return hint.New("PORT_IN_USE", hint.PortInUse, fmt.Sprintf("port %d is taken by another program", n.Port),
			"choose another, --port "+strconv.Itoa(freePort(ctx))+" is free now, or leave --port away: a free one is picked then")
	}
	h := hint.New("GATEWAY_FAILED", hint.NotReady, "the gateway's process did not start",
		"its log may say more: "+b.Log())
	return h.Because(errors.New(n.Error))
}

func freePort(ctx context.Context) int {
	l, err := listen(ctx, []int{0})
	if err != nil {
		return 0
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// stopTimeout is how long the process may take to end by itself.
const stopTimeout = 2*drainTimeout - 50*time.Millisecond

// stop ends the process of the sandbox, whatever state it is in, and waits until
// it is gone. Whoever calls it holds the sandbox's lock.
func (b *Box) stop(ctx context.Context) (was bool, err error) {
	if !b.alive() {
		return false, b.clear()
	}
	p, readErr := b.readProcess()
	gone := make(chan error, 1)
	go func() {
		l := flock.New(b.path(aliveFile), flock.SetFlag(os.O_RDWR))
		err := l.Lock() // as soon as the process is gone
		gone <- errors.Join(err, l.Unlock())
	}()
	if readErr == nil {
		err = b.endProcess(ctx, p.PID, gone)
	} else {
		// Which process it is nobody can tell; without its file it ends by itself.
		_ = os.Remove(b.path(processFile))
		err = wait(ctx, gone, 4*watchEvery)
	}
	if err != nil {
		return true, hint.New("STUCK", hint.Broken, "the gateway's process does not end",
			"end it by hand: it is called `gwctl __sandboxd`, see "+b.Log()).Because(err)
	}
	return true, b.clear()
}

var errStays = errors.New("it is still there")

func wait(ctx context.Context, gone <-chan error, d time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d, errStays)
	defer cancel()
	select {
	case err := <-gone:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// endProcess asks, then forces. The number is that of our process, as it holds
// the lock and wrote it.
func (b *Box) endProcess(ctx context.Context, pid int, gone <-chan error) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	defer p.Release() //nolint:errcheck // nothing to lose
	if err := askToEnd(p); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := wait(ctx, gone, stopTimeout); !errors.Is(err, errStays) {
		return err
	}
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return wait(ctx, gone, stopTimeout)
}

// clear removes what tells of a process that is gone.
func (b *Box) clear() error {
	for _, name := range []string{processFile, aliveFile} {
		if err := os.Remove(b.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clearing what ran: %w", err)
		}
	}
	return nil
}
