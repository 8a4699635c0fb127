package h1

import (
	"io"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// source is where a body's bytes come from: a connection's read buffer.
type source interface {
	// buffered returns the bytes at hand.
	buffered() []byte
	// discard drops the first n of them.
	discard(n int)
	// more waits for more bytes to come behind those at hand; want says how
	// many would be useful.
	more(want int) error
}

// How a body ends.
const (
	bodyNone = iota
	bodyLength
	bodyChunked
	bodyUntilClose
)

// bodyReader reads a body of HTTP/1.1 piece by piece, without copying.
type bodyReader struct {
	src     source
	parser  *parser
	how     int
	left    int64 // of the body, or of the chunk
	held    int   // bytes of src handed out by the last next
	inChunk bool
	done    bool
	err     error
	trailer []plugin.Field
}

const (
	maxChunkLine = 256     // size and extensions of one chunk
	maxTrailer   = 8 << 10 // bytes of a trailer section
)

func (b *bodyReader) reset(src source, p *parser, how int, length int64) {
	*b = bodyReader{src: src, parser: p, how: how, left: length, trailer: b.trailer[:0]}
	b.done = how == bodyNone || how == bodyLength && length == 0
}

// release gives the bytes of the last next back.
func (b *bodyReader) release() {
	if b.held > 0 {
		b.src.discard(b.held)
		b.held = 0
	}
}

// next returns the next bytes of the body, valid until the next call, and
// io.EOF after the last.
func (b *bodyReader) next() ([]byte, error) {
	b.release()
	if b.done {
		return nil, io.EOF
	}
	if b.err != nil {
		return nil, b.err
	}
	p, err := b.step()
	if err != nil && err != io.EOF { //nolint:errorlint // step returns io.EOF itself
		b.err = err
	}
	return p, err
}

func (b *bodyReader) step() ([]byte, error) {
	switch b.how {
	case bodyLength:
		return b.take(&b.left, true)
	case bodyUntilClose:
		if len(b.src.buffered()) == 0 {
			if err := b.src.more(64 << 10); err != nil {
				if err == io.EOF { //nolint:errorlint // as the source gives it
					b.done = true
				}
				return nil, err
			}
		}
		p := b.src.buffered()
		b.held = len(p)
		return p, nil
	default:
		return b.chunk()
	}
}

// take hands out what is at hand, up to left bytes.
func (b *bodyReader) take(left *int64, last bool) ([]byte, error) {
	if len(b.src.buffered()) == 0 {
		if err := b.src.more(int(min(*left, 64<<10))); err != nil {
			return nil, unexpected(err)
		}
	}
	p := b.src.buffered()
	if int64(len(p)) > *left {
		p = p[:*left]
	}
	*left -= int64(len(p))
	b.held = len(p)
	if *left == 0 && last {
		b.done = true
	}
	return p, nil
}

func unexpected(err error) error {
	if err == io.EOF { //nolint:errorlint // as the source gives it
		return io.ErrUnexpectedEOF
	}
	return err
}

// chunk reads on in a chunked body (RFC 9112, 7.1): sizes in hexadecimal with
// nothing around them, extensions skipped, CRLF and nothing else at line ends.
func (b *bodyReader) chunk() ([]byte, error) {
	for {
		if b.left > 0 {
			p, err := b.take(&b.left, false)
			return p, err
		}
		if b.inChunk {
			if err := b.crlf(); err != nil {
				return nil, err
			}
			b.inChunk = false
		}
		line, err := b.line(maxChunkLine)
		if err != nil {
			return nil, err
		}
		size, err := chunkSize(line)
		if err != nil {
			return nil, err
		}
		b.release()
		if size == 0 {
			if err := b.readTrailer(); err != nil {
				return nil, err
			}
			b.done = true
			return nil, io.EOF
		}
		b.left, b.inChunk = size, true
	}
}

func (b *bodyReader) crlf() error {
	for len(b.src.buffered()) < 2 {
		if p := b.src.buffered(); len(p) == 1 && p[0] != '\r' {
			return bad("a chunk longer than its size")
		}
		if err := b.src.more(2); err != nil {
			return unexpected(err)
		}
	}
	if p := b.src.buffered(); p[0] != '\r' || p[1] != '\n' {
		return bad("a chunk longer than its size")
	}
	b.src.discard(2)
	return nil
}

// line returns a line without its CRLF, and marks it and its CRLF as held.
func (b *bodyReader) line(limit int) ([]byte, error) {
	from := 0
	for {
		p := b.src.buffered()
		for i := from; i < len(p); i++ {
			if p[i] != '\n' {
				continue
			}
			if i == 0 || p[i-1] != '\r' {
				return nil, bad("a line that does not end in CRLF")
			}
			if i-1 > limit {
				return nil, bad("a line in a chunked body is too long")
			}
			b.held = i + 1
			return p[:i-1], nil
		}
		if len(p) > limit {
			return nil, bad("a line in a chunked body is too long")
		}
		from = len(p)
		if err := b.src.more(1); err != nil {
			return nil, unexpected(err)
		}
	}
}

func chunkSize(line []byte) (int64, error) {
	size, digits := int64(0), 0
	for digits < len(line) {
		d := unhex(line[digits])
		if d < 0 {
			break
		}
		if size>>56 != 0 {
			return 0, bad("a chunk size out of range")
		}
		size = size<<4 | int64(d)
		digits++
	}
	if digits == 0 {
		return 0, bad("a chunk size that is not hexadecimal")
	}
	ext := string(line[digits:])
	if ext != "" && (strings.TrimLeft(ext, " \t") + " ")[0] != ';' || !validValue(ext) {
		return 0, bad("something other than an extension behind a chunk size")
	}
	return size, nil
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// readTrailer reads the trailer section. Fields that frame, route or
// authenticate may not stand there (RFC 9110, 6.5.1); they are dropped.
func (b *bodyReader) readTrailer() error {
	total := 0
	for {
		line, err := b.line(maxTrailer)
		if err != nil {
			return err
		}
		if total += len(line); total > maxTrailer {
			return bad("a trailer section that is too long")
		}
		if len(line) == 0 {
			b.release()
			return nil
		}
		f, _, err := b.parser.field(string(line))
		if err != nil {
			return err
		}
		b.release()
		if len(b.trailer) == b.parser.limits.Fields {
			return bad("too many trailer fields")
		}
		if !forbiddenTrailer(f.Name) {
			b.trailer = append(b.trailer, f)
		}
	}
}

func forbiddenTrailer(name string) bool {
	switch strings.ToLower(name) {
	case "content-length", "transfer-encoding", "host", "connection", "keep-alive", "te", "trailer", "upgrade",
		"content-encoding", "content-type", "content-range", "cache-control", "expect", "max-forwards", "pragma",
		"range", "authorization", "proxy-authorization", "cookie", "set-cookie", "www-authenticate", "date", "location",
		"retry-after", "vary", "age", "expires":
		return true
	}
	return false
}
