package tui

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"
)

// themes are the backgrounds of terminals: white, and black.
func themes() map[string]bool { return map[string]bool{"light": false, "dark": true} }

func coloured(dark bool) *look {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.TrueColor)
	r.SetHasDarkBackground(dark)
	return lookOf(r, Options{})
}

// TestColours holds the colours of a frame against its golden, ESC drawn as \e.
func TestColours(t *testing.T) {
	t.Parallel()
	for theme, dark := range themes() {
		t.Run(theme, func(t *testing.T) {
			t.Parallel()
			s := newScene(Options{})
			s.look = coloured(dark)
			scenes()["sliding"](s)
			s.Update(tea.WindowSizeMsg{Width: 120, Height: 36})
			got := strings.ReplaceAll(s.View(), "\x1b", `\e`) + "\n"
			path := filepath.Join("testdata", "colours-"+theme+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("colours differ (-want +got), -update writes them anew:\n%s", diff)
			}
		})
	}
}

// TestContrast: every colour can be read on its background (WCAG 2.2, 1.4.3: a
// contrast of 4.5 at least).
func TestContrast(t *testing.T) {
	t.Parallel()
	for theme, dark := range themes() {
		l := coloured(dark)
		background := 1.0 // white
		if dark {
			background = 0
		}
		styles := map[string]lipgloss.Style{
			"dim": l.dim, "accent": l.accent, "good": l.good, "bad": l.bad, "warn": l.warn, "code": l.code, "title": l.title, "focus": l.focus,
		}
		for k, style := range l.classes {
			styles[fmt.Sprint("class ", k)] = style
		}
		for name, style := range styles {
			c, ok := style.GetForeground().(lipgloss.AdaptiveColor)
			if !ok {
				t.Fatalf("%s has no colour for each background", name)
			}
			hex := c.Light
			if dark {
				hex = c.Dark
			}
			a, b := luminance(t, hex), background
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s, %s: %s has a contrast of %.1f, want 4.5 at least", theme, name, hex, ratio)
			}
		}
	}
}

// luminance is the relative luminance of a colour, as WCAG defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var c [3]uint8
	if _, err := fmt.Sscanf(hex, "#%02x%02x%02x", &c[0], &c[1], &c[2]); err != nil {
		t.Fatalf("%s: %v", hex, err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := float64(c[i]) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
