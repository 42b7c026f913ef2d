package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"strings"

	"countersign/internal/datafile"
	"countersign/session/event"
)

// spill is a file beside the journal that holds, in order, events that the journal has not taken in time. Its room is
// taken from the disk in advance, so that it can be written when the disk is full. Whoever holds its lock owns it.
//
// A record is the length of its body, the CRC-32C of its body (four bytes each, little-endian) and the body: the event
// as it is published. A length of 0 ends the records. The rest of the file is zeros.
type spill struct {
	file       *os.File
	unlock     func()
	size, used int64 // bytes
	stale      bool  // the journal has all records, but they could not be overwritten
}

const recordHeader = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// SpillPath is the spill of the journal at path.
func SpillPath(path string) string { return strings.TrimSuffix(path, ".db") + ".spill" }

// openSpill takes the spill of a journal, reserving room for it, and reads what it holds. Without a spill (room is 0
// and there is none) it returns nil; if another process has it, a datafile.ErrInUse.
func openSpill(path string, room int64) (s *spill, found spilled, err error) {
	if _, err := os.Stat(path); room == 0 && errors.Is(err, fs.ErrNotExist) {
		return nil, spilled{}, nil
	}
	if err := datafile.Create(path, make([]byte, room)); err != nil {
		return nil, spilled{}, err
	}
	unlock, err := datafile.Lock(path)
	if err != nil {
		return nil, spilled{}, err
	}
	s = &spill{unlock: unlock}
	if s.file, err = os.OpenFile(path, os.O_RDWR, 0); err == nil {
		found, err = s.load(room)
	}
	if err != nil {
		_ = s.close()
		return nil, spilled{}, err
	}
	return s, found, nil
}

// load reads the file, wipes what is no record, and reserves more room if it is smaller than room.
func (s *spill) load(room int64) (found spilled, err error) {
	text, err := os.ReadFile(s.file.Name())
	if err != nil {
		return found, err
	}
	found = readSpilled(text)
	s.used, s.size = int64(found.bytes), int64(len(text))
	if rest := text[found.bytes:]; len(bytes.Trim(rest, "\x00")) > 0 {
		found.torn = true
		if err := s.wipe(s.used, s.size); err != nil {
			return found, err
		}
	}
	if s.size < room {
		if err := s.wipe(s.size, room); err != nil {
			return found, err
		}
		s.size = room
		return found, s.file.Sync()
	}
	return found, nil
}

// put appends the entries that fit and returns how many there are. Behind stale records it appends nothing: they may be
// half overwritten, and then hide what follows.
func (s *spill) put(entries []entry) (n int, err error) {
	if err := s.emptyStale(); err != nil {
		return 0, err
	}
	var text []byte
	for _, e := range entries {
		if s.used+int64(len(text)+recordHeader+len(e.body)) > s.size {
			break
		}
		text = binary.LittleEndian.AppendUint32(text, uint32(len(e.body)))
		text = binary.LittleEndian.AppendUint32(text, crc32.Checksum([]byte(e.body), castagnoli))
		text = append(text, e.body...)
		n++
	}
	if n == 0 {
		return 0, nil
	}
	if _, err := s.file.WriteAt(text, s.used); err != nil {
		return 0, err
	}
	s.used += int64(len(text))
	return n, nil
}

// empty overwrites all records: the journal has them. With an error they are stale, and empty is to be called again.
func (s *spill) empty() error {
	s.stale = true
	if err := s.wipe(0, s.used); err != nil {
		return err
	}
	s.used, s.stale = 0, false
	return nil
}

// emptyStale empties a spill that could not be emptied before.
func (s *spill) emptyStale() error {
	if !s.stale {
		return nil
	}
	if err := s.empty(); err != nil {
		return fmt.Errorf("empty the spill of the journal: %w", err)
	}
	return nil
}

// wipe writes zeros.
func (s *spill) wipe(from, to int64) error {
	zeros := make([]byte, min(to-from, 1<<16))
	for from < to {
		n, err := s.file.WriteAt(zeros[:min(int64(len(zeros)), to-from)], from)
		if err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}

func (s *spill) close() error {
	defer s.unlock()
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// spilled is what a spill holds.
type spilled struct {
	entries    []entry
	bytes      int
	unreadable int  // records that are no events of this version
	torn       bool // a process ended while it wrote, or the file is damaged
}

// readSpilled reads records up to the first that is not whole.
func readSpilled(text []byte) (found spilled) {
	for rest := text; len(rest) > recordHeader; rest = text[found.bytes:] {
		n := int(binary.LittleEndian.Uint32(rest))
		sum := binary.LittleEndian.Uint32(rest[4:])
		if n == 0 || n > len(rest)-recordHeader {
			return found
		}
		body := rest[recordHeader : recordHeader+n]
		if crc32.Checksum(body, castagnoli) != sum {
			return found
		}
		found.bytes += recordHeader + n
		if e, err := spilledEntry(body); err != nil {
			found.unreadable++
		} else {
			found.entries = append(found.entries, e)
		}
	}
	return found
}

func spilledEntry(body []byte) (entry, error) {
	var e event.Event
	if err := e.UnmarshalJSON(body); err != nil {
		return entry{}, err
	}
	return newEntry(e)
}

// Spilled returns how many events wait in the spill of the journal at path, and its size; 0 if there is none. It reads
// beside a service.
func Spilled(path string) (events int, size int64, err error) {
	text, err := os.ReadFile(SpillPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read the spill: %w", err)
	}
	found := readSpilled(text)
	return len(found.entries) + found.unreadable, int64(len(text)), nil
}
