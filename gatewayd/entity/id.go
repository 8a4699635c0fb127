package entity

import (
	"strings"

	"github.com/google/uuid"
)

// ID gives the id of an entity that was not given one: the same for the same
// kind and name always, so that counters survive a reload and a restart. kind
// is the name of the entity's list in a kong.yml, parts name it uniquely.
func ID(kind string, parts ...string) string {
	name := strings.Join(append([]string{kind}, parts...), "\x00")
	return uuid.NewSHA1(namespace(), []byte(name)).String()
}

// namespace is our own, made once with `uuidgen`.
func namespace() uuid.UUID {
	return uuid.UUID{0x6f, 0x1d, 0x2c, 0x4a, 0x9b, 0x3e, 0x4f, 0x57, 0x8a, 0x61, 0x0c, 0x7d, 0x52, 0xe9, 0x13, 0xb8}
}
