package freeswitch_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// companyEar is a recogniser of the company's own: it answers what the test says, and keeps what it was sent.
type companyEar struct {
	*httptest.Server
	// hangs: it takes the sound and says nothing.
	hangs atomic.Bool
	// asked has an element when a caller has begun to speak.
	asked chan struct{}

	mu    sync.Mutex
	says  []string
	heard []utterance
}

// utterance is what the recogniser was sent.
type utterance struct {
	query, contentType string
	sound              []byte
	ended              time.Time
}

func startCompanyEar(t testing.TB) *companyEar {
	e := &companyEar{asked: make(chan struct{}, 1)}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

// answers has it understand these, one utterance after the other; | separates what else may have been said.
func (e *companyEar) answers(words ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.says = words
	select {
	case <-e.asked:
	default:
	}
}

// awaitAsked waits until a caller begins to speak.
func (e *companyEar) awaitAsked(t testing.TB, within time.Duration) {
	t.Helper()
	require.True(t, e.isAsked(within), "the recogniser was not asked")
}

// isAsked says whether a caller begins to speak within a time.
func (e *companyEar) isAsked(within time.Duration) bool {
	select {
	case <-e.asked:
		return true
	case <-time.After(within):
		return false
	}
}

func (e *companyEar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case e.asked <- struct{}{}:
	default:
	}
	sound, err := io.ReadAll(r.Body)
	e.mu.Lock()
	e.heard = append(e.heard, utterance{r.URL.RawQuery, r.Header.Get("Content-Type"), sound, time.Now()})
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
	for i, words := range strings.Split(says, "|") {
		if words != "" {
			results = append(results, map[string]any{"text": words, "confidence": 0.9 - 0.1*float64(i)})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
}

// utterances are what it was sent.
func (e *companyEar) utterances() []utterance {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard
}

// queries are what it was told of the questions.
func (e *companyEar) queries() (all []string) {
	for _, u := range e.utterances() {
		all = append(all, u.query)
	}
	return all
}
