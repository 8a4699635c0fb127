package h1

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy"
)

// fault is why a head or body cannot be read in one way alone.
type fault struct {
	status int // what the client is told
	reason string
}

func (f *fault) Error() string { return f.reason }

func bad(reason string) error { return &fault{400, reason} }

// statusOf is the status for an error in reading a request.
func statusOf(err error) int {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.status
	}
	return 400
}

// Limits bound what is read of a head. The defaults are Kong's, whose nginx has
// large_client_header_buffers 4 8k.
type Limits struct {
	// Line is the longest request line or field, in bytes.
	Line int
	// Head is the longest whole head, in bytes.
	Head int
	// Fields is the largest number of fields.
	Fields int
}

// DefaultLimits are 8 KiB, 32 KiB and 1,000 fields.
func DefaultLimits() Limits { return Limits{Line: 8 << 10, Head: 32 << 10, Fields: 1000} }

// framing is what a head says of its connection and of the body behind it.
type framing struct {
	length     int64 // of the body; -1 when the head does not say
	chunked    bool
	encoded    bool // a Transfer-Encoding field is there
	closes     bool
	keepsAlive bool
	expects    bool // Expect: 100-continue
	badExpect  bool
	hosts      int
	host       string
	late       error // a fault that nginx sees once it has the whole head
}

// parser reads heads strictly: what could be read in two ways is a fault.
type parser struct {
	chars  *charTable
	limits Limits
	// lenientNames drops fields whose name nginx does not take, instead of
	// passing them on (ignore_invalid_headers, on by default).
	dropOdd bool
}

// fields reads the field lines of a head, which is text up to and without the
// empty line, each line ending in CRLF, and appends them to out.
func (p *parser) fields(text string, out []plugin.Field, fr *framing) ([]plugin.Field, error) {
	fr.length = -1
	for n := 0; text != ""; n++ {
		if n == p.limits.Fields {
			return out, &fault{494, "too many fields"}
		}
		line, rest, err := cutLine(text)
		if err != nil {
			return out, err
		}
		text = rest
		if len(line) > p.limits.Line {
			return out, &fault{494, "a field is too long"}
		}
		f, plain, err := p.field(line)
		if err != nil {
			return out, err
		}
		if err := p.note(f, fr); err != nil {
			return out, err
		}
		if plain || !p.dropOdd {
			out = append(out, f)
		}
	}
	switch {
	case fr.late != nil:
		return out, fr.late
	case fr.encoded && !fr.chunked:
		return out, &fault{501, "a Transfer-Encoding other than chunked"}
	case fr.encoded && fr.length >= 0:
		return out, bad("both Content-Length and Transfer-Encoding")
	}
	return out, nil
}

// cutLine cuts the first line off, without its CRLF.
func cutLine(text string) (line, rest string, err error) {
	end := strings.IndexByte(text, '\n')
	if end < 1 || text[end-1] != '\r' {
		return "", "", bad("a line does not end in CRLF")
	}
	return text[:end-1], text[end+1:], nil
}

// field splits one field line. plain is false for a name that nginx ignores.
func (p *parser) field(line string) (f plugin.Field, plain bool, err error) {
	colon := strings.IndexByte(line, ':')
	if colon < 1 {
		if line != "" && (line[0] == ' ' || line[0] == '\t') {
			return f, false, bad("a folded field line")
		}
		return f, false, bad("a field line without a name")
	}
	class := byte(isToken | isPlain)
	for i := range colon {
		class &= p.chars[line[i]]
	}
	if class&isToken == 0 {
		return f, false, bad("a byte in a field name that may not stand there")
	}
	value := strings.Trim(line[colon+1:], " \t")
	if !validValue(value) {
		return f, false, bad("a control byte in a field value")
	}
	return plugin.Field{Name: line[:colon], Value: value}, class&isPlain != 0, nil
}

// note takes in what a field says of framing and connection.
func (p *parser) note(f plugin.Field, fr *framing) error {
	switch len(f.Name) {
	case 4:
		if plugin.EqualFold(f.Name, "Host") {
			fr.hosts++
			fr.host = f.Value
		}
	case 6:
		if plugin.EqualFold(f.Name, "Expect") {
			if plugin.EqualFold(f.Value, "100-continue") {
				fr.expects = true
			} else {
				fr.badExpect = true
			}
		}
	case 10:
		if plugin.EqualFold(f.Name, "Connection") {
			noteConnection(f.Value, fr)
		}
	case 14:
		if plugin.EqualFold(f.Name, "Content-Length") {
			return p.noteLength(f.Value, fr)
		}
	case 17:
		if plugin.EqualFold(f.Name, "Transfer-Encoding") {
			return noteEncoding(f.Value, fr)
		}
	}
	return nil
}

func noteConnection(value string, fr *framing) {
	for value != "" {
		var item string
		item, value, _ = strings.Cut(value, ",")
		switch item = strings.Trim(item, " \t"); {
		case plugin.EqualFold(item, "close"):
			fr.closes = true
		case plugin.EqualFold(item, "keep-alive"):
			fr.keepsAlive = true
		}
	}
}

func (p *parser) noteLength(value string, fr *framing) error {
	if fr.length >= 0 {
		return bad("two Content-Length fields")
	}
	if value == "" || !p.chars.all(value, isDigit) {
		fr.late = bad("Content-Length is not a number")
		return nil
	}
	if value = strings.TrimLeft(value, "0"); len(value) > 18 {
		fr.late = bad("Content-Length is out of range")
		return nil
	}
	n := int64(0)
	for i := range len(value) {
		n = n*10 + int64(value[i]-'0')
	}
	fr.length = n
	return nil
}

func noteEncoding(value string, fr *framing) error {
	if fr.encoded {
		return bad("two Transfer-Encoding fields")
	}
	fr.encoded, fr.chunked = true, plugin.EqualFold(value, "chunked")
	return nil
}

// requestLine is what stands on the first line of a request.
type requestLine struct {
	method, target string
	path, query    string
	hasQuery       bool
	authority      string // of an absolute-form target
	scheme         string
	minor          int
}

// requestLine reads the first line of a request, without its CRLF.
func (p *parser) requestLine(line string) (requestLine, error) {
	var r requestLine
	if len(line) > p.limits.Line {
		return r, &fault{414, "the request line is too long"}
	}
	sp := strings.IndexByte(line, ' ')
	if sp < 1 {
		return r, bad("a request line without a target")
	}
	r.method = line[:sp]
	rest := line[sp+1:]
	sp = strings.IndexByte(rest, ' ')
	if sp < 1 {
		return r, bad("a request line without a version")
	}
	r.target = rest[:sp]
	if err := r.version(rest[sp+1:]); err != nil {
		return r, err
	}
	if !proxy.ValidMethod(r.method) {
		return r, bad("a method that is not in capital letters")
	}
	err := r.splitTarget()
	if err != nil && r.method == http.MethodConnect {
		return r, notAllowed(r.method) // its target is of a form of its own
	}
	return r, err
}

// neverAllowed says whether nginx refuses the method whatever is asked of it.
func neverAllowed(method string) bool {
	return method == http.MethodConnect || method == http.MethodTrace
}

func notAllowed(method string) error { return &fault{405, "method " + method + " is not allowed"} }

func (r *requestLine) version(v string) error {
	if len(v) != 8 || v[:5] != "HTTP/" || v[6] != '.' || v[5] < '0' || v[5] > '9' || v[7] < '0' || v[7] > '9' {
		return bad("a version that is none")
	}
	if v[5] != '1' {
		if v[5] == '0' {
			return bad("a version before HTTP/1.0")
		}
		return &fault{505, "a version other than HTTP/1"}
	}
	r.minor = min(int(v[7]-'0'), 1)
	return nil
}

// splitTarget splits a request target in origin form or absolute form (RFC 9112,
// 3.2); what bytes may stand in it is for the proxy to say.
func (r *requestLine) splitTarget() error {
	t := r.target
	switch {
	case t[0] == '/':
	case t == "*" && r.method == "OPTIONS":
		// nginx refuses it: its target must begin with a slash or a scheme.
		return bad("an asterisk for a target")
	default:
		scheme, rest, ok := strings.Cut(t, "://")
		if !ok || !plugin.EqualFold(scheme, "http") && !plugin.EqualFold(scheme, "https") {
			return bad("a target that is neither a path nor an http URI")
		}
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		r.scheme, r.authority = strings.ToLower(scheme), rest[:end]
		if !proxy.ValidHost(r.authority) {
			return bad("a target whose host is not valid")
		}
		// What nginx calls $request_uri is what follows the authority.
		t = rest[end:]
		if t == "" || t[0] != '/' {
			t = "/" + t
		}
		r.target = t
	}
	r.path, r.query, r.hasQuery = strings.Cut(t, "?")
	return nil
}
