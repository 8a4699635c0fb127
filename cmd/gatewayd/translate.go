package main

import (
	"github.com/spf13/cobra"
)

func translateCommand() *cobra.Command {
	return &cobra.Command{Use: "translate PATH", Args: cobra.ExactArgs(1)}
}
