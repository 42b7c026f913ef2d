package freeswitch_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	buildWithin  = 8 * time.Minute // the race detector's first build compiles SQLite
	importWithin = 30 * time.Second
	serveWithin  = 30 * time.Second
	// serviceStopsWithin is for a service without calls.
	serviceStopsWithin = 20 * time.Second
)

// customer is a row of the customers CSV.
type customer struct {
	ID, Name, Phones, Account, PIN, BirthDate, Passphrase, TOTP, Language, Tracking, Postcode, Policy string
}

// serviceOptions say how a service differs from a first start with log.level debug.
type serviceOptions struct {
	Customers []customer
	// Drain is socket.drain.
	Drain time.Duration
	// Line is a service line to be put in force, in place of the built-in one; Lines are more of them.
	Line  string
	Lines []string
	// Settings are more lines of countersign.yaml.
	Settings string
	// Recordings is a folder with recordings of the operator's, in place of the shipped ones.
	Recordings string
	// FreeSWITCH is whose event socket the service may use.
	FreeSWITCH *freeSWITCH
}

// service is the real program, as a child process that dies with the test. It keeps its data and its ports when it is
// started again.
type service struct {
	// Port is where it listens for FreeSWITCH, NATS the address of the NATS inside it, API that of its HTTP API, which Key
	// opens.
	Port      int
	NATS, API string
	Key       string
	// Data is --data.
	Data string

	binary, config, log, out string
	// lines are the files of the lines that are in force; edited says that some calls met others.
	lines  []string
	edited bool

	cmd    *exec.Cmd
	exited chan struct{}
}

// startService imports the customers and starts the service, and returns when it takes calls.
func startService(t testing.TB, o serviceOptions) *service {
	t.Helper()
	dir := t.TempDir()
	s := &service{
		Port: freePort(t), NATS: fmt.Sprintf("127.0.0.1:%d", freePort(t)), API: fmt.Sprintf("127.0.0.1:%d", freePort(t)),
		Key:    randomHex() + randomHex(),
		Data:   filepath.Join(dir, "data"),
		binary: buildService(t), config: filepath.Join(dir, "countersign.yaml"), log: filepath.Join(dir, "log"),
		out: filepath.Join(dir, "out"),
	}
	if o.Drain == 0 {
		o.Drain = 30 * time.Second
	}
	settings := fmt.Appendf(nil, "socket: {listen: 127.0.0.1:%d, drain: %s}\nnats: {listen: %s}\n"+
		"web: {listen: %q, keys: {test: {sha256: %x, scopes: [calls, step-up, tokens]}}}\n"+
		"line: {pop_url: \"https://crm.example/{customer}?status={status}\"}\nlog: {level: debug}\n"+
		"guard: {anonymous: 10000}\n", // one telephone after the other is nobody's here
		s.Port, o.Drain, s.NATS, s.API, sha256.Sum256([]byte(s.Key)))
	if f := o.FreeSWITCH; f != nil {
		settings = fmt.Appendf(settings, "freeswitch: [{address: %q, password: %q}]\n", f.eventSocket, f.password)
	}
	settings = append(settings, o.Settings...)
	require.NoError(t, os.WriteFile(s.config, settings, 0o600))
	if o.Recordings != "" {
		require.NoError(t, os.CopyFS(filepath.Join(s.Data, "prompts"), os.DirFS(o.Recordings)))
	}
	s.importCustomers(t, o.Customers)
	t.Cleanup(func() { s.end(t) })
	s.Start(t)
	if o.Line != "" {
		o.Lines = append(o.Lines, o.Line)
	}
	s.apply(t, o.Lines...)
	return s
}

// apply puts service lines in force with the next call, from another process.
func (s *service) apply(t testing.TB, lines ...string) {
	t.Helper()
	if len(lines) == 0 {
		return
	}
	args := []string{"--config", s.config, "--data", s.Data, "lines", "apply"}
	s.edited = len(s.lines) > 0
	for i, line := range lines {
		file := filepath.Join(filepath.Dir(s.config), fmt.Sprintf("line-%d.yaml", i))
		require.NoError(t, os.WriteFile(file, []byte(line), 0o600))
		args = append(args, file)
		s.lines = append(s.lines, file)
	}
	ctx, cancel := context.WithTimeout(context.Background(), importWithin)
	defer cancel()
	out, err := exec.CommandContext(ctx, s.binary, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// importCustomers gives the program its customers on standard input: no file of these tests holds a PIN.
func (s *service) importCustomers(t testing.TB, customers []customer) {
	t.Helper()
	var rows bytes.Buffer
	w := csv.NewWriter(&rows)
	require.NoError(t, w.Write([]string{"id", "name", "phones", "account", "pin", "birth_date", "passphrase",
		"totp_secret", "language", "id:tracking", "fact:postcode", "id:policy"}))
	for _, c := range customers {
		require.NoError(t, w.Write([]string{c.ID, c.Name, c.Phones, c.Account, c.PIN, c.BirthDate, c.Passphrase, c.TOTP,
			c.Language, c.Tracking, c.Postcode, c.Policy}))
	}
	w.Flush()
	ctx, cancel := context.WithTimeout(context.Background(), importWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.binary, "--config", s.config, "--data", s.Data, "customers", "import", "-")
	cmd.Stdin = &rows
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), fmt.Sprintf("%d customers imported", len(customers)))
}

// Start starts the service, for the first time or again.
func (s *service) Start(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer log.Close()
	out, err := os.Create(s.out)
	require.NoError(t, err)
	defer out.Close()
	s.cmd = exec.Command(s.binary, "--config", s.config, "--data", s.Data, "serve")
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.SysProcAttr = out, log, dieWithUs()
	started := make(chan error, 1)
	s.exited = make(chan struct{})
	go runToTheEnd(s.cmd, started, s.exited)
	require.NoError(t, <-started)
	deadline := time.Now().Add(serveWithin)
	for {
		b, err := os.ReadFile(s.out)
		require.NoError(t, err)
		if bytes.Contains(b, []byte("answers FreeSWITCH on")) {
			return
		}
		select {
		case <-s.exited:
			require.Fail(t, "the service ended while it was starting", "%s", s.Log(t))
		case <-time.After(poll):
		}
		require.True(t, time.Now().Before(deadline), "the service did not start in %s:\n%s", serveWithin, s.Log(t))
	}
}

// Address is where FreeSWITCH finds the service.
func (s *service) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.Port) }

// Number is what to dial to reach this service with a dead-man switch of its own (see extraDialplan).
func (s *service) Number(deadMan time.Duration) string {
	return fmt.Sprintf("via-%d-%d", s.Port, int(deadMan.Seconds()))
}

// Signal sends a signal. The process is ours, and it has not been waited for as long as exited is open.
func (s *service) Signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(sig))
}

// Kill ends the service as the kernel would when memory runs out, and returns when it is gone.
func (s *service) Kill(t testing.TB) {
	t.Helper()
	s.Signal(t, syscall.SIGKILL)
	s.AwaitExit(t, serviceStopsWithin)
}

// AwaitExit waits until the process has ended.
func (s *service) AwaitExit(t testing.TB, within time.Duration) {
	t.Helper()
	select {
	case <-s.exited:
	case <-time.After(within):
		require.Fail(t, "the service does not end", "in %s:\n%s", within, s.Log(t))
	}
}

// ExitCode is what the process ended with; -1 when a signal ended it.
func (s *service) ExitCode() int { return s.cmd.ProcessState.ExitCode() }

// Log is what the service has logged since it was started first.
func (s *service) Log(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(s.log)
	require.NoError(t, err)
	return string(b)
}

// end stops a service that still runs, as an operator would, and looks at what it leaves.
func (s *service) end(t testing.TB) {
	if s.exited == nil {
		return
	}
	select {
	case <-s.exited:
	default:
		_ = s.cmd.Process.Signal(syscall.SIGCONT)
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.exited:
			if assert.Zero(t, s.ExitCode(), "exit code after SIGTERM") && !t.Failed() {
				s.told(t)
			}
		case <-time.After(serviceStopsWithin + 30*time.Second):
			t.Errorf("the service did not stop after SIGTERM; killed")
			_ = s.cmd.Process.Kill()
			<-s.exited
		}
	}
	log := s.Log(t)
	for _, never := range []string{"DATA RACE", "panic"} {
		assert.NotContains(t, log, never)
	}
	if t.Failed() {
		t.Logf("the service's log:\n%s", log)
	}
}

// refuses says that nothing listens on an address any more.
func refuses(address string) bool {
	conn, err := net.DialTimeout("tcp", address, dialWithin)
	if err != nil {
		return true
	}
	conn.Close()
	return false
}
