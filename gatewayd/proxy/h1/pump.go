package h1

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/gwctl/gwctl/gatewayd/proxy"
)

// startPump sends the request body in a goroutine of its own; endPump waits for
// it.
func (u *upConn) startPump(chunked bool, limit time.Duration) {
	u.pumping = make(chan struct{})
	u.pumped.Store(false)
	go func() {
		defer close(u.pumping)
		u.pumpErr = u.pump(chunked, limit)
		u.pumped.Store(true)
		if u.pumpErr != nil && errors.Is(u.pumpErr, proxy.ErrRequestBody) {
			// The target must not take what it has for the whole body, and the
			// wait for its answer is over.
			_ = u.nc.Close()
		}
	}()
}

func (u *upConn) pump(chunked bool, limit time.Duration) error {
	var buf []byte
	for {
		p, err := u.x.NextBody()
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: %w", proxy.ErrRequestBody, err)
		}
		ended := err != nil
		buf = buf[:0]
		switch {
		case ended && !chunked:
			return nil
		case ended:
			buf = append(buf, "0\r\n"...)
			for _, f := range u.x.RequestTrailer() {
				buf = appendField(buf, f)
			}
			buf = append(buf, "\r\n"...)
		case chunked:
			buf = strconv.AppendInt(buf, int64(len(p)), 16)
			buf = append(buf, "\r\n"...)
			buf = append(buf, p...)
			buf = append(buf, "\r\n"...)
		default:
			buf = append(buf, p...)
		}
		_ = u.nc.SetWriteDeadline(time.Now().Add(limit))
		if _, err := u.nc.Write(buf); err != nil {
			return err // the answer, if one comes, says why
		}
		if ended {
			return nil
		}
	}
}

// pumpGrace is how long the goroutine that sends the request body may still take
// when the whole answer is there: it is seldom behind by more than the time to be
// scheduled, unless the target answered without reading on.
const pumpGrace = 5 * time.Millisecond

// pumpEnds says whether the whole request body has been sent.
func (u *upConn) pumpEnds() bool {
	if u.pumping == nil {
		return true
	}
	if !u.pumped.Load() {
		grace := time.NewTimer(pumpGrace)
		defer grace.Stop()
		select {
		case <-u.pumping:
		case <-grace.C:
		}
	}
	return u.pumped.Load() && u.pumpErr == nil
}

// endPump waits until the goroutine that sends the request body has ended,
// making it end if it waits for the client.
func (u *upConn) endPump() {
	if u.pumping == nil {
		return
	}
	if !u.pumped.Load() {
		u.x.Down.CancelBody()
	}
	<-u.pumping
	u.pumping = nil
}
