package event

import "time"

// Place is a place in the stream: that of an event, or its end.
type Place struct {
	Sequence uint64 `json:"sequence"`
	// Created tells the stream from one that was created anew, whose numbers are others.
	Created time.Time `json:"created"`
}

// Before says whether p comes before other: another stream has come later.
func (p Place) Before(other Place) bool {
	return !p.Created.Equal(other.Created) || p.Sequence < other.Sequence
}
