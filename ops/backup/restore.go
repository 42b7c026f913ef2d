package backup

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"

	"countersign/bus"
	"countersign/internal/datafile"
	"countersign/store/sqlite"
)

// ErrNotEmpty: the folder of a restore has something in it.
var ErrNotEmpty = errors.New("the folder is not empty")

// Check reads a backup to its end, and returns what is in it. It writes nothing.
func Check(file io.Reader, passphrase string) (Manifest, error) {
	return read(file, passphrase, func(*tar.Header, io.Reader) error { return nil })
}

// RestoreOptions say where a backup goes.
type RestoreOptions struct {
	// Data is an empty folder, or one that does not exist.
	Data       string
	Passphrase string
	// Keys are where the embedded NATS has its keys, in folder.
	Keys func(folder string) bus.KeyFiles
	Log  *slog.Logger
}

// Restore puts a backup into an empty folder, and returns what is in it. It checks the file, every page of the
// databases, and what is counted in databases and streams. With an error the folder is as it was.
func Restore(ctx context.Context, file io.Reader, o RestoreOptions) (m Manifest, err error) {
	if err := datafile.MakeFolder(o.Data); err != nil {
		return m, err
	}
	unlock, err := datafile.Lock(datafile.FolderLock(o.Data))
	if errors.Is(err, datafile.ErrInUse) {
		return m, fmt.Errorf("%w: countersign serves from %s: name another folder", ErrNotEmpty, o.Data)
	}
	if err != nil {
		return m, err
	}
	defer unlock()
	if err := empty(o.Data); err != nil {
		return m, err
	}
	draft, err := os.MkdirTemp(o.Data, ".restore-*")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(draft)) }()
	if m, err = unpack(file, o.Passphrase, draft); err != nil {
		return m, err
	}
	for name, rows := range m.Databases {
		found, err := sqlite.Count(ctx, filepath.Join(draft, filepath.FromSlash(name)))
		if err != nil {
			return m, damaged{err}
		}
		if !maps.Equal(found, rows) {
			return m, damaged{fmt.Errorf("%s has %v rows in place of %v", name, found, rows)}
		}
	}
	if len(m.Streams) > 0 {
		if err := o.streams(ctx, m, draft); err != nil {
			return m, err
		}
	}
	return m, moveInto(draft, o.Data)
}

func empty(folder string) error {
	inside, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range inside {
		if name := entry.Name(); name != "lock" {
			return fmt.Errorf("%w: %s has %s in it; a backup is restored into a new folder", ErrNotEmpty, folder, name)
		}
	}
	return nil
}

// unpack writes the parts of a backup into a folder, and nowhere else.
func unpack(file io.Reader, passphrase, folder string) (m Manifest, err error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	return read(file, passphrase, func(h *tar.Header, content io.Reader) error {
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) {
			return damaged{fmt.Errorf("%q is no file of a data folder", h.Name)}
		}
		mode := h.FileInfo().Mode().Perm()
		if dir := path.Dir(h.Name); dir != "." {
			if err := root.MkdirAll(dir, 0o755); err != nil { // FreeSWITCH reads prompts
				return err
			}
		}
		f, err := root.OpenFile(h.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	})
}

// streams puts the streams into the store of the embedded NATS, and counts their messages.
func (o RestoreOptions) streams(ctx context.Context, m Manifest, folder string) error {
	nats, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: filepath.Join(folder, "nats"), Listen: "127.0.0.1:0", Keys: o.Keys(folder), Log: o.Log,
	})
	if err != nil {
		return err
	}
	defer nats.Shutdown()
	to, err := bus.OpenSnapshots(nats.Endpoint(), o.Log)
	if err != nil {
		return err
	}
	defer to.Close()
	for name, want := range m.Streams {
		if err := restoreStream(ctx, to, name, filepath.Join(folder, streamsFolder, name), want); err != nil {
			return err
		}
	}
	return os.RemoveAll(filepath.Join(folder, streamsFolder))
}

func restoreStream(ctx context.Context, to *bus.Snapshots, name, file string, want uint64) (err error) {
	text, err := os.ReadFile(file + streamSettings)
	if err != nil {
		return damaged{err}
	}
	var settings bus.StreamSettings
	if err := json.Unmarshal(text, &settings); err != nil {
		return damaged{err}
	}
	content, err := os.Open(file + streamContent)
	if err != nil {
		return damaged{err}
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	if err := to.Restore(ctx, name, settings, content); err != nil {
		return err
	}
	found, err := to.Messages(ctx, name)
	if err != nil {
		return err
	}
	if found > want || found < want && !expires(settings) {
		return damaged{fmt.Errorf("the stream %s has %d messages in place of %d", name, found, want)}
	}
	return nil
}

// expires says that messages of a stream end by themselves: old ones may be gone by now.
func expires(of bus.StreamSettings) bool {
	var config struct {
		MaxAge      int64 `json:"max_age"`
		AllowMsgTTL bool  `json:"allow_msg_ttl"`
	}
	return json.Unmarshal(of.Config, &config) == nil && (config.MaxAge > 0 || config.AllowMsgTTL)
}

// moveInto moves what is in a folder into its parent. The databases come last, so that one that is there is complete.
func moveInto(from, to string) error {
	inside, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, last := range []bool{false, true} {
		for _, entry := range inside {
			if name := entry.Name(); strings.HasSuffix(name, ".db") == last {
				if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
					return undo(inside, from, to, err)
				}
			}
		}
	}
	return datafile.SyncFolder(to)
}

// undo takes back a move that has failed halfway.
func undo(inside []fs.DirEntry, from, to string, why error) error {
	for _, entry := range inside {
		err := os.Rename(filepath.Join(to, entry.Name()), filepath.Join(from, entry.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			why = errors.Join(why, err)
		}
	}
	return why
}
