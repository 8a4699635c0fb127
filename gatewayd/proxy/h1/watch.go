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
	c       *conn
	left    atomic.Bool
	running bool
	done    chan struct{}
	stopped atomic.Bool

	mu     sync.Mutex
	leave  func()
	ctx    context.Context
	cancel context.CancelFunc
}

// start sets what happens when the client leaves, and begins to watch once the
// request body has been read.
func (w *watcher) start(leave func()) {
	w.mu.Lock()
	w.leave = leave
	w.mu.Unlock()
	if w.left.Load() && leave != nil {
		leave()
		return
	}
	w.run()
}

func (w *watcher) run() {
	if w.running || !w.c.bodyEnded.Load() {
		return // while a body is read, its reader notices
	}
	c := w.c
	c.body.release()
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.w == len(c.rbuf) {
		return // a client that has sent that much ahead is there
	}
	w.running = true
	w.done = make(chan struct{})
	w.stopped.Store(false)
	c.deadline = time.Time{}
	_ = c.nc.SetReadDeadline(time.Time{})
	go w.read()
}

func (w *watcher) read() {
	defer close(w.done)
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
	if w.ctx == nil {
		w.ctx, w.cancel = context.WithCancel(context.Background())
		if w.left.Load() {
			w.cancel()
		}
	}
	ctx := w.ctx
	w.mu.Unlock()
	w.run()
	return ctx
}

// stop ends the watch, and says whether the client has left.
func (w *watcher) stop() bool {
	if w.running {
		w.stopped.Store(true)
		_ = w.c.nc.SetReadDeadline(time.Unix(1, 0))
		<-w.done
		w.running = false
		w.c.deadline = time.Time{}
	}
	if w.ctx != nil || w.leave != nil {
		w.mu.Lock()
		if w.cancel != nil {
			w.cancel()
		}
		w.ctx, w.cancel, w.leave = nil, nil, nil
		w.mu.Unlock()
	}
	return w.left.Load()
}
