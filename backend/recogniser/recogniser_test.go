package recogniser_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/endpoint"
	"countersign/backend/recogniser"
	"countersign/session"
	"countersign/session/sound"
)

// digits is what these tests ask for.
var digits = session.Expected{Language: "en-GB", Kind: session.ExpectDigits, Min: 6, Max: 10}

// patience bounds every wait of a test.
const patience = time.Minute

// asks makes a recogniser that asks h, with these settings.
func asks(t *testing.T, h http.HandlerFunc, e recogniser.Engine) *recogniser.Recogniser {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	e.URL = server.URL + "/recognise"
	return opens(t, e)
}

func opens(t *testing.T, e recogniser.Engine) *recogniser.Recogniser {
	t.Helper()
	r, err := recogniser.New("own", e, endpoint.Options{Env: func(string) (string, bool) { return "s3cret", true }})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	if e.Timeout == 0 { // the machine may be busy
		r.Within(patience)
	}
	return r
}

// said is an utterance that has ended.
func said(t *testing.T) *sound.Utterance {
	u := sound.NewUtterance(64)
	t.Cleanup(func() { _ = u.Close() })
	u.Write([]byte("the sound of a number"))
	u.End()
	return u
}

// says answers with a body.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, body)
	}
}

// hangs answers nothing until the client is gone.
func hangs(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func hear(t *testing.T, r *recogniser.Recogniser) (session.Entry, error) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errors.New("the recogniser is too slow for this test"))
	defer cancel()
	return r.Recognise(ctx, digits, "countersign-digits-6-en", said(t))
}

func TestWhatTheRecogniserIsTold(t *testing.T) {
	t.Parallel()
	type request struct {
		method, target, contentType, key, body string
	}
	got := make(chan request, 1)
	r := asks(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		got <- request{r.Method, r.URL.String(), r.Header.Get("Content-Type"), r.Header.Get("Authorization"), string(body)}
		_, _ = io.WriteString(w, `{"results": []}`)
	}, recogniser.Engine{Rate: 16000, Headers: map[string]string{"Authorization": "Bearer ${ASR_KEY}"}})
	assert.Equal(t, 16000, r.Rate())
	_, err := hear(t, r)
	require.NoError(t, err)
	assert.Equal(t, request{
		"POST", "/recognise?expect=digits&grammar=countersign-digits-6-en&language=en-GB&max=10&min=6",
		"audio/L16; rate=16000; channels=1; endianness=little-endian", "Bearer s3cret", "the sound of a number",
	}, <-got)
}

func TestTheSoundIsSentWhileItIsSaid(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 1)
	r := asks(t, func(w http.ResponseWriter, r *http.Request) {
		first := make([]byte, 4)
		_, err := io.ReadFull(r.Body, first)
		assert.NoError(t, err)
		heard <- string(first)
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"results": [{"text": "one two", "confidence": 1}]}`)
	}, recogniser.Engine{})
	u := sound.NewUtterance(64)
	defer func() { _ = u.Close() }()
	done := make(chan session.Entry, 1)
	go func() {
		e, err := r.Recognise(t.Context(), digits, "g", u)
		assert.NoError(t, err)
		done <- e
	}()
	u.Write([]byte("one "))
	assert.Equal(t, "one ", <-heard, "before the caller has ended")
	u.Write([]byte("two"))
	u.End()
	e := <-done
	assert.Equal(t, "one two", string(e.Words.Reveal()))
}

func TestARecogniserMayAnswerBeforeTheCallerEnds(t *testing.T) {
	t.Parallel()
	r := asks(t, func(w http.ResponseWriter, _ *http.Request) {
		assert.NoError(t, http.NewResponseController(w).EnableFullDuplex()) // or it reads the request to its end first
		_, _ = io.WriteString(w, `{"results": [{"text": "yes", "confidence": 0.8}]}`)
	}, recogniser.Engine{})
	u := sound.NewUtterance(64)
	defer func() { _ = u.Close() }()
	u.Write([]byte("yes"))
	e, err := r.Recognise(t.Context(), digits, "g", u)
	require.NoError(t, err)
	assert.Equal(t, "yes", string(e.Words.Reveal()))
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	many := `{"results": [` + strings.TrimSuffix(strings.Repeat(`{"text": "one", "confidence": 0.5},`, 30), ",") + `]}`
	for name, c := range map[string]struct {
		body   string
		class  session.Class
		spoken bool
		words  []string
	}{
		"one result": {
			`{"results": [{"text": "one two", "confidence": 0.93}]}`, session.Input, true, []string{"one two 0.93"},
		},
		"several, in any order, and more than is asked for": {
			`{"id": 7, "results": [{"text": "one", "confidence": 0.2, "words": [1]}, {"text": " two ", "confidence": 0.9}]}`,
			session.Input, true, []string{"two 0.90", "one 0.20"},
		},
		"letters of every kind": {
			`{"results": [{"text": "f\u00fcnf \ud83d\ude00 \"zwo\"\n\ud83d x\/", "confidence": 1}]}`,
			session.Input, true, []string{"fünf 😀 \"zwo\"\n\ufffd x/ 1.00"},
		},
		"a key twice":                    {`{"results": [{"text": "one", "text": "two", "confidence": 1}]}`, session.Input, true, []string{"two 1.00"}},
		"nothing understood":             {`{"results": []}`, session.NoMatch, true, nil},
		"nothing but empty texts":        {`{"results": [{"text": " ", "confidence": 1}]}`, session.NoMatch, true, nil},
		"nothing said":                   {`{"results": [], "no_speech": true}`, session.NoInput, false, nil},
		"nothing said, without results":  {`{"no_speech": true}`, session.NoInput, false, nil},
		"more results than are kept":     {many, session.Input, true, strings.Split(strings.Repeat("one 0.50,", 9)+"one 0.50", ",")},
		"in another shape of characters": {"\xef\xbb\xbf" + `{"results": []}`, session.NoMatch, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := hear(t, asks(t, says(c.body), recogniser.Engine{}))
			require.NoError(t, err)
			assert.Equal(t, c.class, e.Class)
			assert.Equal(t, c.spoken, e.Spoken)
			var words []string
			if e.Words.Len() > 0 {
				words = append(words, fmt.Sprintf("%s %.2f", e.Words.Reveal(), e.Confidence))
			}
			for _, h := range e.Others {
				words = append(words, fmt.Sprintf("%s %.2f", h.Words.Reveal(), h.Confidence))
			}
			assert.Equal(t, c.words, words)
			e.Wipe()
			assert.NotContains(t, fmt.Sprintf("%q", e.Words.Reveal()), "o")
		})
	}
}

func TestARecogniserThatFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"an error":          {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "status 500"},
		"a wrong key":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, "status 401"},
		"somewhere else":    {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusTemporaryRedirect) }, "status 307"},
		"not JSON":          {says("one two seven"), "not JSON"},
		"other JSON":        {says(`{"text": "one two seven"}`), "no results"},
		"a list":            {says(`["one two seven"]`), "not JSON"},
		"a number for text": {says(`{"results": [{"text": 123, "confidence": 1}]}`), "not JSON"},
		"no confidence":     {says(`{"results": [{"text": "one two seven"}]}`), "confidence"},
		"100 percent":       {says(`{"results": [{"text": "one two seven", "confidence": 93}]}`), "confidence"},
		"a huge answer":     {says(`{"results": [], "seven": "` + strings.Repeat("x", 65<<10) + `"}`), "more than 65536 bytes"},
		"half an answer": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"results": [{"text": "one two seven"`)
		}, "mid-answer"},
		"a cut connection": {func(w http.ResponseWriter, _ *http.Request) {
			nc, _, err := w.(http.Hijacker).Hijack()
			if assert.NoError(t, err) {
				_ = nc.Close()
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := hear(t, asks(t, c.answer, recogniser.Engine{}))
			require.ErrorIs(t, err, endpoint.ErrUnavailable)
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "seven")
			assert.Zero(t, e)
		})
	}
}

func TestARecogniserThatHangsIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	_, err := hear(t, asks(t, hangs, recogniser.Engine{Timeout: 100 * time.Millisecond}))
	require.ErrorIs(t, err, endpoint.ErrUnavailable)
	require.ErrorContains(t, err, "no answer in time")
}

func TestARecogniserThatTakesNoConnectionIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	require.NoError(t, err)
	defer l.Close()
	_, err = hear(t, opens(t, recogniser.Engine{URL: "http://" + l.Addr().String(), Timeout: 100 * time.Millisecond}))
	require.ErrorIs(t, err, endpoint.ErrUnavailable)
	require.ErrorContains(t, err, "no answer in time")
}

func TestARecogniserThatFailedThriceIsNotAsked(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	r := asks(t, func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		_, _ = io.WriteString(w, "what?")
	}, recogniser.Engine{})
	for range 3 {
		assert.True(t, r.Ready())
		_, err := hear(t, r)
		require.Error(t, err)
	}
	assert.False(t, r.Ready())
	_, err := hear(t, r)
	require.ErrorContains(t, err, "failed 3 times within 1m0s")
	assert.Len(t, asked, 3)
}

func TestACallerWhoKeysInsteadIsNoFailure(t *testing.T) {
	t.Parallel()
	keyed := errors.New("the caller keys")
	asked := make(chan struct{}, 10)
	r := asks(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		hangs(w, r)
	}, recogniser.Engine{})
	for range 5 {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { <-asked; cancel(keyed) }()
		u := sound.NewUtterance(64)
		u.Write([]byte("one"))
		_, err := r.Recognise(ctx, digits, "g", u)
		require.ErrorIs(t, err, keyed)
		require.NotErrorIs(t, err, endpoint.ErrUnavailable)
		_, err = u.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.ErrClosedPipe, "the sound is closed")
	}
	assert.True(t, r.Ready())
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s := recogniser.Settings{Recognisers: map[string]recogniser.Engine{
		"a b": {URL: "https://asr.example"},
		"own": {Rate: 44100, Timeout: 2 * time.Second},
	}}
	problems := s.Check()
	require.Len(t, problems, 4)
	for i, want := range []string{"recognisers.a b.url", "recognisers.own.url", "recognisers.own.rate", "recognisers.own.timeout"} {
		assert.ErrorContains(t, problems[i], want)
	}
	_, err := recogniser.New("own", recogniser.Engine{URL: "asr.example"}, endpoint.Options{})
	require.ErrorContains(t, err, "speech.recognisers.own: url")
	off := false
	r := opens(t, recogniser.Engine{URL: "https://asr.example", BargeIn: &off})
	assert.False(t, r.BargeIn())
	assert.Equal(t, 8000, r.Rate())
}
