package erase

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"

	"countersign/store/sqlite"
	"countersign/store/traces"
)

// search proves it: logs of databases are emptied, databases that still hold traces of what was deleted are written
// anew, and then no file may.
func (e *eraser) search(ctx context.Context) error {
	databases := []string{e.Files.Directory, e.Files.Journal, e.Files.Reports}
	databases = slices.DeleteFunc(databases, func(path string) bool { return !exists(path) })
	for _, path := range databases {
		e.rewrite(ctx, path, false)
	}
	first, err := traces.Search(ctx, e.traces, e.Files.Data)
	if err != nil {
		return err
	}
	for _, path := range databases {
		// What is deleted is overwritten; copies may be left where SQLite moved rows. Of a short id nobody can tell,
		// and calls do not wait to make sure of it.
		if slices.Contains(first.Found, path) || !e.serving && !traces.Traceable(e.customer) {
			e.rewrite(ctx, path, true)
		}
	}
	if e.receipt.Searched, err = traces.Search(ctx, e.traces, e.Files.Data); err != nil {
		return err
	}
	e.sayWhatRemains()
	return nil
}

func (e *eraser) rewrite(ctx context.Context, path string, vacuum bool) {
	if err := sqlite.Rewrite(ctx, path, vacuum); err != nil {
		e.remains("%s: %v; it may still hold traces of what was deleted", path, err)
	}
}

func (e *eraser) sayWhatRemains() {
	for _, path := range e.receipt.Searched.Found {
		switch inside, _ := filepath.Rel(e.Files.NATS, path); {
		case fs.ValidPath(filepath.ToSlash(inside)):
			e.remains("%s holds events that ran out already; NATS removes the file when all events in it have run out, "+
				"and nats stream purge does at once", path)
		default:
			e.remains("%s still names the customer", path)
		}
	}
	for _, path := range e.receipt.Searched.Compressed {
		e.remains("%s is compressed and cannot be searched: it may name the customer; look into it, "+
			"and delete it or move it out of %s", path, e.Files.Data)
	}
}
