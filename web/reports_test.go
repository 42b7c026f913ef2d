package web

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"countersign/reports"
	"countersign/reports/render"
	"countersign/reports/reportstest"
	"countersign/session/event"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// siteWithCalls has three calls of 2025-11-19: Ada twice on retail, somebody unknown on orders.
func siteWithCalls(t *testing.T) *site {
	t.Helper()
	archive := reportstest.New(t)
	at := time.Date(2025, 11, 19, 8, 0, 0, 0, time.UTC)
	ada := reportstest.Call{
		Line: "retail", Caller: "0001", Customer: "C-1001", By: event.MethodANI, Proof: []event.Method{event.MethodPIN},
		Verdict: 9 * time.Second, At: at, Asked: []event.AttemptResult{event.AttemptRejected, event.AttemptAccepted},
	}
	again := ada
	again.At = at.Add(time.Hour)
	unknown := reportstest.Call{
		Line: "orders", Caller: "0002", Reason: event.ReasonNoMatch, Step: "account", Verdict: 20 * time.Second,
		At: at.Add(30 * time.Minute),
	}
	archive.Add(ada, again, unknown)
	return newSite(t, func(o *Options) {
		o.Reports = reports.NewReader(archive.DB(), o.Now)
		o.Journey = func(_ context.Context, call string) ([]event.Event, error) {
			if call != "call-000001" {
				return nil, nil
			}
			return []event.Event{{
				ID: event.ID(call, 1), Source: "/countersign/test", Time: at, Call: call, Seq: 1, Line: "retail", LineVersion: 1,
				Data: event.CallStarted{Channel: "c1", CallerLast4: "0001"},
			}}, nil
		}
	})
}

const ofTheDay = "from=2025-11-19&to=2025-11-19"

func TestCallsAreFoundByLastFourCustomerLineAndTime(t *testing.T) {
	t.Parallel()
	s := siteWithCalls(t)
	found := func(query string) (ids []string) {
		got := s.get("/v1/calls?" + query)
		require.Equal(t, 200, got.status, got.text)
		for _, c := range got.body["calls"].([]any) {
			ids = append(ids, c.(map[string]any)["call"].(string))
		}
		return ids
	}
	for query, want := range map[string][]string{
		ofTheDay: {"call-000002", "call-000003", "call-000001"},
		"":       {"call-000002", "call-000003", "call-000001"}, // today
		"from=2025-11-19T08:10:00Z&to=2025-11-19T08:50:00Z": {"call-000003"},
		ofTheDay + "&caller=0001":                           {"call-000002", "call-000001"},
		ofTheDay + "&customer=C-1001&limit=1":               {"call-000002"},
		ofTheDay + "&line=orders":                           {"call-000003"},
		ofTheDay + "&line=orders&line=retail":               {"call-000002", "call-000003", "call-000001"},
		ofTheDay + "&status=none":                           {"call-000003"},
		"period=yesterday":                                  nil,
	} {
		assert.Equal(t, want, found(query), query)
	}
	got := s.get("/v1/calls?customer=C-1001&limit=1&" + ofTheDay)
	assert.EqualValues(t, 2, got.body["of"])
	assert.Equal(t, map[string]any{
		"call": "call-000002", "started": "2025-11-19T09:00:00Z", "line": "retail", "caller": "0001", "customer": "C-1001",
		"status": "verified", "level": 2.0, "reason": "ok", "seconds": 10.0,
	}, got.body["calls"].([]any)[0])
}

func TestAReportIsThatOfTheCommandAsJSON(t *testing.T) {
	t.Parallel()
	s := siteWithCalls(t)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(render.Schema)))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("urn:report", document))
	schema, err := compiler.Compile("urn:report")
	require.NoError(t, err)
	for _, name := range reports.Names() {
		got := s.get("/v1/reports/" + name + "?" + ofTheDay)
		require.Equal(t, 200, got.status, got.text)
		body, err := jsonschema.UnmarshalJSON(strings.NewReader(got.text))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(body), name)
		assert.Equal(t, name, got.body["report"])
		assert.NotEmpty(t, got.body["rows"], name)
	}
	got := s.get("/v1/reports/summary?by=line&line=retail&language=de&" + ofTheDay)
	require.Equal(t, 200, got.status, got.text)
	assert.Equal(t, []any{"retail"}, got.body["lines"])
	assert.Equal(t, "Identifiziert, verifiziert, gescheitert", got.body["title"])
	got = s.get("/v1/reports/calls?limit=1&" + ofTheDay)
	assert.Len(t, got.body["rows"], 1)
	assert.EqualValues(t, 3, got.body["of"])
}

func TestAWrongQuestionIsAnsweredWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := siteWithCalls(t)
	for path, want := range map[string]string{
		"/v1/calls?colour=red":                                 "may have only period",
		"/v1/calls?limit=0":                                    "from 1 to 10000",
		"/v1/calls?limit=10001":                                "from 1 to 10000",
		"/v1/calls?limit=many":                                 "from 1 to 10000",
		"/v1/calls?period=whenever":                            "no such period",
		"/v1/calls?from=tomorrow":                              "The period is wrong",
		"/v1/calls?from=2025-11-20&to=2025-11-19":              "The period is wrong",
		"/v1/calls?customer=a&customer=b":                      "more than once",
		"/v1/calls?%zz":                                        "cannot be read",
		"/v1/reports/summary?limit=1":                          "may have only",
		"/v1/reports/summary?language=fr":                      "en or de",
		"/v1/reports/summary?by=colour":                        "no such section",
		"/v1/reports/calls?compare=1":                          "nothing to be compared",
		"/v1/reports/summary?from=2025-11-19T08:01:00%2B00:00": "quarter hours",
	} {
		got := s.get(path)
		assert.Equal(t, 400, got.status, path)
		assert.Contains(t, got.body["detail"], want, path)
	}
	got := s.get("/v1/reports/none")
	assert.Equal(t, 404, got.status)
	assert.Contains(t, got.body["detail"], "summary, ani")
}

func TestAJourneyIsTheEventsOfACall(t *testing.T) {
	t.Parallel()
	s := siteWithCalls(t)
	got := s.get("/v1/calls/call-000001/journey")
	require.Equal(t, 200, got.status, got.text)
	first := got.body["events"].([]any)[0].(map[string]any)
	assert.Equal(t, "countersign.v1.call_started", first["type"])
	assert.Equal(t, 404, s.get("/v1/calls/call-000009/journey").status)
	assert.Equal(t, 404, s.get("/v1/calls/a.b/journey").status)
}

func TestReportsThatAreNotThereAre503(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"none yet": reports.ErrNoReports, "broken": errors.New("disk I/O error")} {
		s := newSite(t, func(o *Options) {
			o.Reports = failing{err}
			o.Journey = func(context.Context, string) ([]event.Event, error) { return nil, err }
		})
		for _, path := range []string{"/v1/calls", "/v1/reports/summary", "/v1/calls/" + callOne + "/journey"} {
			got := s.get(path)
			assert.Equal(t, 503, got.status, name)
			assert.NotContains(t, got.text, "disk")
		}
	}
}

type failing struct{ err error }

func (f failing) Benefits(context.Context, reports.BenefitsQuery) (reports.Benefits, error) {
	return reports.Benefits{}, f.err
}

func (f failing) Read(context.Context, string, reports.Query, func(*reports.Report) error) error {
	return f.err
}
