// Package wallclock answers when the clock on the wall of a time zone shows a time: twice where clocks are set back,
// never where they are set forward over it. It knows no calendar rules of its own; whoever asks picks the first or the
// last time.
package wallclock

import "time"

// around is more than any zone is, or was, away from UTC.
const around = 36 * time.Hour

// First is when the clock of the zone shows wall for the first time, or is set forward over it. wall is given as if the
// clock were in UTC; the result is in the zone.
func First(wall time.Time, zone *time.Location) time.Time {
	for s := stretchAt(wall.Add(-around), zone); ; s = s.next() {
		at := s.shows(wall)
		if at.Before(s.from) {
			at = s.from
		}
		if s.has(at) {
			return at
		}
	}
}

// Last is when the clock of the zone shows wall for the last time, or, if it never does, is set forward over it.
func Last(wall time.Time, zone *time.Location) time.Time {
	last := First(wall, zone)
	for s := stretchAt(last, zone); !s.to.IsZero() && s.to.Before(wall.Add(around)); {
		s = s.next()
		if at := s.shows(wall); s.has(at) {
			last = at
		}
	}
	return last
}

// stretch is a time in which a clock is not changed: from is in it, to is not. A zero to means for ever.
type stretch struct {
	from, to time.Time
	offset   time.Duration // ahead of UTC
}

// stretchAt is the stretch of a moment, from that moment on.
func stretchAt(from time.Time, zone *time.Location) stretch {
	from = from.In(zone)
	_, offset := from.Zone()
	_, to := from.ZoneBounds()
	return stretch{from: from, to: to, offset: time.Duration(offset) * time.Second}
}

func (s stretch) next() stretch { return stretchAt(s.to, s.from.Location()) }

// shows is when a clock with this offset shows wall, in the stretch or not.
func (s stretch) shows(wall time.Time) time.Time { return wall.Add(-s.offset).In(s.from.Location()) }

func (s stretch) has(at time.Time) bool {
	return !at.Before(s.from) && (s.to.IsZero() || at.Before(s.to))
}
