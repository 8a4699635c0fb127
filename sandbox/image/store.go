package image

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// Repository is the registry part of every image's name. Nothing is pulled from
// there: the images are loaded.
const Repository = "gwctl.dev"

// Program is one of this project's programs that run in a cluster.
type Program struct {
	// Name is the binary's, and the image's last part.
	Name string
	// Title says what it is, for the image's label.
	Title string
	// Fixed, when not "", is a second tag under which manifests know the image.
	Fixed string
	// Ports are those that it listens on.
	Ports []int
}

// Programs lists what is put into images: the gateway, then the echo backend.
func Programs() []Program {
	return []Program{
		{Name: "gatewayd", Title: "gatewayd, an API gateway", Ports: []int{8000, 8001, 8007, 8443}},
		{Name: "echo", Title: "echo, the backend of demos and lessons", Fixed: "demo", Ports: []int{8080}},
	}
}

// Folder is where `make build` lays the binaries, beside gwctl, and what they are
// called below in a bundle.
const Folder = "images"

// Store has the programs' binaries for linux, as linux-ARCH/NAME or, packed,
// linux-ARCH/NAME.gz.
type Store struct {
	files fs.FS
	where string
}

// Open opens the binaries that this program carries, else those beside it.
func Open() (*Store, error) {
	if files := embedded(); files != nil {
		return &Store{files: files, where: "this program"}, nil
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	if real, err := filepath.EvalSymlinks(exe); err == nil {
		exe = real
	}
	return Dir(filepath.Join(filepath.Dir(exe), Folder)), nil
}

// Dir opens the binaries below a directory.
func Dir(dir string) *Store { return &Store{files: os.DirFS(dir), where: dir} }

// Arches lists the architectures, as Go names them, that have every program.
func (s *Store) Arches() []string {
	var list []string
	for _, arch := range []string{"amd64", "arm64"} {
		all := true
		for _, p := range Programs() {
			f, err := s.open(p.Name, arch)
			if err != nil {
				all = false
				break
			}
			_ = f.Close()
		}
		if all {
			list = append(list, arch)
		}
	}
	return list
}

// open opens a binary, unpacked.
func (s *Store) open(program, arch string) (io.ReadCloser, error) {
	name := path.Join("linux-"+arch, program)
	f, err := s.files.Open(name)
	if err == nil {
		return f, nil
	}
	packed, packedErr := s.files.Open(name + ".gz")
	if packedErr != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("opening the binary %s of %s: %w", name, s.where, err)
		}
		return nil, hint.New("NO_IMAGES", hint.Preflight,
			fmt.Sprintf("there is no binary of %s for linux/%s in %s", program, arch, s.where),
			"in a checkout, build them first: make build\nor run without a cluster: gwctl up --runtime local").Because(err)
	}
	z, err := gzip.NewReader(packed)
	if err != nil {
		_ = packed.Close()
		return nil, fmt.Errorf("unpacking the binary %s: %w", name, err)
	}
	return &unpacked{z, packed}, nil
}

type unpacked struct {
	*gzip.Reader
	file fs.File
}

// Close closes both.
func (u *unpacked) Close() error { return errors.Join(u.Reader.Close(), u.file.Close()) }

// digest is the SHA-256 of a binary.
func (s *Store) digest(program, arch string) (sum string, size int64, err error) {
	f, err := s.open(program, arch)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return "", 0, fmt.Errorf("reading the binary of %s: %w", program, err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}
