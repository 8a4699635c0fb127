package lesson

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxFile bounds a lesson's file, in bytes.
const maxFile = 1 << 20

// Options say how a lesson is read.
type Options struct {
	// Name is what the lesson's directory is called in faults.
	Name string
	// Params take the place of the lesson's own.
	Params map[string]string
	// Lang asks for the prose in a language ("de"); English when the lesson has
	// it not.
	Lang string
}

// Load reads the lesson in a directory. Its error is Faults when the lesson is
// not valid.
func Load(dir fs.FS, o Options) (*Lesson, error) {
	text, err := read(dir, File)
	if err != nil {
		return nil, fmt.Errorf("reading the lesson %s: %w", o.Name, err)
	}
	l, err := parse(dir, text, o)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(dir, "lesson.*.md")
	if err != nil {
		return nil, fmt.Errorf("reading the lesson %s: %w", o.Name, err)
	}
	for _, name := range names {
		lang := strings.TrimSuffix(strings.TrimPrefix(name, "lesson."), ".md")
		l.Languages = append(l.Languages, lang)
		text, err := read(dir, name)
		if err != nil {
			return nil, fmt.Errorf("reading the lesson %s: %w", o.Name, err)
		}
		if err := l.translate(text, path.Join(o.Name, name), lang == o.Lang); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Parse reads the text of a lesson that has no other files.
func Parse(text string, o Options) (*Lesson, error) { return parse(nil, text, o) }

func read(dir fs.FS, name string) (string, error) {
	info, err := fs.Stat(dir, name)
	if err != nil {
		return "", err
	}
	if info.Size() > maxFile {
		return "", fmt.Errorf("%s is larger than %d bytes", name, maxFile)
	}
	raw, err := fs.ReadFile(dir, name)
	return strings.ReplaceAll(string(raw), "\r\n", "\n"), err
}

func parse(dir fs.FS, text string, o Options) (*Lesson, error) {
	l := &Lesson{}
	r := newReport(path.Join(o.Name, File), text)
	r.plain(text)
	controls := len(r.list)
	front, body, bodyLine := r.cutFront(text)
	if len(r.list) == controls {
		l.front(r, front, o.Params)
	}
	if err := r.err(); err != nil && l.ID == "" {
		return nil, err // nothing that follows would be understood
	}
	b := &builder{report: r, lesson: l, dir: dir}
	for _, p := range pieces(r, l.fill(r, body, bodyLine), bodyLine) {
		b.add(p)
	}
	b.end()
	if err := r.err(); err != nil {
		return nil, err
	}
	return l, nil
}

// builder makes a lesson of pieces.
type builder struct {
	*report
	lesson *Lesson
	dir    fs.FS
	step   *Step // nil before the first
}

func (b *builder) add(p piece) {
	switch p.kind {
	case headingPiece:
		b.closeStep()
		b.open(p)
	case prosePiece:
		if b.step != nil {
			b.step.Items = append(b.step.Items, Item{Kind: Prose, Line: p.line, Text: p.text})
			return
		}
		b.lesson.Intro = strings.TrimSpace(b.lesson.Intro + "\n\n" + p.text)
	case notePiece:
		notes := &b.lesson.Notes
		if b.step != nil {
			notes = &b.step.Notes
		}
		*notes = append(*notes, p.text)
	case pausePiece:
		if b.step != nil {
			b.step.Items = append(b.step.Items, Item{Kind: Pause, Line: p.line})
		}
	case fencePiece:
		b.fence(p)
	}
}

func (b *builder) open(p piece) {
	s := Step{ID: p.id, Title: p.text, Line: p.line}
	if !validID(p.id) {
		b.at(p.line, "the step needs an id, as in ## %s {#%s}", p.text, idOf(p.text))
	}
	if _, _, twice := b.lesson.Step(p.id); twice {
		b.at(p.line, "another step has the id %q", p.id)
	}
	b.lesson.Steps = append(b.lesson.Steps, s)
	b.step = &b.lesson.Steps[len(b.lesson.Steps)-1]
}

// idOf proposes an id.
func idOf(title string) string {
	id := strings.Trim(strings.Join(strings.FieldsFunc(strings.ToLower(title), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-"), "-")
	if len(id) > maxID {
		id = strings.Trim(id[:maxID], "-")
	}
	if id == "" {
		return "step"
	}
	return id
}

// languages tells which languages an action may be written in.
func languages(action string) []string {
	return map[string][]string{
		"apply": {"yaml"}, "fire": {"http"}, "run": {"sh"}, "check": {"yaml"}, "predict": {"quiz"}, "hint": {"md"},
		"solve": {"yaml", "http", "sh"}, "setup": {"yaml", "http", "sh"}, "cleanup": {"yaml", "http", "sh"},
	}[action]
}

// fence takes a block with an action.
func (b *builder) fence(p piece) {
	langs := languages(p.info.action)
	switch {
	case langs == nil:
		b.at(p.line, "there is no action %q; use apply, fire, run, check, predict, hint, solve, setup or cleanup", p.info.action)
		return
	case !slices.Contains(langs, p.info.lang):
		b.at(p.line, "%s is written in %s, not in %q", p.info.action, list(langs), p.info.lang)
		return
	case b.step == nil && p.info.action != "setup" && p.info.action != "cleanup":
		b.at(p.line, "%s belongs into a step: write a heading ## Title {#id} before it", p.info.action)
		return
	case p.nested:
		b.at(p.line, "%s must stand at the left margin, not in a list or quote", p.info.action)
		return
	}
	if p.info.action == "hint" {
		b.hint(p)
		return
	}
	if item, ok := b.item(p); ok {
		into := b.listOf(p.info.action)
		*into = append(*into, item)
	}
}

// listOf finds the list that the items of an action go to.
func (b *builder) listOf(action string) *[]Item {
	switch {
	case action == "setup" && b.step == nil:
		return &b.lesson.Setup
	case action == "cleanup" && b.step == nil:
		return &b.lesson.Cleanup
	case action == "setup":
		return &b.step.Setup
	case action == "cleanup":
		return &b.step.Cleanup
	case action == "solve":
		return &b.step.Solve
	}
	return &b.step.Items
}

func (b *builder) hint(p piece) {
	h := Hint{Text: strings.TrimSpace(p.text), Line: p.line}
	b.read(p.info, "hint", map[string]attribute{"when": idAttr(&h.When)})
	if h.Text == "" {
		b.at(p.line, "the hint is empty")
	}
	b.step.Hints = append(b.step.Hints, h)
}

// item makes an item of a block.
func (b *builder) item(p piece) (Item, bool) {
	i := Item{Line: p.line, ID: p.info.attrs["id"]}
	switch {
	case p.info.action == "predict":
		i.Kind, i.Quiz = Predict, b.quiz(p.info, p.text)
	case p.info.action == "check":
		i.Kind = Check
		b.read(p.info, "check", map[string]attribute{"id": idAttr(&i.ID)})
		d := &doc{b.report, p.line}
		n := d.parse(p.text, "the check")
		if n == nil {
			return i, false
		}
		i.Require = d.condition(n)
	case p.info.lang == "http":
		i.Kind, i.Volley = Fire, b.volley(p.info, p.text)
	case p.info.lang == "sh":
		i.Kind, i.Text = Run, strings.TrimSpace(p.text)
		b.read(p.info, "run", map[string]attribute{"id": idAttr(&i.ID)})
		if i.Text == "" {
			b.at(p.line, "there is no command")
		}
	default:
		i.Kind = Apply
		i.Text = b.manifests(p)
	}
	return i, true
}

// manifests gives the text of an apply block, or of the file that it names.
func (b *builder) manifests(p piece) string {
	var id, file string
	b.read(p.info, "apply", map[string]attribute{"id": idAttr(&id), "file": textAttr(&file)})
	if file == "" {
		b.objects(p.text, b.file, p.line)
		return p.text
	}
	if strings.TrimSpace(p.text) != "" {
		b.at(p.line, "a block that names a file is empty itself")
	}
	if b.dir == nil || !fs.ValidPath(file) {
		b.at(p.line, "%q is no file of the lesson's directory", file)
		return ""
	}
	text, err := read(b.dir, file)
	if err != nil {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err
		}
		b.at(p.line, "reading %s: %v", file, err)
		return ""
	}
	name := path.Join(path.Dir(b.file), file)
	inFile := newReport(name, text)
	inFile.plain(text)
	b.list = append(b.list, inFile.list...)
	b.objects(text, name, 0)
	return text
}
