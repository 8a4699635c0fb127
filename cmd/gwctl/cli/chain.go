package cli

import (
	"fmt"
	"strings"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// chain tells what became of a request, plugin by plugin, as in
// "key-auth ✓ demo-user → rate-limiting ✗ 5/5, 23 s"; where there is room, with
// the service that it went to.
func chain(p output.Paint, e *event.Event, room bool) string {
	if e == nil {
		return p.Dim("(no event came)")
	}
	if e.Route == "" && len(e.Plugins) == 0 {
		return p.Dim("no route")
	}
	var parts []string
	for _, s := range e.Plugins {
		switch s.Decision {
		case "pass":
			parts = append(parts, s.Plugin+p.Good(" ✓")+space(verdict(s.Verdict)))
		case "deny":
			parts = append(parts, s.Plugin+p.Bad(" ✗")+space(verdict(s.Verdict)))
		case "error":
			parts = append(parts, s.Plugin+p.Bad(" !")+space(verdict(s.Verdict)))
		case "skip":
			parts = append(parts, p.Dim(s.Plugin+" –"+space(verdict(s.Verdict))))
		}
	}
	switch {
	case e.Target != "" && e.Service != "" && (room || len(parts) == 0):
		parts = append(parts, p.Dim(e.Service))
	case e.Error != "":
		parts = append(parts, p.Bad(e.Error))
	}
	return strings.Join(parts, " → ")
}

func space(text string) string {
	if text == "" {
		return ""
	}
	return " " + text
}

// verdict is a plugin's reason; a limiter's is its tightest count.
func verdict(v plugin.Verdict) string {
	if len(v.Limits) == 0 {
		return v.Reason
	}
	tight := v.Limits[0]
	for _, l := range v.Limits[1:] {
		if l.RetrySeconds > tight.RetrySeconds || tight.RetrySeconds == 0 && l.Remaining < tight.Remaining {
			tight = l
		}
	}
	most := tight.Limit
	switch {
	case tight.Burst > 0:
		most = tight.Burst
	case tight.Queue > 0:
		most = tight.Queue
	}
	text := fmt.Sprintf("%d/%d", most-min(most, tight.Remaining), most)
	if v.Decision == "deny" {
		text += fmt.Sprintf(", %d s", tight.RetrySeconds)
	}
	if tight.Wait > 0 {
		text += fmt.Sprintf(", waited %.1f s", tight.Wait.Seconds())
	}
	return text
}
