package proxy

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// tunnel joins client and upstream after a 101, until one of them closes or
// neither says anything for the service's read time-out.
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
	var both sync.WaitGroup
	both.Go(func() {
		n := pipe(up, down, downPending, idle)
		x.bodyBytes.Add(n)
		closeWrite(up)
	})
	x.sent = pipe(down, up, upPending, idle)
	closeWrite(down)
	// Whichever side ended first, the other is told and then cut.
	_ = up.Close()
	_ = down.Close()
	both.Wait()
}

// pipe copies from src to dst, pending bytes first, and returns how many.
func pipe(dst, src io.ReadWriteCloser, pending []byte, idle time.Duration) int64 {
	total := int64(0)
	if len(pending) > 0 {
		n, err := dst.Write(pending)
		total += int64(n)
		if err != nil {
			return total
		}
	}
	deadline, _ := src.(interface{ SetReadDeadline(t time.Time) error })
	buf := make([]byte, 16<<10)
	for {
		if deadline != nil && idle > 0 {
			if err := deadline.SetReadDeadline(time.Now().Add(idle)); err != nil {
				return total
			}
		}
		n, err := src.Read(buf)
		if n > 0 {
			w, werr := dst.Write(buf[:n])
			total += int64(w)
			if werr != nil {
				return total
			}
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
