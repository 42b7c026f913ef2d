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

// auditAtLeast is how long an entry is kept at least (docs/policy.md#what-is-kept-and-for-how-long). A trigger in the
// database enforces it, too.
const auditAtLeast = 30 * 24 * time.Hour

// Trim removes the entries from before a time, but never those of the last 30 days, and writes an entry that says so.
// The chain continues from the last removed entry. Trim returns how many it removed. After a crash in the middle only
// its own entry may exist; the next Trim removes the rest.
func (a *Log) Trim(ctx context.Context, before time.Time, actor string) (removed int64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("trim the audit log: %w", err)
		}
	}()
	last, hash, removed, err := a.old(ctx, before)
	if err != nil || removed == 0 {
		return 0, err
	}
	// First the entry, then the removal: Verify demands that the entry was noted.
	_, err = a.Append(ctx, Entry{Actor: actor, Action: Trimmed, Object: "audit", Detail: trimDetail(last)})
	if err != nil {
		return 0, err
	}
	err = a.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// n < ?1: another process may have removed more.
		if _, err := tx.ExecContext(ctx, `UPDATE start SET n = ?1, hash = ?2 WHERE n < ?1`, last.N, hash); err != nil {
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

// Trimmable returns how many entries Trim would remove.
func (a *Reader) Trimmable(ctx context.Context, before time.Time) (entries int64, err error) {
	_, _, entries, err = a.old(ctx, before)
	return entries, err
}

// old returns the last entry to remove, its hash, and how many there are; none if there is nothing to remove.
func (a *Reader) old(ctx context.Context, before time.Time) (last Head, hash []byte, count int64, err error) {
	if youngest := a.now().Add(-auditAtLeast); before.After(youngest) {
		before = youngest
	}
	var at int64
	// The removed entries end before the first that stays, even if the clock was put back in between.
	err = a.db.Read.QueryRowContext(ctx, `SELECT n, time, hash, n - (SELECT n FROM start) FROM entries
		WHERE n < coalesce((SELECT min(n) FROM entries WHERE time >= ?), 1 << 62) ORDER BY n DESC LIMIT 1`,
		before.UnixMilli()).Scan(&last.N, &at, &hash, &count)
	if errors.Is(err, sql.ErrNoRows) {
		return Head{}, nil, 0, nil
	}
	last.Time, last.Hash = time.UnixMilli(at), hex.EncodeToString(hash)
	return last, hash, count, err
}

const trimmedUpTo = "up to "

func trimDetail(last Head) string { return trimmedUpTo + last.String() }

// trims reports whether the entry records the removal of everything up to last, and when last was written.
func (e Entry) trims(last Head) (written time.Time, ok bool) {
	text, ok := strings.CutPrefix(e.Detail, trimmedUpTo)
	h, err := ParseHead(text)
	return h.Time, ok && err == nil && e.Action == Trimmed && h.N == last.N && h.Hash == last.Hash
}
