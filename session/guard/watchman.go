package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"countersign/session/event"
	"countersign/session/shared"
)

// How often things are done besides the look at the last minutes.
const (
	hoursEvery = time.Minute      // writing down this process's hours
	usualEvery = 10 * time.Minute // reading everybody's
)

// watchman looks at how the calls of each line end, on all machines together. Each process writes its counts under keys of its own, so that nobody
// waits for anybody.
type watchman struct {
	store shared.Store
	keys  keyer
	rules Rules
	now   func() time.Time
	log   *slog.Logger
	raise func(context.Context, string, event.Alarm)
	self  string

	mu      sync.Mutex
	minutes tallies
	hours   tallies

	// Owned by the goroutine of Run.
	wroteHours, readUsual time.Time
	usual                 tallies
	raised                map[string]time.Time
	written               map[string][]byte
}

func newWatchman(o Options, keys keyer) *watchman {
	return &watchman{store: o.Store, keys: keys, rules: o.Rules, now: o.Now, log: o.Log, raise: o.Alarm, self: unique() + unique(),
		minutes: tallies{}, hours: tallies{}, usual: tallies{}, raised: map[string]time.Time{}, written: map[string][]byte{}}
}

func (w *watchman) ended(line string, failed bool) {
	one := tally{Calls: 1}
	if failed {
		one.Failures = 1
	}
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.minutes.add(line, minuteOf(now), one)
	w.hours.add(line, hourOf(now), one)
}

// look writes down what happened here, reads what happened elsewhere, and raises alarms.
func (w *watchman) look(ctx context.Context, away bool) {
	now := w.now()
	mine := w.lately(now)
	if len(mine) == 0 {
		return
	}
	everybody := mine
	if !away {
		w.put(ctx, kindMinutes+"."+w.self, mine, 2*w.rules.AlarmWithin)
		w.writeHours(ctx, now, false)
		w.readHours(ctx, now)
		everybody = w.others(ctx, kindMinutes).with(mine)
	}
	for line := range mine {
		usual, known := w.usual.usual(w.rules, line, now)
		if a, raised := alarm(w.rules, everybody.within(w.rules, line, now), usual, known); raised && w.first(ctx, line, now, away) {
			w.raise(ctx, line, a)
		}
	}
}

func (t tallies) with(o tallies) tallies {
	t.addAll(o)
	return t
}

// lately copies the minutes that still matter.
func (w *watchman) lately(now time.Time) tallies {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.minutes.forget(minuteOf(now.Add(-w.rules.AlarmWithin)))
	return w.minutes.clone()
}

// writeHours writes down the hours of today and yesterday, each day under a key of its own.
func (w *watchman) writeHours(ctx context.Context, now time.Time, atOnce bool) {
	if !atOnce && now.Sub(w.wroteHours) < hoursEvery {
		return
	}
	w.wroteHours = now
	yesterday := hourOf(now)/24 - 1
	w.mu.Lock()
	w.hours.forget(24 * yesterday)
	hours := w.hours.clone()
	w.mu.Unlock()
	days := map[int64]tallies{}
	for line, counts := range hours {
		for hour, t := range counts {
			if days[hour/24] == nil {
				days[hour/24] = tallies{}
			}
			days[hour/24].add(line, hour, t)
		}
	}
	for d, t := range days {
		w.put(ctx, kindHours+"."+w.self+"."+strconv.FormatInt(d, 10), t, (baselineDays+2)*day)
	}
	delete(w.written, kindHours+"."+w.self+"."+strconv.FormatInt(yesterday-1, 10))
}

func (w *watchman) readHours(ctx context.Context, now time.Time) {
	if now.Sub(w.readUsual) < usualEvery {
		return
	}
	w.readUsual = now
	w.usual = w.others(ctx, kindHours)
}

// put writes a key that is nobody else's, unless nothing has changed.
func (w *watchman) put(ctx context.Context, key string, t tallies, keep time.Duration) {
	value, err := json.Marshal(t)
	if err != nil || bytes.Equal(value, w.written[key]) {
		return
	}
	_, revision, err := w.store.Get(ctx, key)
	if errors.Is(err, shared.ErrNotFound) {
		_, err = w.store.Create(ctx, key, value, keep)
	} else if err == nil {
		_, err = w.store.Update(ctx, key, value, revision, keep)
	}
	if err != nil {
		w.log.Debug("counts of the lines not written", "err", err)
		return
	}
	w.written[key] = value
}

// others reads what the other processes have counted.
func (w *watchman) others(ctx context.Context, kind string) tallies {
	sum := tallies{}
	values, err := w.store.All(ctx, kind)
	if err != nil {
		w.log.Debug("counts of other machines not read", "err", err)
	}
	own := kind + "." + w.self
	for key, value := range values {
		var t tallies
		if kind == kindMinutes && key == own || json.Unmarshal(value, &t) != nil {
			continue
		}
		sum.addAll(t)
	}
	return sum
}

// alarmed says when a line last raised an alarm.
type alarmed struct {
	At time.Time `json:"at"`
}

// first says whether this process is the one to raise the alarm: one in each window. Without an answer of the Store it is, because an alarm raised twice is
// better than none.
func (w *watchman) first(ctx context.Context, line string, now time.Time, away bool) bool {
	recently := func(at time.Time) bool { return now.Sub(at) < w.rules.AlarmWithin }
	if recently(w.raised[line]) {
		return false
	}
	if !away {
		if err := w.claim(ctx, line, now, recently); errors.Is(err, shared.ErrConflict) || ctx.Err() != nil {
			return false
		}
	}
	w.raised[line] = now
	return true
}

func (w *watchman) claim(ctx context.Context, line string, now time.Time, recently func(last time.Time) bool) error {
	value, err := json.Marshal(alarmed{now})
	if err != nil {
		return err
	}
	key, keep := w.keys.key(kindAlarm, line), 2*w.rules.AlarmWithin
	old, revision, err := w.store.Get(ctx, key)
	switch {
	case errors.Is(err, shared.ErrNotFound):
		_, err = w.store.Create(ctx, key, value, keep)
		return err
	case err != nil:
		return err
	}
	var last alarmed
	if json.Unmarshal(old, &last) == nil && recently(last.At) {
		return shared.ErrConflict
	}
	_, err = w.store.Update(ctx, key, value, revision, keep)
	return err
}
