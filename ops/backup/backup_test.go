package backup_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/ops/backup"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/store/journal"
	"countersign/store/sqlite"
)

const secret = "correct horse battery staple"

var silent = slog.New(slog.DiscardHandler)

func keysIn(folder string) bus.KeyFiles {
	return bus.KeyFiles{Write: filepath.Join(folder, "nats-write.key"), Read: filepath.Join(folder, "nats-read.key")}
}

// machine is a data folder in use.
type machine struct {
	data    string
	nats    *bus.Embedded
	state   *bus.State
	journal *journal.Journal
}

func newMachine(t *testing.T) machine {
	t.Helper()
	m := machine{data: t.TempDir()}
	var err error
	m.nats, err = bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: filepath.Join(m.data, "nats"), Listen: "127.0.0.1:0", Keys: keysIn(m.data), Log: silent,
	})
	require.NoError(t, err)
	t.Cleanup(m.nats.Shutdown)
	m.state = openState(t, m.nats)
	m.journal, err = journal.Open(t.Context(), filepath.Join(m.data, "journal.db"), journal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, m.journal.Close(context.Background())) })
	require.NoError(t, os.MkdirAll(filepath.Join(m.data, "prompts", "en"), 0o755))
	for name, mode := range map[string]os.FileMode{
		"prompts/en/ask-pin.wav": 0o644, "token.key": 0o600, "lock": 0o600, ".probe-1": 0o600,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(m.data, name), []byte(name), mode))
	}
	return m
}

func openState(t *testing.T, nats *bus.Embedded) *bus.State {
	t.Helper()
	s, err := bus.OpenState(nats.Endpoint(), bus.StateOptions{Node: "n", Log: silent})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, s.Ready(ctx))
	return s
}

func (m machine) options() backup.Options {
	at := m.nats.Endpoint()
	return backup.Options{
		Data: m.data, NATS: &at, Passphrase: secret, Version: "v9", Node: "n", Now: time.Now, Log: silent,
	}.Quickly()
}

func (m machine) call(t *testing.T, n int) {
	t.Helper()
	id := fmt.Sprintf("call-%d", n)
	require.NoError(t, m.journal.Append(event.Event{
		ID: event.ID(id, 1), Call: id, Seq: 1, Line: "retail", LineVersion: 1, Time: time.Now(), Source: "/x",
		Data: event.CallStarted{Channel: "c"},
	}))
}

func restoreTo(t *testing.T, folder string, file []byte, passphrase string) (backup.Manifest, error) {
	t.Helper()
	return backup.Restore(t.Context(), bytes.NewReader(file), backup.RestoreOptions{
		Data: folder, Passphrase: passphrase, Keys: keysIn, Log: silent,
	})
}

func TestABackupIsTheFolderAsItWasWhileOthersWrite(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	ctx := t.Context()
	for n := range 50 {
		m.call(t, n)
		_, err := m.state.Guard().Put(ctx, fmt.Sprintf("customer.%d", n), []byte("{}"), shared.Forever)
		require.NoError(t, err)
	}
	require.NoError(t, m.journal.Sync(ctx))
	writing, stop := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for n := 50; writing.Err() == nil; n++ {
			m.call(t, n)
			assert.NoError(t, m.journal.Sync(ctx))
			_, err := m.state.Guard().Put(ctx, fmt.Sprintf("customer.%d", n), []byte("{}"), shared.Forever)
			assert.NoError(t, err)
		}
	}()
	file := filepath.Join(t.TempDir(), "backup")
	o := m.options()
	elsewhere := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(elsewhere, []byte("node: n"), 0o644))
	o.Others = map[string]string{"settings.yaml": elsewhere}
	made, err := backup.Make(ctx, file, o)
	stop()
	<-over
	require.NoError(t, err)
	assert.GreaterOrEqual(t, made.Databases["journal.db"]["calls"], int64(50))
	assert.GreaterOrEqual(t, made.Streams["KV_guard"], uint64(50))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "token.key", "it is sealed")

	folder := filepath.Join(t.TempDir(), "new")
	restored, err := restoreTo(t, folder, text, secret)
	require.NoError(t, err)
	assert.Equal(t, made.Databases, restored.Databases)
	assert.Equal(t, made.Streams, restored.Streams)
	rows, err := sqlite.Count(ctx, filepath.Join(folder, "journal.db"))
	require.NoError(t, err)
	assert.Equal(t, made.Databases["journal.db"], rows)
	for name, mode := range map[string]os.FileMode{
		"prompts/en/ask-pin.wav": 0o644, "token.key": 0o600, "settings.yaml": 0o644, "journal.db": 0o600,
		"journal.db.created": 0o600, "nats-write.key": 0o600,
	} {
		info, err := os.Stat(filepath.Join(folder, name))
		if assert.NoError(t, err) {
			assert.Equal(t, mode, info.Mode().Perm(), name)
		}
	}
	assert.NoFileExists(t, filepath.Join(folder, ".probe-1"))
	assert.NoDirExists(t, filepath.Join(folder, "nats-streams"))

	again, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: filepath.Join(folder, "nats"), Listen: "127.0.0.1:0", Keys: keysIn(folder), Log: silent,
	})
	require.NoError(t, err)
	t.Cleanup(again.Shutdown)
	all, err := openState(t, again).Guard().All(ctx, "customer")
	require.NoError(t, err)
	assert.Len(t, all, int(made.Streams["KV_guard"]))
}

func TestABackupThatIsNotAsItWasMadeIsRefusedAndNothingIsLeft(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.call(t, 1)
	file := filepath.Join(t.TempDir(), "backup")
	_, err := backup.Make(t.Context(), file, m.options())
	require.NoError(t, err)
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	_, err = backup.Check(bytes.NewReader(whole), secret)
	require.NoError(t, err)

	folder := filepath.Join(t.TempDir(), "new")
	for _, at := range []int{0, 50, 200, len(whole) / 2, len(whole) - 1} {
		cut := whole[:at]
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1
		for how, text := range map[string][]byte{"cut": cut, "flipped": flipped} {
			_, err := backup.Check(bytes.NewReader(text), secret)
			require.ErrorContains(t, err, "damaged", "%s at %d of %d", how, at, len(whole))
			_, err = restoreTo(t, folder, text, secret)
			require.ErrorContains(t, err, "damaged", "%s at %d of %d", how, at, len(whole))
		}
	}
	_, err = backup.Check(bytes.NewReader(append(bytes.Clone(whole), 0)), secret)
	require.ErrorContains(t, err, "damaged", "longer")
	_, err = restoreTo(t, folder, whole, "another passphrase of mine")
	require.ErrorIs(t, err, backup.ErrPassphrase)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, "lock", left[0].Name())
	_, err = restoreTo(t, folder, whole, secret)
	require.NoError(t, err, "after all that")
	_, err = restoreTo(t, folder, whole, secret)
	assert.ErrorIs(t, err, backup.ErrNotEmpty)
	_, err = restoreTo(t, m.data, whole, secret)
	assert.ErrorIs(t, err, backup.ErrNotEmpty)
}

func TestABackupIsNotMadeOverAFileOrWithAShortPassphrase(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	file := filepath.Join(t.TempDir(), "backup")
	require.NoError(t, os.WriteFile(file, []byte("precious"), 0o600))
	_, err := backup.Make(t.Context(), file, m.options())
	require.ErrorContains(t, err, "there already")
	o := m.options()
	o.Passphrase = "fifteen letters"
	_, err = backup.Make(t.Context(), file+"2", o)
	require.ErrorContains(t, err, "16 characters")
	require.NoFileExists(t, file+"2")
	o = m.options()
	o.Data = filepath.Join(m.data, "none")
	_, err = backup.Make(t.Context(), file+"2", o)
	assert.ErrorContains(t, err, "nothing to back up")
}

func TestABackupWritesNowhereButIntoItsFolder(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../outside", "/tmp/outside", "a/../../outside"} {
		var file bytes.Buffer
		to, err := age.NewScryptRecipient(secret)
		require.NoError(t, err)
		to.SetWorkFactor(10)
		sealed, err := age.Encrypt(&file, to)
		require.NoError(t, err)
		w := backup.NewWriter(io.Writer(sealed))
		require.NoError(t, w.Part(name))
		require.NoError(t, w.Close())
		require.NoError(t, sealed.Close())
		parent := t.TempDir()
		_, err = restoreTo(t, filepath.Join(parent, "new"), file.Bytes(), secret)
		require.ErrorContains(t, err, "no file of a data folder", name)
		assert.NoFileExists(t, filepath.Join(parent, "outside"))
	}
}
