package tui

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// bigRows is how high big digits are.
const bigRows = 5

// shape gives the five rows of a big sign.
func shape(r rune) [bigRows]string {
	switch r {
	case '0':
		return [bigRows]string{"###", "# #", "# #", "# #", "###"}
	case '1':
		return [bigRows]string{" # ", "## ", " # ", " # ", "###"}
	case '2':
		return [bigRows]string{"###", "  #", "###", "#  ", "###"}
	case '3':
		return [bigRows]string{"###", "  #", "###", "  #", "###"}
	case '4':
		return [bigRows]string{"# #", "# #", "###", "  #", "  #"}
	case '5':
		return [bigRows]string{"###", "#  ", "###", "  #", "###"}
	case '6':
		return [bigRows]string{"###", "#  ", "###", "# #", "###"}
	case '7':
		return [bigRows]string{"###", "  #", "  #", "  #", "  #"}
	case '8':
		return [bigRows]string{"###", "# #", "###", "# #", "###"}
	case '9':
		return [bigRows]string{"###", "# #", "###", "  #", "###"}
	case ':':
		return [bigRows]string{" ", "#", " ", "#", " "}
	case '.':
		return [bigRows]string{" ", " ", " ", " ", "#"}
	case 'x':
		return [bigRows]string{"   ", "# #", " # ", "# #", "   "}
	case '/':
		return [bigRows]string{"  #", "  #", " # ", "#  ", "#  "}
	}
	return [bigRows]string{" ", " ", " ", " ", " "}
}

// bigText draws digits in five rows.
func bigText(l *look, text string) []string { return scaled(l, text, 1) }

// scaled draws digits, each part of them so many cells wide and half as high.
func scaled(l *look, text string, times int) []string {
	rows := make([]string, bigRows)
	for _, r := range text {
		s := shape(r)
		for i := range rows {
			for _, c := range s[i] {
				part := " "
				if c == '#' {
					part = l.block
				}
				rows[i] += strings.Repeat(part, times)
			}
			rows[i] += strings.Repeat(" ", times)
		}
	}
	out := []string{}
	for _, row := range rows {
		for range max(1, times/2) {
			out = append(out, row)
		}
	}
	return out
}

// beside puts a picture to the left of lines.
func beside(s lipgloss.Style, picture, lines []string, w int) []string {
	wide := 0
	for _, row := range picture {
		wide = max(wide, len([]rune(row)))
	}
	out := make([]string, 0, len(picture))
	for i, row := range picture {
		line := s.Render(fit(row, wide)) + "   "
		if i < len(lines) {
			line += lines[i]
		}
		out = append(out, fit(line, w))
	}
	return out
}
