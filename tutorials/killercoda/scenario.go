package killercoda

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

// indexFile names the file that makes a directory a scenario.
const indexFile = "index.json"

// maxText bounds a file of a scenario, in bytes.
const maxText = 1 << 20

// scenario is an index.json.
type scenario struct {
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Details     details    `json:"details"`
	Backend     backend    `json:"backend"`
	Interface   *interfaze `json:"interface,omitempty"`
}

type details struct {
	Intro  *page              `json:"intro,omitempty"`
	Steps  []page             `json:"steps"`
	Finish *page              `json:"finish,omitempty"`
	Assets map[string][]asset `json:"assets,omitempty"`
}

// page is one step, or what comes before or after them. Its fields but the title
// name files.
type page struct {
	Title      string `json:"title,omitempty"`
	Text       string `json:"text,omitempty"`
	Verify     string `json:"verify,omitempty"`
	Foreground string `json:"foreground,omitempty"`
	Background string `json:"background,omitempty"`
}

type asset struct {
	File   string `json:"file"`
	Target string `json:"target"`
	Chmod  string `json:"chmod,omitempty"`
}

type backend struct {
	ImageID string `json:"imageid"`
}

type interfaze struct {
	Layout string `json:"layout"`
}

func notOne(dir, why, advice string) error {
	return hint.New("NO_SCENARIO", hint.BadLesson, fmt.Sprintf("%s is no scenario: %s", dir, why), advice)
}

// readIndex reads the index.json of a directory.
func readIndex(dir fs.FS, name string) (scenario, error) {
	var s scenario
	raw, err := readFile(dir, indexFile)
	if errors.Is(err, fs.ErrNotExist) {
		advice := "name the directory that holds the scenario's " + indexFile
		if below, _ := fs.Glob(dir, "*/"+indexFile); len(below) > 0 {
			for i := range below {
				below[i] = path.Join(name, path.Dir(below[i]))
			}
			advice = "it holds scenarios, name one of them: " + strings.Join(below, ", ")
		}
		return s, notOne(name, "it has no "+indexFile, advice)
	}
	if err != nil {
		return s, fmt.Errorf("reading %s: %w", path.Join(name, indexFile), err)
	}
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return s, notOne(name, indexFile+" is not the JSON of one: "+err.Error(), "mend the file")
	}
	if len(s.Details.Steps) == 0 {
		return s, notOne(name, indexFile+" names no step in details.steps", "mend the file")
	}
	return s, nil
}

// readFile reads a text of a scenario.
func readFile(dir fs.FS, name string) (string, error) {
	f, err := dir.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // read only
	raw, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err != nil {
		return "", err
	}
	if len(raw) > maxText {
		return "", fmt.Errorf("it is larger than %d bytes", maxText)
	}
	return lesson.Shown(strings.ReplaceAll(string(raw), "\r\n", "\n")), nil
}
