package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/reports/reportsdb"
	"countersign/store/audit"
)

const (
	// clockLeap is how far the clock may be ahead of when it was last trusted.
	clockLeap = 7 * 24 * time.Hour
	// clockWait is how long it is doubted then. After a long shutdown it is right, and nobody has to do anything.
	clockWait = 3 * 24 * time.Hour
)

// clock is what is remembered about this machine's clock. Calls prove nothing: their times come from the same clock. A
// clock that is wrong by less than clockLeap, or for longer than clockWait, is trusted.
type clock struct {
	// Believed is when it was last trusted.
	Believed time.Time `json:"believed"`
	// Doubted is since when it is too far ahead of that, in its own time; zero if it is not.
	Doubted time.Time `json:"doubted,omitzero"`
}

// look returns what to remember after a look at the clock. If Doubted is set, the clock is not trusted.
func (c clock) look(now time.Time) clock {
	if c.Believed.IsZero() || now.Sub(c.Believed) <= clockLeap {
		return clock{Believed: now}
	}
	doubted := now.Sub(c.Doubted)
	if c.Doubted.IsZero() || doubted < 0 || doubted > clockWait+clockLeap { // it leapt again
		return clock{Believed: c.Believed, Doubted: now}
	}
	if doubted >= clockWait {
		return clock{Believed: now}
	}
	return c
}

// ClockError says that expired data was not removed, because the clock may be wrong.
type ClockError struct {
	// Now is the clock's time, Believed when it was last trusted, Until how long it is doubted.
	Now, Believed, Until time.Time
}

func (e *ClockError) Error() string {
	at := func(t time.Time) string { return t.UTC().Format(time.DateTime) }
	return fmt.Sprintf("the clock says %s, but the last known time here is %s: nothing is removed before %s; "+
		"set the clock, or, if it is right and that is too late, run countersign retention run --yes",
		at(e.Now), at(e.Believed), at(e.Until))
}

// checkClock checks the clock, and remembers the result.
func (o Options) checkClock(ctx context.Context, now time.Time) (clock, error) {
	c := clock{Believed: now}
	if !o.Trusted {
		before, known, err := loadClock(o.Clock)
		if err == nil && !known { // trust it up to the newest event, call or entry
			before.Believed, err = o.newest(ctx)
		}
		if err != nil {
			return c, err
		}
		c = before.look(now)
	}
	return c, c.save(o.Clock)
}

// newest is the time of the newest entry in any store.
func (o Options) newest(ctx context.Context) (newest time.Time, err error) {
	later := func(at time.Time, err error) error {
		if err == nil && at.After(newest) {
			newest = at
		}
		return err
	}
	var errs []error
	if o.Journal != nil {
		errs = append(errs, later(o.Journal.Newest(ctx)))
	}
	if exists(o.Reports) {
		r, err := reportsdb.Open(ctx, o.Reports, reportsdb.Options{})
		if err != nil {
			return newest, err
		}
		errs = append(errs, later(r.Newest(ctx)), r.Close())
	}
	if exists(o.Audit) {
		a, err := audit.Open(ctx, o.Audit, audit.Options{})
		if err != nil {
			return newest, err
		}
		errs = append(errs, later(a.Newest(ctx)), a.Close())
	}
	return newest, errors.Join(errs...)
}
