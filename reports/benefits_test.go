package reports

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportstest"
	"countersign/session/event"
)

func TestBenefitsAreWhatTheCallsSay(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	monday := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
	add := func(at time.Time, n int, c reportstest.Call) {
		for i := range n {
			c.Line, c.At = "retail", at.Add(time.Duration(i)*time.Minute)
			a.Add(c)
		}
	}
	verified := reportstest.Call{Customer: "C-1", By: event.MethodANI, Proof: []event.Method{event.MethodPIN}, Verdict: 30 * time.Second}
	add(monday, 60, verified)
	add(monday, 30, reportstest.Call{Reason: event.ReasonNotFound, Verdict: 20 * time.Second})
	add(monday, 10, reportstest.Call{HungUp: true, Verdict: 10 * time.Second})
	add(monday.AddDate(0, 0, 2), 40, verified)
	step := verified
	step.StepUp, step.First = true, "call-000001"
	add(monday, 1, step) // counts nowhere
	reader := NewReader(a.DB(), func() time.Time { return reportstest.Later })
	q := BenefitsQuery{Period: period(t, "2026-11-16", "2026-11-18", time.UTC), Lines: []string{"retail"}}
	q.SelfService = []string{"agents XML default"}
	b, err := reader.Benefits(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, b.Parts, 1)
	p := b.Parts[0]
	assert.InDelta(t, 140, p.Calls, 0)
	assert.InDelta(t, 100, p.Verified, 0)
	assert.InDelta(t, 130, p.Contained, 0, "all were handed on there")
	assert.InDelta(t, 10, p.Abandoned, 0)
	assert.InDelta(t, 30, p.VerifiedSeconds, 0.001)
	assert.EqualValues(t, 140, told(a, b.SQL)[0]["calls"])
	assert.EqualValues(t, 130, told(a, b.SQL)[0]["contained"])
	assert.Equal(t, []Destination{{Name: "agents XML default", Calls: int64(130)}}, b.Destinations)
	require.Len(t, b.Versions, 1)
	assert.Equal(t, 1, b.Versions[0].Number)

	f := p.Figures(Assumptions{AgentCostPerMinute: 0.60, LineCostPerMinute: 0.06, SelfService: q.SelfService})
	assert.InDelta(t, 3000, f.TakenOffSeconds, 0.001)
	assert.InDelta(t, 30, f.Saved, 0.001, "50 minutes at 0.60")
	assert.InDelta(t, 0.30, f.CostOfAgent, 0.001)
	seconds := 100*31.0 + 30*21 + 10*10
	assert.InDelta(t, seconds/60*.06, f.Cost, 0.001)
	assert.InDelta(t, seconds/60*.06/100, f.CostOfVerified, 0.0001)
	assert.InDelta(t, 30-seconds/60*.06, f.Net, 0.001)
	assert.InDelta(t, 100*130.0/140, f.ContainedPercent, 0.001)
	f = p.Figures(Assumptions{AgentSeconds: 60})
	assert.InDelta(t, 6000, f.TakenOffSeconds, 0)
	assert.True(t, math.IsNaN(f.Saved), "without a rate nobody knows")
	assert.True(t, math.IsNaN(f.ContainedPercent), "without destinations nobody knows")

	q.Split = monday.AddDate(0, 0, 1)
	b, err = reader.Benefits(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, b.Parts, 2)
	assert.Equal(t, "before", b.Parts[0].Name)
	assert.InDelta(t, 60, b.Parts[0].Figures(Assumptions{}).VerifiedPercent, 0)
	assert.InDelta(t, 100, b.Parts[1].Figures(Assumptions{}).VerifiedPercent, 0)
	q.Split, q.Version = time.Time{}, 2
	b, err = reader.Benefits(t.Context(), q)
	require.NoError(t, err)
	assert.InDelta(t, 140, b.Parts[0].Calls, 0)
	assert.InDelta(t, 0, b.Parts[1].Calls, 0, "nobody called that version")
}

func TestRoundedBenefitsGiveNoSmallCountAway(t *testing.T) {
	t.Parallel()
	a := three(t)
	reader := NewReader(a.DB(), func() time.Time { return reportstest.Later })
	q := BenefitsQuery{Period: period(t, "2026-10-20", "2026-10-21", time.UTC), Rounded: true}
	b, err := reader.Benefits(t.Context(), q)
	require.NoError(t, err)
	f := b.Parts[0].Figures(Assumptions{AgentCostPerMinute: 1})
	assert.InDelta(t, 95, f.VerifiedPercent, 0, "not 97")
	assert.InDelta(t, 95*11, f.TakenOffSeconds, 0)
	q.Period = period(t, "2026-10-21", "2026-10-21", time.UTC)
	b, err = reader.Benefits(t.Context(), q)
	require.NoError(t, err)
	assert.True(t, math.IsNaN(b.Parts[0].Calls), "three")
	assert.Nil(t, b.Destinations[0].Calls)
	q.Split = q.Period.From.Add(time.Hour)
	_, err = reader.Benefits(t.Context(), q)
	require.ErrorIs(t, err, ErrNotRounded)
}

func TestAssumptionsAreNotNegative(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Assumptions{AgentCostPerMinute: 0.5}.Check())
	assert.Len(t, Assumptions{AgentCostPerMinute: -1, LineCostPerMinute: math.NaN(), AgentSeconds: math.Inf(1)}.Check(), 3)
}

// What a call adds while the figures are read is in all of them or in none: they are read in one transaction, and so
// from one connection.
func TestBenefitsAreOfOneMoment(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	db := a.DB()
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	b, err := NewReader(db, time.Now).Benefits(ctx, BenefitsQuery{
		Period: period(t, "2026-10-24", "2026-10-26", time.UTC), Lines: []string{"retail"},
	})
	require.NoError(t, err)
	assert.NotEmpty(t, b.Destinations)
	assert.NotEmpty(t, b.Versions)
}
