package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// farewell is how long a client may take to end its side of a tunnel whose
// upstream has ended.
const farewell = time.Second

// tunnel joins client and upstream after a 101, until the upstream closes, the
// client does and the upstream answers that, or neither has said anything for
// the service's read time-out.
func (h *Handler) tunnel(x *Exchange, ans Answer, head *plugin.Head, idle time.Duration) {
	x.status = http.StatusSwitchingProtocols
	up, upPending := ans.Upgraded()
	defer up.Close()
	if err := x.Down.SendHead(head, 0, true); err != nil {
		h.brokenOff(x, ErrClientLeft)
		return
	}
	down, downPending, err := x.Down.Upgrade()
	if err != nil {
		h.brokenOff(x, err)
		return
	}
	defer down.Close()
	last := &lastWord{idle: idle}
	last.now()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		x.bodyBytes.Add(pipe(up, down, downPending, last))
		closeWrite(up)
	}()
	x.sent = pipe(down, up, upPending, last)
	closeWrite(down)
	// To close now would take from the client what is on its way to it, if it is
	// still sending.
	wait := time.NewTimer(farewell)
	defer wait.Stop()
	select {
	case <-ended:
	case <-wait.C:
	}
	_ = up.Close()
	_ = down.Close()
	<-ended
}

// lastWord is when either side of a tunnel said something, in nanoseconds of
// Unix time, and how long both may be silent.
type lastWord struct {
	at   atomic.Int64
	idle time.Duration
}

func (l *lastWord) now() time.Time {
	now := time.Now()
	l.at.Store(now.UnixNano())
	return now
}

// until is when the tunnel has been silent for too long.
func (l *lastWord) until() time.Time { return time.Unix(0, l.at.Load()).Add(l.idle) }

// pipe copies from src to dst, pending bytes first, and returns how many.
func pipe(dst, src io.ReadWriteCloser, pending []byte, last *lastWord) int64 {
	total := int64(0)
	write := func(p []byte) error {
		if d, ok := dst.(interface{ SetWriteDeadline(t time.Time) error }); ok {
			_ = d.SetWriteDeadline(last.now().Add(last.idle))
		}
		n, err := dst.Write(p)
		total += int64(n)
		return err
	}
	if len(pending) > 0 && write(pending) != nil {
		return total
	}
	deadline, _ := src.(interface{ SetReadDeadline(t time.Time) error })
	buf := make([]byte, 16<<10)
	for {
		if deadline != nil {
			_ = deadline.SetReadDeadline(last.until())
		}
		n, err := src.Read(buf)
		if n > 0 && write(buf[:n]) != nil {
			return total
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(last.until()) {
			continue // the other side has spoken meanwhile
		}
		if err != nil {
			return total
		}
	}
}

func closeWrite(c io.ReadWriteCloser) {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
}
