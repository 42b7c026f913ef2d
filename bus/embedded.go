package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"countersign/internal/datafile"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// DefaultListen is where the embedded NATS listens unless told otherwise.
const DefaultListen = "127.0.0.1:4222"

// readyWithin is how long the embedded NATS may take to start; most of it goes into reading a large store.
const readyWithin = 30 * time.Second

// memoryStore bounds the in-memory streams of other programs; ours are on disk.
const memoryStore = 128 << 20

// EmbeddedOptions are the options of StartEmbedded.
type EmbeddedOptions struct {
	// Dir is the folder of its store, used for nothing else, created if missing.
	Dir string
	// Listen is host:port for screens and other consumers, DefaultListen if empty; port 0 picks a free one.
	Listen string
	// Clients log in with User and Password, or with Token. One of them is required unless Listen is a loopback address.
	User, Password string
	Token          string
	// Keys, if set, are the files with the keys of those who may connect, beside User or Token. Missing ones are made.
	// Without Keys, User and Token, whoever reaches Listen may do everything.
	Keys KeyFiles
	// Log gets the server's warnings, and its notices at debug level.
	Log *slog.Logger
}

// Embedded is a NATS with JetStream inside this process: one server, no cluster, no signal handling.
type Embedded struct {
	options  EmbeddedOptions // Listen has the port that was picked
	endpoint Endpoint
	unlock   func()
	once     sync.Once
	// complained receives a value when the server has warned of something.
	complained chan struct{}
	login      *login // nil: everybody
	shutGate   func()

	mu     sync.Mutex
	server *server.Server // replaced by restart
	closed bool
}

// StartEmbedded starts a NATS and returns when it accepts connections. Its errors tell an operator what to do.
func StartEmbedded(o EmbeddedOptions) (*Embedded, error) {
	options, err := o.server()
	if err != nil {
		return nil, err
	}
	if err := checkFolder(o.Dir); err != nil {
		return nil, err
	}
	if err := checkListen(options); err != nil {
		return nil, err
	}
	unlock, err := datafile.Lock(filepath.Join(o.Dir, lockName))
	if errors.Is(err, datafile.ErrInUse) {
		return nil, fmt.Errorf("embedded nats: %s is in use by another Countersign; "+
			"stop it, or choose another data folder", o.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("embedded nats: %s cannot be locked: %w; allow this user to write there, "+
			"or choose another data folder",
			o.Dir, err)
	}
	e := &Embedded{options: o, unlock: unlock, complained: make(chan struct{}, 1), shutGate: func() {}}
	if err := e.open(options); err != nil {
		e.Shutdown()
		return nil, err
	}
	return e, nil
}

// open starts the first server.
func (e *Embedded) open(options *server.Options) (err error) {
	o := &e.options
	if o.Keys != (KeyFiles{}) {
		e.login = &login{}
		e.login.set(words{o.User, o.Password, o.Token})
		if e.login.write, e.login.read, err = o.Keys.load(); err != nil {
			return err
		}
	}
	if e.server, err = e.start(options); err != nil {
		return err
	}
	o.Listen = e.server.Addr().String()
	if e.endpoint, err = o.endpoint(e, e.server.ClientURL()); err != nil || e.login == nil {
		return err
	}
	e.shutGate, err = openGate(e.endpoint, o.Log)
	return err
}

// start starts a server.
func (e *Embedded) start(options *server.Options) (*server.Server, error) {
	var login *serverLogin
	if e.login != nil {
		login = e.login.atServer()
		options.CustomClientAuthentication, options.AlwaysEnableNonce = login, true
		options.Username, options.Password, options.Authorization = "", "", ""
	}
	s, err := startServer(options, e.options.Log, e.complained)
	if err == nil && login != nil {
		if err = login.openForReaders(s); err != nil {
			s.Shutdown()
			s.WaitForShutdown()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("embedded nats: %w", err)
	}
	return s, nil
}

// endpoint connects to whichever server e has at the time.
func (o EmbeddedOptions) endpoint(e *Embedded, url string) (Endpoint, error) {
	options := []nats.Option{nats.InProcessServer(e)}
	switch {
	case o.Keys != (KeyFiles{}):
		key, err := nats.NkeyOptionFromSeed(o.Keys.Write)
		if err != nil {
			return Endpoint{}, fmt.Errorf("embedded nats: %w", err)
		}
		options = append(options, key)
	case o.User != "":
		options = append(options, nats.UserInfo(o.User, o.Password))
	case o.Token != "":
		options = append(options, nats.Token(o.Token))
	}
	return Endpoint{url: url, display: url, embedded: true, options: options}, nil
}

func (o EmbeddedOptions) server() (*server.Options, error) {
	listen := o.Listen
	if listen == "" {
		listen = DefaultListen
	}
	host, portText, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("embedded nats: listen address %q is not host:port, such as %s", listen, DefaultListen)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("embedded nats: port %q in listen address %q is not a number from 0 to 65535",
			portText, listen)
	}
	if (o.User == "") != (o.Password == "") {
		return nil, errors.New("embedded nats: user and password go together; give both, or a token, or none of them")
	}
	if o.User != "" && o.Token != "" {
		return nil, errors.New("embedded nats: give either user and password, or a token")
	}
	if !loopback(host) && o.User == "" && o.Token == "" {
		return nil, fmt.Errorf("embedded nats: %s is open to other machines, and anybody there could read and forge events; "+
			"set a user and password or a token, or listen on %s", listen, DefaultListen)
	}
	// SyncAlways: what the relay marked as published must survive a power cut. DESIGN.md says what it costs.
	options := &server.Options{
		ServerName: "countersign", Host: host, Port: int(port), NoSigs: true,
		Username: o.User, Password: o.Password, Authorization: o.Token,
		JetStream: true, StoreDir: o.Dir, JetStreamMaxMemory: memoryStore, SyncAlways: true, DisableJetStreamBanner: true,
	}
	if port == 0 {
		options.Port = server.RANDOM_PORT
	}
	return options, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// checkListen detects a bad address before the server starts, which would only log it.
func checkListen(o *server.Options) error {
	if o.Port == server.RANDOM_PORT {
		return nil
	}
	address := net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	probe, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("embedded nats: %s is in use, by another Countersign or another NATS; "+
			"stop it, choose another port, or use it as an external NATS", address)
	}
	if err != nil {
		return fmt.Errorf("embedded nats: cannot listen on %s: %w; choose an address of this machine and a free port",
			address, err)
	}
	return probe.Close()
}

func startServer(o *server.Options, log *slog.Logger, complained chan struct{}) (*server.Server, error) {
	s, err := server.NewServer(o)
	if err != nil {
		return nil, err
	}
	bridge := &serverLog{log: log, fatal: make(chan error, 1), complained: complained}
	s.SetLoggerV2(bridge, false, false, false)
	stop := func() {
		s.Shutdown()
		s.WaitForShutdown()
	}
	started := make(chan struct{})
	go func() {
		defer close(started)
		s.Start()
	}()
	ready := make(chan bool, 1)
	go func() { ready <- s.ReadyForConnections(readyWithin) }()
	select {
	case err := <-bridge.fatal:
		stop()
		<-started
		<-ready
		return nil, err
	case ok := <-ready:
		<-started
		if ok && s.JetStreamEnabled() {
			return s, nil
		}
		stop()
		select {
		case err := <-bridge.fatal:
			return nil, err
		default:
			return nil, fmt.Errorf("not ready within %s; the log says what it was doing in %s", readyWithin, o.StoreDir)
		}
	}
}

// URL is where consumers connect.
func (e *Embedded) URL() string { return e.endpoint.url }

// SetLogin accepts another user and password, or token, without a restart. Those of before are accepted, too, until the
// next change or restart. It changes nothing for those who log in with a key, or if everybody may connect.
func (e *Embedded) SetLogin(user, password, token string) {
	if e.login != nil {
		e.login.set(words{user, password, token})
	}
}

// Endpoint connects this process through memory, not over the network.
func (e *Embedded) Endpoint() Endpoint { return e.endpoint }

// Shutdown closes all connections, stops the server and returns when everything is on disk. Calling it twice is
// harmless.
func (e *Embedded) Shutdown() {
	e.once.Do(func() {
		e.shutGate()
		e.mu.Lock()
		defer e.mu.Unlock()
		e.closed = true
		if e.server != nil {
			e.stopServer()
		}
		e.unlock()
	})
}

func (e *Embedded) stopServer() {
	drain(e.server)
	e.server.Shutdown()
	e.server.WaitForShutdown()
}

// InProcessConn connects a client of this process through memory (nats.InProcessConnProvider).
func (e *Embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	s := e.server
	e.mu.Unlock()
	return s.InProcessConn()
}

// drainWithin is how long consumers get to receive what is on its way to them.
const drainWithin = time.Second

// drain waits until the server has written all pending data: it closes connections without a flush.
func drain(s *server.Server) {
	for deadline := time.Now().Add(drainWithin); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		connections, err := s.Connz(nil)
		if err != nil {
			return
		}
		pending := 0
		for _, c := range connections.Conns {
			pending += c.Pending
		}
		if pending == 0 {
			return
		}
	}
}
