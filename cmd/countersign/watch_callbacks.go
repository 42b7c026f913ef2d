package main

import (
	"fmt"

	"countersign/internal/timezones"
	"countersign/session/event"
)

// describeCallback says in a few words what became of a callback; "" for other facts.
func describeCallback(data event.Data) string {
	switch d := data.(type) {
	case event.CallbackBooked:
		return fmt.Sprintf("%s for %s, by %s", d.Customer, callbackWindow(d.Callback), d.By)
	case event.CallbackChanged:
		return fmt.Sprintf("%s to %s, by %s", d.Customer, callbackWindow(d.Callback), d.By)
	case event.CallbackCancelled:
		return fmt.Sprintf("%s of %s, by %s", d.Customer, callbackWindow(d.Callback), d.By)
	case event.CallbackDue:
		return fmt.Sprintf("%s, attempt %d", d.Customer, d.Attempt)
	case event.CallbackAttempted:
		talked := ""
		if d.TalkedMilliseconds > 0 {
			talked = " for " + seconds(d.TalkedMilliseconds)
		}
		return fmt.Sprintf("%s by %s, attempt %d: %s%s", d.Customer, d.Agent, d.Attempt, d.Outcome, talked)
	case event.CallbackDone:
		return fmt.Sprintf("%s after %d attempts: %s", d.Customer, d.Attempts, d.Outcome)
	}
	return ""
}

// callbackWindow is the window in its own time zone.
func callbackWindow(c event.Callback) string {
	from, to := c.From, c.To
	if zone, err := timezones.Load(c.TZ); err == nil {
		from, to = from.In(zone), to.In(zone)
	}
	return from.Format("2006-01-02 15:04") + "-" + to.Format("15:04") + " " + c.TZ
}
