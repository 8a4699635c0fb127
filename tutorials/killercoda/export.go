package killercoda

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

// Options say how a lesson is exported.
type Options struct {
	// Source is the directory of a lesson that gwctl does not bring along, nil
	// for one that it does.
	Source fs.FS
	// Install is a command that installs gwctl on the scenario's machine, "" when
	// it is there.
	Install string
	// Image is the machine, "" for ubuntu.
	Image string
}

// lessonTarget is where a lesson that gwctl does not bring along lies on the
// scenario's machine.
const lessonTarget = "/root/lesson"

// exporter writes one scenario.
type exporter struct {
	lesson *lesson.Lesson
	opts   Options
	files  map[string]string
}

// Export writes the lesson as a scenario into a directory that is not there yet
// or empty.
func Export(l *lesson.Lesson, dir string, o Options) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return hint.New("EXPORT_EXISTS", hint.Usage, dir+" is there already and not empty", "choose a directory that is not there yet")
	}
	x := &exporter{lesson: l, opts: o, files: map[string]string{}}
	if o.Image == "" {
		x.opts.Image = "ubuntu"
	}
	if err := x.scenario(); err != nil {
		return err
	}
	if err := x.write(dir); err != nil {
		return hint.New("NO_EXPORT", hint.Preflight, "the scenario cannot be written", "name a directory of yours").Because(err)
	}
	return nil
}

func (x *exporter) write(dir string) error {
	for name, text := range x.files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // it is meant to be published
			return err
		}
		mode := fs.FileMode(0o644)
		if path.Ext(name) == ".sh" {
			mode = 0o755
		}
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			return err
		}
	}
	return nil
}

func (x *exporter) scenario() error {
	l := x.lesson
	s := scenario{Title: l.Title, Description: l.Summary, Backend: backend{x.opts.Image}, Interface: &interfaze{"terminal"}}
	x.files["intro/text.md"] = joined(l.Intro, "A gateway comes up in the terminal. "+
		fmt.Sprintf("This takes about %d minutes, in %d steps.", l.Minutes, len(l.Steps)), notes(l.Notes))
	x.files["intro/background.sh"] = x.up()
	x.files["intro/foreground.sh"] = script(untilUp + `gwctl status --name "${GWCTL_SANDBOX:-default}"`)
	s.Details.Intro = &page{Title: l.Title, Text: "intro/text.md", Background: "intro/background.sh", Foreground: "intro/foreground.sh"}
	for n := range l.Steps {
		s.Details.Steps = append(s.Details.Steps, x.step(n))
	}
	x.files["finish/text.md"] = "The lesson is finished.\n"
	s.Details.Finish = &page{Title: "Finished", Text: "finish/text.md"}
	if x.opts.Source != nil {
		if err := x.assets(); err != nil {
			return err
		}
		s.Details.Assets = map[string][]asset{"host01": {{File: "lesson/**", Target: lessonTarget}}}
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the scenario: %w", err)
	}
	x.files[indexFile] = string(raw) + "\n"
	return nil
}

// assets takes the files of the lesson along.
func (x *exporter) assets() error {
	err := fs.WalkDir(x.opts.Source, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		raw, err := fs.ReadFile(x.opts.Source, name)
		x.files[path.Join("assets/lesson", name)] = string(raw)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the lesson: %w", err)
	}
	return nil
}

// call is the command that does something of a step.
func (x *exporter) call(step *lesson.Step, what string) string {
	if x.opts.Source == nil {
		return fmt.Sprintf("gwctl tutorial step %s %s %s", x.lesson.ID, step.ID, what)
	}
	return fmt.Sprintf("gwctl tutorial step --trust \"${GWCTL_LESSON:-%s}\" %s %s", lessonTarget, step.ID, what)
}

// untilUp waits until the gateway is up. As a lesson the scenario has one.
const untilUp = `[ -n "$GWCTL_SANDBOX" ] || for _ in $(seq 300); do
  gwctl status >/dev/null 2>&1 && break
  sleep 1
done
`

func script(text string) string { return "#!/bin/bash\n" + strings.TrimRight(text, "\n") + "\n" }

// up brings the gateway up, unless the scenario runs as a lesson, which has one.
func (x *exporter) up() string {
	text := `[ -n "$GWCTL_SANDBOX" ] && exit 0` + "\n"
	if x.opts.Install != "" {
		text += "command -v gwctl >/dev/null || " + x.opts.Install + "\n"
	}
	return script(text + "exec gwctl up --runtime local")
}

func (x *exporter) step(n int) page {
	st := &x.lesson.Steps[n]
	dir := fmt.Sprintf("step%d", n+1)
	p := page{Title: st.Title, Text: dir + "/text.md", Background: dir + "/background.sh"}
	x.files[p.Text] = x.text(st)
	x.files[p.Background] = script(untilUp + x.call(st, "--begin"))
	if len(st.Checks()) > 0 {
		p.Verify = dir + "/verify.sh"
		x.files[p.Verify] = script("exec " + x.call(st, "--check"))
	}
	return p
}

// joined puts texts one after the other, a blank line between them.
func joined(texts ...string) string {
	var out []string
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return strings.Join(out, "\n\n") + "\n"
}

// Dir opens a directory of which nothing outside can be read.
func Dir(name string) (fs.FS, func() error, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err
		}
		return nil, nil, notOne(name, err.Error(), "name a directory")
	}
	return root.FS(), root.Close, nil
}
