package proxy

import (
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// statusText is Kong's text for what nginx refuses or cannot do
// (kong/error_handlers.lua:12-27).
func statusText(status int) string {
	for _, t := range [...]struct {
		status int
		text   string
	}{
		{400, "Bad request"},
		{404, "Not found"},
		{405, "Method not allowed"},
		{408, "Request timeout"},
		{411, "Length required"},
		{412, "Precondition failed"},
		{413, "Payload too large"},
		{414, "URI too long"},
		{417, "Expectation failed"},
		{statusHeaderTooLarge, "Request header or cookie too large"},
		{500, "An unexpected error occurred"},
		{502, "An invalid response was received from the upstream server"},
		{503, "The upstream server is currently unavailable"},
		{504, "The upstream server is timing out"},
	} {
		if t.status == status {
			return t.text
		}
	}
	return "The upstream server responded with " + strconv.Itoa(status)
}

// statusHeaderTooLarge is nginx's own status for a header above its limits,
// which reaches the client as 400.
const statusHeaderTooLarge = 494

// The kinds of error body (kong/tools/http.lua:382-422).
const (
	typeJSON  = "application/json; charset=utf-8"
	typeHTML  = "text/html; charset=utf-8"
	typePlain = "text/plain; charset=utf-8"
	typeXML   = "application/xml; charset=utf-8"
)

// errorBody writes Kong's error body in the type that accept asks for.
func errorBody(contentType, message, requestID string) []byte {
	var b strings.Builder
	b.Grow(len(message) + 192)
	switch contentType {
	case typeHTML:
		b.WriteString("<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>Error</title>\n  </head>\n" +
			"  <body>\n    <h1>Error</h1>\n    <p>" + message + ".</p>\n    <p>request_id: " + requestID + "</p>\n  </body>\n</html>\n")
	case typePlain:
		b.WriteString(message + "\nrequest_id: " + requestID + "\n")
	case typeXML:
		b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>" + message + "</message>\n" +
			"  <requestid>" + requestID + "</requestid>\n</error>\n")
	default:
		b.WriteString("{\n  \"message\":\"" + message + "\",\n  \"request_id\":\"" + requestID + "\"\n}")
	}
	return []byte(b.String())
}

// acceptType picks the type of an error body from an Accept header, as
// kong/tools/http.lua:get_response_type does: the first of the highest quality
// that is known.
func acceptType(accept string) string {
	best, bestQ := typeJSON, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		mediaType, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		mediaType = strings.TrimSpace(mediaType)
		if !strings.Contains(mediaType, "/") {
			continue
		}
		q := quality(params)
		if q <= bestQ {
			continue
		}
		bestQ = q
		if t := knownType(mediaType); t != "" {
			best = t
		}
	}
	return best
}

func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			if q, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && q >= 0 && q <= 1 {
				return q
			}
		}
	}
	return 1
}

func knownType(mediaType string) string {
	switch mediaType {
	case "application/json", "application/*", "*/*":
		return typeJSON
	case "text/html":
		return typeHTML
	case "text/plain", "text/*":
		return typePlain
	case "application/xml":
		return typeXML
	}
	return ""
}

// handlerType is the type of a body that Kong's error handler writes, where it
// is nginx that refused or failed: Accept, else the request's own Content-Type,
// else plain text (kong/error_handlers.lua).
func handlerType(h *plugin.Header) string {
	accept := h.Joined("Accept")
	if accept == "" {
		accept = h.Get("Content-Type")
	}
	if accept == "" {
		return typePlain
	}
	return acceptType(accept)
}
