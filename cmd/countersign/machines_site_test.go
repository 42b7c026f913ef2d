//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/internal/nettest"
	"countersign/session/event"
)

// machines is a company with three call nodes, a NATS of three servers and a machine that counts, each in a network
// namespace of its own, as docs/several-machines.md sets them up. The test is FreeSWITCH, and sees all of them.
type machines struct {
	t   *testing.T
	dir string
	// calls is the network of FreeSWITCH and the call nodes, bus that of NATS and those who use it, cluster that of the NATS
	// servers among themselves.
	calls, bus, cluster *nettest.Switch

	servers, nodes []*machine
	reporter       *machine
	// phones are three FreeSWITCH servers. Each tries the nodes in an order of its own, and so they share the calls.
	phones    []*sim.Switch
	customers string
	settings  string
	called    atomic.Int32 // the customers who have called so far
	victims   int
	crm       *oracle
	// older and newer are two builds of the program.
	older, newer string
}

// machine is one of them, and the process that runs on it.
type machine struct {
	*nettest.Machine
	m       *machines
	address string // of FreeSWITCH's socket, or of NATS for clients
	program string
	args    []string
	ready   string // what it prints when it is up

	cmd   *exec.Cmd
	ended <-chan struct{}
}

const machinesVariable = "COUNTERSIGN_MACHINES"

// manyCallers are the customers, each with one call. The last ones are for those who guess.
const manyCallers = 20_000

// newMachines starts all of them. It runs by `task machines` alone: it takes minutes.
func newMachines(t *testing.T) *machines {
	t.Helper()
	s := &machines{t: t, dir: inMemory(t), customers: manyCustomers(manyCallers)}
	network := nettest.New(t)
	network.Set("net.ipv4.tcp_syn_retries", "1") // as docs/several-machines.md says
	s.calls, s.bus = network.Switch("calls", "10.77.1"), network.Switch("bus", "10.77.2")
	s.cluster = network.Switch("cluster", "10.77.3")
	pins := map[string]string{}
	for i := range manyCallers {
		pins[fmt.Sprint("A-", i)] = "864209"
	}
	s.crm = newOracleAt(t, "10.77.1.254:0", pins)
	s.settings = s.crm.settings() + noWaiting
	s.older, s.newer = s.build("1.0.0"), s.build("1.1.0")
	s.startNATS(network)
	for i := range 3 {
		s.addNode(network, i+1, "calls")
	}
	s.reporter = s.addNode(network, 4, "reporting")
	s.nodes = s.nodes[:3]
	for i := range 3 {
		var hosts []string
		for j := range 3 {
			hosts = append(hosts, s.nodes[(i+j)%3].address)
		}
		phone, err := sim.New(sim.Options{Address: strings.Join(hosts, "|"), Speed: 10, DeadMan: 4 * time.Minute})
		require.NoError(t, err)
		s.phones = append(s.phones, phone)
	}
	return s
}

// build builds the program as a release.
func (s *machines) build(version string) (program string) {
	s.t.Helper()
	program = filepath.Join(s.dir, "countersign-"+version)
	s.goBuild(program, ".", "-ldflags", "-X main.releaseVersion="+version)
	return program
}

func (s *machines) goBuild(program, of string, flags ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", append(append([]string{"build"}, flags...), "-o", program, of)...).
		CombinedOutput()
	require.NoError(s.t, err, "%s", out)
}

// startNATS starts the servers.
func (s *machines) startNATS(network *nettest.Network) {
	t := s.t
	t.Helper()
	program := filepath.Join(s.dir, "nats-server")
	s.goBuild(program, "github.com/nats-io/nats-server/v2")
	for i := range 3 {
		name := fmt.Sprint("nats", i+1)
		m := &machine{Machine: network.Machine(name), m: s, program: program, ready: "Server is ready"}
		m.address = m.Plug(s.bus, 11+i) + ":4222"
		config := filepath.Join(s.dir, name+".conf")
		require.NoError(t, os.WriteFile(config, []byte(fmt.Sprintf(`server_name: %s
listen: %s
http: %s
jetstream: {store_dir: %q}
authorization: {user: countersign, password: "of a test"}
ping_interval: 2s
ping_max: 2
cluster: {
  name: countersign
  listen: %s:6222
  authorization: {user: route, password: cluster}
  routes: [
    nats://route:cluster@10.77.3.11:6222, nats://route:cluster@10.77.3.12:6222, nats://route:cluster@10.77.3.13:6222,
  ]
}
`, name, m.address, m.monitor(), filepath.Join(s.dir, name), m.Plug(s.cluster, 11+i))), 0o600))
		m.args = []string{"-c", config}
		s.servers = append(s.servers, m)
		m.start()
	}
	s.awaitCluster()
}

// awaitCluster waits until all servers are well, by their own word, and have a leader.
func (s *machines) awaitCluster() {
	s.t.Helper()
	for _, m := range s.servers {
		require.Eventually(s.t, func() bool {
			status, text := m.asks("/healthz")
			return status == http.StatusOK && strings.Contains(text, "ok")
		}, patience, 20*time.Millisecond, "%s is not well", m.Name)
	}
}

// asks asks a NATS server's monitor.
func (m *machine) asks(path string) (status int, text string) {
	ctx, cancel := context.WithTimeout(m.m.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.monitor()+path, nil)
	require.NoError(m.m.t, err)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(body)
}

// jetStream connects to a NATS server, or to all of them.
func (s *machines) jetStream(servers ...*machine) jetstream.JetStream {
	s.t.Helper()
	if len(servers) == 0 {
		servers = s.servers
	}
	conn, err := nats.Connect(natsURL(servers), nats.UserInfo("countersign", "of a test"), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	require.NoError(s.t, err)
	s.t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(s.t, err)
	return js
}

func natsURL(servers []*machine) string {
	var urls []string
	for _, m := range servers {
		urls = append(urls, "nats://"+m.address)
	}
	return strings.Join(urls, ",")
}

// leader is the server that leads a stream.
func (s *machines) leader(stream string) (leads *machine) {
	s.t.Helper()
	js := s.jetStream()
	require.Eventually(s.t, func() bool {
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
		defer cancel()
		found, err := js.Stream(ctx, stream)
		if err != nil {
			return false
		}
		for _, m := range s.servers {
			if m.Name == found.CachedInfo().Cluster.Leader {
				leads = m
			}
		}
		return leads != nil
	}, patience, 50*time.Millisecond, "%s has no leader", stream)
	return leads
}

// addNode starts a machine that takes calls, or counts.
func (s *machines) addNode(network *nettest.Network, i int, role string) *machine {
	t := s.t
	t.Helper()
	name := fmt.Sprint("node", i)
	m := &machine{Machine: network.Machine(name), m: s, program: s.older, ready: "Ctrl-C stops it"}
	m.address = m.Plug(s.calls, i) + ":8084"
	m.Plug(s.bus, i)
	m.args = []string{"--config", s.config(name, m.address), "--data", m.data()}
	if i == 1 {
		cmd := exec.Command(m.program, append(m.args, "customers", "import", "-")...)
		cmd.Stdin = strings.NewReader(s.customers)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.NoError(t, os.CopyFS(filepath.Join(s.dir, "imported"), os.DirFS(m.data())))
	} else {
		require.NoError(t, os.CopyFS(m.data(), os.DirFS(filepath.Join(s.dir, "imported"))))
	}
	m.args = append(m.args, "serve", "--roles", role)
	m.start()
	s.nodes = append(s.nodes, m)
	return m
}

// config writes a machine's settings.
func (s *machines) config(name, address string) (file string) {
	s.t.Helper()
	file = filepath.Join(s.dir, name+".yaml")
	require.NoError(s.t, os.WriteFile(file, []byte(fmt.Sprintf(`node: %s
socket: {listen: %q, allow: [10.77.1.0/24], drain: 30s}
web: {listen: ""}
customers: {pepper: %q, hash: hmac}
tokens: {key: %q}
nats: {url: %q, user: countersign, password: "of a test", replicas: 3}
log: {level: info}
%s
`, name, address, filepath.Join(s.dir, "pepper"), filepath.Join(s.dir, "token.key"), natsURL(s.servers), s.settings)),
		0o600))
	return file
}

func (m *machine) data() string    { return filepath.Join(m.m.dir, m.Name) }
func (m *machine) logFile() string { return filepath.Join(m.m.dir, m.Name+".log") }

func (m *machine) log() string {
	text, err := os.ReadFile(m.logFile())
	require.NoError(m.m.t, err)
	return string(text)
}

// start starts the process, also again, and returns when it is up.
func (m *machine) start() {
	t := m.m.t
	t.Helper()
	said, says, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.Command(m.program, m.args...)
	cmd.Stdout, cmd.Stderr = says, says
	ended, err := m.Start(cmd)
	_ = says.Close()
	require.NoError(t, err)
	if m.cmd == nil {
		t.Cleanup(m.end)
	}
	m.cmd, m.ended = cmd, ended
	log, err := os.OpenFile(m.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	up := make(chan struct{})
	go func() { // until the process has ended
		defer said.Close()
		defer log.Close()
		isUp := sync.OnceFunc(func() { close(up) })
		for lines := bufio.NewScanner(said); lines.Scan(); {
			fmt.Fprintln(log, lines.Text())
			if strings.Contains(lines.Text(), m.ready) {
				isUp()
			}
		}
	}()
	select {
	case <-up:
	case <-ended:
		require.Fail(t, m.Name+" ended while it was starting", "%s", m.log())
	case <-time.After(patience):
		require.Fail(t, m.Name+" did not start", "%s", m.log())
	}
}

// kill is kill -9.
func (m *machine) kill() {
	_ = m.cmd.Process.Kill()
	<-m.ended
}

// stop is SIGTERM, and waits for the end.
func (m *machine) stop() {
	m.m.t.Helper()
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.ended:
	case <-time.After(patience):
		require.Fail(m.m.t, m.Name+" does not stop", "%s", m.log())
	}
}

// end ends what still runs, and shows its log if the test failed.
func (m *machine) end() {
	select {
	case <-m.ended:
	default:
		m.kill()
	}
	if text := m.log(); m.m.t.Failed() {
		m.m.t.Logf("log of %s:\n%s", m.Name, text[max(0, len(text)-3000):])
	}
	assert.NotContains(m.m.t, m.log(), "panic:")
	if folder := os.Getenv(machinesVariable); exists(folder) { // it keeps the logs
		assert.NoError(m.m.t, os.WriteFile(filepath.Join(folder, m.Name+".log"), []byte(m.log()), 0o600))
	}
}

// operator runs the program on the machine of somebody else, who has the settings of a node.
func (s *machines) operator(args ...string) (stdout string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.older, append([]string{
		"--config", s.config("operator", "127.0.0.1:0"), "--data", filepath.Join(s.dir, "imported"),
	}, args...)...)
	out, err := cmd.CombinedOutput()
	require.NoError(s.t, err, "%s", out)
	return string(out)
}

// awaitReplicas waits until the stream of events and the attempts are on all three servers.
func (s *machines) awaitReplicas() {
	s.t.Helper()
	js := s.jetStream()
	for _, name := range []string{event.Stream, "KV_guard", "KV_calls", "KV_lines"} {
		require.Eventually(s.t, func() bool {
			ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
			defer cancel()
			stream, err := js.Stream(ctx, name)
			if err != nil {
				return false
			}
			info := stream.CachedInfo()
			current := 0
			for _, r := range info.Cluster.Replicas {
				if r.Current {
					current++
				}
			}
			return info.Config.Replicas == 3 && info.Cluster.Leader != "" && current == 2
		}, patience, 50*time.Millisecond, "%s is not on three servers", name)
	}
}

// monitor is where a NATS server tells how it does.
func (m *machine) monitor() string { return strings.Replace(m.address, ":4222", ":8222", 1) }

// serverOfANode is a NATS server over which a node shares attempts.
func (s *machines) serverOfANode(t *testing.T) *machine {
	t.Helper()
	for _, m := range s.servers {
		if _, text := m.asks("/connz"); strings.Contains(text, "countersign state") {
			return m
		}
	}
	require.Fail(t, "no node is connected")
	return nil
}
