package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"countersign/reports/reportsdb"
	"countersign/store/audit"
	"countersign/store/journal"
)

const (
	// clockLeap is by how much the clock may be ahead of when it was last believed.
	clockLeap = 7 * 24 * time.Hour
	// clockWait is how long it is doubted then. After a long holiday it is right, and nobody has to do anything.
	clockWait = 3 * 24 * time.Hour
)

// clock is what is remembered of this machine's clock, in --data. Calls prove nothing: they bear the time of the same clock. A clock that is wrong by less than clockLeap,
// or for longer than clockWait, is believed.
type clock struct {
	// Believed is when it was last believed.
	Believed time.Time `json:"believed"`
	// Doubted is since when it is ahead of that by too much, as it says itself; the zero time if it is not.
	Doubted time.Time `json:"doubted,omitzero"`
}

// look is what is to be remembered after a look at the clock. It is doubted if Doubted is set then.
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

// clockError says that nothing was removed, although there is something to remove, because the clock may be wrong.
type clockError struct {
	clock
	now time.Time
}

func (e *clockError) Error() string {
	return fmt.Sprintf("the clock says %s, but the last that is known here is of %s: nothing is removed before %s; set the clock, or, if it is right and that is too late, "+
		"run countersign retention run --yes", e.now.UTC().Format(time.DateTime), e.Believed.UTC().Format(time.DateTime), e.Doubted.Add(clockWait).UTC().Format(time.DateTime))
}

func (c config) clockPath() string { return filepath.Join(c.data, "retention.json") }

// lookAtClock remembers that somebody looked at the clock. With sure it is right.
func lookAtClock(ctx context.Context, cfg config, j *journal.Journal, now time.Time, sure bool) (clock, error) {
	c := clock{Believed: now}
	if !sure {
		before, err := loadClock(ctx, cfg, j)
		if err != nil {
			return c, err
		}
		c = before.look(now)
	}
	return c, c.save(cfg.clockPath())
}

// loadClock reads what is remembered; if that is nothing, the clock was last believed when the newest event, call or entry was written.
func loadClock(ctx context.Context, cfg config, j *journal.Journal) (c clock, err error) {
	text, err := os.ReadFile(cfg.clockPath())
	if err == nil && json.Unmarshal(text, &c) == nil {
		return c, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("look at the clock: %w", err)
	}
	c.Believed, err = newestKnown(ctx, cfg, j)
	return c, err
}

func newestKnown(ctx context.Context, cfg config, j *journal.Journal) (newest time.Time, err error) {
	later := func(at time.Time, err error) error {
		if err == nil && at.After(newest) {
			newest = at
		}
		return err
	}
	var errs []error
	if j != nil {
		errs = append(errs, later(j.Newest(ctx)))
	}
	if exists(cfg.reportsPath()) {
		r, err := reportsdb.Open(ctx, cfg.reportsPath(), reportsdb.Options{})
		if err != nil {
			return newest, err
		}
		errs = append(errs, later(r.Newest(ctx)), r.Close())
	}
	if exists(cfg.auditPath()) {
		a, err := audit.Open(ctx, cfg.auditPath(), audit.Options{})
		if err != nil {
			return newest, err
		}
		errs = append(errs, later(a.Newest(ctx)), a.Close())
	}
	return newest, errors.Join(errs...)
}

// save writes the file in one step: a crash leaves what was there.
func (c clock) save(path string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("note the clock: %w", err)
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".retention-*") // mode 0600
	if err != nil {
		return fmt.Errorf("note the clock: %w", err)
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = draft.Write(append(text, '\n'))
	if err = errors.Join(err, draft.Sync(), draft.Close()); err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("note the clock: %w", err)
	}
	return nil
}
