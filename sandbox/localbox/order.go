package localbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// order is what the parent tells the process at its standard input: one line.
// A second line, "keep", follows once the parent is content; the end of the
// input without it means that the process must end.
type order struct {
	// Dir is the sandbox's directory.
	Dir  string `json:"dir"`
	Name string `json:"name"`
	// Ports are tried in this order; 0 is any free one.
	Ports     []int  `json:"ports"`
	Manifests string `json:"manifests"`
	Version   string `json:"version"`
	// TestClock asks for a clock that the admin listener can move.
	TestClock bool `json:"testClock,omitempty"`
}

const keep = "keep"

// news is what the process tells its parent at its standard output: one line
// each. First "listening" or "failed", then "serving" or "failed".
type news struct {
	Kind    string   `json:"kind"`
	Process *Process `json:"process,omitempty"`
	Error   string   `json:"error,omitempty"`
	// Port says that the error is a port that is taken.
	Port int `json:"port,omitempty"`
}

const (
	listening = "listening"
	serving   = "serving"
	failed    = "failed"
)

// errSilent says that the process ended without a word.
var errSilent = errors.New("the process ended without saying why")

func writeLine(w io.Writer, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(raw, '\n'))
	return err
}

func readLine(r *bufio.Reader, into any) error {
	raw, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("reading %q: %w", raw, err)
	}
	return nil
}
