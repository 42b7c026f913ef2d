package main

import (
	"context"
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

// reloadOnHangup reads the settings again at each SIGHUP, also at that of a terminal that is closed. A service that was
// started with nohup reloads, too: whoever sends the signal to it means it.
func reloadOnHangup(ctx context.Context, r *reloads) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	var listening sync.WaitGroup
	manager := manager{r.log}
	listening.Go(func() {
		for range hangups {
			manager.reloading()
			r.now(ctx, "SIGHUP")
			manager.ready()
		}
	})
	return func() {
		signal.Stop(hangups)
		close(hangups)
		listening.Wait()
	}
}
