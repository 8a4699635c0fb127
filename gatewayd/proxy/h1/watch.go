package h1

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// watcher notices a client that leaves while nothing is read from it. It reads
// ahead into the connection's buffer, so that a pipelined request is not lost,
// and is started only when an exchange takes its time or a plugin waits.
type watcher struct {
	c    *conn
	left atomic.Bool
	// wanted says that somebody waits for the client's leaving.
	wanted  atomic.Bool
	stopped atomic.Bool

	mu      sync.Mutex
	leave   func()
	ctx     context.Context
	cancel  context.CancelFunc
	running chan struct{} // closed when the read ahead has ended; nil without one
}

// start sets what happens when the client leaves, and begins to watch once the
// request body has been read.
func (w *watcher) start(leave func()) {
	w.mu.Lock()
	w.leave = leave
	if leave != nil {
		w.wanted.Store(true)
		w.run()
	}
	w.mu.Unlock()
	if leave != nil && w.left.Load() {
		leave()
	}
}

// bodyEnded begins the watch that had to wait while the body was read, whose
// reader noticed until now.
func (w *watcher) bodyEnded() {
	if w.wanted.Load() {
		w.mu.Lock()
		w.run()
		w.mu.Unlock()
	}
}

// run begins to read ahead. w.mu is held.
func (w *watcher) run() {
	c := w.c
	if w.running != nil || w.stopped.Load() || !c.bodyEnded.Load() {
		return
	}
	c.body.release()
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.w == len(c.rbuf) {
		return // a client that has sent that much ahead is there
	}
	w.running = make(chan struct{})
	_ = c.nc.SetReadDeadline(time.Time{})
	go w.read(w.running)
}

func (w *watcher) read(done chan<- struct{}) {
	defer close(done)
	c := w.c
	for c.w < len(c.rbuf) && !w.stopped.Load() {
		n, err := c.nc.Read(c.rbuf[c.w:])
		c.w += n
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				w.markLeft()
			}
			return
		}
	}
}

// markLeft records that the client has left, and tells whoever waits.
func (w *watcher) markLeft() {
	w.left.Store(true)
	w.mu.Lock()
	leave, cancel := w.leave, w.cancel
	w.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	if leave != nil {
		leave()
	}
}

// context returns a context that ends when the client leaves.
func (w *watcher) context() context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx == nil {
		w.ctx, w.cancel = context.WithCancel(context.Background())
		if w.left.Load() {
			w.cancel()
		}
	}
	w.wanted.Store(true)
	w.run()
	return w.ctx
}

// stop ends the watch, and says whether the client has left.
func (w *watcher) stop() bool {
	if w.wanted.Load() {
		w.end()
	}
	return w.left.Load()
}

func (w *watcher) end() {
	w.stopped.Store(true)
	w.mu.Lock()
	running := w.running
	w.mu.Unlock()
	if running != nil {
		_ = w.c.nc.SetReadDeadline(time.Unix(1, 0))
		<-running
		w.c.deadline = time.Time{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		w.cancel()
	}
	w.ctx, w.cancel, w.leave, w.running = nil, nil, nil, nil
	w.wanted.Store(false)
	w.stopped.Store(false)
}
