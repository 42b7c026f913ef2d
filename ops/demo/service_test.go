package demo_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/bus"
	"countersign/esl"
	"countersign/lines"
	"countersign/lines/live"
	"countersign/ops/demo"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/guard"
	"countersign/steps"
	"countersign/store/customers"
	"countersign/store/journal"
)

var silent = slog.New(slog.DiscardHandler)

// site runs a service for the demo in this process.
type site struct {
	t       *testing.T
	dir     string
	pepper  customers.Peppers
	closed  bool
	started demo.Settings
}

func newSite(t *testing.T) *site {
	s := &site{t: t, dir: t.TempDir()}
	var err error
	s.pepper, err = customers.LoadPepper(filepath.Join(s.dir, "pepper"))
	require.NoError(t, err)
	return s
}

func (s *site) openCustomers(ctx context.Context) (*customers.Directory, error) {
	o := customers.Options{Pepper: s.pepper, Scheme: customers.SchemeHMAC}
	return customers.Open(ctx, filepath.Join(s.dir, "directory.db"), o)
}

// start wires a service of real parts: only what calls need, and NATS.
func (s *site) start(ctx context.Context, with demo.Settings) (*demo.Service, error) {
	s.started = with
	local, err := s.openCustomers(ctx)
	require.NoError(s.t, err)
	var directory steps.Directory = local
	if with.Backend.URL != "" {
		directory, err = backend.New(with.Backend, local, endpoint.Options{Log: silent})
		require.NoError(s.t, err)
	}
	j, err := journal.Open(ctx, filepath.Join(s.dir, "journal.db"), journal.Options{})
	require.NoError(s.t, err)
	o := bus.EmbeddedOptions{Dir: filepath.Join(s.dir, "nats"), Listen: "127.0.0.1:0", Log: silent}
	nats, err := bus.StartEmbedded(o)
	require.NoError(s.t, err)
	state, err := bus.OpenState(nats.Endpoint(), bus.StateOptions{Node: "demo", Within: patience, Log: silent})
	require.NoError(s.t, err)
	var rules guard.Rules
	demo.AllowRepeats(&rules)
	g, err := guard.New(guard.Options{
		Store: state.Guard(), Key: local.PepperKey("guard"), Rules: rules, Within: patience, Log: silent,
	})
	require.NoError(s.t, err)
	gateway, err := sms.New(sms.Settings{URL: with.SMS}, endpoint.Options{Log: silent})
	require.NoError(s.t, err)
	require.NoError(s.t, prompts.Unpack(filepath.Join(s.dir, "prompts")))
	catalogue, err := prompts.Open(filepath.Join(s.dir, "prompts"))
	require.NoError(s.t, err)
	inForce, err := live.New(live.Options{
		Parts: lines.Parts{Directory: directory, Sends: g, Senders: lines.EveryWay(gateway), Once: g},
		Speak: func(context.Context, []prompts.Text) error { return nil },
		Copy:  filepath.Join(s.dir, "lines.json"), Log: silent,
	})
	require.NoError(s.t, err)
	runner := session.NewRunner(session.Options{
		Journal: j, Prompts: catalogue, Line: inForce.Pick, Guard: g, Calls: state.Calls(), Customer: directory.ByID,
		StateTimeout: patience,
	})
	server := esl.NewServer(runner.Run, esl.Options{MaxCalls: 100, Log: silent})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	relay := bus.NewRelay(j, nats.Endpoint(), bus.RelayConfig{}, silent)
	running, stop := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { relay.Run(running) })
	parts.Go(func() { g.Run(running) })
	parts.Go(func() { inForce.Follow(running, state.Lines()) })
	parts.Go(func() { _ = server.Serve(running, l) })
	return &demo.Service{
		Socket: l.Addr().String(), NATS: nats.Endpoint(), State: state,
		LinesInForce: func() int { return len(inForce.All()) },
		AwaitNATS: func(ctx context.Context) error {
			for !relay.Status().Connected {
				if ctx.Err() != nil {
					return ctx.Err()
				}
			}
			return nil
		},
		Drain: func(ctx context.Context) error {
			return errors.Join(server.Shutdown(ctx), j.Sync(ctx), relay.Flush(ctx))
		},
		Close: func() error {
			s.closed = true
			stop()
			parts.Wait()
			gateway.Close()
			if b, ok := directory.(*backend.Directory); ok {
				b.Close()
			}
			state.Close()
			nats.Shutdown()
			return errors.Join(j.Close(context.Background()), local.Close())
		},
	}, nil
}

// patience bounds every wait of these tests.
const patience = time.Minute
