package customer

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/waiting"
	"countersign/web/asset"
)

// hall is a company whose queues the test sets.
type hall struct {
	*httptest.Server
	board *Wallboard
	now   atomic.Int64
	asked atomic.Int64

	mu    sync.Mutex
	views []waiting.View
}

var noon = time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)

func open(t testing.TB, s WallboardSettings) *hall {
	t.Helper()
	require.Empty(t, s.Check())
	h := &hall{}
	h.now.Store(noon.UnixNano())
	b := NewWallboard(Options{
		Settings: s, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Unix(0, h.now.Load()) },
		Queues: func(*time.Location) []waiting.View {
			h.asked.Add(1)
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.views
		},
	})
	h.board = b
	mux := http.NewServeMux()
	for _, r := range b.Routes() {
		assert.True(t, r.Rule.IsPublic() && r.Often)
		mux.Handle(r.Method+" "+r.Path, r.Handler)
	}
	mux.HandleFunc("GET /asset/{file}", asset.Serve)
	mux.HandleFunc("GET /v1/queues", b.Queues)
	mux.HandleFunc("GET /v1/queues/stream", b.Stream)
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
}

func (h *hall) set(views ...waiting.View) {
	h.mu.Lock()
	h.views = views
	h.mu.Unlock()
	h.now.Add(int64(2 * time.Second))
}

func (h *hall) get(t testing.TB, path string, headers ...string) (status int, header http.Header, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+path, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := h.Client().Do(r)
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	var b strings.Builder
	_, err = bufio.NewReader(got.Body).WriteTo(&b)
	require.NoError(t, err)
	return got.StatusCode, got.Header, b.String()
}

var bank = WallboardSettings{
	Queues: map[string]QueueSettings{
		"support": {
			Title:        map[string]string{"en": "Support", "de": "Kundendienst"},
			Alternatives: []Alternative{{Title: map[string]string{"en": "Chat"}, URL: "https://bank.example/chat"}},
		},
		"cards": {Numbers: true},
	},
	TZ: "Europe/Berlin", Origins: []string{"https://www.bank.example"},
}

func waits(low, high int) waiting.View {
	return waiting.View{
		Queue: "support", Phase: waiting.Wait, At: noon, State: waiting.State{Waiting: 7, OnDuty: 4},
		Wait:  waiting.Range{Low: time.Duration(low) * time.Minute, High: time.Duration(high) * time.Minute},
		Right: waiting.Right{Told: 100, Less: 87}, Best: noon.Add(3 * time.Hour),
	}
}

func TestWhatEverybodyMayKnowOfAQueue(t *testing.T) {
	t.Parallel()
	h := open(t, bank)
	h.set(waits(3, 6), waiting.View{Queue: "cards", Phase: waiting.Free, At: noon, State: waiting.State{OnDuty: 3, Free: 2},
		Wait: waiting.Range{High: time.Minute}})
	status, header, text := h.get(t, "/v1/queues")
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "*", header.Get("Access-Control-Allow-Origin"))
	assert.Contains(t, header.Get("Cache-Control"), "max-age=1")
	var l List
	require.NoError(t, json.Unmarshal([]byte(text), &l))
	require.Len(t, l.Queues, 2)
	s, c := l.Queues[0], l.Queues[1]
	assert.Equal(t, []any{waiting.Wait, 3, 6, 2, 87, 100}, []any{s.State, s.Wait.LowMinutes, *s.Wait.HighMinutes, s.AgeSeconds, s.WaitedLess, s.Told})
	assert.Nil(t, s.Numbers, "how many there are is the company's affair")
	assert.NotContains(t, text, `"waiting":7`)
	assert.Equal(t, &Numbers{OnDuty: 3, Free: 2}, c.Numbers)
	assert.Equal(t, waiting.Few, c.Free)
	assert.Equal(t, "2026-12-01T15:00:00+01:00", s.BestToday.Format(time.RFC3339))
	status, _, text = h.get(t, "/v1/queues", "If-None-Match", header.Get("ETag"))
	assert.Equal(t, http.StatusNotModified, status)
	assert.Empty(t, text)

	for language, want := range map[string][]string{
		"en": {"Support", "3 to 6 minutes", "as of 12:00:00", "8 of 10 waited less", "shorter today from 15:00", "Somebody is free", "Chat"},
		"de": {"Kundendienst", "3 bis 6 Minuten", "Stand 12:00:00", "8 von 10 kürzer", "Heute ab 15:00", "jemand für Sie frei", `lang="de"`},
	} {
		status, header, text := h.get(t, "/waiting", "Accept-Language", language+"-XX, fr;q=0.5")
		require.Equal(t, http.StatusOK, status)
		for _, w := range want {
			assert.Contains(t, text, w)
		}
		assert.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors https://www.bank.example")
		assert.Less(t, len(text), 10_000, "the first view is small")
	}
	_, _, text = h.get(t, "/waiting?language=de", "Accept-Language", "en")
	assert.Contains(t, text, "Kundendienst")
}

func TestWhatCallersAreTold(t *testing.T) {
	t.Parallel()
	h := open(t, bank)
	for want, v := range map[string]waiting.View{
		"Less than a minute": waits(0, 1), "Up to 4 minutes": waits(0, 4), "About 5 minutes": waits(5, 5),
		"More than 30 minutes": waits(30, 0), "We do not know right now.": {Queue: "support", Phase: waiting.Unknown, At: noon},
		"Nobody takes calls now.": {Queue: "support", Phase: waiting.Nobody, At: noon},
	} {
		h.set(v)
		_, _, text := h.get(t, "/waiting")
		assert.Contains(t, text, want)
	}
	h.set(waiting.View{Queue: "support", Phase: waiting.Unknown, At: noon})
	_, _, text := h.get(t, "/waiting")
	assert.NotContains(t, text, "as of", "what is old is never shown as now")
	_, _, text = h.get(t, "/v1/queues")
	assert.NotContains(t, text, `"wait"`)
	assert.NotContains(t, text, `"free"`)
}

// Whoever asks, and how often: the queues are looked at once a second.
func TestManyWhoAskAreAnsweredFromOneLook(t *testing.T) {
	t.Parallel()
	h := open(t, bank)
	h.set(waits(3, 6))
	h.get(t, "/v1/queues")
	before := h.asked.Load()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				h.get(t, "/v1/queues")
			}
		})
	}
	all.Wait()
	assert.Equal(t, before, h.asked.Load())
	h.now.Add(int64(time.Second))
	h.get(t, "/v1/queues")
	assert.Equal(t, before+1, h.asked.Load())
	h.now.Add(-int64(time.Hour))
	h.get(t, "/v1/queues")
	assert.Equal(t, before+2, h.asked.Load(), "a clock that was set back does not stop it")
}

func TestAStreamTellsWhatChanges(t *testing.T) {
	t.Parallel()
	h := open(t, bank)
	h.set(waits(3, 6))
	got, err := h.Client().Get(h.URL + "/v1/queues/stream")
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	assert.Equal(t, "text/event-stream", got.Header.Get("Content-Type"))
	lines := bufio.NewScanner(got.Body)
	next := func() (l List) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				require.NoError(t, json.Unmarshal([]byte(data), &l))
				return l
			}
		}
		t.Fatal("the stream ended")
		return l
	}
	assert.Equal(t, 3, next().Queues[0].Wait.LowMinutes)
	h.set(waits(8, 12))
	assert.Equal(t, 8, next().Queues[0].Wait.LowMinutes)
}

func TestNobodyListensForAllOthersAndAStopWaitsForNobody(t *testing.T) {
	t.Parallel()
	h := open(t, bank)
	h.set(waits(3, 6))
	var bodies []io.ReadCloser
	for range mostOfOne {
		got, err := h.Client().Get(h.URL + "/v1/queues/stream")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode)
		bodies = append(bodies, got.Body)
	}
	status, header, _ := h.get(t, "/v1/queues/stream")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, "5", header.Get("Retry-After"))
	status, _, _ = h.get(t, "/v1/queues")
	assert.Equal(t, http.StatusOK, status)
	h.board.Close()
	for _, b := range bodies {
		_, err := io.Copy(io.Discard, b)
		assert.NoError(t, err, "it ends")
		assert.NoError(t, b.Close())
	}
	assert.Eventually(t, func() bool {
		h.board.mu.Lock()
		defer h.board.mu.Unlock()
		return h.board.all == 0 && len(h.board.streams) == 0
	}, time.Minute, 5*time.Millisecond)
}

func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]WallboardSettings{
		`queues: "a b" is no name`:   {Queues: map[string]QueueSettings{"a b": {}}},
		"queues.q.alternatives[0]":   {Queues: map[string]QueueSettings{"q": {Alternatives: []Alternative{{URL: "javascript:alert(1)"}}}}},
		`tz is "Mars"`:               {TZ: "Mars"},
		`origins: "http://x.example`: {Origins: []string{"http://x.example"}},
		`origins: "https://x; scr`:   {Origins: []string{"https://x; script-src *"}},
	} {
		errs := s.Check()
		if assert.NotEmpty(t, errs, want) {
			assert.Contains(t, errs[0].Error(), want)
		}
	}
}

// How many requests the wallboard answers from its cache, a connection each.
func BenchmarkWallboard(b *testing.B) {
	h := open(b, bank)
	h.set(waits(3, 6))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			h.get(b, "/v1/queues")
		}
	})
}
