package reports

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"time"

	"countersign/reports/words"
)

// Place is the place of a call in a list.
type Place struct {
	// Started is in milliseconds since 1970.
	Started int64
	Call    string
}

// makeCalls lists calls, latest first.
func makeCalls(ctx context.Context, tx *sql.Tx, q Query, _ time.Time) (*Report, error) {
	w := where(q.Period.From.UnixMilli(), q.Period.To.UnixMilli(), q.Lines)
	filters, err := q.Calls.apply(&w, q.Language, q.Period)
	if err != nil {
		return nil, err
	}
	r := &Report{
		Filters: filters,
		Columns: callColumns(),
		Notes:   []string{noteCallsDay},
	}
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+q.Calls.from()+" AS c WHERE "+w.text, w.args...).Scan(&r.Of); err != nil {
		return nil, fmt.Errorf("read the reports: %w", err)
	}
	var tests bool
	if !q.Calls.Tests {
		query := "SELECT EXISTS (SELECT 1 FROM test_calls AS c WHERE " + w.text + ")"
		if err := tx.QueryRowContext(ctx, query, w.args...).Scan(&tests); err != nil {
			return nil, fmt.Errorf("read the reports: %w", err)
		}
	}
	if tests {
		r.Notes = append(r.Notes, noteTests)
	}
	if r.Of == 0 {
		if err := q.Calls.known(ctx, tx); err != nil {
			return nil, err
		}
		r.Notes = append([]string{noCalls}, r.Notes...)
		if len(filters) > 0 {
			r.Notes[0] = noteNoSuchCalls
		}
	}
	if q.Older != (Place{}) {
		w.and("(c.started, c.call) < (?, ?)", q.Older.Started, q.Older.Call)
	}
	r.Rows = callRows(ctx, tx, w, q)
	return r, nil
}

const (
	noteCallsDay    = "A call belongs to the day on which it began."
	noteTests       = "Tests by staff are left out: ask for them alone."
	noteNoSuchCalls = "There were no such calls in this period."
)

func callColumns() []Column {
	return []Column{
		{Key: "started", Title: "Started", Means: "when the call reached us", Kind: Time, Names: true},
		{Key: "line", Title: "Line", Means: "the service line that answered", Kind: Text},
		{
			Key: "caller", Title: "Caller", Means: "the last four digits of the caller's number", Kind: Text,
			Words: words.Answers,
		},
		{Key: "status", Title: "Status", Means: "what the agent saw", Kind: Text, Words: words.Statuses},
		{
			Key: "level", Title: "Level", Means: "0 unknown, 1 identified, 2 verified, 3 by knowledge and possession",
			Kind: Count,
		},
		{Key: "reason", Title: "Reason", Means: "why the call ended like this", Kind: Text, Words: words.Reasons},
		{Key: "failed_step", Title: "Failed at", Means: "the step at which it failed", Kind: Text, Words: words.Steps},
		{Key: "customer", Title: "Customer", Means: "the customer's id", Kind: Text},
		{Key: "seconds", Title: "Seconds", Means: "how long the call was with us", Kind: Seconds},
		{
			Key: "call", Title: "Call", Means: "the call's id; its end is enough for countersign replay", Kind: Text,
			Names: true, ID: true,
		},
		{
			Key: "outcome", Title: "Outcome", Means: "which of the line's routes it took, or how it ended without one",
			Kind: Text, Minor: true, Words: words.Outcomes,
		},
		{Key: "destination", Title: "Sent to", Means: "where it was handed on to", Kind: Text, Minor: true},
		{
			Key: "methods", Title: "Methods", Means: "what the caller was identified and verified by, in this order", Kind: Text,
			Minor: true, Words: words.Methods,
		},
		{
			Key: "identified_by", Title: "Identified by", Means: "what first said which customer it is", Kind: Text, Minor: true,
			Words: words.Steps,
		},
		{
			Key: "verdict_seconds", Title: "To verdict s", Means: "the seconds from the start of the call to its verdict",
			Kind: Seconds, Minor: true,
		},
		{
			Key: "step_up", Title: "Step-up", Means: "questions for a higher level in the middle of a call", Kind: Text,
			Minor: true, Words: words.Answers,
		},
		{
			Key: "first", Title: "First", Means: "the call's first id, if it came back to us", Kind: Text, Minor: true,
			ID: true,
		},
		{Key: "agent", Title: "Agent", Means: "who of the staff took the call first", Kind: Text, Minor: true, Names: true},
		{
			Key: "agent_wait_seconds", Title: "To agent s",
			Means: "the seconds that the caller waited for the agent, since they joined the queue or were handed on",
			Kind:  Seconds, Minor: true,
		},
		{Key: "talk_seconds", Title: "Talk s", Means: "the seconds that agents talked", Kind: Seconds, Minor: true},
	}
}

// NoStep is the word of Filter.FailedStep, and of reports, for a call that failed at no step, such as one that took too
// long.
const NoStep = "none"

// callRows reads calls one by one, so their number does not matter.
func callRows(ctx context.Context, tx *sql.Tx, w condition, q Query) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		query := `SELECT c.started, c.line, coalesce(c.caller_last4, ''), coalesce(c.caller_withheld, 0),
			coalesce(c.status, ''), coalesce(c.level, 0), coalesce(c.reason, ''),
			coalesce(c.failed_step, ''), coalesce(c.customer, ''), c.ms, c.call, coalesce(c.outcome, c."end", ''),
			coalesce(c.destination, ''), coalesce(c.methods, ''), coalesce(c.identified_by, ''), c.decided - c.started,
				c.step_up, c.first, coalesce(c.agent, ''), c.agent_wait_ms, c.talk_ms
			FROM ` + q.Calls.from() + ` AS c WHERE ` + w.text + ` ORDER BY c.started DESC, c.call DESC`
		args := w.args
		if q.Limit > 0 {
			query, args = query+" LIMIT ?", append(args, q.Limit)
		}
		found, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			yield(nil, fmt.Errorf("read the calls: %w", err))
			return
		}
		defer func() { _ = found.Close() }()
		for found.Next() {
			row, err := callRow(found.Scan, q.Period.From.Location())
			if err != nil {
				yield(nil, fmt.Errorf("read the calls: %w", err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := found.Err(); err != nil {
			yield(nil, fmt.Errorf("read the calls: %w", err))
		}
	}
}

func callRow(scan func(...any) error, zone *time.Location) (Row, error) {
	var started, level int64
	var ms, verdict, waited, talked sql.NullInt64
	var withheld, stepUp bool
	var line, caller, status, reason, failedStep, customer, call, outcome, destination, methods, identifiedBy, first,
		agent string
	err := scan(&started, &line, &caller, &withheld, &status, &level, &reason, &failedStep, &customer, &ms, &call,
		&outcome, &destination, &methods, &identifiedBy, &verdict,
		&stepUp, &first, &agent, &waited, &talked)
	if withheld {
		caller = "withheld"
	}
	up := ""
	if stepUp {
		up = "yes"
	}
	if first == call {
		first = ""
	}
	return Row{
		time.UnixMilli(started).In(zone), line, caller, status, level, reason, failedStep, customer, some(ms), call, outcome,
		destination,
		strings.ReplaceAll(methods, ",", ", "), identifiedBy, some(verdict), up, first, agent, some(waited),
		some(talked),
	}, err
}

func some(ms sql.NullInt64) any {
	if !ms.Valid {
		return nil
	}
	return seconds(ms.Int64, 1)
}
