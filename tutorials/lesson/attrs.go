package lesson

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// info is the info string of a fence: language and, in braces, an action with
// its attributes.
type info struct {
	lang, action string
	attrs        map[string]string
	keys         []string // as written
	line         int
}

// flagged is the value of an attribute without one.
const flagged = "\x00"

// parseInfo reads an info string; ok is false when it has no braces, so that the
// fence is prose.
func (r *report) parseInfo(text string, line int) (in info, ok bool) {
	lang, rest, found := strings.Cut(text, "{")
	if !found {
		return in, false
	}
	in = info{lang: strings.TrimSpace(lang), attrs: map[string]string{}, line: line}
	rest, found = strings.CutSuffix(strings.TrimSpace(rest), "}")
	words, err := words(rest)
	switch {
	case !found:
		r.at(line, "the braces behind %s are not closed", in.lang)
		return in, true
	case err != nil:
		r.at(line, "the braces behind %s: %v", in.lang, err)
		return in, true
	case len(words) == 0:
		r.at(line, "the braces behind %s hold no action", in.lang)
		return in, true
	}
	in.action = words[0]
	for _, w := range words[1:] {
		key, value, ok := strings.Cut(w, "=")
		if !ok {
			value = flagged
		}
		if _, twice := in.attrs[key]; twice {
			r.at(line, "attribute %s is there twice", key)
			continue
		}
		in.attrs[key] = value
		in.keys = append(in.keys, key)
	}
	return in, true
}

// words splits at blanks; double quotes keep blanks in a word.
func words(text string) ([]string, error) {
	var out []string
	var word strings.Builder
	quoted, begun := false, false
	for _, c := range text {
		switch {
		case c == '"':
			quoted, begun = !quoted, true
		case !quoted && (c == ' ' || c == '\t'):
			if begun {
				out = append(out, word.String())
				word.Reset()
			}
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("a quote is not closed")
	}
	if begun {
		out = append(out, word.String())
	}
	return out, nil
}

// attribute reads the value of one attribute.
type attribute func(value string) error

// read reads the attributes; what says whose they are.
func (r *report) read(in info, what string, known map[string]attribute) {
	for _, key := range in.keys {
		f, ok := known[key]
		if !ok {
			allowed := make([]string, 0, len(known))
			for k := range known {
				allowed = append(allowed, k)
			}
			slices.Sort(allowed)
			r.at(in.line, "%s has no attribute %q; it has %s", what, key, orNone(allowed))
			continue
		}
		if err := f(in.attrs[key]); err != nil {
			r.at(in.line, "attribute %s of %s: %v", key, what, err)
		}
	}
}

func textAttr(into *string) attribute {
	return func(v string) error {
		if v == flagged || v == "" {
			return fmt.Errorf("needs a value")
		}
		*into = v
		return nil
	}
}

func idAttr(into *string) attribute {
	return func(v string) error {
		if !validID(v) {
			return fmt.Errorf("is no id; use up to %d of a-z, 0-9 and -", maxID)
		}
		*into = v
		return nil
	}
}

func flagAttr(into *bool) attribute {
	return func(v string) error {
		if v != flagged {
			return fmt.Errorf("takes no value")
		}
		*into = true
		return nil
	}
}

func numberAttr(into *int, least, most int) attribute {
	return func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return fmt.Errorf("must be a number from %d to %d", least, most)
		}
		*into = n
		return nil
	}
}

const (
	maxCount = 2000
	maxRate  = 1000
)

// rateAttr reads 2/s or 30/m.
func rateAttr(into *float64) attribute {
	return func(v string) error {
		number, unit, ok := strings.Cut(v, "/")
		seconds := map[string]float64{"s": 1, "m": 60}[unit]
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !ok || seconds == 0 || !(n > 0) || n/seconds > maxRate {
			return fmt.Errorf("must be a number a second or minute up to %d/s, as in 2/s or 30/m", maxRate)
		}
		*into = n / seconds
		return nil
	}
}

func spanAttr(into *time.Duration) attribute {
	return func(v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d <= 0 || d > maxWait {
			return fmt.Errorf("must be a duration up to %s, as in 3s", maxWait)
		}
		*into = d
		return nil
	}
}
