package customers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/session"
	"countersign/store/sqlite"
)

var _ session.Habits = (*Directory)(nil)

// Habit implements session.Habits, also for customers of a CRM.
func (d *Reader) Habit(ctx context.Context, customer string) (h session.Habit, err error) {
	err = d.db.Read.QueryRowContext(ctx, `SELECT language, slow, answers FROM habits WHERE customer = ?`, customer).
		Scan(&h.Language, &h.Slow, &h.Answers)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return session.Habit{}, fmt.Errorf("read how a customer likes to be asked: %w", err)
	}
	return h, nil
}

// Remember implements session.Habits.
func (d *Directory) Remember(ctx context.Context, customer string, h session.Habit, began time.Time) error {
	return d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO habits SELECT ?1, ?2, ?3, ?4
			WHERE NOT EXISTS (SELECT 1 FROM erased WHERE alias = ?5 AND at >= ?6)
			ON CONFLICT DO UPDATE SET language = excluded.language, slow = excluded.slow, answers = excluded.answers`,
			customer, h.Language, h.Slow, h.Answers, d.Alias(customer), began.UnixMilli())
		return err
	})
}

// ForgetHabit forgets how a customer likes to be asked. known is false if nothing was remembered.
func (d *Directory) ForgetHabit(ctx context.Context, customer string) (known bool, err error) {
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := sqlite.Exec(ctx, tx, `DELETE FROM habits WHERE customer = ?`, customer)
		known = n > 0
		return err
	})
	return known, err
}

// habitColumn is the column of the customers' file with habits.
const habitColumn = "habits"

// slowWord and languageWord are what a cell of that column says, beside a manner: "slow;spoken;language=de".
const slowWord, languageWord = "slow", "language="

// HabitWords writes a habit as the customers' file has it; empty for none.
func HabitWords(h session.Habit) string {
	var words []string
	if h.Slow {
		words = append(words, slowWord)
	}
	if h.Answers != "" {
		words = append(words, string(h.Answers))
	}
	if h.Language != "" {
		words = append(words, languageWord+h.Language)
	}
	return strings.Join(words, ";")
}

// readHabits reads the cell.
func (c columns) readHabits(record []string, r *imported) error {
	cell := c.cell(record, habitColumn)
	if cell == "" {
		return nil
	}
	h := session.Habit{}
	for word := range strings.SplitSeq(cell, ";") {
		word = strings.TrimSpace(word)
		language, isLanguage := strings.CutPrefix(word, languageWord)
		switch {
		case word == slowWord:
			h.Slow = true
		case word == string(session.MannerKeyed), word == string(session.MannerSpoken):
			h.Answers = session.Manner(word)
		case isLanguage && languagePattern.MatchString(language):
			h.Language = language
		default:
			return c.bad(habitColumn, "habit %q: write slow, keyed or spoken, and language=de, with ; between them",
				shorten(word))
		}
	}
	r.habit = &h
	return nil
}

// writeHabit stores the habit of a row, and counts it if it was another.
func (im *importer) writeHabit(ctx context.Context, r imported) (changes int64, err error) {
	if r.habit == nil {
		return 0, nil
	}
	changes, err = im.execCount(ctx, `INSERT INTO habits VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET
		language = excluded.language, slow = excluded.slow, answers = excluded.answers
		WHERE language <> excluded.language OR slow <> excluded.slow OR answers <> excluded.answers`,
		r.id, r.habit.Language, r.habit.Slow, r.habit.Answers)
	if changes == 0 || err != nil {
		return changes, err
	}
	return changes, markChanged(ctx, im.tx, r.id)
}
