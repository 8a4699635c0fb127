package daemon

import (
	"context"
	"fmt"
	"os"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/kongfile"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/files"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// Reading says how a path is read.
type Reading struct {
	Kinds []plugin.Kind
	// IngressClass is the class that is served; "" means Kong's.
	IngressClass string
	// Extend, when not nil, makes what is served out of the manifests that were
	// read (files.Options.Extend).
	Extend func(source.Set) source.Set
}

// Open makes a Provider of what path names: a directory or a file of manifests,
// or a kong.yml, told apart by its _format_version.
func Open(path string, r Reading) (Provider, error) {
	kong, err := isKongFile(path)
	if err != nil {
		return nil, err
	}
	if kong {
		return kongfile.New(path, kongfile.FileOptions{Options: r.kong()}), nil
	}
	return Manifests(files.New([]string{path}, files.Options{Extend: r.Extend}), r.translation()), nil
}

// Read reads what path names once.
func Read(path string, r Reading) (*entity.Config, error) {
	kong, err := isKongFile(path)
	if err != nil {
		return nil, err
	}
	if kong {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading the configuration: %w", err)
		}
		cfg, faults := kongfile.Parse(data, path, r.kong())
		if cfg == nil {
			cfg = &entity.Config{Problems: faults}
		}
		return cfg, nil
	}
	set, err := files.Read(path)
	if err != nil {
		return nil, err
	}
	if r.Extend != nil {
		set = r.Extend(set)
	}
	return translate.Translate(set, r.translation()), nil
}

// Print prints a configuration as a kong.yml with every default written out,
// its secrets hidden when redact is set.
func (r Reading) Print(cfg *entity.Config, redact bool) ([]byte, error) {
	return kongfile.Print(cfg, kongfile.PrintOptions{Options: r.kong(), Redact: redact})
}

func (r Reading) kong() kongfile.Options {
	return kongfile.Options{Kinds: r.Kinds, Decode: snapshot.DecodeConfig}
}

func (r Reading) translation() translate.Options {
	return translate.Options{IngressClass: r.IngressClass, Kinds: r.Kinds}
}

func isKongFile(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, fmt.Errorf("reading the configuration: %w", err)
	}
	if info.IsDir() {
		return false, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("reading the configuration: %w", err)
	}
	return kongfile.IsKongFile(data), nil
}

// Manifests makes a Provider of a source of manifests.
func Manifests(src source.Source, opts translate.Options) Provider {
	return manifests{src, opts}
}

type manifests struct {
	src  source.Source
	opts translate.Options
}

// Run translates every set.
func (m manifests) Run(ctx context.Context, send func(*entity.Config)) error {
	return m.src.Run(ctx, func(set source.Set) { send(translate.Translate(set, m.opts)) })
}
