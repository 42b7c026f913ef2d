package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"countersign/internal/retry"
	"countersign/store/sqlite"
)

// checkEvery is how often databases are read to find damage: at the start, and once a day.
const checkEvery = 24 * time.Hour

// damage is what is wrong with databases, in words that tell an operator what to do.
type damage struct {
	mu    sync.Mutex
	found []string
}

func (d *damage) note(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if says := err.Error(); !slices.Contains(d.found, says) {
		d.found = append(d.found, says)
	}
}

func (d *damage) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.found)
}

// checkDatabases reads those databases of calls that nothing else could replace, and says which are damaged, until ctx
// ends. Calls go on: what cannot be read leads to a person.
func (s *service) checkDatabases(ctx context.Context) {
	for {
		for _, path := range []string{s.cfg.directoryPath(), s.cfg.journalPath(), s.cfg.auditPath()} {
			if err := sqlite.Check(ctx, path, false); sqlite.IsDamaged(err) {
				s.damage.note(err)
				s.log.Error("a database is damaged", "err", err)
			}
		}
		if retry.Pause(ctx, checkEvery) != nil {
			return
		}
	}
}
