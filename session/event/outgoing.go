package event

import "time"

// Outgoing is an event that has not been published yet.
type Outgoing struct {
	// N orders the entries: it grows, with gaps.
	N int64
	// ID is the event's id, by which receivers drop duplicates.
	ID string
	// Subject is where the event is published, Body the event itself.
	Subject string
	Body    []byte
	// Time is when it happened, to the millisecond.
	Time time.Time
}
