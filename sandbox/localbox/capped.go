package localbox

import "io"

// maxLog is how much a process writes into its log at most, in bytes.
const maxLog = 16 << 20

// capped writes up to left bytes and drops the rest: a log that fills the disk
// is worse than none. Its one caller, a slog handler, writes one at a time.
type capped struct {
	w    io.Writer
	left int
}

// Write drops what does not fit.
func (c *capped) Write(p []byte) (int, error) {
	if len(p) > c.left {
		c.left = 0
		return len(p), nil
	}
	c.left -= len(p)
	return c.w.Write(p)
}
