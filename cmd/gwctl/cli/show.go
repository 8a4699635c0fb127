package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/tutorials/probe"
)

func (a App) shower(asJSON bool) shower {
	if asJSON {
		return jsonShower{a.Out}
	}
	s := textShower{a.Out, output.For(a.Out)}
	_, _ = fmt.Fprintln(a.Out, s.paint.Dim("   #  code  left    retry      time  what the plugins decided"))
	return s
}

// textShower writes one aligned line an answer.
type textShower struct {
	w     io.Writer
	paint output.Paint
}

func (s textShower) answer(a probe.Answer, e *event.Event) {
	status, left, retry := "---", "-", "-"
	if a.Status != 0 {
		status = fmt.Sprint(a.Status)
	}
	if a.Limit != probe.Unknown {
		left = fmt.Sprintf("%d/%d", a.Remaining, a.Limit)
	}
	if a.RetryAfter > 0 {
		retry = fmt.Sprintf("%d s", int(a.RetryAfter.Seconds()))
	}
	chain := chain(s.paint, e, output.Wide(s.w))
	if a.Err != nil {
		chain = s.paint.Bad(a.Err.Error())
	}
	_, _ = fmt.Fprintf(s.w, "%4d  %s   %-7s %-6s %6.1f ms  %s\n",
		a.N, s.paint.Status(a.Status, status), left, retry, float64(a.Elapsed.Microseconds())/1000, chain)
}

func (s textShower) waiting(d time.Duration) {
	_, _ = fmt.Fprintf(s.w, "      waiting %.1f s, as Retry-After says\n", d.Seconds())
}

func (s textShower) totals(t totals) {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(t.by)) {
		text := fmt.Sprintf("%d × %d %s", t.by[status], status, http.StatusText(status))
		if status == 0 {
			text = fmt.Sprintf("%d without an answer", t.by[status])
		}
		parts = append(parts, s.paint.Status(status, strings.TrimSpace(text)))
	}
	_, _ = fmt.Fprintf(s.w, "\n%d requests in %.1f s: %s\n", t.n, t.took.Seconds(), strings.Join(parts, ", "))
	if t.lost > 0 {
		_, _ = fmt.Fprintf(s.w, "%d events were lost: they came faster than they could be shown\n", t.lost)
	}
	if t.proof != "" {
		_, _ = fmt.Fprintln(s.w, s.paint.Good(t.proof))
	}
}

// jsonShower writes one JSON object an answer.
type jsonShower struct{ w io.Writer }

func (s jsonShower) write(v any) { _ = json.NewEncoder(s.w).Encode(v) } // nobody reads any more

func (s jsonShower) answer(a probe.Answer, e *event.Event) {
	x := struct {
		TS         time.Time    `json:"ts"`
		Type       string       `json:"type"`
		N          int          `json:"n"`
		Status     int          `json:"status"`
		Millis     float64      `json:"ms"`
		Limit      *int         `json:"limit,omitempty"`
		Remaining  *int         `json:"remaining,omitempty"`
		RetryAfter int          `json:"retryAfter,omitempty"`
		RequestID  string       `json:"requestId,omitempty"`
		Header     http.Header  `json:"header,omitempty"`
		Error      string       `json:"error,omitempty"`
		Event      *event.Event `json:"event,omitempty"`
	}{
		TS: a.At, Type: "answer", N: a.N, Status: a.Status, Millis: float64(a.Elapsed.Microseconds()) / 1000,
		RetryAfter: int(a.RetryAfter.Seconds()), RequestID: a.RequestID, Header: a.Header, Event: e,
	}
	if a.Limit != probe.Unknown {
		x.Limit, x.Remaining = &a.Limit, &a.Remaining
	}
	if a.Err != nil {
		x.Error = a.Err.Error()
	}
	s.write(x)
}

func (s jsonShower) waiting(d time.Duration) {
	s.write(line{TS: time.Now().Format(time.RFC3339Nano), Type: "log", ID: "waiting", Millis: d.Milliseconds(), Msg: "waiting, as Retry-After says"})
}

func (s jsonShower) totals(t totals) {
	s.write(struct {
		TS       time.Time   `json:"ts"`
		Type     string      `json:"type"`
		N        int         `json:"n"`
		Millis   int64       `json:"ms"`
		ByStatus map[int]int `json:"byStatus"`
		Lost     int64       `json:"lost"`
		Proof    string      `json:"proof,omitempty"`
	}{time.Now(), "result", t.n, t.took.Milliseconds(), t.by, t.lost, t.proof})
}
