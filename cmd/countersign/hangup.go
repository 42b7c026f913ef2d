package main

import (
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/urfave/cli/v2"
)

// endWithTerminal lets a command end in order when its terminal is closed, unless it was started with nohup.
func endWithTerminal(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		if !signal.Ignored(syscall.SIGHUP) {
			ctx, stop := signal.NotifyContext(c.Context, syscall.SIGHUP)
			defer stop()
			c.Context = ctx
		}
		return action(c)
	}
}

// outliveTerminal keeps a service running when its terminal is closed, or when somebody expects it to read its settings
// again, and says so in the log.
func outliveTerminal(log *slog.Logger) (stop func()) {
	if signal.Ignored(syscall.SIGHUP) { // nohup
		return func() {}
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	var listening sync.WaitGroup
	listening.Go(func() {
		for range hangups {
			log.Warn("SIGHUP changes nothing: settings are read at start, lines with countersign lines apply")
		}
	})
	return func() {
		signal.Stop(hangups)
		close(hangups)
		listening.Wait()
	}
}
