package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// recipe changes whenever the same binary would give another image.
const recipe = "1"

// user and group that programs run as, in no /etc/passwd: Kubernetes' restricted
// pod security wants a number other than 0.
const user = "65532:65532"

// Image is one program for one architecture.
type Image struct {
	Program Program
	Arch    string
	// Tag is made of the content.
	Tag string
	// Size is the binary's, in bytes.
	Size int64

	store *Store
}

// Image finds a program's image. It reads the binary once, and builds nothing.
func (s *Store) Image(p Program, arch string) (*Image, error) {
	sum, size, err := s.digest(p.Name, arch)
	if err != nil {
		return nil, err
	}
	return &Image{Program: p, Arch: arch, Tag: recipe + "-" + sum[:12], Size: size, store: s}, nil
}

// Images finds the images of all programs.
func (s *Store) Images(arch string) ([]*Image, error) {
	var list []*Image
	for _, p := range Programs() {
		im, err := s.Image(p, arch)
		if err != nil {
			return nil, err
		}
		list = append(list, im)
	}
	return list, nil
}

// Open opens the image's binary, unpacked.
func (im *Image) Open() (io.ReadCloser, error) { return im.store.open(im.Program.Name, im.Arch) }

// Repository is the image's name without a tag.
func (im *Image) Repository() string { return Repository + "/" + im.Program.Name }

// Refs are the names that the image goes under: that of its content, then the
// fixed one if it has one.
func (im *Image) Refs() []string {
	refs := []string{im.Repository() + ":" + im.Tag}
	if im.Program.Fixed != "" {
		refs = append(refs, im.Repository()+":"+im.Program.Fixed)
	}
	return refs
}

// Build makes the image. The same binary gives the same image.
func (im *Image) Build() (v1.Image, error) {
	layer, err := im.layer()
	if err != nil {
		return nil, err
	}
	base := mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1)
	built, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return nil, fmt.Errorf("making the image of %s: %w", im.Program.Name, err)
	}
	cfg, err := built.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("making the image of %s: %w", im.Program.Name, err)
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture, cfg.Created = "linux", im.Arch, v1.Time{Time: time.Unix(0, 0).UTC()}
	cfg.Config = v1.Config{
		Entrypoint: []string{"/" + im.Program.Name}, User: user, WorkingDir: "/",
		ExposedPorts: map[string]struct{}{},
		Labels: map[string]string{
			"org.opencontainers.image.title":    im.Program.Title,
			"org.opencontainers.image.source":   "https://github.com/gwctl/gwctl",
			"org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
	for _, port := range im.Program.Ports {
		cfg.Config.ExposedPorts[fmt.Sprintf("%d/tcp", port)] = struct{}{}
	}
	if built, err = mutate.ConfigFile(built, cfg); err != nil {
		return nil, fmt.Errorf("making the image of %s: %w", im.Program.Name, err)
	}
	return built, nil
}

// layer is the one layer: the binary, and a /tmp.
func (im *Image) layer() (v1.Layer, error) {
	f, err := im.store.open(im.Program.Name, im.Arch)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var buf bytes.Buffer
	buf.Grow(int(im.Size) + 8<<10)
	w := tar.NewWriter(&buf)
	epoch := time.Unix(0, 0)
	for _, h := range []*tar.Header{
		{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777, ModTime: epoch},
		{Name: im.Program.Name, Typeflag: tar.TypeReg, Mode: 0o755, ModTime: epoch, Size: im.Size},
	} {
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("packing %s: %w", im.Program.Name, err)
		}
	}
	if _, err := io.Copy(w, f); err != nil {
		return nil, fmt.Errorf("packing %s: %w", im.Program.Name, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing %s: %w", im.Program.Name, err)
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil },
		tarball.WithCompressionLevel(gzip.BestSpeed), tarball.WithMediaType(types.OCILayer))
}

// WriteArchive writes images, all of one architecture, as the archive that
// `docker load` and `ctr images import` read.
func WriteArchive(w io.Writer, images []*Image) error {
	refs := map[name.Reference]v1.Image{}
	for _, im := range images {
		built, err := im.Build()
		if err != nil {
			return err
		}
		for _, ref := range im.Refs() {
			tag, err := name.NewTag(ref)
			if err != nil {
				return fmt.Errorf("naming an image: %w", err)
			}
			refs[tag] = built
		}
	}
	if err := tarball.MultiRefWrite(refs, w); err != nil {
		return fmt.Errorf("writing the image archive: %w", err)
	}
	return nil
}

// Push pushes a program's image for all architectures that there are to
// registry/NAME:TAG, registry being a host with an optional path, and returns
// the reference. Credentials are those of docker's config file.
func (s *Store) Push(ctx context.Context, registry string, p Program) (string, error) {
	ref, err := s.reference(registry, p)
	if err != nil {
		return "", err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range s.Arches() {
		im, err := s.Image(p, arch)
		if err != nil {
			return "", err
		}
		built, err := im.pushed()
		if err != nil {
			return "", err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: built, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "linux", Architecture: arch},
		}})
	}
	if head, err := remote.Head(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err == nil {
		if want, err := index.Digest(); err == nil && head.Digest == want {
			return ref.String(), nil // it is there
		}
	}
	if err := remote.WriteIndex(ref, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return "", hint.New("PUSH_FAILED", hint.Network, "the image cannot be pushed to "+ref.String(),
			"see that the registry answers and that you are logged in (docker login "+ref.Context().RegistryStr()+")").Because(err)
	}
	return ref.String(), nil
}

// pushed makes the image as it goes into a registry. Its ID is not that of the one
// that is loaded into nodes: of an ID that a kubelet has pulled it believes no other
// name any more, and would not run a loaded image of it (KEP-2535).
func (im *Image) pushed() (v1.Image, error) {
	built, err := im.Build()
	if err != nil {
		return nil, err
	}
	cfg, err := built.ConfigFile()
	if err == nil {
		cfg = cfg.DeepCopy()
		cfg.Config.Labels["dev.gwctl.from"] = "registry"
		built, err = mutate.ConfigFile(built, cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("making the image of %s: %w", im.Program.Name, err)
	}
	return built, nil
}

// reference names the index of a program's images. Its tag is made of all of them:
// were it made of one alone, another build could put other
// binaries under a name that nodes have pulled, and would not pull again.
func (s *Store) reference(registry string, p Program) (name.Reference, error) {
	arches := s.Arches()
	if len(arches) == 0 {
		_, err := s.Image(p, "amd64") // says what is missing, and what to do
		return nil, err
	}
	h := sha256.New()
	for _, arch := range arches {
		sum, _, err := s.digest(p.Name, arch)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(h, "%s %s\n", arch, sum)
	}
	tag := recipe + "-" + hex.EncodeToString(h.Sum(nil))[:12]
	ref, err := name.ParseReference(strings.TrimSuffix(registry, "/") + "/" + p.Name + ":" + tag)
	if err != nil {
		return nil, hint.New("BAD_REGISTRY", hint.Usage, fmt.Sprintf("%q is not a registry", registry),
			"use a host and a path, as in registry.example.com/team or localhost:5000").Because(err)
	}
	return ref, nil
}

// Ref is how Push calls a program's image in a registry.
func (s *Store) Ref(registry string, p Program) (string, error) {
	ref, err := s.reference(registry, p)
	if err != nil {
		return "", err
	}
	return ref.String(), nil
}
