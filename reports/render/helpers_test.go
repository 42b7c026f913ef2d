package render

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/reports"
	"countersign/reports/reportstest"
	"countersign/session/event"
)

// period is what --from and --to say.
func period(t *testing.T, from, to string, z *time.Location) reports.Period {
	t.Helper()
	p, err := reports.ParsePeriod(from, to, z, reportstest.Later)
	require.NoError(t, err)
	return p
}

// week are calls around the end of summer time in Berlin.
func week(t *testing.T) []reportstest.Call {
	z := reportstest.Zone(t, "Europe/Berlin")
	sunday := time.Date(2026, 10, 25, 0, 0, 0, 0, z)
	pin := []event.Method{event.MethodPIN}
	return []reportstest.Call{
		// Saturday
		{
			Line: "retail", At: sunday.Add(-time.Second), Caller: "0001", Customer: "C-1", By: event.MethodANI, Proof: pin,
			Verdict: 10 * time.Second,
		},
		{
			Line: "retail", At: sunday, Caller: "0001", Customer: "C-1", By: event.MethodANI, Proof: pin,
			Verdict: 20 * time.Second, Asked: []event.AttemptResult{"accepted"},
		},
		{
			Line: "retail", At: sunday.Add(24*time.Hour + 59*time.Minute), Caller: "0002", Customer: "C-2",
			By: event.MethodAccount, Reason: event.ReasonWrongAnswer, Step: "pin",
			Verdict: 40 * time.Second, Asked: []event.AttemptResult{"rejected", "no_input", "rejected"},
		},
		{
			Line: "bank", At: sunday.Add(2 * time.Hour), Caller: "", Reason: event.ReasonNotFound, Step: "account",
			Verdict: 30 * time.Second,
		},
		{
			Line: "bank", At: sunday.Add(3 * time.Hour), Caller: "0004", Customer: "C-4", By: event.MethodANI, HungUp: true,
			Verdict: 5 * time.Second,
		},
		{
			Line: "bank", At: sunday.Add(4 * time.Hour), Caller: "0005", Customer: "C-5", By: event.MethodToken,
			Proof:   []event.Method{event.MethodPIN, event.MethodSMSCode},
			Verdict: 60 * time.Second, Asked: []event.AttemptResult{"no_match", "accepted"},
		},
		{
			Line: "bank", At: sunday.Add(4*time.Hour + time.Minute), Caller: "0005", Customer: "C-5", By: event.MethodToken,
			Proof: pin, StepUp: true, First: "call-000006", Verdict: time.Second,
		},
		// Monday
		{Line: "bank", At: sunday.Add(25 * time.Hour), Caller: "0006", Reason: event.ReasonClosed, Verdict: time.Second},
	}
}

// read makes a report and its rows.
func read(a *reportstest.Archive, name string, q reports.Query) (r *reports.Report, all []reports.Row) {
	a.T.Helper()
	err := reports.NewReader(a.DB(), func() time.Time {
		return reportstest.Later
	}).Read(context.Background(), name, q, func(made *reports.Report) (err error) {
		all, err = made.Collect(1_000_000)
		made.Rows = reports.Rows(all)
		r = made
		return err
	})
	require.NoError(a.T, err)
	return r, all
}
