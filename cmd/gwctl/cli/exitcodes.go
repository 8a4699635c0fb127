package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// exitCodes is a topic of help, not a command.
func exitCodes() *cobra.Command {
	var b strings.Builder
	b.WriteString("gwctl ends with one of these codes; their meaning never changes.\n\n")
	for _, m := range hint.Codes() {
		fmt.Fprintf(&b, "%5d  %s\n", m.Code, m.Doc)
	}
	b.WriteString("\nEvery error comes with what to do about it; with -o json also with a stable ID.\n")
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: b.String()}
}
