package rest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
)

// spy keeps the body of a request as it was given to HTTP.
type spy struct {
	http.RoundTripper
	body *payload
	sent string
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.body = r.Body.(*payloadReader).payload
	s.sent = string(s.body.bytes)
	return s.RoundTripper.RoundTrip(r)
}

type nobody struct{ Local }

func checkOnly(t *testing.T, answer http.HandlerFunc) (*Directory, *spy) {
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	s := Settings{URL: server.URL, Customer: Fields{Always: []string{"pin"}}, Check: map[string]*Check{"pin": {
		Request: Request{Body: `{"a": "{{.Answer}}", "b": "{{printf "%x" .Answer}}"}`}, Verdict: Verdict{OK: "ok"},
	}}}
	d, err := NewDirectory(s, nobody{}, Options{})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	watched := &spy{RoundTripper: d.endpoint.client.Transport}
	d.endpoint.client.Transport = watched
	t.Cleanup(func() { watched.RoundTripper.(*http.Transport).CloseIdleConnections() })
	return d, watched
}

func TestTheBodyIsWipedWhenItsAnswerIsThere(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"a yes": 200, "an outage": 500, "nothing that is known": 418} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, watched := checkOnly(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `{"ok": true}`)
			})
			ok, err := d.Check(t.Context(), "C-1", "pin", session.NewSecret([]byte("739164")))
			assert.Equal(t, status == 200, ok, "%v", err)
			assert.JSONEq(t, `{"a": "739164", "b": "739164"}`, watched.sent)
			assert.Equal(t, make([]byte, len(watched.sent)), watched.body.bytes)
		})
	}
}

func TestAnAnswerThatComesBeforeTheBodyWasSent(t *testing.T) {
	t.Parallel()
	d, watched := checkOnly(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok": true}`) })
	for range 10 {
		// Whether there is an answer or a broken connection is for the kernel to say; -race sees that wiping waits for reading.
		_, _ = d.Check(t.Context(), "C-1", "pin", session.NewSecret(bytes.Repeat([]byte("1"), 1<<20)))
		watched.body.mu.Lock()
		assert.Equal(t, -1, bytes.IndexByte(watched.body.bytes, '1'))
		watched.body.mu.Unlock()
	}
}
