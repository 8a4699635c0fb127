// Command echo runs one echo backend.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gwctl/gwctl/sandbox/echo"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func run() error {
	host, _ := os.Hostname()
	listen := flag.String("listen", ":8080", "address to serve on")
	name := flag.String("name", "echo", "what the backend calls itself")
	instance := flag.String("instance", host, "what tells this replica from others")
	message := flag.String("message", "", "what it greets with (default: made from the name)")
	delay := flag.Duration("shutdown-delay", 2*time.Second, "how long it serves on once told to stop, while its callers learn of it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := echo.Listen(*listen, echo.Options{Name: *name, Instance: *instance, Message: *message, ShutdownDelay: *delay})
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s listens on %s\n", *name, s.Addr())
	return s.Run(ctx)
}
