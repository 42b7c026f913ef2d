package audit

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// auditAtLeast is how long an entry is kept at least (policy.md; the file itself keeps it, too).
const auditAtLeast = 30 * 24 * time.Hour

// Trim removes the entries from before a time, never those of the last 30 days, and writes an entry that says so. The chain goes on from the last one removed. It says how
// many there were; with dryRun it only counts. Of a crash in the middle only the entry is left: the next time will do.
func (a *Log) Trim(ctx context.Context, before time.Time, actor string, dryRun bool) (removed int64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("trim the audit log: %w", err)
		}
	}()
	if youngest := a.now().Add(-auditAtLeast); before.After(youngest) {
		before = youngest
	}
	var last Head
	var at int64
	var hash []byte
	// The first that stays ends what is removed, whatever the clock did between.
	err = a.db.Read.QueryRowContext(ctx, `SELECT n, time, hash, n - (SELECT n FROM start) FROM entries
		WHERE n < coalesce((SELECT min(n) FROM entries WHERE time >= ?), 1 << 62) ORDER BY n DESC LIMIT 1`, before.UnixMilli()).Scan(&last.N, &at, &hash, &removed)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil || dryRun {
		return removed, err
	}
	last.Time, last.Hash = time.UnixMilli(at), hex.EncodeToString(hash)
	// It is noted before anything goes: Verify wants the note.
	if _, err := a.Append(ctx, Entry{Actor: actor, Action: Trimmed, Object: "audit", Detail: trimDetail(last)}); err != nil {
		return 0, err
	}
	err = a.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE start SET n = ?1, hash = ?2 WHERE n < ?1`, last.N, hash); err != nil { // another process may have gone further
			return err
		}
		done, err := tx.ExecContext(ctx, `DELETE FROM entries WHERE n <= ?`, last.N)
		if err != nil {
			return err
		}
		removed, err = done.RowsAffected()
		return err
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}

const trimmedUpTo = "up to "

func trimDetail(last Head) string { return trimmedUpTo + last.String() }

// trims says whether an entry is about the removal of everything up to another one, and when that one was written.
func (e Entry) trims(last Head) (written time.Time, ok bool) {
	text, ok := strings.CutPrefix(e.Detail, trimmedUpTo)
	h, err := ParseHead(text)
	return h.Time, ok && err == nil && e.Action == Trimmed && h.N == last.N && h.Hash == last.Hash
}
