package h1

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// BodyLength is the length of the request body.
func (c *conn) BodyLength() int64 {
	switch c.body.how {
	case bodyLength:
		return c.body.left
	case bodyChunked:
		return -1
	}
	return 0
}

// NextBody returns the next bytes of the request body.
func (c *conn) NextBody() ([]byte, error) {
	p, err := c.body.next()
	if c.body.done {
		c.bodyWhole.Store(true)
	}
	if err != nil && errors.Is(err, io.EOF) {
		c.bodyEnded.Store(true) // from here on others may use the buffer
		c.watch.bodyEnded()
	}
	return p, err
}

// CancelBody makes a NextBody that waits return.
func (c *conn) CancelBody() {
	c.bodyOff.Store(true)
	_ = c.nc.SetReadDeadline(time.Unix(1, 0))
}

// RequestTrailer holds the trailer fields of the request.
func (c *conn) RequestTrailer() []plugin.Field { return c.body.trailer }

// SendHead sends the head of the answer.
func (c *conn) SendHead(head *plugin.Head, length int64, bodiless bool) error {
	c.bodiless = bodiless
	switch {
	case c.expects && c.endContinue(), c.srv.draining.Load():
		c.keep = false
	case !c.bodyWhole.Load() && !c.bodyEnded.Load() && (c.x.StreamsBody() || !c.bodyAtHand()):
		c.keep = false // what is left of the request cannot be told from the next
	}
	c.chunked = length < 0 && !bodiless && c.x.Request.Minor > 0
	if length < 0 && !bodiless && !c.chunked {
		c.keep = false // HTTP/1.0: the end of the connection ends the body
	}
	b := c.wbuf[:0]
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(head.Status), 10)
	b = append(b, ' ')
	if head.Reason != "" {
		b = append(b, head.Reason...)
	} else {
		b = append(b, http.StatusText(head.Status)...)
	}
	b = append(b, "\r\n"...)
	b = c.appendFields(b, head.Header.Fields())
	b = c.appendFraming(b, head.Status, length)
	b = append(b, c.connection(head.Status)...)
	b = append(b, "\r\n"...)
	c.wbuf = b
	return nil
}

// appendFields writes the fields, and a Date where there is none. A Connection
// field that says "close" is taken in; any other stands beside our own, as with
// Kong, whose nginx writes one whatever Lua has set.
func (c *conn) appendFields(b []byte, fields []plugin.Field) []byte {
	dated := false
	for _, f := range fields {
		switch len(f.Name) {
		case 4:
			dated = dated || plugin.EqualFold(f.Name, "Date")
		case 10:
			if f.Value == "close" && plugin.EqualFold(f.Name, "Connection") {
				c.keep = false
				continue
			}
		}
		b = appendField(b, f)
	}
	if !dated {
		b = append(b, "Date: "...)
		b = append(b, c.srv.dateAt(c.x.Start)...)
		b = append(b, "\r\n"...)
	}
	return b
}

func (c *conn) appendFraming(b []byte, status int, length int64) []byte {
	switch {
	case c.chunked:
		return append(b, "Transfer-Encoding: chunked\r\n"...)
	case length >= 0 && status >= 200 && status != http.StatusNoContent:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, length, 10)
		return append(b, "\r\n"...)
	}
	return b
}

func (c *conn) connection(status int) string {
	switch {
	case status == http.StatusSwitchingProtocols:
		return "Connection: upgrade\r\n"
	case c.keep:
		return "Connection: keep-alive\r\n"
	}
	return "Connection: close\r\n"
}

// appendField writes a field. What plugins and upstreams say cannot break out of
// its line.
func appendField(b []byte, f plugin.Field) []byte {
	b = append(b, f.Name...)
	b = append(b, ": "...)
	if validValue(f.Value) {
		b = append(b, f.Value...)
	} else {
		for i := range len(f.Value) {
			if ch := f.Value[i]; ch >= 0x20 && ch != 0x7f || ch == '\t' {
				b = append(b, ch)
			}
		}
	}
	return append(b, "\r\n"...)
}

// Send sends bytes of the body: small ones wait behind what is in the buffer,
// large ones go out with it in one call.
func (c *conn) Send(p []byte) error {
	if c.bodiless || len(p) == 0 {
		return nil
	}
	if c.chunked {
		c.wbuf = strconv.AppendInt(c.wbuf, int64(len(p)), 16)
		c.wbuf = append(c.wbuf, "\r\n"...)
	}
	if len(c.wbuf)+len(p) <= cap(c.wbuf)-2 || len(p) <= 512 {
		c.wbuf = append(c.wbuf, p...)
		if c.chunked {
			c.wbuf = append(c.wbuf, "\r\n"...)
		}
		return nil
	}
	parts := net.Buffers{c.wbuf, p}
	if c.chunked {
		parts = append(parts, []byte("\r\n"))
	}
	c.writeDeadline()
	_, err := parts.WriteTo(c.nc)
	c.wbuf = c.wbuf[:0]
	return err
}

// Flush hands all that was sent to the network.
func (c *conn) Flush() error {
	if len(c.wbuf) == 0 {
		return nil
	}
	c.writeDeadline()
	_, err := c.nc.Write(c.wbuf)
	if cap(c.wbuf) > 4*writeSize {
		c.wbuf = make([]byte, 0, writeSize)
	}
	c.wbuf = c.wbuf[:0]
	return err
}

func (c *conn) writeDeadline() {
	if now := time.Now(); now.Sub(c.wrote) > time.Second {
		c.wrote = now
		_ = c.nc.SetWriteDeadline(now.Add(c.srv.opts.WriteTimeout + time.Second))
	}
}

// Finish ends the answer.
func (c *conn) Finish(trailer []plugin.Field) error {
	if c.chunked {
		c.wbuf = append(c.wbuf, "0\r\n"...)
		for _, f := range trailer {
			c.wbuf = appendField(c.wbuf, f)
		}
		c.wbuf = append(c.wbuf, "\r\n"...)
	}
	return c.Flush()
}

// Abort breaks the connection off, so that what the client has cannot pass for
// whole: a reset where the end of the connection would end the body.
func (c *conn) Abort() {
	c.aborted = true
	if l, ok := c.nc.(interface{ SetLinger(sec int) error }); ok {
		_ = c.Flush()
		_ = l.SetLinger(0)
	}
	_ = c.nc.Close()
}

// Upgrade hands the connection over.
func (c *conn) Upgrade() (io.ReadWriteCloser, []byte, error) {
	if err := c.Flush(); err != nil {
		return nil, nil, err
	}
	if c.watch.stop() {
		return nil, nil, errors.New("the client left")
	}
	c.upgraded = true
	_ = c.nc.SetDeadline(time.Time{})
	return c.nc, c.rbuf[c.r:c.w], nil
}
