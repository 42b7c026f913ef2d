package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/internal/datafile"
	"countersign/internal/retry"
)

func reloadCommand() *cli.Command {
	return &cli.Command{
		Name:  "reload",
		Usage: "have the running service read its settings again",
		Description: "Checks the settings, sends SIGHUP to the service of --data, and prints what it did: calls go on.\n" +
			"These change without a restart: " + strings.Join(reloadable, ", ") + ".\n" +
			"If the settings have a mistake, those from before stay in force, whole. Exit code 1: nothing was changed.",
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"}},
		Action: reloadService,
	}
}

// reloadWithin is how long a service has for a reload.
const reloadWithin = 20 * time.Second

var errNotServing = errors.New("no service runs on this data folder: give its --data, or start it with countersign serve")

func reloadService(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return fmt.Errorf("%w\nnothing was changed", err)
	}
	before, err := readReload(cfg)
	if err != nil {
		return err
	}
	unlock, err := datafile.Lock(datafile.FolderLock(cfg.data))
	if err == nil {
		unlock()
	}
	if !errors.Is(err, datafile.ErrInUse) || before.PID == 0 {
		return errNotServing
	}
	if err := syscall.Kill(before.PID, syscall.SIGHUP); err != nil {
		return fmt.Errorf("the service (process %d) cannot be told to reload: %w", before.PID, err)
	}
	ctx, cancel := context.WithTimeout(c.Context, reloadWithin)
	defer cancel()
	for retry.Pause(ctx, 50*time.Millisecond) == nil {
		done, err := readReload(cfg)
		if err != nil || !done.At.After(before.At) {
			continue
		}
		return printReload(c, done)
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	return fmt.Errorf("the service (process %d) did not answer within %s: look into its log", before.PID, reloadWithin)
}

func printReload(c *cli.Context, done reload) error {
	if c.Bool("json") {
		if err := json.NewEncoder(c.App.Writer).Encode(done); err != nil {
			return err
		}
	} else if done.Error == "" {
		fmt.Fprintf(c.App.Writer, "reloaded: %s\n", orNothing(slices.Clone(done.Applied)))
		if len(done.Restart) > 0 {
			fmt.Fprintf(c.App.Writer, "needs a restart: %s\n", strings.Join(done.Restart, ", "))
		}
	}
	if done.Error != "" {
		return fmt.Errorf("the service refused the settings, those from before stay in force: %s", done.Error)
	}
	return nil
}
