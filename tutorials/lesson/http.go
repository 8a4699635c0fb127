package lesson

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// laneMark begins a line that names a lane.
const laneMark = "###"

// volley reads a fire block.
func (r *report) volley(in info, text string) *Volley {
	v := &Volley{}
	base := Lane{Count: 1, Concurrency: 1}
	var id, within, key string
	known := laneAttrs(&base, &key)
	known["id"], known["fresh"] = idAttr(&id), flagAttr(&v.Fresh)
	known["as"] = idAttr(&base.Name)
	known["wait"] = func(value string) error {
		if value == "retry-after" {
			v.AfterRetry = true
			return nil
		}
		return spanAttr(&v.Wait)(value)
	}
	known["within"] = func(value string) error {
		if within = value; within != "minute" {
			return errors.New("must be minute")
		}
		v.Within = true
		return nil
	}
	known["at"] = func(value string) error {
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 || d >= time.Minute {
			return errors.New("must be a place in the minute, 0s to 59s")
		}
		v.At = &d
		return nil
	}
	r.read(in, "fire", known)
	if v.At != nil && v.Within {
		r.at(in.line, "at and within do not go together")
	}
	r.lanes(v, in, base, key, text)
	for _, l := range v.Lanes {
		if l.Duration() > maxWait {
			r.at(in.line, "a volley may take up to %s, this takes %s", maxWait, l.Duration())
		}
	}
	return v
}

func laneAttrs(l *Lane, key *string) map[string]attribute {
	return map[string]attribute{
		"count": numberAttr(&l.Count, 1, maxCount), "rate": rateAttr(&l.Rate),
		"concurrency": numberAttr(&l.Concurrency, 1, 200), "key": textAttr(key),
	}
}

// lanes reads the requests of a fire block.
func (r *report) lanes(v *Volley, in info, base Lane, key, text string) {
	if !strings.HasPrefix(text, laneMark) {
		if l, ok := r.request(base, key, text, in.line+1); ok {
			v.Lanes = append(v.Lanes, l)
		}
		return
	}
	if base.Name != "" {
		r.at(in.line, "as names the one lane of a volley; this one has lanes with names of their own")
	}
	names := map[string]bool{}
	line := in.line + 1
	for part := range strings.SplitSeq(strings.TrimPrefix(text, laneMark), "\n"+laneMark) {
		head, body, _ := strings.Cut(part, "\n")
		l, laneKey := base, key
		w, err := words(head)
		if err != nil || len(w) == 0 || !validID(w[0]) || names[w[0]] {
			r.at(line, "write the name of a lane that no other has behind ###: up to %d of a-z, 0-9 and -", maxID)
		} else {
			l.Name = w[0]
			names[l.Name] = true
			lane, _ := r.parseInfo("{"+"lane "+strings.Join(w[1:], " ")+"}", line)
			r.read(lane, "a lane", laneAttrs(&l, &laneKey))
		}
		if l, ok := r.request(l, laneKey, body, line+1); ok {
			v.Lanes = append(v.Lanes, l)
		}
		line += strings.Count(part, "\n") + 1
	}
}

// request reads one request: request line, fields, a blank line, body.
func (r *report) request(l Lane, key, text string, line int) (Lane, bool) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines, line = lines[1:], line+1
	}
	if len(lines) == 0 {
		r.at(line, "there is no request; write as in GET /echo-1")
		return l, false
	}
	method, path, _ := strings.Cut(strings.TrimSpace(lines[0]), " ")
	path = strings.TrimSpace(path)
	if err := checkTarget(method, path); err != nil {
		r.at(line, "%v", err)
		return l, false
	}
	l.Method, l.Path, l.Header = method, path, http.Header{}
	for i, field := range lines[1:] {
		if strings.TrimSpace(field) == "" {
			l.Body = strings.Join(lines[i+2:], "\n")
			break
		}
		name, value, ok := strings.Cut(field, ":")
		value = strings.TrimSpace(value)
		if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			r.at(line+1+i, "%q is no header field; write as in apikey: my-secret-api-key", field)
			continue
		}
		l.Header.Add(name, value)
	}
	if key != "" {
		l.Header.Set("apikey", key)
	}
	return l, true
}

func checkTarget(method, path string) error {
	switch {
	case !httpguts.ValidHeaderFieldName(method) || method != strings.ToUpper(method):
		return fmt.Errorf("%q is no method; write as in GET /echo-1", method)
	case !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t#"):
		return fmt.Errorf("%q is no path; requests go to the sandbox's gateway, as in GET /echo-1", path)
	}
	return nil
}
