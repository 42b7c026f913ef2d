package feed

import (
	"context"
	"encoding/json"
	"errors"

	"countersign/reports/reportsdb"
	"countersign/session/event"
	"countersign/store/journal"
)

// Journal is the journal to read.
type Journal interface {
	Export(ctx context.Context, o journal.ExportOptions, each func(body []byte) error) error
}

// journalBatch is how many events are counted in one transaction.
const journalBatch = 500

// FromJournal counts calls of a journal, such as those of erased customers: the stream has lost them, the journal keeps
// them anonymised. Calls that the reports know stay as they are.
func FromJournal(ctx context.Context, j Journal, reports *reportsdb.Reports, calls journal.ExportOptions) error {
	var batch []event.Event
	count := func() error {
		_, err := reports.Apply(ctx, batch)
		batch = batch[:0]
		return err
	}
	err := j.Export(ctx, calls, func(body []byte) error {
		var e event.Event
		if err := json.Unmarshal(body, &e); err != nil {
			return err
		}
		if batch = append(batch, e); len(batch) < journalBatch {
			return nil
		}
		return count()
	})
	return errors.Join(err, count())
}
