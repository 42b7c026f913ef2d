package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/ops/replay"
	"countersign/session/event"
)

var (
	evidencePattern = regexp.MustCompile(`data-calls="(\d+)" data-more="(\d+)" data-less="(\d+)" data-unknown="(\d+)"`)
	joinPattern     = regexp.MustCompile(`/join/\S+`)
	revisionPattern = regexp.MustCompile(`name="(revision|base)" value="(\d*)"`)
)

// What stands before publishing is what the command line says of the same calls, to the call.
func TestTheEvidenceIsThatOfTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, adaAndBob, noWaiting)
	n := s.nodes[0]
	line := bankLine("bank", "5200", "pin: {digits: 6}")
	s.apply(line)
	n.awaitLine("bank", 1)
	right := rightPIN()
	right.From = "anonymous"
	wrong := right
	wrong.Caller = keys("ask-account", "123456", "ask-pin", "000000")
	silent := sim.CallOptions{From: "anonymous", To: "5200"}
	const each = 3
	for range each {
		for _, o := range []sim.CallOptions{right, wrong, silent} {
			o.To = "5200"
			n.call(o)
		}
	}
	ended := func(e event.Event) bool { return e.Fact() == event.FactCallEnded && e.Line == "bank" }
	s.await(3*each, ended)

	draft := strings.Replace(line, "pin: {digits: 6}", "pin: {digits: 6, reasks: 0}", 1)
	require.NotEqual(t, line, draft)
	var told replay.Tried
	code, out, stderr := countersign(t, "", "--config", s.config(n.name), "--data", filepath.Join(s.dir, n.name),
		"replay", "--json", "--what-if", s.file("draft.yaml", draft), fmt.Sprintf("last:%d", 10*each))
	require.Equal(t, exitDone, code, stderr)
	require.NoError(t, json.Unmarshal([]byte(out), &told), out)
	require.Equal(t, 3*each, told.Calls)

	p := s.signIn("ella", "business")
	var page string
	require.Eventually(t, func() bool { // until the reports have the last call, which the page lists the calls by
		form := url.Values{"file": {draft}, "do": {"save"}}
		for _, m := range revisionPattern.FindAllStringSubmatch(p.get("/lines/bank/text"), -1) {
			form.Set(m[1], m[2])
		}
		p.post("/lines/bank/text", form)
		page = p.get("/lines/bank/publish")
		return strings.Contains(page, fmt.Sprintf(`data-calls="%d"`, 3*each))
	}, patience, 100*time.Millisecond, "%s", page)
	more, less := 0, 0
	for _, r := range told.Listed {
		switch was, is := r.Before.Status == event.StatusVerified, r.After.Status == event.StatusVerified; {
		case is && !was:
			more++
		case was && !is:
			less++
		}
	}
	shown := evidencePattern.FindStringSubmatch(page)
	require.Len(t, shown, 5)
	assert.Equal(t, fmt.Sprint([]int{told.Calls, more, less, told.Unknown}), fmt.Sprint(shown[1:]))
	for _, c := range told.Changes {
		assert.Contains(t, page, c.What)
	}
}

// browser is somebody's browser without scripts.
type browser struct {
	s      *site
	client *http.Client
	url    string
}

// signIn adds a person by the command line and signs them in by their invitation.
func (s *site) signIn(id, role string) *browser {
	s.t.Helper()
	return s.signInAt(s.nodes[0], id, role)
}

func (s *site) signInAt(n *node, id, role string) *browser {
	s.t.Helper()
	said := s.must("people", "add", id, "--role", role)
	link := joinPattern.FindString(said)
	require.NotEmpty(s.t, link, said)
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	b := &browser{s: s, client: &http.Client{Jar: jar}, url: n.api}
	const password = "four words of no sense"
	b.post(link, url.Values{"password": {password}, "again": {password}})
	return b
}

func (b *browser) get(path string) (text string) {
	b.s.t.Helper()
	got, err := b.client.Get(b.url + path)
	require.NoError(b.s.t, err)
	return b.read(got)
}

func (b *browser) post(path string, form url.Values) (text string) {
	b.s.t.Helper()
	got, err := b.client.PostForm(b.url+path, form)
	require.NoError(b.s.t, err)
	return b.read(got)
}

func (b *browser) read(r *http.Response) string {
	b.s.t.Helper()
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	require.NoError(b.s.t, err)
	require.Equal(b.s.t, http.StatusOK, r.StatusCode, "%s", text)
	return string(text)
}
