package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"countersign/internal/wholefile"
	"countersign/session/shared"
)

// load puts the lines in force that were last known.
func (l *Lines) load() error {
	stored, err := ReadCopy(l.o.Copy)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.nobody.Store(true)
	case errors.Is(err, errDamaged):
		l.nobody.Store(true)
		l.noCopy = true
		l.o.Log.Error("the copy of the lines is damaged, callers go to a person until NATS has the lines",
			"file", l.o.Copy, "err", err)
	case err != nil:
		return err
	default:
		l.put(stored)
	}
	return nil
}

var errDamaged = errors.New("the copy of the lines is damaged")

// ReadCopy reads the copy of the lines, removals included. Without a copy it returns fs.ErrNotExist.
func ReadCopy(path string) (stored []shared.LineVersion, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the copy of the lines: %w", err)
	}
	byName := map[string]shared.LineVersion{}
	if err := json.Unmarshal(text, &byName); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errDamaged, path, err)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		s := byName[name]
		s.Name = name
		stored = append(stored, s)
	}
	return stored, nil
}

// keep writes the lines in force and the removals, for a start without the store.
func (l *Lines) keep() {
	byName := maps.Clone(l.removed)
	for name, line := range l.current {
		byName[name] = line.stored
	}
	text, err := json.Marshal(byName)
	if err == nil {
		err = wholefile.Replace(l.o.Copy, func(w io.Writer) error { _, err := w.Write(text); return err })
	}
	if err != nil {
		l.o.Log.Warn("copy of the lines not written, a start without NATS would use the old one", "err", err)
	}
}
