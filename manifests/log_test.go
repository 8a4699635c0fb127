package manifests_test

import (
	"context"
	"errors"
	"log/slog"
)

// failing is a log that hands on every warning and error as an error.
func failing(to chan<- error) *slog.Logger { return slog.New(failingHandler{to}) }

type failingHandler struct{ to chan<- error }

func (h failingHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (h failingHandler) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	select {
	case h.to <- errors.New(text):
	default:
	}
	return nil
}

func (h failingHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h failingHandler) WithGroup(string) slog.Handler      { return h }
