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

// The counts by hour change slowly, and are not exchanged at every check.
const (
	writeHoursEvery = time.Minute
	readHoursEvery  = 10 * time.Minute
)

// lineMonitor counts how the calls of each line end, on all machines together, and raises alarms. Each process writes
// its counts under keys of its own, so no process waits for another.
type lineMonitor struct {
	store shared.Store
	keys  keyer
	rules *rulesInForce
	now   func() time.Time
	log   *slog.Logger
	raise func(context.Context, string, event.Alarm)
	self  string // this process, in its keys

	mu      sync.Mutex
	minutes tallies
	hours   tallies

	// Owned by the goroutine of Run.
	wroteHours, readHours time.Time
	hoursOfAll            tallies // of all processes
	raised                map[string]time.Time
	written               map[string][]byte
}

func newLineMonitor(o Options, keys keyer, rules *rulesInForce) *lineMonitor {
	return &lineMonitor{
		store: o.Store, keys: keys, rules: rules, now: o.Now, log: o.Log, raise: o.Alarm, self: unique() + unique(),
		minutes: tallies{}, hours: tallies{}, hoursOfAll: tallies{},
		raised: map[string]time.Time{}, written: map[string][]byte{},
	}
}

func (m *lineMonitor) ended(line string, failed bool) {
	one := tally{Calls: 1}
	if failed {
		one.Failures = 1
	}
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.minutes.add(line, minuteOf(now), one)
	m.hours.add(line, hourOf(now), one)
}

// check exchanges counts with the other processes and raises alarms.
func (m *lineMonitor) check(ctx context.Context, away bool) {
	now := m.now()
	own := m.recentMinutes(now)
	if len(own) == 0 {
		return
	}
	all := own
	if !away {
		m.write(ctx, kindMinutes+"."+m.self, own, 2*m.rules.get().AlarmWithin)
		m.writeHours(ctx, now, false)
		m.refreshHours(ctx, now)
		all = m.readCounts(ctx, kindMinutes).with(own)
	}
	for line := range own {
		usual, known := m.hoursOfAll.usual(m.rules.get(), line, now)
		a, raised := alarm(m.rules.get(), all.within(m.rules.get(), line, now), usual, known)
		if raised && m.claimAlarm(ctx, line, now, away) {
			m.raise(ctx, line, a)
		}
	}
}

// recentMinutes copies this process's counts in the alarm window.
func (m *lineMonitor) recentMinutes(now time.Time) tallies {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.minutes.dropBefore(minuteOf(now.Add(-m.rules.get().AlarmWithin)))
	return m.minutes.clone()
}

// writeHours writes the hours of today and yesterday, each day under a key of its own.
func (m *lineMonitor) writeHours(ctx context.Context, now time.Time, atOnce bool) {
	if !atOnce && now.Sub(m.wroteHours) < writeHoursEvery {
		return
	}
	m.wroteHours = now
	yesterday := hourOf(now)/24 - 1
	m.mu.Lock()
	m.hours.dropBefore(24 * yesterday)
	hours := m.hours.clone()
	m.mu.Unlock()
	for d, t := range hours.byDay() {
		m.write(ctx, m.hoursKey(d), t, (baselineDays+2)*day)
	}
	delete(m.written, m.hoursKey(yesterday-1))
}

func (m *lineMonitor) hoursKey(day int64) string {
	return kindHours + "." + m.self + "." + strconv.FormatInt(day, 10)
}

func (m *lineMonitor) refreshHours(ctx context.Context, now time.Time) {
	if now.Sub(m.readHours) < readHoursEvery {
		return
	}
	m.readHours = now
	m.hoursOfAll = m.readCounts(ctx, kindHours)
}

// write writes a key of this process, unless it has not changed.
func (m *lineMonitor) write(ctx context.Context, key string, t tallies, keep time.Duration) {
	value, err := json.Marshal(t)
	if err != nil || bytes.Equal(value, m.written[key]) {
		return
	}
	_, revision, err := m.store.Get(ctx, key)
	if errors.Is(err, shared.ErrNotFound) {
		_, err = m.store.Create(ctx, key, value, keep)
	} else if err == nil {
		_, err = m.store.Update(ctx, key, value, revision, keep)
	}
	if err != nil {
		m.log.Debug("line counts not written", "err", err)
		return
	}
	m.written[key] = value
}

// readCounts adds up the counts of all processes; of minutes, those of the others only, because its own are in memory.
func (m *lineMonitor) readCounts(ctx context.Context, kind string) tallies {
	sum := tallies{}
	values, err := m.store.All(ctx, kind)
	if err != nil {
		m.log.Debug("line counts of other machines not read", "err", err)
	}
	own := kind + "." + m.self
	for key, value := range values {
		var t tallies
		if kind == kindMinutes && key == own || json.Unmarshal(value, &t) != nil {
			continue
		}
		sum.addAll(t)
	}
	return sum
}

// lastAlarm is the record of a line's last alarm.
type lastAlarm struct {
	At time.Time `json:"at"`
}

// claimAlarm says whether this process raises the line's alarm: one process in each window. Without an answer of the
// Store it does, because two alarms are better than none.
func (m *lineMonitor) claimAlarm(ctx context.Context, line string, now time.Time, away bool) bool {
	recent := func(at time.Time) bool { return now.Sub(at) < m.rules.get().AlarmWithin }
	if recent(m.raised[line]) {
		return false
	}
	if !away {
		if err := m.storeAlarm(ctx, line, now, recent); errors.Is(err, shared.ErrConflict) || ctx.Err() != nil {
			return false
		}
	}
	m.raised[line] = now
	return true
}

// storeAlarm records the alarm, or returns ErrConflict if another process did.
func (m *lineMonitor) storeAlarm(ctx context.Context, line string, now time.Time, recent func(time.Time) bool) error {
	value, err := json.Marshal(lastAlarm{now})
	if err != nil {
		return err
	}
	key, keep := m.keys.key(kindAlarm, line), 2*m.rules.get().AlarmWithin
	old, revision, err := m.store.Get(ctx, key)
	switch {
	case errors.Is(err, shared.ErrNotFound):
		_, err = m.store.Create(ctx, key, value, keep)
		return err
	case err != nil:
		return err
	}
	var last lastAlarm
	if json.Unmarshal(old, &last) == nil && recent(last.At) {
		return shared.ErrConflict
	}
	_, err = m.store.Update(ctx, key, value, revision, keep)
	return err
}
