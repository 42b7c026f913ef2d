package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/google/renameio/v2/maybe"

	"countersign/session/shared"
)

// load puts the lines in force that were when this machine last heard of the store.
func (l *Lines) load() error {
	text, err := os.ReadFile(l.o.Copy)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the lines that were last in force: %w", err)
	}
	byName := map[string]shared.LineVersion{}
	if err := json.Unmarshal(text, &byName); err != nil {
		l.o.Log.Warn("the copy of the lines is damaged, the built-in line answers until NATS is there", "file", l.o.Copy, "err", err)
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

// keep writes what is in force, for a start without the store.
func (l *Lines) keep() {
	byName := map[string]shared.LineVersion{}
	for name, line := range l.current {
		byName[name] = line.stored
	}
	text, err := json.Marshal(byName)
	if err == nil {
		err = maybe.WriteFile(l.o.Copy, text, 0o600)
	}
	if err != nil {
		l.o.Log.Warn("no copy of the lines could be kept for a start without NATS", "err", err)
	}
}
