package staff

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"countersign/reports"
	"countersign/session/event"
	"countersign/web/live"
)

// warnings are what the agent should know before trusting the call.
func (p *Pages) warnings(ctx context.Context, shown page, c deskCall) (warnings []string) {
	call := c.Call
	switch {
	case call.Locked || call.Reason == event.ReasonLocked:
		warnings = append(warnings, shown.T("warn_locked"))
	case call.Reason == event.ReasonVelocity:
		warnings = append(warnings, shown.T("warn_velocity"))
	case call.Reason == event.ReasonUntrusted, call.Start.Attestation == "failed":
		warnings = append(warnings, shown.T("warn_untrusted"))
	}
	if call.Denied || slices.ContainsFunc(c.Again, func(again live.Call) bool { return again.Denied }) {
		warnings = append(warnings, shown.T("warn_proof_denied"))
	}
	if denied(c.Again) {
		warnings = append(warnings, shown.T("warn_denied"))
	}
	if call.Customer == "" {
		return warnings
	}
	if slices.ContainsFunc(p.Live.Alarms(func(string) bool { return true }), func(a live.Alarm) bool {
		return a.Kind == event.AlarmImpostor && a.Customer == call.Customer
	}) {
		warnings = append(warnings, shown.T("warn_impostor"))
	}
	if newNumber(call) {
		warnings = append(warnings, shown.T("warn_new_number"))
	}
	another := p.Live.Select(func(other live.Call) bool {
		return other.ID != call.ID && other.Customer == call.Customer && other.Phase() != live.Over
	})
	if len(another) > 0 {
		warnings = append(warnings, shown.T("warn_another_call"))
	}
	if c.Open() && !call.Locked && p.lockedLately(ctx, call.Customer) {
		warnings = append(warnings, shown.T("warn_locked_lately"))
	}
	return warnings
}

// denied says whether more proof was asked for in the call, and the last time it was not given.
func denied(again []live.Call) (is bool) {
	for _, a := range again {
		if a.StepUp && !a.Running() {
			is = a.Reason != event.ReasonOK
		}
	}
	return is
}

// newNumber says whether the caller's number is nobody's, although the caller is known.
func newNumber(call live.Call) bool {
	for _, s := range call.Steps {
		if s.Step == string(event.MethodANI) && s.Reason == event.ReasonNotFound {
			return true
		}
	}
	return false
}

// A lock of the last week is worth a warning, and is looked for once a minute.
const (
	lockedWithin = 7 * 24 * time.Hour
	lockedEvery  = time.Minute
	maxLocked    = 1000
	// lockedPatience bounds the look.
	lockedPatience = 300 * time.Millisecond
)

// locks remembers which customers were locked lately.
type locks struct {
	mu  sync.Mutex
	all map[string]lockedAt
}

type lockedAt struct {
	locked bool
	until  time.Time
}

// lockedLately says whether a call of the customer was locked in the last week, as far as the reports know.
func (p *Pages) lockedLately(ctx context.Context, customer string) bool {
	if p.Reports == nil {
		return false
	}
	now := p.Now()
	p.locks.mu.Lock()
	known, ok := p.locks.all[customer]
	p.locks.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.locked
	}
	found := lockedAt{until: now.Add(lockedEvery)}
	ctx, cancel := context.WithTimeout(ctx, lockedPatience) // the agent waits for the call, not for this
	defer cancel()
	err := p.Reports.Read(ctx, "calls", reports.Query{
		Period: reports.Period{From: now.Add(-lockedWithin), To: now}, Quiet: true,
		Calls: reports.Filter{Customer: customer, Counted: "locked"},
	}, func(r *reports.Report) error {
		found.locked = r.Of > 0
		return nil
	})
	if err != nil && !errors.Is(err, ErrNoReports) {
		p.Log.Warn("locks of the last week not shown", "err", err)
		found.locked = false
	}
	p.locks.mu.Lock()
	defer p.locks.mu.Unlock()
	if p.locks.all == nil || len(p.locks.all) >= maxLocked {
		p.locks.all = map[string]lockedAt{}
	}
	p.locks.all[customer] = found
	return found.locked
}
