package endpoint

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// ask asks an endpoint whether an answer is right.
type ask func(answer []byte) (ok bool, err error)

func asking(t *testing.T, answer http.HandlerFunc) (ask, *spy) {
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	e, err := New(server.URL, nil, TLS{}, Options{}.Defaults())
	require.NoError(t, err)
	t.Cleanup(e.Close)
	e.Timeout, e.Cap, e.MaxResponse = DefaultTimeout, MaxCap, DefaultMaxResponse
	watched := &spy{RoundTripper: e.client.Transport}
	e.client.Transport = watched
	t.Cleanup(func() { watched.RoundTripper.(*http.Transport).CloseIdleConnections() })
	judge, err := Verdict{OK: "ok"}.Compile(nil, nil, true)
	require.NoError(t, err)
	request, err := Request{Body: `{"a": "{{.Answer}}", "b": "{{printf "%x" .Answer}}"}`}.
		Compile(May{Secret: []string{"Answer"}}, Values{Answer: new(Secrets).Hide([]byte("1"))})
	require.NoError(t, err)
	return func(answer []byte) (ok bool, err error) {
		err = e.Do(t.Context(), "check", request, Values{Answer: new(Secrets).Hide(answer)}, func(r *Reply) (err error) {
			ok, err = judge.Read(r)
			return err
		})
		return ok, err
	}, watched
}

func TestTheBodyIsWipedWhenItsAnswerIsThere(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"a yes": 200, "an outage": 500, "nothing that is known": 418} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check, watched := asking(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `{"ok": true}`)
			})
			ok, err := check([]byte("739164"))
			assert.Equal(t, status == 200, ok, "%v", err)
			assert.JSONEq(t, `{"a": "739164", "b": "739164"}`, watched.sent)
			assert.Equal(t, make([]byte, len(watched.sent)), watched.body.bytes)
		})
	}
}

func TestAnAnswerThatComesBeforeTheBodyWasSent(t *testing.T) {
	t.Parallel()
	check, watched := asking(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok": true}`) })
	for range 10 {
		// The kernel decides between an answer and a broken connection; -race checks that wiping waits for reading.
		_, _ = check(bytes.Repeat([]byte("1"), 1<<20))
		watched.body.mu.Lock()
		assert.Equal(t, -1, bytes.IndexByte(watched.body.bytes, '1'))
		watched.body.mu.Unlock()
	}
}
