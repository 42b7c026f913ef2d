package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// HandedOn reads what is known of calls whose part with us ended since then: how they began and were handed on, and what
// agents did with them; each call's events in order. Events of the spill that are still to be written are among them;
// those that this version cannot read are left out.
func (j *Journal) HandedOn(ctx context.Context, since time.Time) ([]event.Event, error) {
	waiting := j.queue.snapshot() // first: they may be in the journal a moment later
	calls := make([]string, 0, len(waiting))
	bodies := make([]string, 0, len(waiting))
	for _, e := range waiting {
		if tellsWhoGotIt(event.Fact(e.fact)) {
			calls, bodies = append(calls, e.call), append(bodies, string(e.body))
		}
	}
	list, err := json.Marshal(calls)
	if err != nil {
		return nil, err
	}
	written, err := sqlite.Collect(ctx, j.db, sqlite.ScanString, `SELECT e.json FROM calls c JOIN events e ON e.call = c.call
		WHERE e.fact IN (?, ?, ?, ?, ?, ?, ?) AND (c.ended >= ? OR c.call IN (SELECT value FROM json_each(?)))`,
		string(event.FactCallStarted), string(event.FactRouted), string(event.FactCallEnded),
		string(event.FactAgentOffered), string(event.FactAgentConnected), string(event.FactAgentMissed),
		string(event.FactAgentDone), since.UnixMilli(), string(list))
	if err != nil {
		return nil, fmt.Errorf("read calls that were handed on: %w", err)
	}
	var events []event.Event
	for _, body := range append(written, bodies...) {
		var e event.Event
		if e.UnmarshalJSON([]byte(body)) == nil {
			events = append(events, e)
		}
	}
	slices.SortFunc(events, func(a, b event.Event) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Seq, b.Seq))
	})
	return slices.CompactFunc(events, func(a, b event.Event) bool { return a.ID == b.ID }), nil
}

func tellsWhoGotIt(f event.Fact) bool {
	return f == event.FactCallStarted || f == event.FactRouted || f == event.FactCallEnded || f.AboutAgents()
}
