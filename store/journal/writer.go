package journal

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

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

// write writes a group and settles it, retrying as long as the disk fails, so that the order stays. It returns false if
// ctx ended first.
func (j *Journal) write(ctx context.Context, group []entry) bool {
	all, unwritable := len(group), 0
	for wait := retry.Backoff(j.firstRetry, lastRetry); len(group) > 0; {
		bad, err := j.commit(group)
		if err == nil {
			break
		}
		if bad >= 0 && sqlite.NeverFits(err) {
			j.log.Error("event cannot be written to the journal and is lost",
				"event", group[bad].id, "fact", group[bad].fact, "err", err)
			unwritable++
			group = slices.Delete(group, bad, bad+1)
			continue
		}
		if j.outage.fails(err) {
			waiting, inSpill := j.queue.count()
			j.log.Error("journal cannot be written, events wait", "file", j.db.Path, "events", waiting,
				"in_spill", inSpill, "err", err)
		}
		if retry.Pause(ctx, wait.NextBackOff()) != nil {
			return false
		}
	}
	j.unwritable += unwritable
	if j.outage.ends() {
		waiting, inSpill := j.queue.count()
		j.log.Info("journal is written again", "events", waiting, "in_spill", inSpill)
	}
	j.settle(all)
	j.announce()
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

func (j *Journal) announce() { signal(j.wake) }
