// Command gwctl brings up an API gateway to play with, and shows what it does.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/gwctl/gwctl/cmd/gwctl/cli"
)

// version is set by the release build.
var version = "dev"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second Ctrl-C ends at once
	}()
	return cli.Run(ctx, cli.App{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Version: version}, os.Args[1:])
}
