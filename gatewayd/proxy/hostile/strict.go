package hostile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Field is one header field.
type Field struct{ Name, Value string }

// Message is a request or an answer as it stood on the wire.
type Message struct {
	// Line is the request line or status line.
	Line    string
	Fields  []Field
	Trailer []Field
	Body    string
	// Whole says that it ended as its framing promised.
	Whole bool
	// Odd says what HTTP forbids in it, although it is clear what it is and where
	// it ends.
	Odd string
	// ToEnd says that only the end of the connection ends its body.
	ToEnd bool
}

// Get is the first value of a field, "" when there is none.
func (m *Message) Get(name string) string {
	for _, f := range m.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Count says how many fields are called name.
func (m *Message) Count(name string) int {
	n := 0
	for _, f := range m.Fields {
		if strings.EqualFold(f.Name, name) {
			n++
		}
	}
	return n
}

// Status is the status of an answer.
func (m *Message) Status() int {
	if len(m.Line) < 12 {
		return 0
	}
	n, _ := strconv.Atoi(m.Line[9:12])
	return n
}

// Fault is a byte that may not stand where it does.
type Fault struct{ Reason string }

// Error gives the reason.
func (f *Fault) Error() string { return f.Reason }

// ErrCut says that a message ended before its head did.
var ErrCut = errors.New("the connection ended within a head")

func fault(format string, args ...any) error { return &Fault{fmt.Sprintf(format, args...)} }

// ReadRequest reads one request. Its error is io.EOF when none came, ErrCut, or
// a *Fault when it is not beyond all doubt what the request is and where it
// ends. A body that breaks off is no error: the request is not Whole.
func ReadRequest(r *bufio.Reader) (Message, error) {
	m, err := readHead(r)
	if err != nil {
		return m, err
	}
	parts := strings.Split(m.Line, " ")
	if len(parts) != 3 || !token(parts[0]) || parts[1] == "" || parts[2] != "HTTP/1.1" && parts[2] != "HTTP/1.0" {
		return m, fault("request line %q", m.Line)
	}
	for i := range len(parts[1]) {
		if c := parts[1][i]; c == '\t' {
			return m, fault("byte %#x in the target", c)
		}
	}
	if n := m.Count("Host"); n > 1 {
		return m, fault("%d Host fields", n)
	} else if n == 0 {
		m.odd("no Host field")
	}
	chunked, length, err := framing(&m)
	if err != nil {
		return m, err
	}
	switch {
	case chunked:
		return m, readChunks(r, &m)
	case length > 0:
		readLength(r, &m, length)
	default:
		m.Whole = true
	}
	return m, nil
}

// ReadAnswer reads one final answer, to a HEAD request when head is set.
func ReadAnswer(r *bufio.Reader, head bool) (Message, error) {
	for {
		m, err := readHead(r)
		if err != nil {
			return m, err
		}
		if err := m.statusLine(); err != nil {
			return m, err
		}
		status := m.Status()
		if status >= 100 && status < 200 && status != 101 {
			continue
		}
		chunked, length, err := framing(&m)
		switch {
		case err != nil:
			return m, err
		case head || status == 204 || status == 304 || status == 101:
			m.Whole = true
		case chunked:
			return m, readChunks(r, &m)
		case length >= 0:
			readLength(r, &m, length)
		default:
			b, err := io.ReadAll(r)
			m.Body, m.Whole, m.ToEnd = string(b), err == nil, true
		}
		return m, nil
	}
}

func (m *Message) statusLine() error {
	l := m.Line
	if len(l) < 12 || l[:7] != "HTTP/1." || l[8] != ' ' {
		return fault("status line %q", l)
	}
	if len(l) < 13 || l[12] != ' ' || strings.Trim(l[9:12], "0123456789") != "" || l[9] == '0' {
		m.odd("status line %q", l)
	}
	return nil
}

func readHead(r *bufio.Reader) (Message, error) {
	var m Message
	line, err := readLine(r)
	if err != nil {
		return m, err
	}
	m.Line = line
	m.oddBytes(line)
	m.Fields, err = m.readFields(r)
	if errors.Is(err, io.EOF) {
		err = ErrCut
	}
	return m, err
}

func (m *Message) readFields(r *bufio.Reader) ([]Field, error) {
	var all []Field
	for {
		line, err := readLine(r)
		if err != nil || line == "" {
			return all, err
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !token(name) {
			return all, fault("field line %q", line)
		}
		m.oddBytes(line)
		all = append(all, Field{name, strings.Trim(value, " \t")})
	}
}

func (m *Message) odd(format string, args ...any) {
	if m.Odd == "" {
		m.Odd = fmt.Sprintf(format, args...)
	}
}

// oddBytes looks for control bytes but tab.
func (m *Message) oddBytes(line string) {
	for i := range len(line) {
		if c := line[i]; c < ' ' && c != '\t' || c == 0x7f {
			m.odd("byte %#x in line %q", c, line)
		}
	}
}

// readLine reads a line that ends in CRLF and holds no other CR.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		if line != "" {
			return "", ErrCut
		}
		return "", io.EOF
	}
	text, ok := strings.CutSuffix(line, "\r\n")
	if !ok {
		return "", fault("line %q does not end in CRLF", line)
	}
	if strings.Contains(text, "\r") {
		return "", fault("a bare CR in line %q", text)
	}
	return text, nil
}

// framing says whether the body is chunked, or its length, -1 for neither.
func framing(m *Message) (chunked bool, length int, err error) {
	length = -1
	switch te, cl := m.Count("Transfer-Encoding"), m.Count("Content-Length"); {
	case te+cl > 1:
		return false, 0, fault("%d Transfer-Encoding and %d Content-Length fields", te, cl)
	case te == 1:
		if v := m.Get("Transfer-Encoding"); !strings.EqualFold(v, "chunked") {
			return false, 0, fault("Transfer-Encoding %q", v)
		}
		return true, -1, nil
	case cl == 1:
		v := m.Get("Content-Length")
		if v == "" || strings.Trim(v, "0123456789") != "" {
			return false, 0, fault("Content-Length %q", v)
		}
		if length, err = strconv.Atoi(v); err != nil {
			return false, 0, fault("Content-Length %q", v)
		}
	}
	return false, length, nil
}

func readLength(r *bufio.Reader, m *Message, length int) {
	var b strings.Builder
	n, err := io.CopyN(&b, r, int64(length))
	m.Body, m.Whole = b.String(), err == nil && n == int64(length)
}

func readChunks(r *bufio.Reader, m *Message) error {
	for {
		line, err := readLine(r)
		if err != nil {
			return cut(err)
		}
		size, err := strconv.ParseUint(line, 16, 31)
		if err != nil || strings.Trim(line, "0123456789abcdefABCDEF") != "" {
			return fault("chunk size %q", line)
		}
		if size == 0 {
			if m.Trailer, err = m.readFields(r); err != nil {
				return cut(err)
			}
			m.Whole = true
			return nil
		}
		var b strings.Builder
		if _, err := io.CopyN(&b, r, int64(size)); err != nil {
			m.Body += b.String()
			return nil //nolint:nilerr // a body that breaks off is not Whole
		}
		m.Body += b.String()
		if line, err := readLine(r); err != nil {
			return cut(err)
		} else if line != "" {
			return fault("%q behind a chunk", line)
		}
	}
}

// cut makes the end of a connection within a body no error.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, ErrCut) {
		return nil
	}
	return err
}

func token(s string) bool {
	const others = "!#$%&'*+-.^_`|~"
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return s != ""
}
