package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/freeswitch/sim"
)

// process is a program that can be killed and started again. Only the test's own goroutine starts and ends it.
type process struct {
	t       *testing.T
	name    string
	folder  string // where its log is
	command func(ctx context.Context) *exec.Cmd
	ready   func(firstLine string) // hears what it says when it is up

	cmd    *exec.Cmd
	cancel context.CancelFunc
	ended  chan struct{}
}

func (p *process) start() {
	p.t.Helper()
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := p.command(ctx)
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, cmd.Start())
	p.cmd, p.cancel, p.ended = cmd, cancel, make(chan struct{})
	p.t.Cleanup(func() { p.end() })
	giveUp := time.AfterFunc(patience, cancel)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	giveUp.Stop()
	go func(ended chan struct{}) { _ = cmd.Wait(); _ = log.Close(); close(ended) }(p.ended)
	require.NoError(p.t, err, "%s did not start: %s", p.name, p.log())
	p.ready(line)
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
	p.cancel()
}

// end lets it end as an operator would, and says its exit code.
func (p *process) end() int {
	p.cancel()
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) logFile() string { return filepath.Join(p.folder, p.name+".log") }

func (p *process) log() string {
	text, err := os.ReadFile(p.logFile())
	require.NoError(p.t, err)
	return string(text)
}

// natsAlone is a NATS as a process of its own. It prints where it is, and ends when its standard input does, as with
// the test that started it.
func natsAlone(folder string) {
	o := bus.EmbeddedOptions{
		Dir: folder, Listen: os.Getenv("COUNTERSIGN_TEST_NATS_LISTEN"), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	nats, err := bus.StartEmbedded(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitFailed)
	}
	fmt.Println(nats.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	nats.Shutdown()
}

// crashSite is a company whose machines crash: a NATS, the service that takes calls, and those that count.
type crashSite struct {
	t          *testing.T
	dir        string
	settings   string
	url        string // of NATS
	api        string // of the service
	guard      string // its settings
	socket     string // its settings
	dial       func(network, address string) (net.Conn, error)
	in         []string // the command that runs the service, before its own
	more       string   // YAML, of other settings
	service    *process
	everywhere []*process // all that can be killed, the service among them
	phone      *sim.Switch
	unasked    int // calls that were over before anything was asked: the journal may know of them or not
}

// newCrashSite has no process yet. All its files are where there is no disk: what a disk forgets in a power cut is
// another question.
func newCrashSite(t *testing.T) *crashSite {
	t.Helper()
	s := &crashSite{t: t, dir: inMemory(t), guard: "anonymous: 10000", socket: `listen: "127.0.0.1:0"`,
		dial: net.Dial}
	t.Cleanup(func() {
		for _, p := range s.everywhere {
			p.end()
			if text := p.log(); t.Failed() {
				t.Logf("log of %s:\n%s", p.name, text[max(0, len(text)-3000):])
			}
		}
	})
	return s
}

func (s *crashSite) data(name string) string { return filepath.Join(s.dir, name) }

// config writes settings. nats is "url: …" or "listen: …".
func (s *crashSite) config(nats string) {
	s.t.Helper()
	sum := sha256.Sum256([]byte(apiKey))
	s.settings = filepath.Join(s.dir, "c.yaml")
	require.NoError(s.t, os.WriteFile(s.settings, []byte(fmt.Sprintf(`socket: {%s}
guard: {%s}
web: {listen: "127.0.0.1:0", keys: {test: {sha256: %s, scopes: [calls, step-up, tokens]}}}
customers: {hash: hmac}
nats: {%s}
log: {level: warn}
%s`, s.socket, s.guard, hex.EncodeToString(sum[:]), nats, s.more)), 0o600))
}

func (s *crashSite) add(name string, ready func(line string), args ...string) *process {
	p := &process{t: s.t, name: name, folder: s.dir, ready: ready, command: func(ctx context.Context) *exec.Cmd {
		cmd := command(ctx, append([]string{"--config", s.settings, "--data", s.data(name)}, args...)...)
		if len(s.in) > 0 {
			within := exec.CommandContext(ctx, s.in[0], append(s.in[1:], cmd.Args...)...)
			within.Env, within.Cancel, within.WaitDelay = cmd.Env, nil, cmd.WaitDelay
			within.Cancel = func() error { return within.Process.Signal(syscall.SIGTERM) }
			return within
		}
		return cmd
	}}
	s.everywhere = append(s.everywhere, p)
	return p
}

// startNATS is a NATS that comes back where it was.
func (s *crashSite) startNATS() *process {
	s.t.Helper()
	listen := "127.0.0.1:0"
	p := &process{t: s.t, name: "nats", folder: s.dir, ready: func(line string) {
		s.url = regexp.MustCompile(`\S+`).FindString(line)
		listen = regexp.MustCompile(`[^/]+$`).FindString(s.url)
	}}
	p.command = func(ctx context.Context) *exec.Cmd {
		cmd := command(ctx)
		cmd.Env = append(os.Environ(), "COUNTERSIGN_TEST_NATS="+s.data("nats"), "COUNTERSIGN_TEST_NATS_LISTEN="+listen)
		_, err := cmd.StdinPipe()
		assert.NoError(s.t, err)
		return cmd
	}
	s.everywhere = append(s.everywhere, p)
	p.start()
	s.config(fmt.Sprintf("url: %q", s.url))
	return p
}

var natsOf = regexp.MustCompile(`Events: .*?(nats://\S+)\. `)

// startService imports the customers and starts what takes calls.
func (s *crashSite) startService(customers string, args ...string) *process {
	s.t.Helper()
	code, _, stderr := countersign(s.t, customers, "--config", s.settings, "--data", s.data("service"), "customers",
		"import", "-")
	require.Equal(s.t, exitDone, code, stderr)
	s.service = s.add("service", func(line string) {
		at, nats := serving.FindStringSubmatch(line), natsOf.FindStringSubmatch(line)
		require.Len(s.t, at, 3, line)
		require.Len(s.t, nats, 2, line)
		s.url, s.api = nats[1], at[2]
		var err error
		s.phone, err = sim.New(sim.Options{Address: at[1], DeadMan: 4 * time.Minute})
		require.NoError(s.t, err)
	}, append([]string{"serve"}, args...)...)
	s.service.start()
	return s.service
}

// startReporting starts what counts, in a data folder of its own.
func (s *crashSite) startReporting(name string) *process {
	s.t.Helper()
	p := s.add(name, func(string) {}, "serve", "--roles", "reporting")
	p.start()
	return p
}
