package retention

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"countersign/internal/datafile"
	"countersign/internal/wholefile"
)

// loadClock reads what is remembered. An unreadable file counts as none.
func loadClock(path string) (c clock, known bool, err error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return clock{}, false, nil
	case err != nil:
		return clock{}, false, fmt.Errorf("look at the clock: %w", err)
	case json.Unmarshal(text, &c) != nil:
		return clock{}, false, nil
	}
	return c, true, nil
}

// save writes the file in one step: a crash leaves what was there.
func (c clock) save(path string) error {
	if err := c.write(path); err != nil {
		return fmt.Errorf("note the clock: %w", err)
	}
	return nil
}

func (c clock) write(path string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := datafile.MakeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return wholefile.Replace(path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}
