package reportsdb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"countersign/session/event"
)

// callKind is everything by which reports tell calls apart, except for their time: the columns of call_kinds, in order.
type callKind struct {
	line                                                     string
	counted                                                  bool
	identifiedBy, verdict, methods, failedReason, failedStep string
	status                                                   string
	level                                                    int
	reason, end                                              string
	locked, decided                                          bool
}

const kindColumns = `line, counted, identified_by, verdict, methods, failed_reason, failed_step, status, level, reason,
	"end", locked, decided`

func (k callKind) values() []any {
	return []any{
		k.line, k.counted, k.identifiedBy, k.verdict, k.methods, k.failedReason, k.failedStep, k.status, k.level, k.reason,
		k.end, k.locked, k.decided,
	}
}

// kindOf is the kind of a call. Only the line matters of a step-up or a call that came back. Methods are those that
// proved something.
func kindOf(c *reportedCall) callKind {
	if !c.counted() {
		return callKind{line: c.line}
	}
	k := callKind{
		line: c.line, counted: true, identifiedBy: c.identifiedBy.String, verdict: string(c.verdict),
		failedReason: c.failedReason.String, failedStep: c.failedStep.String,
		status: c.status, level: c.level, reason: c.reason.String, end: c.end.String, locked: c.locked,
		decided: c.decided.Valid,
	}
	if c.verdict == event.FactVerified {
		k.methods = c.methods.String
	}
	return k
}

// kindKey is a kind of calls on a day.
type kindKey struct {
	started int64
	kind    callKind
}

// addKind adds a call with sign 1, and takes it away with -1.
func (s *sums) addKind(c *reportedCall, sign int) {
	key := kindKey{bucket(c.started, dayWidth), kindOf(c)}
	if s.kinds[key] == nil {
		s.kinds[key] = map[int64]int{}
	}
	var ms int64
	if key.kind.decided {
		ms = c.decided.Int64 - c.started
	}
	s.kinds[key][PackTime(int((c.started-key.started)/quarterWidth), ms)] += sign
}

// kindNumbers are the numbers of kinds; they never change.
type kindNumbers struct {
	most  int // times in a row of kind_days; 0 is mostKept
	mu    sync.Mutex
	known map[callKind]int64
}

func (n *kindNumbers) of(kind callKind) (number int64, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	number, ok = n.known[kind]
	return number, ok
}

func (n *kindNumbers) remember(found map[callKind]int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = map[callKind]int64{}
	}
	maps.Copy(n.known, found)
}

var (
	kindMarks = marks(strings.Count(kindColumns, ",") + 1)
	findKind  = "SELECT kind FROM call_kinds WHERE (" + kindColumns + ") = (" + kindMarks + ")"
	addKind   = "INSERT INTO call_kinds (" + kindColumns + ") VALUES (" + kindMarks + ")"
)

// find returns the number of the kind, and assigns one if it has none.
func (k callKind) find(ctx context.Context, tx *sql.Tx) (number int64, err error) {
	err = tx.QueryRowContext(ctx, findKind, k.values()...).Scan(&number)
	if !errors.Is(err, sql.ErrNoRows) {
		return number, err
	}
	done, err := tx.ExecContext(ctx, addKind, k.values()...)
	if err != nil {
		return 0, err
	}
	return done.LastInsertId()
}

// writeKinds changes the calls of each kind on each day.
func (s *sums) writeKinds(ctx context.Context, tx *sql.Tx, numbers *kindNumbers) (found map[callKind]int64, err error) {
	found = map[callKind]int64{}
	days := map[int64]map[int64]map[int64]int{} // started, kind: changes
	for key, changes := range s.kinds {
		maps.DeleteFunc(changes, func(_ int64, n int) bool { return n == 0 })
		if len(changes) == 0 {
			continue
		}
		number, ok := numbers.of(key.kind)
		if !ok {
			number, ok = found[key.kind]
		}
		if !ok {
			if number, err = key.kind.find(ctx, tx); err != nil {
				return nil, err
			}
			found[key.kind] = number
		}
		if days[key.started] == nil {
			days[key.started] = map[int64]map[int64]int{}
		}
		days[key.started][number] = changes
	}
	for started, changes := range days {
		if err := changeDay(ctx, tx, started, changes, cmp.Or(numbers.most, mostKept)); err != nil {
			return nil, fmt.Errorf("kinds of calls: %w", err)
		}
	}
	return found, nil
}
