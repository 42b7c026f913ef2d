package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"countersign/backend"
	"countersign/backend/sms"
	"countersign/bus"
	"countersign/esl"
	"countersign/freeswitch"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/guard"
	"countersign/session/token"
	"countersign/store/customers"
	"countersign/store/journal"
	"countersign/store/sqlite"
	"countersign/web"
)

// service is the whole of "serve", put together: FreeSWITCH's socket, the runner, the stores, NATS and the relay between them.
type service struct {
	cfg config
	log *slog.Logger

	listener  *net.TCPListener
	unlock    func() // gives --data free for another process
	directory *customers.Directory
	backend   *backend.Directory // nil without one
	gateway   *sms.Gateway       // nil without one
	journal   *journal.Journal
	embedded  *bus.Embedded // nil with an external NATS
	endpoint  bus.Endpoint
	relay     *bus.Relay
	state     *bus.State
	guard     *guard.Guard
	tokens    *token.Issuer
	stepUps   *freeswitch.StepUps
	catalogue *prompts.Catalogue
	lines     *linesInForce
	web       net.Listener // nil without one
	server    *esl.Server

	background sync.WaitGroup // ends with stopAll, after the calls
	stopRelay  context.CancelFunc
	stopAll    context.CancelFunc
	served     chan error
}

// startService starts everything, or nothing: what was started is stopped again when a later part cannot start.
func startService(ctx context.Context, cfg config, log *slog.Logger) (s *service, err error) {
	s = &service{cfg: cfg, log: log, served: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.closeStores()
			s = nil
		}
	}()
	// The port comes first, so that nothing is made or touched when it is taken. Until all is ready calls are refused: FreeSWITCH takes them to an agent.
	if err := s.listen(); err != nil {
		return s, err
	}
	stopRefusing := refuse(s.listener)
	defer stopRefusing()
	if err := s.openStores(ctx); err != nil {
		return s, err
	}
	if s.catalogue, err = openPrompts(cfg); err != nil {
		return s, err
	}
	if err := s.openNATS(); err != nil {
		return s, err
	}
	if err := s.openState(); err != nil {
		return s, err
	}
	if err := s.openGateway(); err != nil {
		return s, err
	}
	customers, err := s.openCustomers()
	if err != nil {
		return s, err
	}
	if s.lines, err = newLinesInForce(cfg, s.parts(customers), s.catalogue, log); err != nil {
		return s, err
	}
	allow, err := cfg.allow()
	if err != nil {
		return s, err
	}
	runner := session.NewRunner(session.Options{
		Journal: s.journal, Prompts: s.catalogue, Line: s.lines.pick, Guard: s.guard, Calls: s.state.Calls(), Tokens: token.ForCalls{Issuer: s.tokens}, Customer: customers.ByID,
		Node: cfg.Node, Log: log, MaxDuration: time.Duration(cfg.Calls.MaxDuration), MaxActions: cfg.Calls.MaxActions, StateTimeout: time.Duration(cfg.NATS.Timeout),
	})
	s.server = esl.NewServer(runner.Run, esl.Options{MaxCalls: cfg.Socket.MaxCalls, Allow: allow, Log: log})
	api, err := s.openWeb(customers)
	if err != nil {
		return s, err
	}
	s.run(ctx, api)
	stopRefusing()
	s.serve()
	return s, nil
}

func (s *service) listen() error {
	l, err := net.Listen("tcp", s.cfg.Socket.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("socket.listen %s is in use: another countersign may be running; stop it or set another address", s.cfg.Socket.Listen)
	case err != nil:
		return fmt.Errorf("socket.listen %s: %w", s.cfg.Socket.Listen, err)
	}
	s.listener = l.(*net.TCPListener)
	return nil
}

// refuse closes every connection at once, until it is stopped. Stopping twice is harmless.
func refuse(l *net.TCPListener) (stop func()) {
	var refusing sync.WaitGroup
	refusing.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			_ = nc.Close()
		}
	})
	return sync.OnceFunc(func() {
		_ = l.SetDeadline(time.Now())
		refusing.Wait()
		_ = l.SetDeadline(time.Time{})
	})
}

func (s *service) openStores(ctx context.Context) (err error) {
	s.unlock, err = sqlite.Lock(filepath.Join(s.cfg.data, "lock"))
	if errors.Is(err, sqlite.ErrInUse) {
		return fmt.Errorf("the data folder %s is in use by another countersign: stop it or use another --data folder", s.cfg.data)
	}
	if err != nil {
		return err
	}
	if s.directory, err = openDirectory(ctx, s.cfg, s.log); err != nil {
		return err
	}
	if s.journal, err = journal.Open(ctx, s.cfg.journalPath(), journal.Options{Log: s.log}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, writeTimeout, fmt.Errorf("%s cannot be written: another program may have locked it", s.cfg.journalPath()))
	defer cancel()
	interrupted, err := s.journal.EndInterrupted(ctx, session.Source(s.cfg.Node), time.Now())
	if interrupted > 0 {
		s.log.Warn("calls were interrupted when countersign ended last; their journals are closed now", "calls", interrupted)
	}
	return err
}

// loadPepper makes a pepper where there are no customers yet.
func loadPepper(cfg config) ([]byte, error) {
	if exists(cfg.directoryPath()) && !exists(cfg.pepperPath()) {
		return nil, fmt.Errorf("the pepper %s is missing: restore it from a backup, because the stored PINs cannot be checked without it", cfg.pepperPath())
	}
	return customers.LoadPepper(cfg.pepperPath())
}

// openDirectory opens the customers to change them.
func openDirectory(ctx context.Context, cfg config, log *slog.Logger) (*customers.Directory, error) {
	pepper, err := loadPepper(cfg)
	if err != nil {
		return nil, err
	}
	return customers.Open(ctx, cfg.directoryPath(), customers.Options{Pepper: pepper, Scheme: cfg.Customers.Hash, Log: log})
}

// openPrompts writes our recordings where FreeSWITCH finds them, unless the operator has a folder of their own.
func openPrompts(cfg config) (*prompts.Catalogue, error) {
	if cfg.Prompts.Path == "" {
		if err := prompts.Unpack(cfg.promptsDir()); err != nil {
			return nil, err
		}
	}
	return prompts.OpenWith(cfg.promptsDir(), cfg.Prompts.Voices)
}

func (s *service) openNATS() (err error) {
	if s.cfg.NATS.URL != "" {
		s.endpoint, err = bus.External(s.cfg.external())
		return err
	}
	n := s.cfg.NATS
	s.embedded, err = bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: s.cfg.natsDir(), Listen: n.Listen, User: n.User, Password: n.Password, Token: n.Token, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.endpoint = s.embedded.Endpoint()
	return nil
}

// linesTimeout is how long a start waits to hear from NATS which lines there are, before calls are taken with those that were in force last.
const linesTimeout = 5 * time.Second

// run starts the goroutines, and waits for the lines; stop waits for the goroutines.
func (s *service) run(ctx context.Context, api http.Handler) {
	relaying, stopRelay := context.WithCancel(context.Background())
	all, stopAll := context.WithCancel(context.Background())
	s.stopRelay, s.stopAll = stopRelay, stopAll
	s.relay = bus.NewRelay(s.journal, s.endpoint, bus.RelayConfig{Stream: bus.StreamConfig{MaxAge: time.Duration(s.cfg.Retention.Journal)}}, s.log)
	s.background.Go(func() { s.relay.Run(relaying) })
	s.background.Go(func() { s.directory.Wrap(all) })
	s.background.Go(func() { s.guard.Run(all) })
	s.background.Go(func() { s.checkPepper(all) })
	s.background.Go(func() { keepRetention(all, s.cfg, s.journal, s.log) })
	if !s.cfg.noReports {
		s.background.Go(func() { s.report(all) })
	}
	s.background.Go(func() { s.lines.watch(all, s.state.Lines()) })
	s.background.Go(func() { s.lines.render(all) })
	if s.web != nil {
		s.background.Go(func() {
			if err := web.Serve(all, s.web, api, s.log); err != nil {
				s.log.Error("the API ended by itself", "err", err)
			}
		})
	}
	waiting, cancel := context.WithTimeout(ctx, linesTimeout)
	defer cancel()
	if err := s.lines.await(waiting); err != nil {
		s.log.Warn("NATS has not told yet which lines there are, calls meet those that were last in force", "lines", len(s.lines.book.Lines()))
	}
}

// serve takes calls from here on.
func (s *service) serve() {
	go func() { s.served <- s.server.Serve(context.Background(), s.listener) }()
}

// awaitNATS returns when NATS takes events for the first time. Calls do not wait for it; a demo does.
func (s *service) awaitNATS(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for !s.relay.Status().Connected {
		select {
		case <-ctx.Done():
			return fmt.Errorf("NATS did not start: %s", s.relay.Status().LastError)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// writeTimeout bounds how long the first write to the journal may take.
const writeTimeout = 30 * time.Second

// flushTimeout bounds what is done at the end for events that NATS does not have yet; they are in the journal and follow at the next start.
const flushTimeout = 5 * time.Second

// stop ends the service in the one order that loses nothing: refuse new calls, let the others end until ctx does, write their events, give them to
// NATS, close NATS, close the stores.
func (s *service) stop(ctx context.Context) error { return errors.Join(s.drain(ctx), s.close()) }

// drain is the first half: afterwards there are no calls, and their events are with NATS if it is there.
func (s *service) drain(ctx context.Context) error {
	var errs []error
	if err := s.server.Shutdown(ctx); err != nil {
		errs = append(errs, err)
	}
	if err := <-s.served; !errors.Is(err, esl.ErrServerClosed) {
		errs = append(errs, err)
	}
	flushing, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := s.journal.Sync(flushing); err != nil {
		errs = append(errs, fmt.Errorf("write the last events: %w", err))
	}
	if err := s.relay.Flush(flushing); err != nil {
		s.log.Warn("NATS does not have the last events yet; they follow at the next start", "err", err)
	} else if err := s.awaitReports(flushing); err != nil {
		s.log.Warn("the last events are not counted yet; they are after the next start", "err", err)
	}
	return errors.Join(errs...)
}

// close is the second half.
func (s *service) close() error {
	s.stopRelay()
	s.stopAll()
	s.background.Wait()
	return s.closeStores()
}

// closeStores closes what is open of FreeSWITCH's and the company's connections, of NATS, the stores and the listeners.
func (s *service) closeStores() error {
	var errs []error
	if s.stepUps != nil {
		s.stepUps.Close()
	}
	if s.backend != nil {
		s.backend.Close()
	}
	if s.gateway != nil {
		s.gateway.Close()
	}
	if s.state != nil {
		s.state.Close()
	}
	if s.embedded != nil {
		s.embedded.Shutdown()
	}
	if s.journal != nil {
		closing, cancel := context.WithTimeout(context.Background(), flushTimeout)
		errs = append(errs, s.journal.Close(closing))
		cancel()
	}
	if s.directory != nil {
		errs = append(errs, s.directory.Close())
	}
	if s.unlock != nil {
		s.unlock()
	}
	if s.web != nil {
		_ = s.web.Close()
	}
	if s.listener != nil {
		_ = s.listener.Close()
	}
	return errors.Join(errs...)
}
