package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"countersign/internal/wholefile"
	"countersign/session/shared"
)

// load puts the lines in force that were last known.
func (l *Lines) load() error {
	text, err := os.ReadFile(l.o.Copy)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the copy of the lines: %w", err)
	}
	byName := map[string]shared.LineVersion{}
	if err := json.Unmarshal(text, &byName); err != nil {
		l.o.Log.Warn(
			"the copy of the lines is damaged, the built-in line answers until NATS is available", "file", l.o.Copy, "err", err,
		)
		return nil
	}
	var stored []shared.LineVersion
	for name, s := range byName {
		s.Name = name
		stored = append(stored, s)
	}
	l.put(stored)
	return nil
}

// keep writes the lines in force, for a start without the store.
func (l *Lines) keep() {
	byName := map[string]shared.LineVersion{}
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
