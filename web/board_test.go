package web

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines/change"
	"countersign/lines/whatif"
	"countersign/reports"
	"countersign/reports/reportstest"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/web/live"
)

func TestTheBoardIsWhatGoesOnNow(t *testing.T) {
	t.Parallel()
	calls := live.New(func() time.Time { return start })
	s := newSite(t, func(o *Options) { o.Live = calls })
	saw := func(call, line string, seq int, d event.Data) {
		calls.Saw(event.Event{ID: event.ID(call, seq), Call: call, Seq: seq, Line: line, LineVersion: 1, Time: start.Add(-time.Minute), Data: d})
	}
	saw("c-1", "retail", 1, event.CallStarted{CallerLast4: "0001"})
	saw("c-1", "retail", 2, event.Identified{Customer: "C-1001", Name: "Ada", Status: event.StatusIdentified, Level: 1})
	saw("c-1", "retail", 3, event.StepStarted{Step: "pin"})
	saw("c-2", "orders", 1, event.CallStarted{})
	saw("alarm-orders", "orders", 1, event.Alarm{Kind: event.AlarmFailureRate, Calls: 30, Failures: 20, Seconds: 300})
	got := s.get("/v1/board")
	require.Equal(t, 200, got.status, got.text)
	assert.Len(t, got.body["calls"], 2)
	assert.Len(t, got.body["alarms"], 1)
	one := s.get("/v1/board?line=retail").body
	require.Len(t, one["calls"], 1)
	call := one["calls"].([]any)[0].(map[string]any)
	assert.Equal(t, []any{"asking", "pin", "identified"}, []any{call["phase"], call["step"], call["status"]})
	assert.Empty(t, one["alarms"])
	assert.NotContains(t, got.text, "Ada")
	assert.NotContains(t, got.text, "C-1001")
	assert.Equal(t, 503, newSite(t).get("/v1/board").status)
}

func TestBenefitsAreFigures(t *testing.T) {
	t.Parallel()
	archive := reportstest.New(t)
	archive.Add(reportstest.Call{
		Line: "retail", Customer: "C-1", By: event.MethodANI, Proof: []event.Method{event.MethodPIN}, Verdict: 30 * time.Second,
		At: time.Date(2025, 11, 19, 8, 0, 0, 0, time.UTC),
	})
	s := newSite(t, func(o *Options) {
		o.Reports = reports.NewReader(archive.DB(), o.Now)
		o.Benefits = func() reports.Assumptions { return reports.Assumptions{AgentCostPerMinute: 0.6, Currency: "EUR"} }
	})
	got := s.get("/v1/benefits?" + ofTheDay + "&line=retail")
	require.Equal(t, 200, got.status, got.text)
	numbers := got.body["parts"].([]any)[0].(map[string]any)["numbers"].(map[string]any)
	assert.InDelta(t, 1, numbers["verified"], 0)
	assert.InDelta(t, 0.3, numbers["saved"], 0.001, "30 seconds of an agent")
	assert.Nil(t, numbers["cost"], "what the line costs is not known")
	assert.Len(t, s.get("/v1/benefits?" + ofTheDay + "&line=retail&version=2").body["parts"], 2)
	for _, wrong := range []string{"version=2", "version=x&line=retail", "split=now"} {
		assert.Equal(t, 400, s.get("/v1/benefits?"+ofTheDay+"&"+wrong).status, wrong)
	}
	assert.Equal(t, 503, newSite(t).get("/v1/benefits").status)
}

func TestAProgramTriesALineOnItsLastCalls(t *testing.T) {
	t.Parallel()
	archive := reportstest.New(t)
	at := start.Add(-time.Hour)
	archive.Add(reportstest.Call{
		Line: "retail", Customer: "C-1001", By: event.MethodANI, Proof: []event.Method{event.MethodPIN}, Verdict: 9 * time.Second, At: at,
	})
	facts := []event.Data{
		event.CallStarted{Channel: "c1", CallerLast4: "0001", Attestation: "A"},
		event.StepStarted{Step: "ani"},
		event.StepFinished{Step: "ani", Result: event.StepPassed, Milliseconds: 20},
		event.Identified{Customer: "C-1001", Name: "Ada", Method: event.MethodANI, Status: event.StatusIdentified, Level: 1},
		event.StepStarted{Step: "pin"},
		event.StepFinished{Step: "pin", Result: event.StepPassed, Milliseconds: 4000, Attempts: []event.Attempt{
			{Result: event.AttemptAccepted, Milliseconds: 4000},
		}},
		event.Verified{Customer: "C-1001", Methods: []event.Method{event.MethodANI, event.MethodPIN}, Status: event.StatusVerified, Level: 2},
		event.Routed{Outcome: "verified", Destination: "menu XML default", Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK},
		event.CallEnded{End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK, Customer: "C-1001", Milliseconds: 9000},
	}
	s := newSite(t, func(o *Options) {
		o.Reports = reports.NewReader(archive.DB(), o.Now)
		o.Journey = func(_ context.Context, call string) (all []event.Event, err error) {
			for i, d := range facts {
				all = append(all, event.Event{
					ID: event.ID(call, i+1), Source: "/countersign/test", Call: call, Seq: i + 1, Line: "retail", LineVersion: 1,
					Time: at.Add(time.Duration(i) * time.Second), Data: d,
				})
			}
			return all, nil
		}
		o.LineBook = &LineBook{
			Lines: &shelf{all: []shared.LineVersion{{Name: "retail", Version: 1, YAML: retail}}},
			Plan:  func() change.Options { return change.Options{} }, WhatIf: func() whatif.Options { return whatif.Options{Region: "US"} },
		}
	})
	const idOnly = "format: 1\nline: retail\nidentify: [{ani: {}}]\nroutes: {identified: agents XML default}\n"
	got := s.post("/v1/lines/retail/what-if", `{"yaml": `+quote(idOnly)+`}`)
	require.Equal(t, 200, got.status, got.text)
	summary := got.body["summary"].(map[string]any)
	assert.EqualValues(t, 1, summary["changed"], got.text)
	assert.NotContains(t, got.text, "C-1001")
	assert.Equal(t, 422, s.post("/v1/lines/retail/what-if", `{"yaml": "format: 9"}`).status)
	assert.Equal(t, 400, s.post("/v1/lines/orders/what-if", `{"yaml": `+quote(idOnly)+`}`).status)
	assert.Equal(t, 400, s.post("/v1/lines/retail/what-if", `{"yaml": `+quote(idOnly)+`, "limit": 1001}`).status)
}
