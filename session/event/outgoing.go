package event

import "time"

// Outgoing is an event that has not been published yet.
type Outgoing struct {
	// N orders the entries. It grows, with gaps.
	N int64
	// ID is the event's, by which receivers drop what they have seen.
	ID string
	// Subject is where to publish the event, and Body the event itself.
	Subject string
	Body    []byte
	// Time is when it happened, to the millisecond.
	Time time.Time
}
