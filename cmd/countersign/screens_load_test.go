package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Many screens at once on the demo, each as a browser has it: a stream, and the part of the page again after each change.
// COUNTERSIGN_SCREENS=15m measures 200 agents and 50 boards for that time, with 50 callers at a time; without it a few
// show that the measurement works. A pop is from the time of agent_offered to the page that shows it.
func TestManyScreensAtOnce(t *testing.T) {
	agents, boards, callers, length := 6, 2, 12, time.Duration(0)
	if text := os.Getenv("COUNTERSIGN_SCREENS"); text != "" {
		var err error
		length, err = time.ParseDuration(text)
		require.NoError(t, err)
		agents, boards, callers = 200, 50, 50
	} else {
		t.Parallel()
	}
	d := startDemo(t, callers, agents)
	admin := d.visitor(t, "admin")
	screens := make([]*screen, 0, agents+boards)
	for i := range agents {
		id := fmt.Sprint("agent-", i)
		screens = append(screens, &screen{load: d, client: d.hire(t, admin, id, "agent", strconv.Itoa(firstAgent+i)), path: "/desk"})
	}
	for i := range boards {
		screens = append(screens, &screen{load: d, client: d.hire(t, admin, fmt.Sprint("board-", i), "supervisor", ""), path: "/board"})
	}
	descriptors := d.descriptors(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	for _, s := range screens {
		all.Go(func() { s.watch(ctx) })
	}
	begun := time.Now()
	pops := func() int { d.mu.Lock(); defer d.mu.Unlock(); return len(d.pops) }
	require.Eventually(t, func() bool { return pops() >= 5 }, 2*patience, 20*time.Millisecond, "calls pop")
	if length > 0 {
		each := time.NewTicker(length / 5)
		defer each.Stop()
		for range 5 {
			<-each.C
			t.Logf("after %s: %d pops, %d MB resident", time.Since(begun).Round(time.Second), pops(), d.resident(t)>>20)
		}
	}
	stop()
	all.Wait()
	d.transport.CloseIdleConnections()
	assert.Eventually(t, func() bool { return d.descriptors(t) <= descriptors+callers+10 }, patience, 100*time.Millisecond,
		"connections are left")
	assert.Empty(t, d.errors)
	t.Logf("%d screens of agents, %d boards, %d callers, %s: pops %s; boards %s; CPU of the demo with its callers %s",
		agents, boards, callers, time.Since(begun).Round(time.Second), percentiles(d.pops), percentiles(d.boards), d.cpu(t))
	if length > 0 {
		slices.Sort(d.pops)
		assert.LessOrEqual(t, d.pops[len(d.pops)*99/100], 250*time.Millisecond, "the 99th percentile of pops")
	}
}

func percentiles(all []time.Duration) string {
	if len(all) == 0 {
		return "none"
	}
	all = slices.Sorted(slices.Values(all))
	at := func(permille int) time.Duration { return all[len(all)*permille/1000].Round(time.Millisecond) }
	return fmt.Sprintf("%d, median %s, 99th percentile %s, longest %s", len(all), at(500), at(990), all[len(all)-1].Round(time.Millisecond))
}

// load is a demo, and what its screens measure.
type load struct {
	cmd       *exec.Cmd
	url, key  string
	transport *http.Transport
	stop      func() (said string) // ends the demo, and returns what it said at its end

	mu           sync.Mutex
	pops, boards []time.Duration
	errors       []string
}

var screensAt = regexp.MustCompile(`screens +(http://\S+)(/demo/\S+)`)

func startDemo(t *testing.T, callers, agents int) *load {
	t.Helper()
	return startDemoAt(t, "1", callers, agents)
}

// startDemoAt starts a demo whose callers are some times as fast as people.
func startDemoAt(t *testing.T, speed string, callers, agents int) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := command(ctx, "demo", "--speed", speed, "--callers", strconv.Itoa(callers), "--agents", strconv.Itoa(agents))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	d := &load{cmd: cmd, transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	lines := bufio.NewScanner(out)
	for d.url == "" && lines.Scan() {
		if m := screensAt.FindStringSubmatch(lines.Text()); m != nil {
			d.url, d.key = m[1], m[2]
		}
	}
	read := make(chan struct{})
	var said bytes.Buffer
	go func() { defer close(read); _, _ = io.Copy(&said, out) }()
	d.stop = sync.OnceValue(func() string {
		cancel()
		<-read
		_ = cmd.Wait()
		d.transport.CloseIdleConnections()
		return said.String()
	})
	t.Cleanup(func() { d.stop() })
	require.NotEmpty(t, d.url, "the demo does not begin")
	return d
}

func (d *load) client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar, Transport: d.transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

func (d *load) post(t *testing.T, c *http.Client, path string, values url.Values) (status int, text string) {
	t.Helper()
	got, err := c.PostForm(d.url+path, values)
	require.NoError(t, err)
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	return got.StatusCode, string(body)
}

func (d *load) visitor(t *testing.T, id string) *http.Client {
	t.Helper()
	c := d.client(t)
	status, text := d.post(t, c, d.key, url.Values{"id": {id}})
	require.Equal(t, http.StatusSeeOther, status, text)
	return c
}

var invitationAt = regexp.MustCompile(`<code id="invitation">[^<]*(/join/[^<]+)<`)

// hire adds a person and signs them in, through the pages.
func (d *load) hire(t *testing.T, admin *http.Client, id, role, telephone string) *http.Client {
	t.Helper()
	status, text := d.post(t, admin, "/people", url.Values{"id": {id}, "name": {id}, "role_" + role: {"1"}, "agents": {telephone}})
	require.Equal(t, http.StatusOK, status, text)
	link := invitationAt.FindStringSubmatch(text)
	require.Len(t, link, 2, text)
	c := d.client(t)
	const password = "four words of no sense"
	status, text = d.post(t, c, link[1], url.Values{"password": {password}, "again": {password}})
	require.Equal(t, http.StatusSeeOther, status, text)
	return c
}

// screen is one in a browser.
type screen struct {
	*load
	client *http.Client
	path   string
	seen   map[string]bool
}

func (s *screen) watch(ctx context.Context) {
	changed := make(chan struct{}, 1)
	var fetching sync.WaitGroup
	fetching.Go(func() {
		s.seen = map[string]bool{}
		s.fetch(ctx, false)
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
				s.fetch(ctx, true)
			}
		}
	})
	defer fetching.Wait()
	for ctx.Err() == nil {
		s.listen(ctx, changed)
	}
}

func (s *screen) get(ctx context.Context, path string) (*http.Response, bool) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err == nil {
		r.Header.Set("X-Part", "1")
		var got *http.Response
		if got, err = s.client.Do(r); err == nil {
			if got.StatusCode == http.StatusOK {
				return got, true
			}
			err = fmt.Errorf("%s: %s", path, got.Status)
			_ = got.Body.Close()
		}
	}
	if ctx.Err() == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.errors = append(s.errors, err.Error())
	}
	return nil, false
}

func (s *screen) listen(ctx context.Context, changed chan<- struct{}) {
	got, ok := s.get(ctx, "/stream")
	if !ok {
		return
	}
	defer func() { _ = got.Body.Close() }()
	topic := "data: " + strings.TrimPrefix(s.path, "/")
	for lines := bufio.NewScanner(got.Body); lines.Scan(); {
		if lines.Text() == topic {
			select {
			case changed <- struct{}{}:
			default: // it is fetched anyway
			}
		}
	}
}

var offerAt = regexp.MustCompile(`data-offer="([^"]*-([0-9]{13}))"`)

// fetch fetches the part that changes, and measures each offer that it shows for the first time.
func (s *screen) fetch(ctx context.Context, measure bool) {
	begun := time.Now()
	got, ok := s.get(ctx, s.path)
	if !ok {
		return
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "/board" {
		s.boards = append(s.boards, now.Sub(begun))
	}
	for _, m := range offerAt.FindAllStringSubmatch(string(text), -1) {
		if s.seen[m[1]] {
			continue
		}
		s.seen[m[1]] = true
		if ms, err := strconv.ParseInt(m[2], 10, 64); err == nil && measure {
			s.pops = append(s.pops, now.Sub(time.UnixMilli(ms)))
		}
	}
}

// What the system says of the demo's process.

func (d *load) proc(name string) string {
	return filepath.Join("/proc", strconv.Itoa(d.cmd.Process.Pid), name)
}

func (d *load) descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(d.proc("fd"))
	if os.IsNotExist(err) {
		return 0 // not on this system
	}
	require.NoError(t, err)
	return len(entries)
}

func (d *load) resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile(d.proc("statm"))
	require.NoError(t, err)
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	require.NoError(t, err)
	return pages * int64(os.Getpagesize())
}

func (d *load) cpu(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(d.proc("stat"))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	var ticks int64
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.ParseInt(f, 10, 64)
		require.NoError(t, err)
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}
