package web

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/session"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheResultOfACall(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.calls.known["anonymous"] = session.Known{Call: "anonymous", First: "anonymous", Line: "retail", Decided: start}
	k := proven()
	k.Proofs = append(
		k.Proofs, session.Proof{Factor: session.Possession, Method: event.MethodTOTP, Until: start.Add(5 * time.Minute)},
	)
	s.calls.known["strong"] = k

	got := s.get("/v1/calls/" + callOne)
	require.Equal(t, 200, got.status, got.text)
	assert.Equal(t, map[string]any{
		"call": callOne, "first": callOne, "line": "retail", "customer": customer, "status": "verified", "level": 2.,
		"methods": []any{"ani", "pin"},
		"decided": start.Format(time.RFC3339Nano),
	}, got.body, "and nothing else, such as FreeSWITCH's channel id")

	nobody := s.get("/v1/calls/anonymous")
	assert.Equal(t, "none", nobody.body["status"])
	assert.Equal(t, []any{}, nobody.body["methods"])
	assert.NotContains(t, nobody.body, "customer")

	assert.EqualValues(t, 3, s.get("/v1/calls/strong").body["level"])
	s.later(6 * time.Minute)
	assert.EqualValues(t, 2, s.get("/v1/calls/strong").body["level"], "the step-up's proof has expired")
}

func TestAnUnknownCallIsNotFound(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.stepUps.err = session.ErrUnknownCall
	for _, id := range []string{
		"unknown", "%00", "..%2F..", "a%20b", "*", "a.b", strings.Repeat("a", 65), "eyJhbGciOiJFZERTQSJ9.e30.AA",
	} {
		assert.Equal(t, 404, s.get("/v1/calls/"+id).status, id)
		assert.Equal(t, 404, s.post("/v1/calls/"+id+"/step-up", `{"level":2}`).status, id)
	}
	s.calls.err = errors.New("no responders")
	assert.Equal(t, 503, s.get("/v1/calls/"+callOne).status)
}

func TestAskingForAStepUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, level := range []session.Level{session.Verified, session.Strong} {
		got := s.post("/v1/calls/"+callOne+"/step-up", fmt.Sprintf(`{"level":%d}`, level))
		require.Equal(t, 202, got.status, got.text)
		assert.Equal(t, map[string]any{"call": callOne, "level": float64(level)}, got.body)
	}
	assert.Equal(t, []asked{{callOne, 2}, {callOne, 3}}, s.stepUps.asked)
	for _, body := range []string{
		`{}`, `{"level":0}`, `{"level":1}`, `{"level":4}`, `{"level":-2}`, `{"level":2.5}`, `{"level":"3"}`,
		`{"level":1e400}`,
	} {
		got := s.post("/v1/calls/"+callOne+"/step-up", body)
		assert.Equal(t, 400, got.status, body)
		assert.Contains(t, got.body["detail"], `{"level": 2}, or 3`)
	}
	assert.Len(t, s.stepUps.asked, 2)
}

func TestErrorsOfAStepUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for status, err := range map[int]error{
		404: session.ErrUnknownCall, 409: session.ErrNotBridged, 503: session.ErrSwitchUnavailable,
		500: errors.New("a bug of 246813"),
	} {
		s.stepUps.err = fmt.Errorf("step up: %w", err)
		got := s.post("/v1/calls/"+callOne+"/step-up", `{"level":3}`)
		assert.Equal(t, status, got.status)
		assert.NotContains(t, got.text, "246813")
	}
	assert.Contains(t, s.log.String(), "a bug of 246813", "the operator sees why")
}
