package tui

import (
	"fmt"
	"math"
	"time"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// countdown runs to the end of the Retry-After that was told last.
type countdown struct {
	seconds int
	asked   time.Time // when the request that was refused began
	from    time.Time // when its answer had come
	end     time.Time // on the gateway's clock; zero for no countdown
	armed   bool      // a request goes by itself at the end
	late    bool      // the end came while something else was under way
	proof   *engine.AnswerInfo
}

// answered takes in an answer: a refusal begins a countdown, the first request
// after its end proves it.
func (c *countdown) answered(a *engine.AnswerInfo) {
	switch {
	case a.RetryAfter > 0:
		if a.At.Before(c.asked) {
			return
		}
		came := cameAt(a)
		*c = countdown{seconds: a.RetryAfter, asked: a.At, from: came, end: came.Add(time.Duration(a.RetryAfter) * time.Second)}
	case c.end.IsZero() || c.proof != nil || a.At.Before(c.end):
	default:
		c.proof, c.armed = a, false
	}
}

// firing forgets a countdown that has been proved.
func (c *countdown) firing() {
	if c.proof != nil {
		*c = countdown{}
	}
}

// runs says that the end has not come yet.
func (c *countdown) runs(now time.Time) bool {
	return !c.end.IsZero() && c.proof == nil && now.Before(c.end)
}

// left is how long the countdown still takes.
func (c *countdown) left(now time.Time) time.Duration { return max(0, c.end.Sub(now)) }

// waitLeft is how long the lesson itself still waits, 0 when it does not.
func (m *Model) waitLeft() time.Duration {
	if m.wait == nil || m.wait.Moved {
		return 0
	}
	return max(0, m.wait.Until.Sub(m.opts.Clock.Now()))
}

// drawCountdown draws the panel: big digits if there is room.
func (m *Model) drawCountdown(w, h int) []string {
	l := m.look
	left, caption := m.countdown.left(m.now()), m.countdownCaption()
	if m.wait != nil && m.wait.Reason != "retry-after" {
		left = m.waitLeft()
	}
	if m.countdown.proof != nil {
		p := m.countdown.proof
		style := l.classes[classOf(p.Status)]
		if h < 5 || w < 40 {
			return wrapped(l.status(p.Status)+" "+m.proofWords(), w, "  ")
		}
		return beside(style, bigText(l, itoa(p.Status)), append([]string{"", ""}, wrapped(m.proofWords(), w-16, "")...), w)
	}
	text := clockText(left, l.still)
	style := l.warn
	if left == 0 {
		style = l.good
	}
	if h == 1 {
		return []string{l.cut(style.Render(text)+"  "+caption, w)}
	}
	if h < 5 || w < 30 {
		return append([]string{style.Render(text) + "  " + m.countdownBar(left, min(w-len(text)-3, 24))}, wrapped(caption, w, "")...)
	}
	side := append([]string{m.countdownBar(left, min(w-26, 24)), ""}, wrapped(caption, w-26, "")...)
	return beside(style, bigText(l, text), side, w)
}

// clockText is 0:42, and 9.3 in the last ten seconds.
func clockText(left time.Duration, still bool) string {
	if left < 10*time.Second && left > 0 && !still {
		return fmt.Sprintf("%.1f", math.Ceil(left.Seconds()*10-1e-6)/10)
	}
	n := int(math.Ceil(left.Seconds() - 1e-6))
	return fmt.Sprintf("%d:%02d", n/60, n%60)
}

func (m *Model) countdownBar(left time.Duration, w int) string {
	total := float64(m.countdown.seconds)
	if m.wait != nil {
		total = m.wait.Seconds
	}
	if total <= 0 || w <= 0 {
		return ""
	}
	return m.look.gauge(left.Seconds()/total, w)
}

// countdownCaption says what the countdown is for and what to do.
func (m *Model) countdownCaption() string {
	c := &m.countdown
	switch {
	case m.wait != nil && m.wait.Reason == "minute":
		return "Waiting for the right moment of the minute. Esc stops."
	case m.wait != nil && m.wait.Reason == "pause":
		return "Waiting. Esc stops."
	case m.wait != nil || c.armed:
		return fmt.Sprintf("Retry-After: %d. The request goes by itself at the end. Esc stops.", c.seconds)
	case c.runs(m.now()):
		return fmt.Sprintf("Retry-After: %d. t sends it again at the very end.", c.seconds)
	}
	return fmt.Sprintf("The %d seconds are over. t tries now.", c.seconds)
}

// proofWords says what became of the request after the end.
func (m *Model) proofWords() string {
	c := &m.countdown
	late := c.proof.At.Sub(c.end)
	when := fmt.Sprintf("%d ms after the end", late.Milliseconds())
	if late >= time.Second {
		when = fmt.Sprintf("%.1f s after the end", late.Seconds())
	}
	if classOf(c.proof.Status) == success {
		return fmt.Sprintf("%s of Retry-After %d: the promise held.", upper(when), c.seconds)
	}
	return fmt.Sprintf("%s of Retry-After %d. Somebody else was quicker.", upper(when), c.seconds)
}
