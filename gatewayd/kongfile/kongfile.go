package kongfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// Options are what reading and printing depend on beside the text.
type Options struct {
	// Kinds are the plugins that the gateway has. A plugin of Kong that is not
	// among them is read all the same: whoever compiles the entities refuses it.
	Kinds []plugin.Kind
	// Decode decodes a plugin's config strictly, as snapshot.DecodeConfig does,
	// and reports its faults as plugin.FieldErrors. When it is nil, configs are
	// neither checked nor filled with their defaults.
	Decode func(raw json.RawMessage, into any) error
}

// Parse reads a kong.yml. name is the file's, for problems; nothing is opened.
// Where the file has faults, the configuration is nil and the problems, sorted,
// are all of them. Otherwise no problems are returned beside the configuration:
// those of what Kong has and the gateway lacks are in it.
//
// Equal text gives equal configurations.
func Parse(data []byte, name string, opts Options) (*entity.Config, []problem.Problem) {
	r := newReader(name, opts)
	root := r.text(data)
	if root != nil && r.file(root) {
		r.resolve()
		r.check()
	}
	if len(r.faults) > 0 {
		return nil, problem.Sort(r.faults)
	}
	cfg := r.build()
	if r.top.Objects == nil { // a file that was printed says what it was read from
		cfg.Objects = []entity.Object{versionOf(name, data)}
	}
	return cfg, nil
}

// versionOf names a file and its version.
func versionOf(name string, data []byte) entity.Object {
	sum := sha256.Sum256(data)
	return entity.Object{Name: filepath.Base(name), Version: hex.EncodeToString(sum[:])}
}

// IsKongFile tells whether the text is that of a kong.yml, faulty or not: whether
// it has _format_version at the top level, which no manifest has.
func IsKongFile(data []byte) bool {
	const key = "_format_version"
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for line := range bytes.Lines(data) {
		line, _ = bytes.CutPrefix(line, []byte("{"))
		line = bytes.TrimLeft(line, `"'`)
		if rest, ok := bytes.CutPrefix(line, []byte(key)); ok {
			if rest = bytes.TrimLeft(rest, "\"' \t"); len(rest) > 0 && rest[0] == ':' {
				return true
			}
		}
	}
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 || trimmed[0] != '{' {
		return false
	}
	root := newReader("", Options{}).text(data)
	return root != nil && child(root, key) != nil
}
