package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// Document is one document of a YAML stream.
type Document struct {
	// Text is the document without the lines that separate it from others and
	// without blank lines around it.
	Text []byte
	// Line is the line of the stream that Text begins on, 1-based.
	Line int
}

// Version returns the SHA-256 of the document's text in hex: what /status calls
// the version of every object in it. Moving a document within its file, or
// adding blank lines around it, leaves it as it is.
func (d Document) Version() string {
	sum := sha256.Sum256(d.Text)
	return hex.EncodeToString(sum[:])
}

// Split cuts a stream into its documents, leaving out empty ones. It looks at
// line beginnings alone, which YAML allows: "---" and "..." at the start of a
// line are never content. Text shares memory with data.
func Split(data []byte) []Document {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var docs []Document
	start, startLine := 0, 1
	flush := func(end int) {
		if d, ok := trim(data[start:end], startLine); ok {
			docs = append(docs, d)
		}
	}
	for pos, line := 0, 1; pos < len(data); line++ {
		next := len(data)
		if i := bytes.IndexByte(data[pos:], '\n'); i >= 0 {
			next = pos + i + 1
		}
		if separates(data[pos:next]) {
			flush(pos)
			start, startLine = pos+3, line
		}
		pos = next
	}
	flush(len(data))
	return docs
}

func separates(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("---")) && !bytes.HasPrefix(line, []byte("...")) {
		return false
	}
	return len(line) == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r' || line[3] == '\n'
}

// trim drops blank lines around text, counting those in front. It reports
// whether anything but comments and directives is left.
func trim(text []byte, line int) (Document, bool) {
	for {
		i := bytes.IndexByte(text, '\n')
		if i < 0 || len(bytes.TrimSpace(text[:i])) > 0 {
			break
		}
		text, line = text[i+1:], line+1
	}
	text = bytes.TrimRight(text, " \t\r\n")
	for l := range bytes.Lines(text) {
		l = bytes.TrimSpace(l)
		if len(l) > 0 && l[0] != '#' && l[0] != '%' {
			return Document{Text: text, Line: line}, true
		}
	}
	return Document{}, false
}
