package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AuditHead is the last entry of an audit log. Kept elsewhere, it shows later that nothing behind it was taken away.
type AuditHead struct {
	N    int64  `json:"n"`
	Hash string `json:"hash"`
}

// String writes it as ParseAuditHead reads it.
func (h AuditHead) String() string { return fmt.Sprintf("%d:%s", h.N, h.Hash) }

// ParseAuditHead reads a number and a hash, "12:0f9a…".
func ParseAuditHead(s string) (h AuditHead, err error) {
	n, hash, _ := strings.Cut(s, ":")
	h.N, err = strconv.ParseInt(n, 10, 64)
	sum, hexErr := hex.DecodeString(hash)
	if err != nil || hexErr != nil || h.N < 1 || len(sum) != hashSize {
		return AuditHead{}, fmt.Errorf("%q is not the head of an audit log: it is written 12:<64 hexadecimal digits>", s)
	}
	h.Hash = strings.ToLower(hash)
	return h, nil
}

// ChainError says where an audit log is not what was written.
type ChainError struct {
	// N is the first entry that is wrong or missing.
	N    int64
	what string
}

func (e *ChainError) Error() string {
	return fmt.Sprintf("the audit log is broken at entry %d: %s", e.N, e.what)
}

func broken(n int64, format string, a ...any) error { return &ChainError{n, fmt.Sprintf(format, a...)} }

// AuditState is what Verify found.
type AuditState struct {
	// Entries is how many there are, behind Removed that were removed because their time was over.
	Entries int64     `json:"entries"`
	Removed int64     `json:"removed"`
	Head    AuditHead `json:"head"`
	// Noted is how many heads were noted beside the log, and compared.
	Noted int `json:"noted"`
}

// Verify follows the chain. A *ChainError says where an entry was changed, removed, or put in. Entries taken off the end, or a log that was written anew, leave a whole
// chain: that shows against the heads that were noted beside the log, and against known ones that were kept elsewhere.
func (a *Audit) Verify(ctx context.Context, known ...AuditHead) (AuditState, error) {
	var s AuditState
	noted, err := a.noted() // before the log, to which others may be adding
	if err != nil {
		return s, err
	}
	s.Noted = len(noted)
	var hash []byte
	var counted int64
	err = a.db.read.QueryRowContext(ctx, `SELECT n, hash, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'entries') FROM start`).
		Scan(&s.Removed, &hash, &counted)
	if errors.Is(err, sql.ErrNoRows) {
		return s, broken(1, "the log does not say where it begins")
	}
	if err != nil {
		return s, fmt.Errorf("read the audit log: %w", err)
	}
	heads, latest := map[int64][]string{}, AuditHead{}
	for _, h := range append(noted, known...) {
		heads[h.N] = append(heads[h.N], h.Hash)
		if h.N > latest.N {
			latest = h
		}
	}
	s.Head = AuditHead{s.Removed, hex.EncodeToString(hash)}
	start := s.Head
	attested := s.Removed == 0
	last := AuditEntry{N: s.Removed}
	err = a.each(ctx, func(e AuditEntry, sum []byte) error {
		switch {
		case e.N != last.N+1:
			return broken(last.N+1, "%s removed", entries(last.N+1, e.N-1))
		case !bytes.Equal(sum, e.chained(hash)):
			return broken(e.N, "it was changed or put in, or the one before it was")
		case slices.ContainsFunc(heads[e.N], func(noted string) bool { return noted != e.Hash }):
			return broken(e.N, "its hash is not the one that was noted: the log was written anew")
		}
		attested = attested || e.Action == AuditTrimmed && e.Detail == trimDetail(start)
		last, hash = e, sum
		s.Entries++
		s.Head = AuditHead{e.N, e.Hash}
		return nil
	}, "")
	if err != nil {
		return s, err
	}
	if counted > last.N {
		return s, broken(last.N+1, "%s taken off the end", entries(last.N+1, counted))
	}
	if latest.N > last.N {
		return s, broken(last.N+1, "%s taken off the end: entry %d was noted as %s", entries(last.N+1, latest.N), latest.N, latest.Hash)
	}
	if !attested {
		return s, broken(1, "%s removed, and no entry says so", entries(1, s.Removed))
	}
	return s, nil
}

func entries(from, to int64) string {
	if from >= to {
		return fmt.Sprintf("entry %d was", from)
	}
	return fmt.Sprintf("entries %d to %d were", from, to)
}

func trimDetail(h AuditHead) string { return "up to " + h.String() }

// Trim removes the entries from before a time, and writes an entry that says so. The chain goes on from the last one removed. It says how many there were; with
// dryRun it only counts.
func (a *Audit) Trim(ctx context.Context, before time.Time, actor string, dryRun bool) (removed int64, err error) {
	// The first that stays ends what is removed, whatever the clock did between.
	const count = `SELECT coalesce((SELECT min(n) FROM entries WHERE time >= ?1), (SELECT max(n) + 1 FROM entries), 1) - 1 - (SELECT n FROM start)`
	if err := a.db.read.QueryRowContext(ctx, count, before.UnixMilli()).Scan(&removed); err != nil {
		return 0, fmt.Errorf("trim the audit log: %w", err)
	}
	if removed <= 0 || dryRun {
		return max(0, removed), nil
	}
	var says AuditEntry
	err = a.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if err := tx.QueryRowContext(ctx, count, before.UnixMilli()).Scan(&removed); err != nil || removed <= 0 {
			return err
		}
		var hash []byte
		var h AuditHead
		if err := tx.QueryRowContext(ctx, `SELECT n, hash FROM entries WHERE n = (SELECT n FROM start) + ?`, removed).Scan(&h.N, &hash); err != nil {
			return err
		}
		h.Hash = hex.EncodeToString(hash)
		if says, err = a.add(ctx, tx, AuditEntry{Actor: actor, Action: AuditTrimmed, Object: "audit", Detail: trimDetail(h)}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE start SET n = ?, hash = ?`, h.N, hash); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM entries WHERE n <= ?`, h.N)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("trim the audit log: %w", err)
	}
	if says.N == 0 { // another process was faster
		return 0, nil
	}
	return removed, a.note(says)
}
