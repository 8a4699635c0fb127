package proxy

import (
	"net/http"
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

// nginxPage is the body of what Kong leaves to nginx: redirects, which it answers
// without a body, and 501 and 505, which its error_page does not name
// (kong/templates/nginx_kong.lua:100-102). Kong's nginx leaves its own name out
// of it.
func nginxPage(status int) []byte {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	return []byte("<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
		"</h1></center>\r\n</body>\r\n</html>\r\n")
}

// nginxType is the type of an nginxPage, with the charset that Kong has nginx
// add (kong/templates/kong_defaults.lua:89).
const nginxType = "text/html; charset=UTF-8"

// handlerAccept is what Kong's error handler, where it is nginx that refused or
// failed, takes the type of its body from: Accept, else the request's own
// Content-Type, else plain text (kong/error_handlers.lua:46-52).
func handlerAccept(h *plugin.Header) string {
	if accept, ok := h.Lookup("Accept"); ok {
		return accept
	}
	if own, ok := h.Lookup("Content-Type"); ok {
		return own
	}
	return "text/plain"
}

// The gRPC statuses of HTTP statuses (kong/pdk/response.lua:79-91).
func grpcStatus(status int) (code int, message string) {
	for _, s := range [...]struct {
		status, code int
		message      string
	}{
		{400, 3, "InvalidArgument"},
		{401, 16, "Unauthenticated"},
		{403, 7, "PermissionDenied"},
		{404, 5, "NotFound"},
		{409, 6, "AlreadyExists"},
		{429, 8, "ResourceExhausted"},
		{499, 1, "Canceled"},
		{500, 13, "Internal"},
		{501, 12, "Unimplemented"},
		{503, 14, "Unavailable"},
		{504, 4, "DeadlineExceeded"},
	} {
		if s.status == status {
			return s.code, s.message
		}
	}
	if status >= 500 {
		return 13, "Internal"
	}
	return 3, "InvalidArgument"
}
