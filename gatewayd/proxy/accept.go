package proxy

import "strings"

// acceptType picks the type of an error body from an Accept header, as
// kong/tools/http.lua:get_response_type does: that of the first media range of
// the highest quality, JSON for one that is not known. It is "" for
// application/grpc, which has no body.
func acceptType(accept string) string {
	best, bestQ := typeJSON, 0
	for part := range strings.SplitSeq(accept, ",") {
		if text, q := mediaRange(strings.TrimSpace(part)); q > bestQ {
			best, bestQ = knownType(text), q
		}
	}
	return best
}

// knownType is the type that answers a media range, whose case counts
// (kong/tools/http.lua:get_mime_type).
func knownType(mediaRange string) string {
	switch mediaRange {
	case "text/html":
		return typeHTML
	case "text/plain", "text/*":
		return typePlain
	case "application/xml":
		return typeXML
	case "application/grpc":
		return ""
	}
	return typeJSON
}

// mediaRange reads one element of an Accept header the way the pattern of
// kong/tools/http.lua:446-452 does: from its beginning and as far as it can be
// read. q is in thousandths, 0 for what is no media range.
func mediaRange(s string) (text string, q int) {
	n := rangeToken(s)
	if n == 0 || n == len(s) || s[n] != '/' {
		return "", 0
	}
	sub := rangeToken(s[n+1:])
	if sub == 0 {
		return "", 0
	}
	text, s = s[:n+1+sub], s[n+1+sub:]
	q = 1000
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] != ';' {
			return text, q
		}
		s = strings.TrimLeft(s[1:], " \t")
		if given, rest, ok := quality(s); ok {
			q, s = given, rest
			continue
		}
		n := longToken(s)
		if n == 0 {
			return text, q
		}
		if s = s[n:]; s != "" && s[0] == '=' {
			s = s[untilSemicolon(s):]
		}
	}
}

func untilSemicolon(s string) int {
	if i := strings.IndexByte(s, ';'); i >= 0 {
		return i
	}
	return len(s)
}

// quality reads "q=0.5", of which three decimals count.
func quality(s string) (q int, rest string, ok bool) {
	if len(s) < 3 || s[0]|0x20 != 'q' || s[1] != '=' || s[2] != '0' && s[2] != '1' {
		return 0, s, false
	}
	whole := s[2]
	q, s = int(whole-'0')*1000, s[3:]
	if s == "" || s[0] != '.' {
		return q, s, true
	}
	s = s[1:]
	for unit := 100; unit > 0 && s != ""; unit /= 10 {
		if whole == '1' && s[0] != '0' || s[0] < '0' || s[0] > '9' {
			break
		}
		q, s = q+int(s[0]-'0')*unit, s[1:]
	}
	return q, s, true
}

// rangeToken is the length of a type or subtype at the beginning of s.
func rangeToken(s string) int {
	if n := longToken(s); n > 0 {
		return n
	}
	if s != "" && s[0] == '*' {
		return 1
	}
	return 0
}

// longToken is the length of a token of two bytes at least, the first a letter
// or a digit.
func longToken(s string) int {
	n := 0
	for n < len(s) && (alphanumeric(s[n]) || n > 0 && strings.IndexByte("-!#$&^_+.", s[n]) >= 0) {
		n++
	}
	if n < 2 {
		return 0
	}
	return n
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
