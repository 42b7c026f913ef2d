package journal

import (
	"context"
	"database/sql"
	"fmt"

	"countersign/internal/retry"
	"countersign/store/sqlite"
)

// run writes group after group until the queue is closed and empty, or until ctx ends while the disk fails.
func (j *Journal) run(ctx context.Context) {
	defer close(j.written)
	for {
		group := j.queue.take()
		if len(group) == 0 || !j.write(ctx, group) {
			return
		}
	}
}

// write writes a group, retrying as long as the disk fails, so that the order stays. It returns false if ctx ended
// first.
func (j *Journal) write(ctx context.Context, group []entry) bool {
	failing := false
	for wait := retry.Backoff(j.firstRetry, lastRetry); len(group) > 0; {
		bad, err := j.commit(group)
		switch {
		case err == nil:
			j.queue.settle(len(group))
			if failing {
				j.log.Info("journal is written again")
			}
			j.announce()
			return true
		case bad >= 0 && sqlite.NeverFits(err):
			j.log.Error("event cannot be written to the journal and is lost",
				"event", group[bad].id, "fact", group[bad].fact, "err", err)
			j.unwritable++
			j.queue.settle(1)
			group = append(group[:bad], group[bad+1:]...)
			continue
		case !failing:
			failing = true
			j.log.Error("journal cannot be written, events wait in memory", "file", j.db.Path, "err", err)
		}
		if retry.Pause(ctx, wait.NextBackOff()) != nil {
			return false
		}
	}
	return true
}

// commit writes a group in one transaction. If one entry caused the error, bad is its index in the group, else -1.
func (j *Journal) commit(group []entry) (bad int, err error) {
	bad = -1
	err = j.db.InTx(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		for i, e := range group {
			if err := e.insert(ctx, tx); err != nil {
				bad = i
				return fmt.Errorf("write event: %w", err)
			}
		}
		return nil
	})
	return bad, err
}

func (j *Journal) announce() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}
