package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/internal/retry"
	"countersign/store/audit"
	"countersign/store/customers"
	"countersign/store/customers/share"
)

// What a machine does for the customers of several machines (customers.share).
const (
	shareSource  = "source"
	shareReplica = "replica"
)

func (c config) checkShare() (errs []error) {
	switch c.Customers.Share {
	case "", shareSource, shareReplica:
	default:
		errs = append(errs, fmt.Errorf("customers.share is %q: it can be %s or %s, or empty", c.Customers.Share, shareSource,
			shareReplica))
	}
	if d := time.Duration(c.Customers.StaleAfter); d < time.Minute || d > day {
		errs = append(errs, fmt.Errorf("customers.stale_after is %s: it must be from 1m to 24h", d))
	}
	return errs
}

func (c config) role() customers.Role {
	switch c.Customers.Share {
	case shareSource:
		return customers.Source
	case shareReplica:
		return customers.Replica
	}
	return customers.Alone
}

// errReplica says where customers are changed.
func (c config) errReplica(what string) error {
	if c.role() != customers.Replica {
		return nil
	}
	return fmt.Errorf("%s: this machine has a copy of the customers (customers.share: replica); do it on the machine with "+
		"customers.share: source, and it is here a second later", what)
}

// withOwnDirectory runs f on the customers, unless they are those of another machine.
func withOwnDirectory(c *cli.Context, f func(cfg config, d *customers.Directory) error) error {
	return withDirectory(c, func(cfg config, d *customers.Directory) error {
		if err := cfg.errReplica("nothing was changed"); err != nil {
			return err
		}
		return f(cfg, d)
	})
}

func customersTakeOverCommand() *cli.Command {
	return &cli.Command{
		Name:  "take-over",
		Usage: "make this machine the source of customers, in place of another",
		Description: "For machines that share their customers (customers.share). Set customers.share to source here and restart " +
			"first.\n" +
			"Every replica then has what this machine has, and the other machine publishes nothing any more. What it has not " +
			"published is\n" +
			"lost to the others.",
		Flags:  []cli.Flag{natsFlag(), authorFlag()},
		Action: customersTakeOver,
	}
}

func customersTakeOver(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	return withDirectory(c, func(cfg config, d *customers.Directory) error {
		at, err := reachableNATS(c, cfg)
		if err != nil {
			return err
		}
		state, err := openShards(cfg, at, d)
		if err != nil {
			return err
		}
		return whenReady(c, state, func(ctx context.Context) error {
			from, err := share.TakeOver(ctx, d, state.Shards())
			if err != nil {
				return err
			}
			if from.ID == "" {
				fmt.Fprintln(c.App.Writer, "nobody was the source before; this machine is")
			} else {
				fmt.Fprintf(c.App.Writer, "this machine is the source of customers, in place of %s\n", from.Node)
			}
			return auditDone(c, cfg, audit.Imported, "customers", "taken over as their source")
		})
	})
}

// openShards opens the shared state with the customers of several machines. The caller closes it.
func openShards(cfg config, at bus.Endpoint, d pepper) (*bus.State, error) {
	return bus.OpenState(at, bus.StateOptions{
		Node: cfg.Node, Seal: d.Sealer(stateKey), Share: true, Within: time.Duration(cfg.NATS.Timeout),
		Log: slog.New(slog.DiscardHandler),
	})
}

// publisher publishes this machine's customers.
func publisher(cfg config, d *customers.Directory, state *bus.State, log *slog.Logger) *share.Publisher {
	return share.NewPublisher(share.PublisherOptions{
		Directory: d, Bucket: state.Shards(), Node: cfg.Node, Log: log, Now: time.Now,
	})
}

// publishedWithin bounds the wait for the service to publish an erasure.
const publishedWithin = 30 * time.Second

// erasureShared makes sure that NATS has no customer who was erased here: by the service, or without one here and now. It
// returns nil if customers are not shared.
func erasureShared(cfg config) func(ctx context.Context, at bus.Endpoint, serving bool) error {
	if cfg.role() != customers.Source {
		return nil
	}
	return func(ctx context.Context, at bus.Endpoint, serving bool) error {
		return publishErasure(ctx, cfg, at, serving)
	}
}

func publishErasure(ctx context.Context, cfg config, at bus.Endpoint, serving bool) (err error) {
	d, err := openDirectory(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, publishedWithin)
	defer cancel()
	if serving {
		for {
			n, err := d.Unpublished(ctx)
			if n == 0 || err != nil {
				return err
			}
			if retry.Pause(ctx, lookPause) != nil {
				return errors.New("the service has not published the erasure for the replicas yet")
			}
		}
	}
	state, err := openShards(cfg, at, d)
	if err != nil {
		return err
	}
	defer state.Close()
	if err := state.Ready(ctx); err != nil {
		return err
	}
	return publisher(cfg, d, state, slog.New(slog.DiscardHandler)).Publish(ctx)
}

const lookPause = 50 * time.Millisecond

// openReplica makes the replica of a service that is one.
func (s *service) openReplica(ctx context.Context, directory *customers.Directory) (err error) {
	if s.cfg.role() != customers.Replica {
		return nil
	}
	s.replica, err = share.NewReplica(ctx, share.ReplicaOptions{
		Directory: directory, Feed: s.state.Shards(), StaleAfter: time.Duration(s.cfg.Customers.StaleAfter), Log: s.log,
		Now: time.Now,
	})
	return err
}

// shareCustomers publishes the customers, or takes them over.
func (s *service) shareCustomers(background *background, directory *customers.Directory) {
	switch s.cfg.role() {
	case customers.Source:
		background.run(func(ctx context.Context) {
			if s.state.Ready(ctx) == nil {
				publisher(s.cfg, directory, s.state, s.log).Run(ctx)
			}
		})
	case customers.Replica:
		background.run(s.replica.Run)
	}
}

// replicaNotReady says that the customers have not come yet.
func (s *service) replicaNotReady() string {
	if s.replica == nil {
		return ""
	}
	if _, filled := s.replica.Age(); !filled {
		return "the customers have not come from their source yet: callers go to a person"
	}
	return ""
}
