package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

// judgeEvery is how often a check is looked at that may come true later.
const judgeEvery = 100 * time.Millisecond

// verdict is whether one thing holds, and why in words.
type verdict struct {
	holds  bool
	reason string
}

func yes(format string, args ...any) verdict { return verdict{true, fmt.Sprintf(format, args...)} }
func no(format string, args ...any) verdict  { return verdict{false, fmt.Sprintf(format, args...)} }

// judge evaluates a check. It may come true for patience.
func (s *Session) judge(ctx context.Context, c *lesson.Condition, patience time.Duration) (bool, string, error) {
	deadline := time.Now().Add(patience)
	again := time.NewTicker(judgeEvery)
	defer again.Stop()
	for {
		v, err := s.evaluate(ctx, c)
		if err != nil || v.holds || time.Now().After(deadline) {
			if err == nil && !v.holds && patience > 0 {
				v.reason += fmt.Sprintf(" (for %s)", patience)
			}
			return v.holds, v.reason, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return false, "", context.Cause(ctx)
		}
	}
}

// evaluate judges every field of a condition; the first that does not hold tells
// why.
func (s *Session) evaluate(ctx context.Context, c *lesson.Condition) (verdict, error) {
	var list []verdict
	if ownTraffic(c) {
		list = append(list, s.ofTraffic(c)...)
	}
	more, err := s.ofGateway(ctx, c)
	if err != nil {
		return verdict{}, err
	}
	list = append(list, more...)
	if c.Exec != "" {
		v, err := s.judgeExec(ctx, c.Exec)
		if err != nil {
			return verdict{}, err
		}
		list = append(list, v)
	}
	if c.Not != nil {
		v, err := s.evaluate(ctx, c.Not)
		if err != nil {
			return verdict{}, err
		}
		if v.holds {
			list = append(list, no("this should not be so: %s", v.reason))
		} else {
			list = append(list, yes("what should not be so is not so"))
		}
	}
	var reasons []string
	for _, v := range list {
		if !v.holds {
			return v, nil
		}
		reasons = append(reasons, v.reason)
	}
	return verdict{true, strings.Join(reasons, "; ")}, nil
}

// ownTraffic reports whether a condition looks at traffic beside its not.
func ownTraffic(c *lesson.Condition) bool {
	own := *c
	own.Not = nil
	return own.OfTraffic()
}

// refresh fires the volley of a check anew when the configuration has changed
// since, or when the lesson was left in between.
func (s *Session) refresh(ctx context.Context, c *lesson.Condition) error {
	for ; c != nil; c = c.Not {
		if !c.OfTraffic() {
			continue
		}
		st := s.here()
		n := slices.IndexFunc(st.Items, func(i lesson.Item) bool { return i.Kind == lesson.Fire && i.ID == c.Fire })
		if n < 0 || n >= s.place.item {
			continue
		}
		if r := s.place.results[c.Fire]; r != nil {
			now, err := s.served(ctx)
			if err != nil {
				return err
			}
			if slices.EqualFunc(now, r.served, slices.Equal) {
				continue
			}
		}
		if err := s.fire(ctx, c.Fire, st.Items[n].Volley); err != nil {
			return err
		}
	}
	return nil
}

// ofGateway judges what the gateways say of themselves.
func (s *Session) ofGateway(ctx context.Context, c *lesson.Condition) ([]verdict, error) {
	var out []verdict
	if c.Object != nil {
		docs, err := s.host.Save(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, judgeObject(c.Object, docs))
	}
	if c.Problem != nil {
		statuses, err := s.statuses(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, judgeProblem(c.Problem, statuses))
	}
	if c.Metric != nil {
		v, err := s.judgeMetric(ctx, c.Metric)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Session) statuses(ctx context.Context) ([]admin.Status, error) {
	list, err := s.present(ctx)
	if err != nil {
		return nil, err
	}
	var out []admin.Status
	for _, g := range list {
		out = append(out, g.Status)
	}
	return out, nil
}
