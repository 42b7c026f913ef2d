package audit

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

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

// State is what Verify found.
type State struct {
	// Entries is how many there are, behind Removed that were removed because their time was over.
	Entries int64 `json:"entries"`
	Removed int64 `json:"removed"`
	Head    Head  `json:"head"`
	// Noted is how many heads were noted beside the log, and compared.
	Noted int `json:"noted"`
}

// Verify follows the chain. A *ChainError says where an entry was changed, removed, or put in. Entries taken off the end or off the beginning, or a log that was written
// anew, can leave a whole chain: that shows against the heads that were noted beside the log, and against known ones that were kept elsewhere.
func (a *Reader) Verify(ctx context.Context, known ...Head) (s State, err error) {
	heads, err := a.noted() // before the log, to which others may be adding
	if err != nil {
		return s, err
	}
	s.Noted = len(heads)
	heads = append(heads, known...)
	tx, err := a.db.Read.BeginTx(ctx, nil) // others may be trimming
	if err != nil {
		return s, fmt.Errorf("read the audit log: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	var start Head
	var hash []byte
	var counted int64
	err = tx.QueryRowContext(ctx, `SELECT n, hash, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'entries') FROM start`).Scan(&start.N, &hash, &counted)
	if errors.Is(err, sql.ErrNoRows) {
		return s, broken(1, "the log does not say where it begins")
	}
	if err != nil {
		return s, fmt.Errorf("read the audit log: %w", err)
	}
	start.Hash = hex.EncodeToString(hash)
	s.Removed, s.Head = start.N, start
	hashes, latest := map[int64][]string{}, Head{}
	for _, h := range heads {
		hashes[h.N] = append(hashes[h.N], h.Hash)
		if h.N > latest.N {
			latest = h
		}
	}
	other := func(h Head) bool {
		return slices.ContainsFunc(hashes[h.N], func(noted string) bool { return noted != h.Hash })
	}
	if other(start) {
		return s, broken(start.N, "it was removed, and its hash is not the one that was noted: the log was written anew")
	}
	var trims []Entry
	err = eachEntry(ctx, tx, func(e Entry, sum []byte) error {
		switch {
		case e.N != s.Head.N+1:
			return broken(s.Head.N+1, "%s removed", entries(s.Head.N+1, e.N-1))
		case !bytes.Equal(sum, e.chained(hash)):
			return broken(e.N, "it was changed or put in, or the one before it was")
		case other(e.head()):
			return broken(e.N, "its hash is not the one that was noted: the log was written anew")
		}
		if _, ok := e.trims(start); ok {
			trims = append(trims, e)
		}
		hash = sum
		s.Entries++
		s.Head = e.head()
		return nil
	}, "")
	if err != nil {
		return s, err
	}
	next := s.Head.N + 1
	if counted >= next {
		return s, broken(next, "%s taken off the end", entries(next, counted))
	}
	if latest.N >= next {
		return s, broken(next, "%s taken off the end: entry %d was noted as %s", entries(next, latest.N), latest.N, latest.Hash)
	}
	if start.N == 0 {
		return s, nil
	}
	return s, a.verifyTrimmed(start, trims, heads)
}

// verifyTrimmed checks that the entries up to start were removed as Trim does it: an entry says so, was noted before they went, and they were old enough.
func (a *Reader) verifyTrimmed(start Head, trims []Entry, heads []Head) error {
	if len(trims) == 0 {
		return broken(1, "%s removed, and no entry says so", entries(1, start.N))
	}
	later, err := a.noted() // once more: it may have happened just now
	if err != nil {
		return err
	}
	later = append(later, heads...)
	says := slices.IndexFunc(trims, func(e Entry) bool {
		return slices.ContainsFunc(later, func(h Head) bool { return h.N == e.N && h.Hash == e.Hash })
	})
	gone := slices.DeleteFunc(slices.Clone(heads), func(h Head) bool { return h.N > start.N })
	if says < 0 && len(gone) > 0 {
		return broken(1, "%s removed, and entry %d, which says so, was never noted", entries(1, start.N), trims[0].N)
	}
	trim := trims[max(0, says)]
	start.Time, _ = trim.trims(start)
	at := trim.Time
	if now := a.now(); at.After(now) { // nothing was removed after today
		at = now
	}
	for _, h := range append(gone, start) {
		if age := at.Sub(h.Time); age < auditAtLeast {
			return broken(h.N, "it was removed when it was %s old: entries are kept for %s at least", max(0, age.Round(time.Second)), auditAtLeast)
		}
	}
	return nil
}

func entries(from, to int64) string {
	if from >= to {
		return fmt.Sprintf("entry %d was", from)
	}
	return fmt.Sprintf("entries %d to %d were", from, to)
}
