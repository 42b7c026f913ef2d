package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/esl"
)

// healthWithin bounds the wait for a service that hangs.
const healthWithin = 3 * time.Second

const healthName = "health"

func healthCommand() *cli.Command {
	return &cli.Command{
		Name:  healthName,
		Usage: "ask the service on this machine whether it takes calls",
		Description: "Connects to socket.listen as FreeSWITCH does. For a container's health check, and for scripts: doctor " +
			"says more.\nExit code 1: it does not take calls, and why.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "the service listens on `HOST:PORT` instead of socket.listen"},
		},
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, "no arguments"); err != nil {
				return err
			}
			address := c.String("listen")
			if address == "" {
				cfg, err := loadConfig(c)
				if err != nil {
					return err
				}
				address = cfg.Socket.Listen
			}
			switch err := esl.Probe(c.Context, address, healthWithin); {
			case err == nil:
				_, err = fmt.Fprintf(c.App.Writer, "countersign takes calls on %s\n", address)
				return err
			case errors.Is(err, esl.ErrRefusing), errors.Is(err, esl.ErrSilent), errors.Is(err, esl.ErrForeign):
				return fmt.Errorf("no calls on %s: %w", address, err)
			}
			return fmt.Errorf("nothing listens on %s: is countersign serve running?", address)
		},
	}
}
