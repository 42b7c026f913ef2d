package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"countersign/bus"
	"countersign/esl"
	"countersign/internal/datafile"
	"countersign/lines/live"
	"countersign/lines/staged"
	"countersign/queue"
	"countersign/session"
	"countersign/session/guard"
	"countersign/session/receipt"
	"countersign/session/token"
	"countersign/session/trunks"
	attemptsdb "countersign/store/attempts"
	"countersign/store/customers"
	"countersign/store/customers/share"
	"countersign/store/journal"
	"countersign/store/sqlite"
	"countersign/waiting"
	"countersign/web"
	"countersign/web/customer"
	weblive "countersign/web/live"
	"countersign/web/overrides"
	"countersign/web/people"
	"countersign/web/tryout"
)

// service is a running "serve".
type service struct {
	cfg config // as at the start; settings are those in force
	log *slog.Logger

	listener     net.Listener // for FreeSWITCH
	api          net.Listener // nil without one
	endpoint     bus.Endpoint // of NATS
	journal      *journal.Journal
	relay        *bus.Relay
	state        *bus.State
	lines        *live.Lines
	server       *esl.Server
	agents       *queue.Tracker // nil if no event socket of FreeSWITCH is set
	served       chan error     // what ended the server
	losses       chan string    // what NATS has lost, to be told
	book         *people.Book
	events       *bus.Events // nil without webhooks
	live         *weblive.Calls
	attempts     *guard.Guard
	sounds       sounds
	telephones   *tryout.Telephones // of staff
	overrides    *overrides.Book
	waits        *waiting.Board // nil without queues
	wallboard    *customer.Wallboard
	pages        *customerPages // nil without a page for customers
	staged       *staged.Watcher
	callbacks    *callbacks // nil without
	keys         *token.Keys
	embedded     *bus.Embedded  // nil with an external NATS
	replica      *share.Replica // nil if the customers are not those of another machine
	company      companyNow
	companyParts companyParts
	insight      insight
	damage       damage // of databases
	settings     *settings
	reloads      *reloads

	parts parts
}

// startService opens every part, each on top of those before it, and takes calls. If one fails, those already open are
// closed again. screen is where people look.
func startService(
	ctx context.Context, inForce *settings, screen io.Writer, log *slog.Logger,
) (s *service, err error) {
	cfg := inForce.get()
	s = &service{cfg: cfg, settings: inForce, log: log, served: make(chan error, 1), losses: make(chan string, maxLosses)}
	s.reloads = &reloads{settings: inForce, log: log, apply: s.apply}
	defer func() {
		if err != nil {
			_ = s.parts.close()
			s = nil
		}
	}()

	// The port comes first, so that nothing is created if it is taken. Calls are refused until everything is ready:
	// FreeSWITCH tries its next host, or takes them to an agent.
	if s.listener, err = listen("socket.listen", cfg.Socket.Listen, "set another address"); err != nil {
		return s, err
	}
	s.parts.addQuiet(func() { _ = s.listener.Close() })
	openPort := hold(s.listener.(*net.TCPListener), cfg.Socket.Listen)

	if err = errors.Join(s.openMetrics(), s.openTraces()); err != nil {
		return s, err
	}

	// Stores.
	unlock, err := lockData(cfg)
	if err != nil {
		return s, err
	}
	s.parts.addQuiet(unlock)
	directory, err := openDirectory(ctx, cfg, log)
	if err != nil {
		return s, err
	}
	s.parts.add(directory.Close)
	if err = directory.SetRole(ctx, cfg.role()); err != nil {
		return s, err
	}
	if s.journal, err = openJournal(ctx, cfg, log); err != nil {
		return s, err
	}
	s.parts.add(func() error { return closeJournal(s.journal) })
	catalogue, err := openPrompts(cfg)
	if err != nil {
		return s, err
	}

	// NATS, and the state that machines share there.
	before := exists(cfg.linesPath()) // this machine has shared state already
	var embedded *bus.Embedded
	if s.endpoint, embedded, err = openNATS(cfg, log, &s.parts); err != nil {
		return s, err
	}
	s.embedded = embedded
	keys, err := token.LoadKeys(cfg.tokenKeyPath())
	if err != nil {
		return s, err
	}
	s.keys = keys
	s.state, err = bus.OpenState(s.endpoint, bus.StateOptions{
		Node: cfg.Node, Seal: directory.Sealer(stateKey), Within: time.Duration(cfg.NATS.Timeout), Log: log,
		Sign: keys.SignEvent, Expected: before, Lost: s.stateLost, KeepOlder: keepOlder(cfg.Guard),
		Share: cfg.role() != customers.Alone, Replicas: cfg.NATS.Replicas, Stream: cfg.stream(),
	})
	if err != nil {
		return s, err
	}
	s.parts.addQuiet(s.state.Close)
	if err = s.openReplica(ctx, directory); err != nil {
		return s, err
	}
	known, err := attemptsdb.Open(ctx, cfg.attemptsPath(), attemptsdb.Options{Log: log})
	if err != nil {
		return s, err
	}
	s.parts.add(known.Close)
	s.attempts, err = guard.New(guard.Options{
		Store: s.state.Guard(), Copy: known, Key: directory.PepperKey(guardKey), Rules: cfg.Guard,
		Within: time.Duration(cfg.NATS.Timeout), Log: log, Alarm: s.alarm,
	})
	if err != nil {
		return s, err
	}
	quiet, err := trunks.New(trunks.Options{Silent: cfg.Keys.SilentCalls, File: cfg.trunksPath(), Alarm: s.trunkSilent,
		Log: log})
	if err != nil {
		log.Error("which trunks were silent is not known", "err", err)
	}
	s.parts.addQuiet(quiet.Close)
	tokens, err := openTokens(cfg, keys, s.state, directory)
	if err != nil {
		return s, err
	}

	// The company's own systems.
	s.companyParts = companyParts{
		directory: directory, audio: catalogue, box: receipt.New(s.state.Guard(), directory.PepperKey(receiptKey)),
		insight: s.insight, log: log,
	}
	own, err := openCompany(cfg, s.companyParts)
	if err != nil {
		return s, err
	}
	s.company.set(own)
	s.parts.addQuiet(func() { s.company.get().close() })

	// Service lines, and the calls on them.
	s.openWaits()
	s.openCustomerPages(tokens)
	s.sounds = sounds{catalogue: catalogue, shared: s.state.Recordings()}
	s.lines, err = live.New(live.Options{
		Parts: s.lineParts(cfg, own), Unset: own.codes.unset,
		Speak: s.sounds.speak, Copy: cfg.linesPath(), Log: log,
		WasPutBack: s.linePutBack,
	})
	if err != nil {
		return s, err
	}
	allow, err := cfg.allow()
	if err != nil {
		return s, err
	}
	placeholders, err := cfg.placeholders()
	if err != nil {
		return s, err
	}
	runner := session.NewRunner(session.Options{
		Placeholders: placeholders,
		Journal:      s.insight.journal(s.followCalls()), Prompts: catalogue, Line: s.lines.Pick, Guard: s.attempts, Calls: s.state.Calls(),
		Trunks:   quiet,
		Habits:   directory,
		Tokens:   token.ForCalls{Issuer: tokens},
		Prove:    keys.SignStatus,
		Customer: s.company.ByID, Node: cfg.Node, Log: log,
		MaxDuration: time.Duration(cfg.Calls.MaxDuration), MaxActions: cfg.Calls.MaxActions,
		StateTimeout: time.Duration(cfg.NATS.Timeout),
	})
	speech, err := openRecognisers(cfg.Speech, s.insight, log, &s.parts)
	if err != nil {
		return s, err
	}
	s.openTelephones()
	s.openCallbacks()
	s.openAlerts()
	s.overrides = overrides.NewBook(s.state.People(), time.Now)
	s.server = esl.NewServer(s.answered(s.telephones.Handler(runner.Run)), esl.Options{
		MaxCalls: cfg.Socket.MaxCalls, Allow: allow, Keys: cfg.Keys.of, Log: log,
		Recognisers: speech.recognisers, Sounds: speech.sounds, Reacted: s.insight.reacted(),
	})
	s.relay = bus.NewRelay(s.journal, s.endpoint, bus.RelayConfig{
		Stream: cfg.stream(),
		Sign:   keys.SignEvent, Expected: before, Lost: s.stateLost,
	}, log)

	// The API.
	api := web.Options{
		Tokens: tokens, Calls: s.state.Calls(), Customer: s.company.ByID, Receipts: &s.company, Ready: s.notReady, Log: log,
	}
	webhooks, err := s.openWebhooks()
	if err != nil {
		return s, err
	}
	s.staged = staged.New(s.stagedOptions())
	handler, err := s.openAPI(api)
	if err != nil {
		return s, err
	}

	// Background work.
	background := newBackground()
	s.parts.addQuiet(background.stop)
	s.serveMetrics(background, directory, known)
	if s.insight.traces != nil {
		background.run(s.insight.traces.Run)
	}
	background.run(s.relay.Run)
	background.run(s.tellLosses)
	if embedded != nil {
		background.run(func(ctx context.Context) { embedded.KeepWriting(ctx, s.state.Stuck) })
	}
	background.run(s.checkDatabases)
	background.run(directory.Wrap)
	s.shareCustomers(background, directory)
	background.run(s.attempts.Run)
	background.run(func(ctx context.Context) { watchPepper(ctx, s.state, directory, log) })
	background.run(func(ctx context.Context) {
		s.settings.whileInForce(ctx, retentionOf, func(ctx context.Context, cfg config) {
			keepRetention(ctx, cfg, s.journal, known, s.state, log)
		})
	})
	if !cfg.noReports {
		background.run(s.report)
	}
	if webhooks != nil {
		background.run(webhooks.Run)
	}
	background.run(func(ctx context.Context) { s.lines.Follow(ctx, s.state.Lines()) })
	background.run(s.lines.Render)
	background.run(s.followOverrides)
	background.run(func(ctx context.Context) {
		_ = s.awaitNATS(ctx) // as follow
		s.staged.Run(ctx)
	})
	if s.agents != nil {
		background.run(s.watchAgents)
	}
	if s.waits != nil {
		background.run(s.watchQueues)
	}
	if s.callbacks != nil {
		background.run(s.callBack)
	}
	if s.api != nil {
		background.run(func(ctx context.Context) { serveAPI(ctx, s.api, handler, cfg, log) })
		background.run(s.follow)
		background.run(func(ctx context.Context) { s.inviteFirst(ctx, screen) })
	}

	s.awaitLines(ctx)
	if err := openPort(); err != nil {
		return s, err
	}
	go func() { s.served <- s.server.Serve(context.Background(), s.listener) }()
	return s, nil
}

// leapMost is how far the clock may leap ahead before NATS removes events. Until then retention removes them, which
// does not believe a clock that leapt.
const leapMost = 400 * day

// stream is how the stream of events is set up.
func (c config) stream() bus.StreamConfig {
	return bus.StreamConfig{MaxAge: time.Duration(c.Retention.Journal) + leapMost, Replicas: c.NATS.Replicas}
}

// lockData locks --data against a second service.
func lockData(cfg config) (unlock func(), err error) {
	unlock, err = datafile.Lock(datafile.FolderLock(cfg.data))
	if errors.Is(err, datafile.ErrInUse) {
		return nil, fmt.Errorf("the data folder %s is in use by another countersign: stop it or use another --data folder",
			cfg.data)
	}
	if err != nil {
		return nil, sqlite.AccessError(datafile.FolderLock(cfg.data), err)
	}
	return unlock, nil
}

// background runs goroutines that end together.
type background struct {
	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup
}

func newBackground() *background {
	ctx, cancel := context.WithCancel(context.Background())
	return &background{ctx: ctx, cancel: cancel}
}

func (b *background) run(f func(context.Context)) { b.all.Go(func() { f(b.ctx) }) }

func (b *background) stop() {
	b.cancel()
	b.all.Wait()
}

// linesTimeout bounds how long a start waits for the lines in NATS. After that, calls are taken with the lines last in
// force.
const linesTimeout = 5 * time.Second

func (s *service) awaitLines(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, linesTimeout)
	defer cancel()
	switch err := s.lines.Await(ctx); {
	case err == nil:
	case s.lines.Unknown():
		s.log.Error("lines not read from NATS yet, and this machine has never had any: callers go to a person")
	default:
		s.log.Warn("lines not read from NATS yet, using those last in force", "lines",
			len(s.lines.All()))
	}
}

// awaitNATS returns once NATS takes events. Calls do not wait for it; a demo does.
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

// flushTimeout bounds the wait at shutdown for the last events to be written and published. Events that NATS does not
// have yet stay in the journal and are published after the next start.
const flushTimeout = 5 * time.Second

// stop ends the service in the one order that loses nothing: refuse new calls, let the others finish until ctx ends,
// write their events, publish them, close the parts.
func (s *service) stop(ctx context.Context) error { return errors.Join(s.drain(ctx), s.close()) }

// drain is the first half of stop. Afterwards there are no calls, and NATS has their events unless it is away.
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
		s.log.Warn("last events not published, they follow after the next start", "err", err)
	} else if err := s.awaitReports(flushing); err != nil {
		s.log.Warn("last events not in the reports, they follow after the next start", "err", err)
	}
	return errors.Join(errs...)
}

// close is the second half of stop.
func (s *service) close() error { return s.parts.close() }

func serveAPI(ctx context.Context, l net.Listener, handler http.Handler, cfg config, log *slog.Logger) {
	o := web.ServeOptions{CertFile: cfg.Web.TLS.Cert, KeyFile: cfg.Web.TLS.Key, Log: log}
	if err := web.Serve(ctx, l, handler, o); err != nil {
		log.Error("API stopped unexpectedly", "err", err)
	}
}
