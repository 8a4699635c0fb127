package killercoda

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

const (
	minutesAStep = 3
	maxMinutes   = 60
	maxSlug      = 40
)

// front is the front matter of a lesson.
type front struct {
	Format  int               `yaml:"format"`
	ID      string            `yaml:"id"`
	Title   string            `yaml:"title"`
	Summary string            `yaml:"summary"`
	Minutes int               `yaml:"minutes"`
	Params  map[string]string `yaml:"params,omitempty"`
}

// Import reads the scenario in a directory and gives the text of a lesson, and
// its id. name is what the directory is called in errors.
func Import(dir fs.FS, name string) (text, id string, err error) {
	s, err := readIndex(dir, name)
	if err != nil {
		return "", "", err
	}
	m := &importer{dir: dir, name: name}
	title := lesson.Shown(strings.Join(strings.Fields(s.Title), " "))
	if title == "" {
		title = lesson.Shown(path.Base(filepath.ToSlash(name)))
	}
	id = slug(title, "scenario")
	m.intro(s.Details.Intro, title)
	ids := map[string]bool{}
	for n := range s.Details.Steps {
		m.step(&s.Details.Steps[n], n, ids)
	}
	if f := s.Details.Finish; f != nil {
		m.prose(convert(m.file(f.Text)).prose())
	}
	if err := errors.Join(m.errs...); err != nil {
		return "", "", hint.New("NO_SCENARIO", hint.BadLesson, name+" is no whole scenario", "its "+indexFile+" names what is not there").Because(err)
	}
	body := lesson.Shown(strings.Join(m.out, "\n\n") + "\n")
	f := front{Format: 1, ID: id, Title: title, Summary: lesson.Shown(strings.Join(strings.Fields(s.Description), " ")), Params: params(body)}
	f.Minutes = min(max(1, minutesAStep*len(s.Details.Steps)), maxMinutes)
	if f.Summary == "" {
		f.Summary = title
	}
	raw, err := yaml.Marshal(f)
	if err != nil {
		return "", "", fmt.Errorf("writing the lesson: %w", err)
	}
	text = "---\n" + string(raw) + "---\n\n" + body
	if _, err := lesson.Parse(text, lesson.Options{Name: name}); err != nil {
		return "", "", fmt.Errorf("the lesson that was made of %s is not valid: %w", name, err)
	}
	return text, id, nil
}

// Write writes the text of a lesson into a directory that is not there yet.
func Write(dir, text string) error {
	if _, err := os.Stat(dir); err == nil {
		return hint.New("LESSON_EXISTS", hint.Usage, dir+" is there already", "choose a directory that is not there yet")
	}
	err := os.MkdirAll(dir, 0o750)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, lesson.File), []byte(text), 0o600)
	}
	if err != nil {
		return hint.New("NO_IMPORT", hint.Preflight, "the lesson cannot be written", "name a directory of yours").Because(err)
	}
	return nil
}

// params makes each {{name}} stand for itself: a scenario's mean something else.
func params(body string) map[string]string {
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`\{\{\s*([^{}\s]*)\s*\}\}`).FindAllStringSubmatch(body, -1) {
		if _, known := out[m[1]]; !known {
			out[m[1]] = m[0]
		}
	}
	return out
}

// slug makes an id of a title.
func slug(title, other string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	id := strings.Join(words, "-")
	if len(id) > maxSlug {
		id = strings.Trim(id[:maxSlug], "-")
	}
	if id == "" {
		return other
	}
	return id
}

// importer makes the text of a lesson.
type importer struct {
	dir  fs.FS
	name string
	out  []string
	errs []error
}

// file reads a file that the index names, "" for none.
func (m *importer) file(name string) string {
	if name == "" {
		return ""
	}
	clean := path.Clean(strings.TrimPrefix(name, "./"))
	if !fs.ValidPath(clean) {
		m.errs = append(m.errs, fmt.Errorf("%q is no file of the scenario", name))
		return ""
	}
	text, err := readFile(m.dir, clean)
	if err != nil {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err
		}
		m.errs = append(m.errs, fmt.Errorf("reading %s: %w", path.Join(m.name, clean), err))
	}
	return text
}

func (m *importer) prose(text string) {
	if text = strings.TrimSpace(text); text != "" {
		m.out = append(m.out, text)
	}
}

func (m *importer) block(info, text string) { m.out = append(m.out, fenced(info, text)) }

// scripts writes what runs when a page is opened.
func (m *importer) scripts(p *page) {
	for _, name := range []string{p.Background, p.Foreground} {
		if text := strings.TrimSpace(m.file(name)); text != "" {
			m.block("sh {setup}", whole(text))
		}
	}
}

// whole makes a text one script.
func whole(text string) string {
	if strings.HasPrefix(text, "#!") {
		return text
	}
	return "#!/bin/bash\n" + text
}

func (m *importer) intro(p *page, title string) {
	m.prose("# " + title)
	if p == nil {
		return
	}
	m.prose(convert(m.file(p.Text)).prose())
	m.scripts(p)
}

func (m *importer) step(p *page, n int, ids map[string]bool) {
	title := strings.Join(strings.Fields(strings.NewReplacer("{", "(", "}", ")").Replace(p.Title)), " ")
	if title == "" {
		title = fmt.Sprintf("Step %d", n+1)
	}
	id := slug(title, fmt.Sprintf("step-%d", n+1))
	if ids[id] {
		id = fmt.Sprintf("step-%d", n+1)
	}
	ids[id] = true
	m.prose(fmt.Sprintf("## %s {#%s}", title, id))
	m.scripts(p)
	t := convert(m.file(p.Text))
	for _, b := range t.blocks {
		switch b.kind {
		case words:
			m.prose(b.text)
		case command:
			m.block("sh {run}", b.text)
		case tip:
			m.block("md {hint}", b.text)
		case solution:
			if p.Verify != "" {
				m.block("sh {solve}", b.text)
			}
		}
	}
	if len(t.blocks) == 0 {
		m.prose(title + ".")
	}
	m.verify(p, t)
}

// verify makes a check of verify.sh.
func (m *importer) verify(p *page, t text) {
	code := strings.TrimSpace(m.file(p.Verify))
	if code == "" {
		return
	}
	raw, err := yaml.Marshal(map[string]string{"exec": whole(code)})
	if err != nil {
		m.errs = append(m.errs, err)
		return
	}
	m.block("yaml {check id=verify}", string(raw))
	if !t.has(command) && !t.has(solution) {
		m.block("sh {solve}", "# Write here what makes the check hold.")
	}
}
