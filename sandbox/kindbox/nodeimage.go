package kindbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"sigs.k8s.io/kind/pkg/apis/config/defaults"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// ImageVariable names the environment variable that names the node image.
const ImageVariable = "GWCTL_NODE_IMAGE"

// DefaultImage is the node image that this kind was released with.
const DefaultImage = defaults.Image

// offlineSuffix is how the images of scripts/node-image end.
const offlineSuffix = "-offline"

// findImage finds what the nodes are made of, unless there is a cluster already.
func (b *Box) findImage(ctx context.Context, t *step.Task) error {
	s, err := b.survey(ctx)
	if err != nil {
		return err
	}
	if s != nil && !s.Creating && len(b.nodes) > 0 {
		t.Say("%s, as the cluster has it", s.Image)
		b.image = s.Image
		return nil
	}
	if b.config, err = readConfig(b.opts.Config); err != nil {
		return err
	}
	all, err := b.namedImages(ctx, t)
	if err != nil {
		return err
	}
	if all && b.opts.Image == "" {
		b.image = b.config.Nodes[0].Image
		t.Say("%s, of %s", b.image, b.opts.Config)
		return nil
	}
	if b.image, err = b.nodeImage(ctx, t, b.engine); err != nil {
		return err
	}
	b.image = b.engine.FullName(ctx, b.image)
	return nil
}

// namedImages makes sure that the images that the config names for single nodes are
// here: kind would pull them, even offline, and tell nobody. It reports whether
// every node has such a one.
func (b *Box) namedImages(ctx context.Context, t *step.Task) (all bool, err error) {
	found := map[string]string{}
	for i := range b.config.Nodes {
		named := b.config.Nodes[i].Image
		if named == "" {
			continue
		}
		if _, ok := found[named]; !ok {
			ref, err := b.ensure(ctx, t, b.engine, named)
			if err != nil {
				return false, noImage(named, b.opts.Config, err)
			}
			found[named] = b.engine.FullName(ctx, ref)
		}
		b.config.Nodes[i].Image = found[named]
	}
	return !slices.ContainsFunc(b.config.Nodes, func(n v1alpha4.Node) bool { return n.Image == "" }), nil
}

// noImage says of an image that was named, by a flag, a variable or in a file, what
// to do without it.
func noImage(ref, by string, why error) error {
	return hint.New("NO_NODE_IMAGE", hint.Network, fmt.Sprintf("the node image %s of %s is not here and cannot be pulled", ref, by),
		noImageAdvice(why)).Because(why)
}

// nodeImage finds the image that nodes are made of, pulling it if need be: the
// one that was asked for, else the one that kind was released with, else one that
// was built here.
func (b *Box) nodeImage(ctx context.Context, t *step.Task, e *engine.Engine) (string, error) {
	for _, asked := range []struct{ ref, by string }{{b.opts.Image, "--image"}, {os.Getenv(ImageVariable), ImageVariable}} {
		if asked.ref == "" {
			continue
		}
		ref, err := b.ensure(ctx, t, e, asked.ref)
		if err != nil {
			return "", noImage(asked.ref, asked.by, err)
		}
		t.Say("%s, of %s", asked.ref, asked.by)
		return ref, nil
	}
	if b.bundled != "" {
		t.Say("%s, of the bundle", b.bundled)
		return b.bundled, nil
	}
	pinned, _, _ := strings.Cut(b.pinned, "@")
	if _, ok := e.Image(ctx, b.pinned); ok {
		t.Say("%s, there already", pinned)
		return b.pinned, nil
	}
	if _, ok := e.Image(ctx, pinned); ok {
		t.Say("%s, there already", pinned)
		return pinned, nil
	}
	if b.opts.Offline {
		return b.offlineImage(ctx, t, e, errors.New("--offline asks no registry"))
	}
	unreachable := engine.Reachable(ctx, b.pinned)
	if unreachable != nil {
		return b.offlineImage(ctx, t, e, unreachable)
	}
	ref, err := b.ensure(ctx, t, e, b.pinned)
	if err != nil {
		return "", hint.New("PULL_FAILED", hint.Network, "the node image "+pinned+" cannot be pulled", noImageAdvice(err)).Because(err)
	}
	t.Say("%s, pulled", pinned)
	return ref, nil
}

// NodeImage finds the image that nodes would be made of, as up does, pulling it if
// need be; asked names one, or is "".
func NodeImage(ctx context.Context, e *engine.Engine, asked string, tell func(text string)) (string, error) {
	b := New(Options{Image: asked})
	var ref string
	err := step.Run(ctx, teller(tell), []step.Step{{ID: "node-image", Title: "Node image", Run: func(ctx context.Context, t *step.Task) (err error) {
		ref, err = b.nodeImage(ctx, t, e)
		return err
	}}})
	return ref, err
}

// teller tells of a step in words.
type teller func(text string)

func (teller) Started(step.Event)        {}
func (t teller) Warned(e step.Event)     { t(e.Message) }
func (t teller) Progressed(e step.Event) { t(e.Message) }
func (t teller) Finished(e step.Event)   { t(e.Title + ": " + e.Message) }

// offlineImage takes an image that was built here, the newest by name.
func (b *Box) offlineImage(ctx context.Context, t *step.Task, e *engine.Engine, why error) (string, error) {
	list, err := e.Images(ctx, "kindest/node")
	if err != nil {
		return "", err
	}
	slices.Sort(list)
	for _, ref := range slices.Backward(list) {
		ref = strings.TrimPrefix(ref, "localhost/")
		if strings.HasSuffix(ref, offlineSuffix) {
			t.Say("%s, built on this machine (kind's own cannot be pulled)", ref)
			return ref, nil
		}
	}
	return "", hint.New("NO_NODE_IMAGE", hint.Network, "there is no node image, and none can be pulled", noImageAdvice(why)).Because(why)
}

// noImageAdvice begins with what the reason itself advises.
func noImageAdvice(why error) string {
	first := ""
	if h, ok := errors.AsType[*hint.Hint](why); ok && h.Advice != "" {
		first = h.Advice + ";\n"
	}
	return first + "bring one along: gwctl up --bundle FILE (made where there is a network: gwctl bundle create),\n" +
		"name one that is here: --image REF, build one without a registry: scripts/node-image/build.sh,\n" +
		"or run without a cluster: gwctl up --runtime local"
}

// ensure makes sure that the engine has the image, and returns how it calls it: one
// that was pulled by its digest goes under its tag, for engines keep no digest of
// what they load.
func (b *Box) ensure(ctx context.Context, t *step.Task, e *engine.Engine, ref string) (string, error) {
	if _, ok := e.Image(ctx, ref); ok {
		return ref, nil
	}
	if b.opts.Offline {
		return "", errors.New("--offline asks no registry")
	}
	tag, _, _ := strings.Cut(ref, "@")
	return tag, e.Pull(ctx, ref, tag, func(p engine.Progress) { t.Progress("pulling %s: %s", tag, p) })
}
