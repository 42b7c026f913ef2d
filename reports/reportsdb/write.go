package reportsdb

import (
	"context"
	"database/sql"
	"strings"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// callColumns are the columns of call_data except for its key, in the order of values.
const callColumns = `call, first, line, line_version, started, decided, ended, ms, channel, caller_last4,
	caller_withheld, dialled_last4, attestation, status, level,
	reason, customer, methods, identified_by, outcome, destination, "end", verdict, failed_reason, failed_step, step_up,
		locked, counted, test, complete`

func (c *reportedCall) values() []any {
	return []any{
		c.call, c.first, c.line, c.lineVersion, c.started, c.decided, c.ended, c.ms, c.channel, c.callerLast4, c.withheld,
		c.dialledLast4, c.attestation, c.status, c.level,
		c.reason, c.customer, c.methods, c.identifiedBy, c.outcome, c.destination, c.end, sqlite.Text(string(c.verdict)),
		c.failedReason, c.failedStep, c.stepUp, c.locked,
		c.counted(), c.test, c.complete,
	}
}

var (
	insertCall = "INSERT INTO call_data (" + callColumns + ") VALUES (" + marks(strings.Count(callColumns, ",")+1) + ")"
	updateCall = "UPDATE call_data SET (" + callColumns + ") = (" + marks(strings.Count(callColumns, ",")+1) +
		") WHERE n = ?"
)

func marks(n int) string { return "?" + strings.Repeat(", ?", n-1) }

// write replaces row n with the call, or inserts it if n is 0.
func (c *reportedCall) write(ctx context.Context, tx *sql.Tx, n int64) error {
	if n == 0 {
		done, err := tx.ExecContext(ctx, insertCall, c.values()...)
		if err != nil {
			return err
		}
		if n, err = done.LastInsertId(); err != nil {
			return err
		}
		return c.writeSteps(ctx, tx, n)
	}
	if _, err := tx.ExecContext(ctx, updateCall, append(c.values(), n)...); err != nil {
		return err
	}
	for _, statement := range []string{"DELETE FROM step_data WHERE n = ?", "DELETE FROM attempt_data WHERE n = ?"} {
		if _, err := tx.ExecContext(ctx, statement, n); err != nil {
			return err
		}
	}
	return c.writeSteps(ctx, tx, n)
}

func (c *reportedCall) writeSteps(ctx context.Context, tx *sql.Tx, n int64) error {
	for i, s := range c.steps {
		_, err := tx.ExecContext(ctx, `INSERT INTO step_data (n, position, step, started, ms, result, reason, attempts,
			accepted, rejected, no_input, no_match, opted_out,
			abandoned, errors, served) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			n, i+1, s.step, s.started, s.ms, s.result, s.reason, len(s.attempts), s.came(event.AttemptAccepted),
			s.came(event.AttemptRejected),
			s.came(event.AttemptNoInput), s.came(event.AttemptNoMatch), s.came(event.AttemptOptedOut),
			s.came(event.AttemptAbandoned), s.came(event.AttemptError),
			s.came(event.AttemptServed))
		if err != nil {
			return err
		}
		for j, a := range s.attempts {
			_, err := tx.ExecContext(ctx, `INSERT INTO attempt_data (n, step, attempt, result, ms, spoken, slow,
				wish) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				n, s.step, s.asked+j+1, string(a.Result), a.Milliseconds, a.Spoken, a.Slow, sqlite.Text(string(a.Wish)))
			if err != nil {
				return err
			}
		}
	}
	return nil
}
