package engine

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// reachTimeout bounds the wait for a registry to say that it has an image.
const reachTimeout = 6 * time.Second

// Progress is how far a transfer has come.
type Progress struct {
	// Done of Total bytes; Total is 0 while it is not known.
	Done, Total int64
	// Rate is in bytes a second, over the whole transfer.
	Rate float64
	// Left is how long the rest will take at that rate.
	Left time.Duration
}

// String gives bytes, rate and the time left, as in "212 of 380 MB, 12.3 MB/s, 14s left".
func (p Progress) String() string {
	const mb = 1e6
	if p.Total == 0 {
		return fmt.Sprintf("%.0f MB, %.1f MB/s", float64(p.Done)/mb, p.Rate/mb)
	}
	return fmt.Sprintf("%.0f of %.0f MB, %.1f MB/s, %s left", float64(p.Done)/mb, float64(p.Total)/mb, p.Rate/mb, p.Left.Round(time.Second))
}

// NewProgress tells how far a transfer has come that began at from.
func NewProgress(done, total int64, from, now time.Time) Progress {
	p := Progress{Done: done, Total: total}
	if took := now.Sub(from).Seconds(); took > 0 {
		p.Rate = float64(done) / took
	}
	if p.Rate > 0 && total > done {
		p.Left = time.Duration(float64(total-done) / p.Rate * float64(time.Second))
	}
	return p
}

// Reachable asks the registry for an image, without fetching it, and returns
// why it cannot be had.
func Reachable(ctx context.Context, ref string) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	r, err := name.ParseReference(ref)
	if err != nil {
		return fmt.Errorf("reading the image's name: %w", err)
	}
	if _, err := remote.Head(r, options(ctx)...); err != nil {
		return fmt.Errorf("asking the registry for %s: %w", ref, err)
	}
	return nil
}

func options(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithRetryStatusCodes(http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable),
	}
}

// Pull fetches an image from its registry into the engine, under tag, and tells
// how far it has come; the engines' own pulls say nothing where no terminal is.
func (e *Engine) Pull(ctx context.Context, ref, tag string, tell func(Progress)) error {
	r, err := name.ParseReference(ref)
	if err != nil {
		return fmt.Errorf("reading the image's name: %w", err)
	}
	t, err := name.NewTag(tag)
	if err != nil {
		return fmt.Errorf("reading the image's name: %w", err)
	}
	im, err := remote.Image(r, append(options(ctx), remote.WithPlatform(v1.Platform{OS: "linux", Architecture: e.Info.Architecture}))...)
	if err != nil {
		return fmt.Errorf("pulling %s: %w", ref, err)
	}
	updates := make(chan v1.Update, 64)
	told := make(chan struct{})
	begin := time.Now()
	go func() {
		defer close(told)
		var last time.Time
		for u := range updates {
			if now := time.Now(); u.Error == nil && now.Sub(last) >= 250*time.Millisecond {
				last = now
				tell(NewProgress(u.Complete, u.Total, begin, now))
			}
		}
	}()
	pr, pw := io.Pipe()
	go func() {
		err := tarball.Write(t, im, pw, tarball.WithProgress(updates))
		close(updates)
		pw.CloseWithError(err)
	}()
	_, err = e.Run(ctx, pr, "load")
	_ = pr.CloseWithError(context.Canceled) // the writer ends, if it has not yet
	<-told
	if err != nil {
		return fmt.Errorf("pulling %s: %w", ref, err)
	}
	return nil
}
