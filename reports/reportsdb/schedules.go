package reportsdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/reports/schedule"
	"countersign/store/sqlite"
)

// Schedules keep the state of scheduled reports, beside the calls and for longer.
type Schedules struct{ db *sqlite.DB }

var _ schedule.Store = (*Schedules)(nil)

// Schedules share the file: all processes that have it open see the same.
func (r *Reports) Schedules() *Schedules { return &Schedules{db: r.db} }

// Keep is documented at schedule.Store, as are the other methods.
func (s *Schedules) Keep(ctx context.Context, all []schedule.Schedule) error {
	names := make([]string, 0, len(all))
	for _, one := range all {
		names = append(names, one.Name)
	}
	list, err := json.Marshal(names)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM schedules WHERE name NOT IN (SELECT value FROM json_each(?))",
			string(list)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE schedules SET retry = NULL")
		return err
	})
}

// Begin adds missing states.
func (s *Schedules) Begin(ctx context.Context, all []schedule.Schedule, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, one := range all {
			_, err := tx.ExecContext(ctx, `INSERT INTO schedules (name, cron, handled) VALUES (?, ?, ?)
				ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, handled = excluded.handled,
					claims = claims + 1, due = NULL, attempts = 0, done = NULL,
					claimed = NULL, ended = NULL, ms = NULL, error = NULL, retry = NULL
				WHERE cron <> excluded.cron OR handled > ?`,
				one.Name, one.Cron.String(), now.UnixMilli(), now.Add(schedule.Ahead).UnixMilli())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

const selectSchedules = "SELECT name, cron, handled, due, attempts, done, claimed, ended, ms, error, retry " +
	"FROM schedules"

// States returns all of them.
func (s *Schedules) States(ctx context.Context) (map[string]schedule.State, error) {
	return (&Reader{db: s.db}).ScheduleStates(ctx)
}

// ScheduleStates returns the state of scheduled reports by the name of the schedule.
func (r *Reader) ScheduleStates(ctx context.Context) (map[string]schedule.State, error) {
	all, err := sqlite.Collect(ctx, r.db, scanSchedule, selectSchedules)
	if err != nil {
		return nil, err
	}
	states := make(map[string]schedule.State, len(all))
	for _, one := range all {
		states[one.Name] = one
	}
	return states, nil
}

func scanSchedule(r sqlite.Row) (s schedule.State, err error) {
	var handled int64
	var due, claimed, ended, ms, retry sql.NullInt64
	var done, failure sql.NullString
	if err := r.Scan(&s.Name, &s.Cron, &handled, &due, &s.Attempts, &done, &claimed, &ended, &ms, &failure,
		&retry); err != nil {
		return s, err
	}
	if done.Valid {
		err = json.Unmarshal([]byte(done.String), &s.Done)
	}
	at := func(ms sql.NullInt64) time.Time {
		if !ms.Valid {
			return time.Time{}
		}
		return time.UnixMilli(ms.Int64)
	}
	s.Handled, s.Due, s.Claimed, s.Ended, s.Retry = time.UnixMilli(handled), at(due), at(claimed), at(ended), at(retry)
	s.Took, s.Error = time.Duration(ms.Int64)*time.Millisecond, failure.String
	return s, err
}

// Claim reserves a run for one caller until a time.
func (s *Schedules) Claim(
	ctx context.Context, one schedule.Schedule, due, now, until time.Time,
) (claim int64, ok bool, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		state, err := scanSchedule(tx.QueryRowContext(ctx, selectSchedules+" WHERE name = ? AND cron = ?", one.Name,
			one.Cron.String()))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if next, at := state.Next(one.Cron, now); !next.Equal(due) || at.After(now) {
			return nil
		}
		ok = true
		return tx.QueryRowContext(ctx, `UPDATE schedules SET claims = claims + 1, claimed = ?, attempts = iif(due IS ?2,
			attempts + 1, 1), done = iif(due IS ?2, done, NULL),
			due = ?2 WHERE name = ? RETURNING claims`, until.UnixMilli(), due.UnixMilli(), one.Name).Scan(&claim)
	})
	return claim, ok && err == nil, err
}

// Finish ends the claim.
func (s *Schedules) Finish(ctx context.Context, r schedule.Result) error {
	done := sql.NullString{Valid: len(r.Done) > 0}
	if done.Valid {
		list, err := json.Marshal(r.Done)
		if err != nil {
			return err
		}
		done.String = string(list)
	}
	change, args := "handled = due, error = NULL, retry = NULL, ended = ?, ms = ?", []any{
		r.Ended.UnixMilli(), r.Took.Milliseconds(),
	}
	switch {
	case r.Stopped:
		change, args = "attempts = attempts - 1", nil
	case r.Error != "":
		change, args = "ended = ?, ms = ?, error = ?, retry = ?", append(args, r.Error, r.Retry.UnixMilli())
	}
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE schedules SET "+change+", done = ?, claimed = NULL WHERE name = ? "+
			"AND claims = ?", append(args, done, r.Name, r.Claim)...)
		return err
	})
}

func (s *Schedules) write(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	if err := s.db.InTx(ctx, f); err != nil {
		return fmt.Errorf("write the state of scheduled reports: %w", err)
	}
	return nil
}
