// Package wallclock answers when the wall clock of a time zone shows a time: twice if clocks are put back over it,
// never if they are put forward over it. It knows no calendar rules; the caller picks the first or the last time.
package wallclock

import "time"

// around is more than the offset of any zone, now or in the past, from UTC.
const around = 36 * time.Hour

// First is when the clock of the zone first shows wall, or is put forward over it. wall is given as if in UTC; the
// result is in the zone.
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

// Last is when the clock of the zone last shows wall, or is put forward over it if it never does.
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

// stretch is a time without a clock change: from is included, to is not. A zero to means for ever.
type stretch struct {
	from, to time.Time
	offset   time.Duration // ahead of UTC
}

// stretchAt is the stretch from a moment on.
func stretchAt(from time.Time, zone *time.Location) stretch {
	from = from.In(zone)
	_, offset := from.Zone()
	_, to := from.ZoneBounds()
	return stretch{from: from, to: to, offset: time.Duration(offset) * time.Second}
}

func (s stretch) next() stretch { return stretchAt(s.to, s.from.Location()) }

// shows is when a clock with this offset shows wall, within the stretch or not.
func (s stretch) shows(wall time.Time) time.Time { return wall.Add(-s.offset).In(s.from.Location()) }

func (s stretch) has(at time.Time) bool {
	return !at.Before(s.from) && (s.to.IsZero() || at.Before(s.to))
}
