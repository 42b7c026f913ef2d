package eventtest

import (
	"time"

	"countersign/session/event"
)

// Noon is when the events of these calls happen, with a part of a millisecond that no store keeps.
var Noon = time.Date(2026, 3, 1, 12, 0, 0, 123_456_789, time.UTC)

// Of is an event of a call on the line retail, as many seconds after noon as its number says.
func Of(call string, seq int, data event.Data) event.Event {
	return event.Event{
		ID: event.ID(call, seq), Source: "/countersign/test",
		Time: Noon.Add(time.Duration(seq) * time.Second), Call: call, Seq: seq,
		Line: "retail", LineVersion: 3, Data: data,
	}
}

// Verified is a whole call of a customer who was verified, which ended at a time.
func Verified(call, customer string, ended time.Time) []event.Event {
	events := []event.Event{
		Of(call, 1, event.CallStarted{Channel: "ch", CallerLast4: "1820"}),
		Of(call, 2, event.Verified{
			Customer: customer, Name: "Ada Lovelace", Methods: []event.Method{event.MethodPIN},
			Status: event.StatusVerified, Level: 2, PopURL: "https://crm.example/" + customer,
		}),
		Of(call, 3, event.CallEnded{
			End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK, Customer: customer,
		}),
	}
	for i := range events {
		events[i].Time = ended.Add(time.Duration(i-len(events)+1) * time.Second)
	}
	return events
}
