package freeswitch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recognisedLine is a line whose callers may say their account and their PIN to a recogniser of the company's own.
const recognisedLine = `format: 1
line: spoken
numbers: ["5600"]
speech: {engine: %s}
identify: [number: {name: account, digits: 6}]
verify: {questions: [pin: {digits: 6, speech: true}]}
routes: {verified: menu XML default, identified: agents XML default}
`

// companyEar is a recogniser of the company's own: it answers with what the test says, and keeps what it was sent.
type companyEar struct {
	*httptest.Server
	// hangs: it takes the sound and says nothing.
	hangs atomic.Bool

	mu      sync.Mutex
	says    []string
	heard   [][]byte
	ended   []time.Time
	changed chan struct{}
}

func startCompanyEar(t testing.TB) *companyEar {
	e := &companyEar{changed: make(chan struct{}, 1)}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

// answers has it understand these, one utterance after the other.
func (e *companyEar) answers(words ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.says = append(e.says, words...)
}

func (e *companyEar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sound, err := io.ReadAll(r.Body)
	e.mu.Lock()
	e.heard, e.ended = append(e.heard, sound), append(e.ended, time.Now())
	says := ""
	if len(e.says) > 0 && err == nil {
		says, e.says = e.says[0], e.says[1:]
	}
	e.mu.Unlock()
	if e.hangs.Load() {
		<-r.Context().Done()
		return
	}
	results := []map[string]any{}
	if says != "" {
		results = append(results, map[string]any{"text": says, "confidence": 0.9})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
}

// utterances are what it was sent.
func (e *companyEar) utterances() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard
}

// memory is a folder in memory for this test.
func memory(t testing.TB) string {
	t.Helper()
	path, err := os.MkdirTemp("/dev/shm", "countersign-test-")
	if err != nil {
		t.Skipf("no folder in memory: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(path) })
	return path
}

// recogniserSite is a site whose callers are heard by a recogniser.
type recogniserSite struct {
	*site
	ear    *companyEar
	memory string
}

func startRecogniserSite(t *testing.T) *recogniserSite {
	findFreeSWITCH(t)
	needVoice(t)
	ear, folder := startCompanyEar(t), memory(t)
	settings := fmt.Sprintf("speech: {folder: %q, recognisers: {own: {url: %q, rate: 16000}}}\n", folder, ear.URL)
	return &recogniserSite{ear: ear, memory: folder, site: startSiteOn(t, serviceOptions{
		Customers: everybody(), Lines: []string{fmt.Sprintf(recognisedLine, "own")}, Settings: settings,
	}, options{Files: lineDialplan})}
}

func (s *recogniserSite) dials(t *testing.T, n int) *call {
	return callWithSIPp(t, s.freeSWITCH, dial{To: "5600", From: numberOf(790, n), Wide: true})
}

// AwaitTapped waits until the caller is listened to for the nth time.
func (c *call) AwaitTapped(t testing.TB, nth int, within time.Duration) {
	t.Helper()
	c.fs.calls.awaitNth(t, c.ID, fmt.Sprintf("recorded for the recogniser, time %d", nth), nth, within, func(s sighting) bool {
		return s.Application == "record_session"
	})
}

func TestTheCompanysOwnRecogniserHearsCallers(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	s := startRecogniserSite(t)
	c := s.dials(t, 1)
	c.AwaitTapped(t, 1, askedWithin)
	s.ear.answers("one zero zero zero four two", "yes", "two four six eight one three")
	c.Say(t, "one zero zero zero four two") // into the prompt
	c.AwaitTapped(t, 2, 2*askedWithin)
	c.Say(t, "yes")
	c.AwaitTapped(t, 3, 2*askedWithin)
	c.Say(t, "two four six eight one three")
	c.AwaitAt(t, "default", "menu", saidWithin)
	r := c.Record(t)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), r.result())
	for _, gone := range []string{"playback_terminators", "playback_terminator_used", "cs_digits", "sensitive_dtmf"} {
		assert.NotContains(t, r.Variables, gone)
	}
	said := s.ear.utterances()
	require.Len(t, said, 3)
	for _, sound := range said {
		assert.Greater(t, len(sound), 32000, "a second at least, at 16 kHz")
	}
	left, err := os.ReadDir(s.memory)
	require.NoError(t, err)
	assert.Empty(t, left)
	_ = context.Background()
}
