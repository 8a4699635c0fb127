package h1

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/proxy"
)

// patience is how long a target may take before it is worth a goroutine to see
// whether the client is still there.
const patience = 25 * time.Millisecond

// read waits a moment for the target and, if that is not enough, begins to watch
// the client too, so that its leaving ends the wait.
func (u *upConn) read() (int, error) {
	buf := u.rbuf[u.w:]
	now := time.Now()
	if u.watch == nil && u.timeout > patience {
		if !u.waited {
			_ = u.nc.SetReadDeadline(now.Add(patience))
			n, err := u.nc.Read(buf)
			if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				return n, err
			}
		}
		_ = u.nc.SetReadDeadline(now.Add(u.timeout))
		u.watch = &leaver{u: u}
		u.x.Down.Watch(u.watch.leave)
	} else {
		_ = u.nc.SetReadDeadline(now.Add(u.timeout))
	}
	if u.left.Load() {
		return 0, proxy.ErrClientLeft
	}
	return u.nc.Read(buf)
}

// leaver ends an exchange when its client leaves, and never the one that comes
// after it on the same connection.
type leaver struct {
	mu sync.Mutex
	u  *upConn
}

// leave ends the exchange: the target learns of it by its connection closing.
func (l *leaver) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.u != nil {
		l.u.left.Store(true)
		_ = l.u.nc.SetReadDeadline(time.Unix(1, 0))
	}
}

// endWatch lets the client leave.
func (u *upConn) endWatch() {
	if u.watch == nil {
		return
	}
	u.x.Down.Watch(nil)
	u.watch.mu.Lock()
	u.watch.u = nil
	u.watch.mu.Unlock()
	u.watch = nil
}

// whileWaiting has leave called if the client leaves before end is called, once
// that takes more than a moment.
func whileWaiting(d proxy.Downstream, leave func()) (end func()) {
	var mu sync.Mutex
	var watching, ended bool
	timer := time.AfterFunc(patience, func() {
		mu.Lock()
		defer mu.Unlock()
		if !ended {
			watching = true
			d.Watch(leave)
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		ended = true
		if watching {
			d.Watch(nil)
		}
	}
}
