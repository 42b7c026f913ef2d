// Package backup answers "how does everything that a machine keeps come back on another one?". A backup is one file,
// sealed with a passphrase: the databases, the streams and buckets of the embedded NATS with their consumers, settings
// and keys. It is made while calls run, and restored into an empty folder, after every part was checked.
//
// It leaves out an external NATS, which is not this machine's, and it does not bring back what happened afterwards.
//
// The parts are copied one after the other, each as it is at one moment, in an order in which nothing is missing:
//  1. files, among them the journal's spill: what leaves it afterwards is in the journal;
//  2. the journal: what it has still to publish is published after the restore, and what it has published is in the
//     stream, since that comes later;
//  3. the buckets, then the stream of events: a webhook is never ahead of the stream that it reads;
//  4. the other databases. Reports recognise events that they have counted, and the stream's consumers are not ahead of
//     them.
//
// So a restored machine knows everything that happened before the backup began. Of what happened while it was made, it
// may know some.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"filippo.io/age"

	"countersign/bus"
	"countersign/internal/datafile"
	"countersign/internal/wholefile"
)

// PassphraseLeast is how many characters a passphrase must have: whoever finds the file may guess for years
// (docs/policy.md#backups).
const PassphraseLeast = 16

// ErrPassphrase: the passphrase is not the backup's, or too short for one.
var ErrPassphrase = errors.New("the passphrase is wrong")

// Options say what is in a backup.
type Options struct {
	// Data is the data folder. Nobody has to stop using it.
	Data string
	// Others are files that are kept elsewhere, by the name that they get in the data folder: settings, keys.
	Others map[string]string
	// NATS is the embedded one; nil if the service uses an external one.
	NATS *bus.Endpoint
	// Passphrase seals the file.
	Passphrase string
	// Version is that of this program, Node the machine's name, for whoever restores.
	Version, Node string
	Now           func() time.Time
	Log           *slog.Logger

	work int // of scrypt, 2^work; tests take less
}

// sealWork is how age derives its key: about a second, and 256 MB, for each guess.
const sealWork = 18

// Make writes a backup to the new file at path, and returns what is in it.
func Make(ctx context.Context, path string, o Options) (m Manifest, err error) {
	if len([]rune(o.Passphrase)) < PassphraseLeast {
		return m, fmt.Errorf("a passphrase has at least %d characters, such as six words by chance", PassphraseLeast)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%s is there already: name a new file", path)
	}
	if _, err := os.Stat(o.Data); err != nil {
		return m, fmt.Errorf("there is nothing to back up: %w", err)
	}
	to, err := age.NewScryptRecipient(o.Passphrase)
	if err != nil {
		return m, err
	}
	if o.work == 0 {
		o.work = sealWork
	}
	to.SetWorkFactor(o.work)
	drafts, done, err := makeDrafts(o.Data)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, done()) }()
	err = wholefile.Replace(path, func(file io.Writer) error {
		sealed, err := age.Encrypt(file, to)
		if err != nil {
			return err
		}
		b := &making{Options: o, drafts: drafts, to: newWriter(sealed), m: Manifest{
			Format: format, Version: o.Version, Node: o.Node, Began: o.Now().UTC(),
			Databases: map[string]map[string]int64{}, Streams: map[string]uint64{},
		}}
		if err := b.all(ctx); err != nil {
			return err
		}
		m = b.m
		return errors.Join(b.to.close(m), sealed.Close())
	})
	return m, err
}

// makeDrafts makes a folder for copies, closed to others, on the disk that has room for the databases. Of one that was
// killed nothing is left.
func makeDrafts(data string) (folder string, done func() error, err error) {
	folder = filepath.Join(data, ".backup")
	unlock, err := datafile.Lock(folder + ".lock")
	if errors.Is(err, datafile.ErrInUse) {
		return "", nil, errors.New("a backup is being made already: wait for it")
	}
	if err != nil {
		return "", nil, err
	}
	done = func() error {
		defer unlock()
		return errors.Join(os.RemoveAll(folder), os.Remove(folder+".lock"))
	}
	if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o700)); err != nil {
		return "", nil, errors.Join(err, done())
	}
	return folder, done, nil
}

// making is a backup while it is made.
type making struct {
	Options
	drafts string
	to     *writer
	m      Manifest
}

func (b *making) all(ctx context.Context) error {
	files, databases, err := b.find()
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := b.to.file(name, filepath.Join(b.Data, name)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Others)) {
		if err := b.to.file(name, b.Others[name]); err != nil {
			return err
		}
	}
	const journal = "journal.db"
	if slices.Contains(databases, journal) {
		if err := b.database(ctx, journal); err != nil {
			return err
		}
	}
	if b.NATS != nil {
		if err := b.streams(ctx); err != nil {
			return err
		}
	}
	for _, name := range databases {
		if name != journal {
			if err := b.database(ctx, name); err != nil {
				return err
			}
		}
	}
	b.m.Files, b.m.Ended = b.to.sums, b.Now().UTC()
	return nil
}
