package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/session/event"
)

func TestCallbacksAreDescribedInTheirOwnTimeZone(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, time.December, 1, 9, 0, 0, 0, time.UTC)
	about := event.Callback{ID: "1", Customer: "C-1", From: from, To: from.Add(30 * time.Minute), TZ: "Europe/Berlin", Last4: "5678"}
	for want, data := range map[string]event.Data{
		"C-1 for 2026-12-01 10:00-10:30 Europe/Berlin, by customer": event.CallbackBooked{Callback: about, By: event.ByCustomer},
		"C-1 to 2026-12-01 10:00-10:30 Europe/Berlin, by staff":     event.CallbackChanged{Callback: about, By: event.ByStaff},
		"C-1 of 2026-12-01 10:00-10:30 Europe/Berlin, by program":   event.CallbackCancelled{Callback: about, By: event.ByProgram},
		"C-1, attempt 2": event.CallbackDue{Callback: about, Attempt: 2},
		"C-1 by amara, attempt 2: talked for 61.0s": event.CallbackAttempted{
			Callback: about, Attempt: 2, Agent: "amara", Outcome: event.CallbackTalked, TalkedMilliseconds: 61_000,
		},
		"C-1 after 3 attempts: no_answer": event.CallbackDone{Callback: about, Attempts: 3, Outcome: event.CallbackNoAnswer},
		"":                                event.CallEnded{},
	} {
		assert.Equal(t, want, describeCallback(data))
	}
}
