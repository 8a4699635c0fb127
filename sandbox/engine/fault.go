package engine

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// pullFault says of an image that its registry does not give what to do about it.
func pullFault(ctx context.Context, r name.Reference, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return hint.New("PULL_FAILED", hint.Network, "pulling "+r.String(), pullAdvice(r.Context().RegistryStr(), err)).Because(err)
}

func pullAdvice(registry string, err error) string {
	said, ok := errors.AsType[*transport.Error](err)
	if !ok {
		return "see that " + registry + " can be reached from here (a proxy: HTTPS_PROXY), then try again"
	}
	switch said.StatusCode {
	case http.StatusNotFound:
		return "see that the image's name and tag are right: the registry does not have it"
	case http.StatusUnauthorized, http.StatusForbidden:
		return "see that the image's name is right; if it is private, log in: docker login " + registry
	case http.StatusTooManyRequests:
		return "the registry counts pulls: wait a while, or log in, which allows more: docker login " + registry
	}
	return "the registry " + registry + " has trouble of its own: try again"
}

func badName(ref string, err error) error {
	return hint.New("PULL_FAILED", hint.Usage, "reading the image's name "+ref, "name it as in kindest/node:v1.36.3 or registry.example.com/team/node:1").Because(err)
}
