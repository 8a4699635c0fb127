package engine

import (
	"context"
	"errors"
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

const (
	// reachTimeout bounds the wait for a registry to say that it has an image.
	reachTimeout = 6 * time.Second
	// tellEvery is how often a pull tells how far it has come.
	tellEvery = 250 * time.Millisecond
)

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

// options are what registries are asked with. One that counts pulls (429) is not
// asked again: it means hours, not seconds.
func options(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithTransport(resuming{remote.DefaultTransport}),
		remote.WithRetryStatusCodes(http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout),
	}
}

// Pull fetches an image from its registry into the engine, under tag, and tells
// how far it has come; the engines' own pulls say nothing where no terminal is.
// An error that the registry is the reason for is a hint (PULL_FAILED). The engine
// has the image whole or not at all.
func (e *Engine) Pull(ctx context.Context, ref, tag string, tell func(Progress)) error {
	r, err := name.ParseReference(ref)
	if err != nil {
		return badName(ref, err)
	}
	t, err := name.NewTag(tag)
	if err != nil {
		return badName(tag, err)
	}
	im, err := remote.Image(r, append(options(ctx), remote.WithPlatform(v1.Platform{OS: "linux", Architecture: e.Info.Architecture}))...)
	if err != nil {
		return pullFault(ctx, r, err)
	}
	fromRegistry, byEngine := e.load(ctx, t, im, tell)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case fromRegistry != nil:
		return pullFault(ctx, r, fromRegistry)
	case byEngine != nil:
		return fmt.Errorf("pulling %s: %w", ref, byEngine)
	}
	return nil
}

// errLoaded ends a writer whose engine reads no more.
var errLoaded = errors.New("the engine reads no more")

// load streams an image into the engine. It returns what went wrong while reading
// the image, and what the engine says, which then is only that its input ended.
func (e *Engine) load(ctx context.Context, t name.Tag, im v1.Image, tell func(Progress)) (reading, loading error) {
	updates := make(chan v1.Update, 64)
	told := make(chan struct{})
	go func() {
		defer close(told)
		report(updates, tell)
	}()
	pr, pw := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := tarball.Write(t, im, pw, tarball.WithProgress(updates))
		close(updates)
		pw.CloseWithError(err)
		read <- err
	}()
	_, loading = e.Run(ctx, pr, "load")
	_ = pr.CloseWithError(errLoaded) // the writer ends, if it has not yet
	<-told
	if reading = <-read; errors.Is(reading, errLoaded) {
		reading = nil
	}
	return reading, loading
}

// report tells of a tarball's updates now and then, and of the last one.
func report(updates <-chan v1.Update, tell func(Progress)) {
	begin := time.Now()
	var last time.Time
	for u := range updates {
		now := time.Now()
		whole := errors.Is(u.Error, io.EOF)
		if whole || u.Error == nil && now.Sub(last) >= tellEvery {
			last = now
			tell(NewProgress(u.Complete, u.Total, begin, now))
		}
	}
}
