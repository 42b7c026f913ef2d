package reports

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/reports/words"
)

// Reader makes reports from the views of reports.db. It is safe for use by several goroutines.
type Reader struct {
	db  *sql.DB
	now func() time.Time
}

// NewReader reads from db, which may be read-only. now is the clock.
func NewReader(db *sql.DB, now func() time.Time) *Reader { return &Reader{db: db, now: now} }

// Query says what to report.
type Query struct {
	Period Period
	// Lines are the service lines to count; none means all. A line without calls is an error, unless Quiet allows it.
	Lines []string
	Quiet bool
	// Language is that of what people read; codes stay.
	Language words.Language
	// By names the sections of the report, such as "day"; none means the usual ones. See Sections.
	By []string
	// Compare compares with the period before. Sections of days, weeks, months and quarters have nothing to be compared
	// with, and are left out.
	Compare bool
	// Calls filters the calls report, and Limit is how many of its rows are wanted; 0 means all. Other reports ignore
	// both.
	Calls Filter
	Limit int
	// Older picks the calls of the report calls that come after a place in the list.
	Older Place
	// Rounded makes a report that gives no small count away (see Rounded), for people who may not see persons. The report
	// calls cannot be rounded, and the period must consist of whole days.
	Rounded bool
}

// FewCalls is the Limit on a terminal.
const FewCalls = 50

// UnknownError is a query for something that does not exist. Known lists what does.
type UnknownError struct {
	What, Name string
	Known      []string
}

func (e *UnknownError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("there is no %s %q: there are none", e.What, e.Name)
	}
	return fmt.Sprintf("there is no %s %q: must be one of %s", e.What, e.Name, strings.Join(e.Known, ", "))
}

// ErrUneven is a period that does not begin and end at quarter hours, as all reports but calls need.
var ErrUneven = errors.New("calls are counted by quarter hours: set --from and --to to times such as 08:00, 08:15, " +
	"08:30 or 08:45; the report calls takes any time")

// ErrNoReports: nothing has been counted on this machine yet, so there is no file to read from.
var ErrNoReports = errors.New("there are no reports yet")

// ErrNotRounded is a report that would give small counts away.
var ErrNotRounded = errors.New("small counts would show: rounded reports count whole days, and list no calls")

// Read makes a report, hands it to print and returns the error of print. The rows can be read only until print returns.
// An *UnknownError says that there is no such report, section or line, ErrUneven that this report cannot cover this
// period, ErrNoComparison and ErrNothingToCompare that there is nothing to compare.
func (r *Reader) Read(ctx context.Context, name string, q Query, print func(*Report) error) (err error) {
	k := reportKindOf(name)
	if k.make == nil {
		return &UnknownError{"report", name, Names()}
	}
	for _, by := range q.By {
		if !slices.Contains(k.sections, by) {
			return &UnknownError{"section of the report " + name, by, k.sections}
		}
	}
	if len(q.By) == 0 {
		q.By = k.usual
	}
	if q.Rounded {
		if name == "calls" || !q.Period.wholeDays() {
			return ErrNotRounded
		}
		k.make = rounded(k.make)
	}
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("read the reports: %w", err)
	}
	defer func() {
		if end := tx.Rollback(); err == nil && !errors.Is(end, sql.ErrTxDone) {
			err = end
		}
	}()
	if !q.Quiet {
		if err := knownLines(ctx, tx, q.Lines); err != nil {
			return err
		}
	}
	make := k.make
	if q.Compare {
		make = k.compare
	}
	report, err := make(ctx, tx, q, r.now())
	if err != nil {
		return err
	}
	if report.Before == nil {
		report.Period = q.Period
	}
	report.Name, report.Title, report.Language = k.name, k.title, q.Language
	report.SQL = statements(q, report)
	report.translate()
	if err := report.tellCounted(ctx, tx, q.Period, r.now()); err != nil {
		return err
	}
	report.Lines, report.Made = q.Lines, r.now().In(q.Period.From.Location())
	return print(report)
}

// rounded makes reports that give no small count away.
func rounded(make maker) maker {
	return func(ctx context.Context, tx *sql.Tx, q Query, now time.Time) (*Report, error) {
		r, err := make(ctx, tx, q, now)
		if err == nil {
			err = r.round()
		}
		return r, err
	}
}

// notCounted is how much of a period may be missing without a note: events take a moment to arrive, and a service notes
// its progress only every half minute.
const notCounted = 2 * time.Minute

const (
	noteNothingCounted = "No events have been counted yet; a service with the role reporting counts them."
	noteCountedUntil   = "Events are counted until %s; later ones are missing until a service with the role reporting " +
		"runs."
)

// tellCounted notes until when events are counted, where it matters: a report that is behind must not look like a quiet
// day.
func (r *Report) tellCounted(ctx context.Context, tx *sql.Tx, p Period, now time.Time) error {
	var until sql.NullInt64
	if err := tx.QueryRowContext(ctx, "SELECT counted_until FROM counted").Scan(&until); err != nil {
		return fmt.Errorf("read the reports: %w", err)
	}
	if until.Valid {
		at := time.UnixMilli(until.Int64).In(p.From.Location())
		r.Counted = &at
	}
	end := p.To
	if end.After(now) {
		end = now
	}
	switch {
	case r.Counted == nil:
		r.Notes = append([]string{r.Language.Text(noteNothingCounted)}, r.Notes...)
	case r.Counted.Before(end.Add(-notCounted)) && p.From.Before(now):
		until := r.Language.Sprintf(noteCountedUntil, r.Counted.Format("2006-01-02 15:04"))
		r.Notes = append([]string{until}, r.Notes...)
	}
	return nil
}

// knownLines checks that each line has calls, so that a misspelt one is not taken for a quiet one.
func knownLines(ctx context.Context, tx *sql.Tx, wanted []string) error {
	for _, line := range wanted {
		var seen bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM calls WHERE line = ?)",
			line).Scan(&seen); err != nil {
			return fmt.Errorf("read the reports: %w", err)
		}
		if seen {
			continue
		}
		var known []string
		err := each(ctx, tx, func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			known = append(known, name)
			return err
		}, "SELECT DISTINCT line FROM calls ORDER BY line")
		if err != nil {
			return err
		}
		return &UnknownError{"line with calls", line, known}
	}
	return nil
}

// each calls f for every row of a query.
func each(ctx context.Context, tx *sql.Tx, f func(scan func(...any) error) error, query string, args ...any) error {
	found, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read the reports: %w", err)
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		if err := f(found.Scan); err != nil {
			return fmt.Errorf("read the reports: %w", err)
		}
	}
	if err := found.Err(); err != nil {
		return fmt.Errorf("read the reports: %w", err)
	}
	return nil
}

// condition is the WHERE of a query.
type condition struct {
	text string
	args []any
}

// where picks the calls c that began within a time on the wanted lines.
func where(from, to int64, lines []string) condition {
	c := condition{"c.started >= ? AND c.started < ?", []any{from, to}}
	if len(lines) > 0 {
		c.text += " AND c.line IN (?" + strings.Repeat(", ?", len(lines)-1) + ")"
		for _, l := range lines {
			c.args = append(c.args, l)
		}
	}
	return c
}

func (c *condition) and(text string, args ...any) {
	c.text += " AND " + text
	c.args = append(c.args, args...)
}
