package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/freeswitch/sim"
	"countersign/lines/change"
	"countersign/ops/unlock"
	"countersign/session/event"
	"countersign/session/shared"
)

// patience bounds every wait of these tests, on a machine that does much else.
const patience = 2 * time.Minute

// apiKey lets a test use the nodes' API.
const apiKey = "0f9a4c1e5b7d2a6830f9a4c1e5b7d2a6"

// site is what the machines of a company share: NATS, the pepper, the key of tokens, customers, settings. NATS runs in
// the test, each node is a process.
type site struct {
	t         *testing.T
	dir       string
	store     string // NATS's folder
	customers string // the CSV
	settings  string // YAML, beside what each node has of its own
	nats      *bus.Embedded
	url       string // of NATS, as the nodes know it
	seen      witness
	// natsTimeout is as long as it may be, so that no test takes a slow machine for an outage.
	natsTimeout time.Duration
	natsLogin   string // more settings of NATS
	nodes       []*node
	share       map[string]string // customers.share of a node
}

// node is one "countersign serve".
type node struct {
	s            *site
	name         string
	address, api string
	phone        *sim.Switch
	stop         func() int
	kill         func()
	signal       func(os.Signal) error
}

// newSite starts NATS and n nodes, n1, n2, …, that know the customers.
func newSite(t *testing.T, n int, customers, settings string) *site {
	t.Helper()
	s := siteWithoutNodes(t, customers, settings)
	for i := range n {
		s.add(fmt.Sprint("n", i+1))
	}
	return s
}

func siteWithoutNodes(t *testing.T, customers, settings string) *site {
	t.Helper()
	s := &site{
		t: t, dir: t.TempDir(), store: inMemory(t), customers: customers, settings: settings, natsTimeout: 5 * time.Second,
	}
	s.startNATS("127.0.0.1:0")
	t.Cleanup(func() { s.nats.Shutdown() }) // after the nodes have stopped
	s.url = s.nats.URL()
	s.watch()
	return s
}

// inMemory is a folder without a disk under it, where there is such a thing: when a disk stalls for a quarter of a
// second, NATS counts as away.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "countersign-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func (s *site) startNATS(listen string) {
	s.t.Helper()
	// While NATS is away, another program may have its port for a moment.
	require.EventuallyWithT(s.t, func(c *assert.CollectT) {
		e, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: s.store, Listen: listen, Log: slog.New(slog.DiscardHandler)})
		require.NoError(c, err)
		s.nats = e
	}, patience, 10*time.Millisecond)
}

// natsReturns starts NATS again where it was.
func (s *site) natsReturns() {
	s.t.Helper()
	at, err := url.Parse(s.url)
	require.NoError(s.t, err)
	s.startNATS(at.Host)
}

// config writes the settings of a node, or of an operator's own machine.
func (s *site) config(name string) (file string) {
	s.t.Helper()
	sum := sha256.Sum256([]byte(apiKey))
	file = filepath.Join(s.dir, name+".yaml")
	require.NoError(s.t, replaceFile(file, func(w io.Writer) error { // somebody may be reading it
		_, err := fmt.Fprintf(w, `node: %s
socket: {listen: "127.0.0.1:0", drain: 5s}
web: {listen: "127.0.0.1:0", keys: {test: {sha256: %s, scopes: [calls, step-up, tokens, receipts, embed, customers, callbacks]}},
  embed: {origins: ["https://crm.example", "http://localhost:3000"]}}
customers: {pepper: %q, hash: hmac, share: %q}
tokens: {key: %q}
nats: {url: %q, timeout: %s%s}
log: {level: warn}
%s
`, name, hex.EncodeToString(sum[:]), filepath.Join(s.dir, "pepper"), s.share[name], filepath.Join(s.dir, "token.key"),
			s.url, s.natsTimeout, s.natsLogin, s.settings)
		return err
	}))
	return file
}

// add starts the service on a new machine that knows the customers: the first imports them, the others get a copy of
// its database.
func (s *site) add(name string) {
	s.t.Helper()
	cfg, data := s.config(name), filepath.Join(s.dir, name)
	if len(s.nodes) == 0 {
		code, _, stderr := countersign(s.t, s.customers, "--config", cfg, "--data", data, "customers", "import", "-")
		require.Equal(s.t, exitDone, code, stderr)
		require.NoError(s.t, os.CopyFS(filepath.Join(s.dir, "imported"), os.DirFS(data)))
	} else {
		require.NoError(s.t, os.CopyFS(data, os.DirFS(filepath.Join(s.dir, "imported"))))
	}
	n := &node{s: s, name: name}
	n.start()
	s.nodes = append(s.nodes, n)
}

// sixDigits find the code in a text message.
var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

var serving = regexp.MustCompile(`answers FreeSWITCH on (\S+)\. .* API and screens: (\S+)\. `)

// start starts the service, also again after stop.
func (n *node) start() {
	t := n.s.t
	t.Helper()
	log, err := os.OpenFile(filepath.Join(n.s.dir, n.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := command(ctx, "--config", filepath.Join(n.s.dir, n.name+".yaml"), "--data", filepath.Join(n.s.dir, n.name),
		"serve")
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var once sync.Once
	n.stop = func() int {
		once.Do(func() { cancel(); _ = cmd.Wait(); _ = log.Close() })
		return cmd.ProcessState.ExitCode()
	}
	n.kill = func() { _ = cmd.Process.Kill(); n.stop() }
	n.signal = cmd.Process.Signal
	t.Cleanup(func() {
		n.stop()
		if text := n.log(); t.Failed() {
			t.Logf("log of %s:\n%s", n.name, text[max(0, len(text)-4000):])
		}
	})
	giveUp := time.AfterFunc(patience, cancel)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	giveUp.Stop()
	found := serving.FindStringSubmatch(line)
	require.Len(t, found, 3, "serve did not start: %v %s %s", err, line, n.log())
	n.address, n.api = found[1], found[2]
	n.phone, err = sim.New(sim.Options{Address: n.address, DeadMan: 4 * time.Minute})
	require.NoError(t, err)
}

func (n *node) log() string {
	text, err := os.ReadFile(filepath.Join(n.s.dir, n.name+".log"))
	require.NoError(n.s.t, err)
	return string(text)
}

// call places one call. Whatever happens on it, the caller reaches somebody.
func (n *node) call(o sim.CallOptions) sim.Result {
	r, err := n.place(o)
	if assert.NoError(n.s.t, err) {
		assert.Equal(n.s.t, sim.Transferred, r.End, "%s %s", r.Destination, r.Reason)
	}
	return r
}

func (n *node) place(o sim.CallOptions) (sim.Result, error) {
	ctx, cancel := context.WithTimeout(n.s.t.Context(), patience)
	defer cancel()
	return n.phone.Call(ctx, o)
}

// keepCalling lets callers ring both nodes, each caller one of them, again and again until stop, which waits for the
// last calls and returns all.
func (s *site) keepCalling(callers int, o func() sim.CallOptions) (calls *atomic.Int32, stop func() [][]sim.Result) {
	calls = new(atomic.Int32)
	var enough atomic.Bool
	var calling sync.WaitGroup
	results := make([][]sim.Result, callers)
	for i := range results {
		calling.Go(func() {
			for last := false; !last && s.t.Context().Err() == nil; {
				last = enough.Load() // one more, to meet what is there now
				results[i] = append(results[i], s.nodes[i%len(s.nodes)].call(o()))
				calls.Add(1)
			}
		})
	}
	stop = func() [][]sim.Result {
		enough.Store(true)
		calling.Wait()
		return results
	}
	s.t.Cleanup(func() { _ = stop() })
	return calls, stop
}

// keys is a caller who keys the same whenever a prompt asks for it: prompts and keys in turn.
func keys(promptsAndKeys ...string) sim.Caller {
	var answers []sim.Answer
	for i := 0; i < len(promptsAndKeys); i += 2 {
		for _, prompt := range []string{promptsAndKeys[i], promptsAndKeys[i] + "-again"} {
			answers = append(answers, sim.Answer{Prompt: prompt, Keys: promptsAndKeys[i+1] + "#", Again: true})
		}
	}
	return sim.Script(sim.Pace{}, answers...)
}

// heard are the names of the prompts of a call, each file for itself.
func heard(r sim.Result) (names []string) {
	for _, p := range r.Prompts {
		for _, f := range p.Files {
			names = append(names, strings.TrimSuffix(filepath.Base(f), ".wav"))
		}
	}
	return names
}

// run runs the program on a machine of its own, towards the same NATS.
func (s *site) run(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	return countersign(s.t, "", append([]string{
		"--config", s.config("operator"), "--data", filepath.Join(s.dir, "operator"),
	}, args...)...)
}

func (s *site) must(args ...string) (stdout string) {
	s.t.Helper()
	code, stdout, stderr := s.run(args...)
	require.Equal(s.t, exitDone, code, stderr)
	return stdout
}

// attempts unlocks a customer and says how they stood; with "--dry-run" it only looks.
func (s *site) attempts(customer string, flags ...string) (u unlock.Result) {
	s.t.Helper()
	code, stdout, stderr := s.run(append(append([]string{"customers", "unlock", "--json"}, flags...), customer)...)
	if code == exitFailed && strings.Contains(stderr, "no wrong answers are on record") { // nor is the customer here
		return u
	}
	require.Equal(s.t, exitDone, code, stderr)
	require.NoError(s.t, json.Unmarshal([]byte(stdout), &u))
	return u
}

// file writes a file for the operator.
func (s *site) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// apply puts lines in force and waits until calls on every node meet them.
func (s *site) apply(lines ...string) {
	s.t.Helper()
	args := []string{"lines", "apply", "--json"}
	for i, text := range lines {
		args = append(args, s.file(fmt.Sprintf("line-%d.yaml", i), text))
	}
	var changes []change.Change
	require.NoError(s.t, json.Unmarshal([]byte(s.must(args...)), &changes))
	for _, c := range changes {
		for _, n := range s.nodes {
			n.awaitLine(c.Line, c.To)
		}
	}
}

// awaitLine waits until a node's copy of the lines has the version. By then its calls meet it.
func (n *node) awaitLine(line string, version int) {
	n.s.t.Helper()
	require.Eventually(n.s.t, func() bool {
		return n.lines()[line].Version == version
	}, patience, 5*time.Millisecond, "%s never had version %d of %s", n.name, version, line)
}

// lines is the node's copy of the lines.
func (n *node) lines() (kept map[string]shared.LineVersion) {
	text, err := os.ReadFile(filepath.Join(n.s.dir, n.name, "lines.json"))
	if err != nil || json.Unmarshal(text, &kept) != nil {
		return nil
	}
	return kept
}

// ask asks the node's API.
func (n *node) ask(method, path, body string) (status int, text string) {
	t := n.s.t
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, n.api+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+apiKey)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(all)
}

// witness keeps every event that NATS has.
type witness struct {
	mu     sync.Mutex
	events []event.Event
	came   chan struct{} // closed and replaced with each event
}

func (s *site) watch() {
	s.seen.came = make(chan struct{})
	endpoint, err := bus.External(bus.ExternalOptions{URL: s.url})
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = bus.Watch(ctx, endpoint, bus.WatchOptions{
			Since: time.Now().Add(-time.Minute), Log: slog.New(slog.DiscardHandler),
		}, func(e event.Event) {
			s.seen.mu.Lock()
			defer s.seen.mu.Unlock()
			s.seen.events = append(s.seen.events, e)
			close(s.seen.came)
			s.seen.came = make(chan struct{})
		})
	}()
	s.t.Cleanup(func() { cancel(); <-done })
}

// events are those that are there by now and that keep wants.
func (s *site) events(keep func(event.Event) bool) []event.Event {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	var kept []event.Event
	for _, e := range s.seen.events {
		if keep(e) {
			kept = append(kept, e)
		}
	}
	return kept
}

// await waits until n events that keep wants are there.
func (s *site) await(n int, keep func(event.Event) bool) []event.Event {
	s.t.Helper()
	late := time.After(patience)
	for {
		s.seen.mu.Lock()
		came := s.seen.came
		s.seen.mu.Unlock()
		if all := s.events(keep); len(all) >= n {
			return all
		}
		select {
		case <-came:
		case <-late:
			require.FailNow(s.t, "the events did not come", "%d of %d", len(s.events(keep)), n)
		}
	}
}

// journey is everything that NATS has about a call that has ended.
func (s *site) journey(r sim.Result) []event.Event {
	s.t.Helper()
	call := r.Variables["cs_call"]
	of := func(e event.Event) bool { return e.Call == call }
	last := s.await(1, func(e event.Event) bool { return of(e) && e.Fact() == event.FactCallEnded })[0]
	all := s.await(last.Seq, of)
	slices.SortFunc(all, func(a, b event.Event) int { return a.Seq - b.Seq })
	return all
}

// data are the events of one kind among others.
func data[T event.Data](all []event.Event) (found []T) {
	for _, e := range all {
		if d, ok := e.Data.(T); ok {
			found = append(found, d)
		}
	}
	return found
}

// is keeps the events of one kind and line.
func is[T event.Data](line string) func(event.Event) bool {
	return func(e event.Event) bool { _, ok := e.Data.(T); return ok && e.Line == line }
}

const adaAndBob = "id,name,phones,account,pin,birth_date\n" +
	"C-1,Ada,+15551230001,100042,246813,1985-12-10\n" +
	"C-2,Bob,+15551230002,100043,975310,1972-03-09\n"

// bankLine asks for an account and the questions.
func bankLine(name, number, questions string) string {
	return fmt.Sprintf(`format: 1
line: %s
numbers: ["%s"]
region: US
identify: [number: {name: account, digits: 6-10}]
verify: {questions: [%s]}
routes: {verified: menu XML default, identified: agents XML default, locked: locked XML default}
`, name, number, questions)
}
