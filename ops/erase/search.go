package erase

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"

	"countersign/store/sqlite"
	"countersign/store/traces"
)

// search proves that the data is gone: it empties the logs of databases, rewrites databases that still hold traces of
// deleted rows, and then searches all files.
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
		// Deleted rows are overwritten, but SQLite may leave copies where it moved rows. A short id occurs by chance, and
		// calls do not wait to make sure.
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
		e.remains("%s: %v; it may still hold traces of deleted data", path, err)
	}
}

func (e *eraser) sayWhatRemains() {
	for _, path := range e.receipt.Searched.Found {
		switch inside, _ := filepath.Rel(e.Files.NATS, path); {
		case fs.ValidPath(filepath.ToSlash(inside)):
			e.remains("%s holds expired events; NATS removes the file when all its events have expired, nats stream purge "+
				"does so at once", path)
		default:
			e.remains("%s still names the customer", path)
		}
	}
	for _, path := range e.receipt.Searched.Compressed {
		e.remains("%s is compressed and cannot be searched: it may name the customer; check it, then delete it or move "+
			"it out of %s", path, e.Files.Data)
	}
}
