package lesson

import (
	"cmp"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// condition reads a check's YAML.
func (d *doc) condition(n *yaml.Node) *Condition {
	c := &Condition{}
	d.fields(n, "a check", map[string]func(*yaml.Node){
		"fire":    d.text(&c.Fire),
		"lane":    d.text(&c.Lane),
		"on":      d.number(&c.On, 100, 599),
		"status":  func(n *yaml.Node) { c.Status = d.statuses(n) },
		"header":  func(n *yaml.Node) { c.Header = d.matches(n, "header") },
		"body":    func(n *yaml.Node) { c.Body = d.match(n) },
		"trace":   func(n *yaml.Node) { c.Trace = d.trace(n) },
		"limiter": func(n *yaml.Node) { c.Limiter = d.limiter(n) },
		"reached": func(n *yaml.Node) { c.Reached = d.match(n) },
		"object":  func(n *yaml.Node) { c.Object = d.object(n) },
		"problem": func(n *yaml.Node) { c.Problem = d.problem(n) },
		"metric":  func(n *yaml.Node) { c.Metric = d.metric(n) },
		"exec":    d.script(&c.Exec),
		"not": func(n *yaml.Node) {
			if c.Not = d.condition(n); c.Not.Not != nil || c.Not.Eventually != 0 {
				d.fault(n, "what stands under not cannot hold not or eventually")
			}
		},
		"eventually": d.span(&c.Eventually),
	})
	if not := c.Not; not != nil { // it looks at the same answers
		not.Fire, not.Lane, not.On = cmp.Or(not.Fire, c.Fire), cmp.Or(not.Lane, c.Lane), cmp.Or(not.On, c.On)
	}
	if n.Kind == yaml.MappingNode && !c.wants() {
		d.fault(n, "the check wants nothing; give it status, header, body, trace, limiter, reached, object, problem, metric, exec or not")
	}
	return c
}

func (c *Condition) wants() bool {
	return c.OfTraffic() || c.OfGateway() || c.Exec != "" || c.Not != nil
}

// OfTraffic reports whether the condition looks at a volley.
func (c *Condition) OfTraffic() bool {
	return c.Status != nil || c.Header != nil || c.Body != nil || c.Trace != nil || c.Limiter != nil || c.Reached != nil ||
		c.Not != nil && c.Not.OfTraffic()
}

// OfGateway reports whether the condition looks at what the gateway says of
// itself.
func (c *Condition) OfGateway() bool {
	return c.Object != nil || c.Problem != nil || c.Metric != nil || c.Not != nil && c.Not.OfGateway()
}

func (d *doc) statuses(n *yaml.Node) map[int]Match {
	out := map[int]Match{}
	d.pairs(n, "status", func(key, value *yaml.Node) {
		code, err := strconv.Atoi(key.Value)
		if err != nil || code < 100 || code > 599 {
			d.fault(key, "%q is no status; write one from 100 to 599, as in status: {200: 5}", key.Value)
			return
		}
		if m := d.match(value); m != nil {
			out[code] = *m
		}
	})
	return out
}

func (d *doc) matches(n *yaml.Node, what string) map[string]Match {
	out := map[string]Match{}
	d.pairs(n, what, func(key, value *yaml.Node) {
		if m := d.match(value); m != nil {
			out[key.Value] = *m
		}
	})
	return out
}

// match reads what a value must be: a value, or fields.
func (d *doc) match(n *yaml.Node) *Match {
	m := &Match{}
	if n.Kind == yaml.ScalarNode {
		var s string
		d.text(&s)(n)
		m.Equals = &s
		return m
	}
	floating := func(into **float64) func(*yaml.Node) {
		return func(n *yaml.Node) {
			v, err := strconv.ParseFloat(n.Value, 64)
			if err != nil {
				d.fault(n, "%q must be a number", n.Value)
				return
			}
			*into = &v
		}
	}
	worded := func(into **string) func(*yaml.Node) {
		return func(n *yaml.Node) { *into = new(string); d.text(*into)(n) }
	}
	d.fields(n, "what a value must be", map[string]func(*yaml.Node){
		"equals":   worded(&m.Equals),
		"not":      worded(&m.Not),
		"contains": d.text(&m.Contains),
		"matches": func(n *yaml.Node) {
			d.text(&m.Matches)(n)
			if _, err := regexp.Compile(m.Matches); err != nil {
				d.fault(n, "%q is no regular expression: %v", n.Value, err)
			}
		},
		"at-least": floating(&m.AtLeast),
		"at-most":  floating(&m.AtMost),
		"between": func(n *yaml.Node) {
			if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
				d.fault(n, "must be two numbers, as in [1, 60]")
				return
			}
			floating(&m.AtLeast)(n.Content[0])
			floating(&m.AtMost)(n.Content[1])
		},
		"present": func(n *yaml.Node) {
			v, err := strconv.ParseBool(n.Value)
			if err != nil {
				d.fault(n, "must be true or false")
				return
			}
			m.Present = &v
		},
	})
	if *m == (Match{}) {
		d.fault(n, "nothing is wanted of the value")
	}
	return m
}

func (d *doc) trace(n *yaml.Node) *Trace {
	t := &Trace{}
	d.fields(n, "trace", map[string]func(*yaml.Node){
		"plugin":   d.text(&t.Plugin),
		"decision": d.oneOf(&t.Decision, "pass", "deny", "skip", "error"),
		"reason":   func(n *yaml.Node) { t.Reason = d.match(n) },
		"count":    func(n *yaml.Node) { t.Count = d.match(n) },
	})
	if t.Plugin == "" {
		d.fault(n, "trace needs a plugin, as in {plugin: key-auth, decision: deny}")
	}
	return t
}

func (d *doc) limiter(n *yaml.Node) *Limiter {
	l := &Limiter{}
	match := func(into **Match) func(*yaml.Node) { return func(n *yaml.Node) { *into = d.match(n) } }
	d.fields(n, "limiter", map[string]func(*yaml.Node){
		"algorithm": d.oneOf(&l.Algorithm, "fixed-window", "sliding-window", "token-bucket", "leaky-bucket"),
		"period":    d.oneOf(&l.Period, "second", "minute", "hour", "day", "month", "year"),
		"limit":     match(&l.Limit), "used": match(&l.Used), "remaining": match(&l.Remaining),
		"current": match(&l.Current), "tokens": match(&l.Tokens), "queued": match(&l.Queued),
	})
	return l
}

func (d *doc) object(n *yaml.Node) *Object {
	o := &Object{}
	d.fields(n, "object", map[string]func(*yaml.Node){
		"kind": d.text(&o.Kind), "namespace": d.text(&o.Namespace), "name": d.text(&o.Name),
		"jsonpath": func(n *yaml.Node) {
			d.text(&o.Path)(n)
			if _, err := ParsePath(o.Path); err != nil {
				d.fault(n, "%v", err)
			}
		},
		"value": func(n *yaml.Node) { o.Value = d.match(n) },
	})
	switch {
	case o.Kind == "" || o.Name == "":
		d.fault(n, "object needs kind and name")
	case (o.Path == "") != (o.Value == nil):
		d.fault(n, "jsonpath and value go together")
	}
	return o
}

func (d *doc) problem(n *yaml.Node) *Problem {
	p := &Problem{}
	if n.Kind == yaml.ScalarNode && n.Value == "none" {
		p.None = true
		return p
	}
	match := func(into **Match) func(*yaml.Node) { return func(n *yaml.Node) { *into = d.match(n) } }
	d.fields(n, `problem, if it is not "none",`, map[string]func(*yaml.Node){
		"object": match(&p.Object), "field": match(&p.Field), "reason": match(&p.Reason),
	})
	return p
}

func (d *doc) metric(n *yaml.Node) *Metric {
	m := &Metric{Labels: map[string]string{}}
	d.fields(n, "metric", map[string]func(*yaml.Node){
		"name": d.text(&m.Name),
		"labels": func(n *yaml.Node) {
			d.pairs(n, "labels", func(key, value *yaml.Node) {
				var s string
				d.text(&s)(value)
				m.Labels[key.Value] = s
			})
		},
		"value": func(n *yaml.Node) {
			if v := d.match(n); v != nil {
				m.Value = *v
			}
		},
	})
	if m.Name == "" || m.Value == (Match{}) {
		d.fault(n, "metric needs name and value")
	}
	return m
}
