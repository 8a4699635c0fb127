package tui

import (
	"fmt"
	"io"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/gwctl/gwctl/gatewayd/limit"
	"github.com/gwctl/gwctl/tutorials/engine"
)

const manyDots = 10_000

// crowded is a scene with many requests in four lanes, with colour.
func crowded(b *testing.B, width, height int) (*scene, *gateway) {
	b.Helper()
	s := newScene(Options{})
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.TrueColor)
	s.look = lookOf(r, Options{})
	s.Update(tea.WindowSizeMsg{Width: width, Height: height})
	s.begin(prose8)
	g := newGateway(limit.Rule{Algorithm: limit.SlidingWindow, Period: limit.Minute, Limit: 1000})
	for n := range manyDots {
		s.tell(engine.Event{Type: engine.Answered, Answer: g.ask(s.clock.at, "load", fmt.Sprint("lane", n%4), manyDots, true)})
		s.clock.at = s.clock.at.Add(5 * time.Millisecond)
	}
	return s, g
}

// BenchmarkFrame draws one frame with all panels after a batch of six answers,
// as 200 a second make at 30 frames.
func BenchmarkFrame(b *testing.B) {
	for _, size := range [][2]int{{80, 24}, {120, 36}, {200, 60}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			s, g := crowded(b, size[0], size[1])
			events := make([]engine.Event, 6)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				for i := range events {
					events[i] = engine.Event{Type: engine.Answered, Time: s.clock.at, Answer: g.ask(s.clock.at, "load", "lane0", manyDots, true)}
				}
				b.StartTimer()
				s.Update(batch{events})
				_ = s.View()
			}
		})
	}
}

// BenchmarkDetail draws a request that is open among many.
func BenchmarkDetail(b *testing.B) {
	s, _ := crowded(b, 120, 36)
	s.press("left", "left")
	for b.Loop() {
		s.press("left")
		_ = s.View()
	}
}

// BenchmarkBig draws for an audience.
func BenchmarkBig(b *testing.B) {
	s, _ := crowded(b, 120, 36)
	s.press("b")
	for b.Loop() {
		_ = s.View()
	}
}
