package report

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"sync"

	"github.com/gwctl/gwctl/tutorials/engine"
)

//go:embed page.html style.css
var files embed.FS

// Collector keeps the events of a session. The zero Collector is ready to use.
type Collector struct {
	mu     sync.Mutex
	events []engine.Event
}

// Add keeps an event.
func (c *Collector) Add(e engine.Event) {
	if e.Type == engine.Ready {
		return // it tells of what might be done
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
}

// ErrNothing says that no lesson has begun, so that there is nothing to report.
var ErrNothing = errors.New("no lesson has begun")

// Write writes the page of what has been kept so far.
func (c *Collector) Write(w io.Writer) error {
	c.mu.Lock()
	kept := slices.Clone(c.events)
	c.mu.Unlock()
	events, err := redact(kept)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	p, ok := build(events)
	if !ok {
		return ErrNothing
	}
	style, err := files.ReadFile("style.css")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	p.Style = template.CSS(style) //nolint:gosec // our own
	p.Policy = policy(style)
	t, err := template.New("page.html").ParseFS(files, "page.html")
	if err == nil {
		err = t.Execute(w, p)
	}
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
