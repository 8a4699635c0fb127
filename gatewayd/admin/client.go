package admin

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/event"
)

// Client asks a gateway's admin listener.
type Client struct {
	// Address is host:port of the listener.
	Address string
	Token   string
	// Silence is how long a stream of events may say nothing, not even that it is
	// alive, until it counts as broken; three of the gateway's heartbeats when 0.
	Silence time.Duration
	http    *http.Client
}

// NewClient returns a client. It keeps no connection open between calls.
func NewClient(address, token string) *Client {
	return &Client{Address: address, Token: token, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

func (c *Client) do(ctx context.Context, method, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.Address+path, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the gateway for %s: %w", path, err)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the gateway for %s: %w", path, err)
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		return nil, fmt.Errorf("asking the gateway for %s: %s: %s", path, res.Status, bytes.TrimSpace(text))
	}
	return res, nil
}

func (c *Client) get(ctx context.Context, method, path string, into any) error {
	res, err := c.do(ctx, method, path)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("reading the gateway's answer to %s: %w", path, err)
	}
	return nil
}

// Status asks what is served.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	return s, c.get(ctx, http.MethodGet, "/status", &s)
}

// ClearCounters clears what plugins count: all, or those of one plugin.
func (c *Client) ClearCounters(ctx context.Context, plugin string) error {
	var ignored map[string]string
	return c.get(ctx, http.MethodPost, "/counters/clear?plugin="+url.QueryEscape(plugin), &ignored)
}

// KeepCounters puts what plugins count aside.
func (c *Client) KeepCounters(ctx context.Context) error {
	return c.get(ctx, http.MethodPost, "/counters/keep", &map[string]string{})
}

// RestoreCounters brings back what KeepCounters has put aside, in the place of what
// was counted since; nothing where nothing was put aside.
func (c *Client) RestoreCounters(ctx context.Context) error {
	return c.get(ctx, http.MethodPost, "/counters/restore", &map[string]string{})
}

// Advance moves the gateway's test clock ahead.
func (c *Client) Advance(ctx context.Context, d time.Duration) (time.Time, error) {
	var now struct{ Now time.Time }
	err := c.get(ctx, http.MethodPost, "/clock/advance?by="+url.QueryEscape(d.String()), &now)
	return now.Now, err
}

// Metrics asks for the metrics, in Prometheus' text format.
func (c *Client) Metrics(ctx context.Context) ([]byte, error) {
	res, err := c.do(ctx, http.MethodGet, "/metrics")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// Config asks for what is served, as a kong.yml without secrets.
func (c *Client) Config(ctx context.Context) ([]byte, error) {
	res, err := c.do(ctx, http.MethodGet, "/config")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// Events calls listening once the gateway has begun to tell, then each for every
// request and dropped for events that were lost, until ctx ends or the gateway
// does. Both may be nil but each. A gateway that stays silent (Client.Silence) is an
// error too: what lies between may have gone without a word.
func (c *Client) Events(ctx context.Context, listening func(), each func(event.Event), dropped func(n int64)) error {
	silence := cmp.Or(c.Silence, 3*heartbeat)
	heard, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(silence, func() { cancel(fmt.Errorf("it was silent for %s", silence)) })
	defer timer.Stop()
	res, err := c.do(heard, http.MethodGet, "/events")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	kind := ""
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("listening to the gateway: %w", cmp.Or(context.Cause(heard), err))
		}
		timer.Reset(silence)
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == ": listening":
			if listening != nil {
				listening()
			}
		case strings.HasPrefix(line, "event: "):
			kind = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			if err := dispatch(kind, []byte(line[len("data: "):]), each, dropped); err != nil {
				return err
			}
		}
	}
}

func dispatch(kind string, data []byte, each func(event.Event), dropped func(n int64)) error {
	switch kind {
	case "request":
		var e event.Event
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("reading an event of the gateway: %w", err)
		}
		each(e)
	case "dropped":
		var d struct{ Count int64 }
		if err := json.Unmarshal(data, &d); err != nil {
			return fmt.Errorf("reading an event of the gateway: %w", err)
		}
		if dropped != nil {
			dropped(d.Count)
		}
	}
	return nil
}
