package callback

import "time"

// Hours are the business hours in which customers are called (lines.Schedule).
type Hours interface {
	Open(at time.Time) bool
}

// Window is a time in which a customer is called: From is included, To is not. Both are in the time zone of the Windows.
type Window struct{ From, To time.Time }

// Windows are the windows that can be booked.
type Windows struct {
	// Zone is the company's time zone: windows begin where its clocks show a multiple of Length.
	Zone *time.Location
	// Length is that of a window: a divisor of a day, in minutes.
	Length time.Duration
	// Hours are the business hours: a window lies within them whole.
	Hours Hours
}

// In lists the windows that begin at or after from and before to, in order. When clocks are put forward, the windows of the
// skipped time are missing, and one that the change would end in another time ends there; when they are put back, those of
// the repeated time come twice, and each begins at another instant.
func (w Windows) In(from, to time.Time) (all []Window) {
	for at := w.next(from); at.Before(to); {
		after := w.next(at.Add(time.Minute))
		end := at.Add(w.Length)
		if after.Before(end) {
			end = after
		}
		if w.open(at, end) {
			all = append(all, Window{at, end})
		}
		at = after
	}
	return all
}

// At is the window that begins at that instant.
func (w Windows) At(from time.Time) (Window, bool) {
	all := w.In(from, from.Add(time.Nanosecond))
	if len(all) == 0 || !all[0].From.Equal(from) {
		return Window{}, false
	}
	return all[0], true
}

// Now is the window in which a time lies.
func (w Windows) Now(at time.Time) (Window, bool) {
	for _, one := range w.In(at.Add(-w.Length), at.Add(time.Nanosecond)) {
		if !at.Before(one.From) && at.Before(one.To) {
			return one, true
		}
	}
	return Window{}, false
}

// next is the first instant at or after at where the zone's clocks show a multiple of the length.
func (w Windows) next(at time.Time) time.Time {
	at = at.In(w.Zone)
	if rest := at.Truncate(time.Minute); rest.Before(at) {
		at = rest.Add(time.Minute)
	}
	length := int(w.Length / time.Minute)
	for {
		past := (at.Hour()*60 + at.Minute()) % length
		if past == 0 {
			return at
		}
		// Clocks of past centuries had offsets with seconds; nobody books there.
		then := at.Add(time.Duration(length-past) * time.Minute)
		_, change := at.ZoneBounds()
		if change.IsZero() || then.Before(change) {
			return w.midnight(at, then)
		}
		at = change // where the clock shows another time
	}
}

// midnight is the beginning of the next day if it comes first: days begin with a window.
func (w Windows) midnight(at, then time.Time) time.Time {
	if then.Day() == at.Day() || then.Hour() == 0 && then.Minute() == 0 {
		return then
	}
	return w.next(time.Date(then.Year(), then.Month(), then.Day(), 0, 0, 0, 0, w.Zone))
}

// open says whether all of the window lies in business hours, which change at whole minutes.
func (w Windows) open(from, to time.Time) bool {
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		if !w.Hours.Open(at) {
			return false
		}
	}
	return true
}

// searchFor is how far ahead business hours are looked for.
const searchFor = 14 * 24 * time.Hour

// nextOpen is the first time at or after at, in steps of a minute, in which customers are called; at itself if there is
// none in two weeks: a callback is never forgotten.
func (w Windows) nextOpen(at time.Time) time.Time {
	for t := at; t.Before(at.Add(searchFor)); t = t.Add(time.Minute) {
		if w.Hours.Open(t) {
			return t
		}
	}
	return at
}
