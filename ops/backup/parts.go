package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"countersign/bus"
	"countersign/session/event"
	"countersign/store/sqlite"
)

// notKept are entries of a data folder that the next process makes anew, and NATS, which is asked.
var notKept = []string{"lock", "reload.json", "nats"}

// find lists what is in the data folder, by path in it.
func (b *making) find() (files, databases []string, err error) {
	err = filepath.WalkDir(b.Data, func(path string, entry fs.DirEntry, err error) error {
		switch name, _ := filepath.Rel(b.Data, path); {
		case name == ".":
			return err
		case errors.Is(err, fs.ErrNotExist): // somebody's draft
			return nil
		case err != nil:
			return err
		case strings.HasPrefix(entry.Name(), "."), slices.Contains(notKept, name):
			if entry.IsDir() {
				return filepath.SkipDir
			}
		case strings.HasSuffix(name, ".db"):
			databases = append(databases, name)
		case strings.HasSuffix(name, ".db-wal"), strings.HasSuffix(name, ".db-shm"):
		case entry.Type().IsRegular():
			files = append(files, filepath.ToSlash(name))
		}
		return nil
	})
	return files, databases, err
}

func (b *making) database(ctx context.Context, name string) error {
	copied := filepath.Join(b.drafts, filepath.Base(name))
	if err := sqlite.Copy(ctx, filepath.Join(b.Data, name), copied); err != nil {
		return err
	}
	rows, err := sqlite.Count(ctx, copied)
	if err != nil {
		return err
	}
	b.m.Databases[name] = rows
	return errors.Join(b.to.file(name, copied), os.Remove(copied))
}

// Streams are in the folder of these names, each with its settings and its content.
const (
	streamsFolder  = "nats-streams"
	streamSettings = ".json"
	streamContent  = ".snapshot"
)

func (b *making) streams(ctx context.Context) error {
	from, err := bus.OpenSnapshots(*b.NATS, b.Log)
	if err != nil {
		return err
	}
	defer from.Close()
	names, err := from.Names(ctx)
	if err != nil {
		return fmt.Errorf("list the streams of NATS: %w", err)
	}
	slices.SortStableFunc(names, func(x, y string) int {
		switch { // events come last
		case x == event.Stream:
			return 1
		case y == event.Stream:
			return -1
		}
		return 0
	})
	for _, name := range names {
		if err := b.stream(ctx, from, name); err != nil {
			return err
		}
	}
	return nil
}

func (b *making) stream(ctx context.Context, from *bus.Snapshots, name string) (err error) {
	path := filepath.Join(b.drafts, "stream")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	settings, err := from.Save(ctx, name, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if b.m.Streams[name], err = settings.Messages(); err != nil {
		return err
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	if err := b.to.text(streamsFolder+"/"+name+streamSettings, text); err != nil {
		return err
	}
	return errors.Join(b.to.file(streamsFolder+"/"+name+streamContent, path), os.Remove(path))
}
