package main

import (
	"context"
	"fmt"
	"os/signal"
	"time"

	"github.com/urfave/cli/v2"
)

// serveName is the one command that outlives its terminal.
const serveName = "serve"

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  serveName,
		Usage: "answer FreeSWITCH's calls",
		Description: "Listens for FreeSWITCH's outbound event socket, keeps customers and calls in --data, and publishes " +
			"events on NATS.\n" +
			"A first start needs no file: accounts have 6-10 digits, PINs 4-6; socket on 127.0.0.1:8084, NATS on " +
			"127.0.0.1:4222.\n" +
			"SIGTERM or Ctrl-C lets running calls finish (socket.drain); a second one ends them at once, and FreeSWITCH " +
			"takes\n" +
			"them to an agent. SIGHUP reads the settings again (countersign reload).",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "listen for FreeSWITCH on `HOST:PORT` instead of socket.listen"},
			rolesFlag(),
		},
		Action: serve,
	}
}

// closeWithin is how long the service may take from the end of the drain: calls end, events are flushed, parts close.
const closeWithin = 30 * time.Second

func serve(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	if c.IsSet("listen") {
		cfg.Socket.Listen = c.String("listen")
	}
	calls, reporting, err := roles(c)
	if err != nil {
		return err
	}
	cfg.noReports = !reporting
	inForce := newSettings(cfg)
	inForce.file = configFile(c)
	log := inForce.logger(c.App.ErrWriter)
	if !calls {
		return serveReporting(c, &reloads{settings: inForce, log: log})
	}
	s, err := startService(c.Context, inForce, c.App.Writer, log)
	if err != nil {
		return err
	}
	defer reloadOnHangup(context.WithoutCancel(c.Context), s.reloads)()
	if err := noteServing(cfg); err != nil {
		log.Warn("countersign reload will not find this service, SIGHUP does the same", "err", err)
	}
	manager := manager{log}
	watched := newBackground()
	defer watched.stop()
	watched.run(func(ctx context.Context) { manager.watch(ctx, s.listener.Addr().String()) })
	manager.ready()
	api := "none"
	if s.api != nil {
		api = cfg.webURL(s.api.Addr().String())
	}
	fmt.Fprintf(c.App.Writer, "Countersign answers FreeSWITCH on %s. Events: %s. API and screens: %s. Data: %s. Ctrl-C stops it.\n",
		s.listener.Addr(), s.endpoint, api, cfg.data)
	select {
	case <-c.Context.Done():
	case err := <-s.served:
		s.served <- err
		log.Error("event socket stopped unexpectedly", "err", err)
	}
	log.Info("stopping", "calls", s.server.Calls(), "drain", time.Duration(cfg.Socket.Drain))
	manager.stopping(time.Duration(cfg.Socket.Drain) + closeWithin)
	// A second signal ends the wait.
	draining, again := signal.NotifyContext(context.Background(), stopSignals...)
	defer again()
	draining, cancel := context.WithTimeout(draining, time.Duration(cfg.Socket.Drain))
	defer cancel()
	return s.stop(draining)
}
