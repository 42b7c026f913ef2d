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

// ChainError says where an audit log was tampered with.
type ChainError struct {
	// N is the first entry that is wrong or missing.
	N    int64
	what string
}

func (e *ChainError) Error() string {
	return fmt.Sprintf("the audit log is broken at entry %d: %s", e.N, e.what)
}

func broken(n int64, format string, a ...any) error { return &ChainError{n, fmt.Sprintf(format, a...)} }

// State is the result of Verify.
type State struct {
	// Entries is how many there are, after Removed old entries that were trimmed.
	Entries int64 `json:"entries"`
	Removed int64 `json:"removed"`
	Head    Head  `json:"head"`
	// Noted is how many heads beside the log were compared.
	Noted int `json:"noted"`
}

// Verify follows the chain. A *ChainError says where an entry was changed, removed or inserted. Entries cut off at
// the end or the beginning, or a forged log, can leave a whole chain: comparing it with the heads beside the log, and
// with known ones kept elsewhere, reveals that.
func (a *Reader) Verify(ctx context.Context, known ...Head) (s State, err error) {
	heads, err := a.noted() // before the log, which others may be writing
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
	start, counted, err := startOf(ctx, tx)
	if err != nil {
		return s, err
	}
	s.Removed, s.Head = start.N, start
	trims, err := s.follow(ctx, tx, start, heads)
	if err != nil {
		return s, err
	}
	next := s.Head.N + 1
	if counted >= next {
		return s, broken(next, "%s removed from the end", entries(next, counted))
	}
	if latest := latestOf(heads); latest.N >= next {
		return s, broken(next, "%s removed from the end: entry %d was noted as %s",
			entries(next, latest.N), latest.N, latest.Hash)
	}
	if start.N == 0 {
		return s, nil
	}
	return s, a.verifyTrimmed(start, trims, heads)
}

// startOf reads the last removed entry, from which the chain goes on, and the highest number that an entry ever had.
func startOf(ctx context.Context, tx *sql.Tx) (start Head, counted int64, err error) {
	var hash []byte
	err = tx.QueryRowContext(ctx, `SELECT n, hash,
		(SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'entries') FROM start`).
		Scan(&start.N, &hash, &counted)
	if errors.Is(err, sql.ErrNoRows) {
		return start, 0, broken(1, "the log does not say where it begins")
	}
	if err != nil {
		return start, 0, fmt.Errorf("read the audit log: %w", err)
	}
	start.Hash = hex.EncodeToString(hash)
	return start, counted, nil
}

// follow checks the chain from start to its end, also against heads, and returns the entries that record the removal
// of everything up to start.
func (s *State) follow(ctx context.Context, tx *sql.Tx, start Head, heads []Head) (trims []Entry, err error) {
	hashes := map[int64][]string{}
	for _, h := range heads {
		hashes[h.N] = append(hashes[h.N], h.Hash)
	}
	differs := func(h Head) bool {
		return slices.ContainsFunc(hashes[h.N], func(noted string) bool { return noted != h.Hash })
	}
	if differs(start) {
		return nil, broken(start.N, "it was removed, and its hash is not the one that was noted: the log is forged")
	}
	previous, err := hex.DecodeString(start.Hash)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	err = eachEntry(ctx, tx, func(e Entry, hash []byte) error {
		switch {
		case e.N != s.Head.N+1:
			return broken(s.Head.N+1, "%s removed", entries(s.Head.N+1, e.N-1))
		case !bytes.Equal(hash, e.chained(previous)):
			return broken(e.N, "it or the entry before it was changed or inserted")
		case differs(e.head()):
			return broken(e.N, "its hash is not the one that was noted: the log is forged")
		}
		if _, ok := e.trims(start); ok {
			trims = append(trims, e)
		}
		previous = hash
		s.Entries++
		s.Head = e.head()
		return nil
	}, "")
	return trims, err
}

// latestOf returns the head with the highest number.
func latestOf(heads []Head) (latest Head) {
	for _, h := range heads {
		if h.N > latest.N {
			latest = h
		}
	}
	return latest
}

// verifyTrimmed checks that the entries up to start were removed by Trim: an entry records it and was noted, and they
// were old enough.
func (a *Reader) verifyTrimmed(start Head, trims []Entry, heads []Head) error {
	if len(trims) == 0 {
		return broken(1, "%s removed, and no entry records it", entries(1, start.N))
	}
	later, err := a.noted() // again: another process may have trimmed just now
	if err != nil {
		return err
	}
	later = append(later, heads...)
	noted := slices.IndexFunc(trims, func(e Entry) bool {
		return slices.ContainsFunc(later, func(h Head) bool { return h.N == e.N && h.Hash == e.Hash })
	})
	gone := slices.DeleteFunc(slices.Clone(heads), func(h Head) bool { return h.N > start.N })
	if noted < 0 && len(gone) > 0 {
		return broken(1, "%s removed, and entry %d, which records it, was never noted", entries(1, start.N), trims[0].N)
	}
	trim := trims[max(0, noted)]
	start.Time, _ = trim.trims(start)
	at := trim.Time
	if now := a.now(); at.After(now) { // nothing was removed in the future
		at = now
	}
	for _, h := range append(gone, start) {
		if age := at.Sub(h.Time); age < auditAtLeast {
			return broken(h.N, "it was removed when it was %s old: entries are kept for at least %s",
				max(0, age.Round(time.Second)), auditAtLeast)
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
