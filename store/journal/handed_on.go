package journal

import (
	"context"
	"fmt"
	"time"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// HandedOn reads what is known of calls whose part with us ended since then: how they began and were handed on, and what
// agents did with them; each call's events in order. Events that this version cannot read are left out.
func (r *Reader) HandedOn(ctx context.Context, since time.Time) ([]event.Event, error) {
	bodies, err := sqlite.Collect(ctx, r.db, sqlite.ScanString, `SELECT e.json FROM calls c JOIN events e ON e.call = c.call
		WHERE c.ended >= ? AND e.fact IN (?, ?, ?, ?, ?, ?, ?) ORDER BY e.call, e.seq`, since.UnixMilli(),
		string(event.FactCallStarted), string(event.FactRouted), string(event.FactCallEnded),
		string(event.FactAgentOffered), string(event.FactAgentConnected), string(event.FactAgentMissed),
		string(event.FactAgentDone))
	if err != nil {
		return nil, fmt.Errorf("read calls that were handed on: %w", err)
	}
	events := make([]event.Event, 0, len(bodies))
	for _, body := range bodies {
		var e event.Event
		if e.UnmarshalJSON([]byte(body)) == nil {
			events = append(events, e)
		}
	}
	return events, nil
}
