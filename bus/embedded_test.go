package bus_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
)

func TestWhatKeepsTheEmbeddedNATSFromStartingIsSaidInASentence(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	inUse := t.TempDir()
	embeddedIn(t, inUse, "127.0.0.1:0")

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	foreign := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(foreign, "journal.db"), nil, 0o600))
	clustered := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(clustered, "jetstream", "$SYS", "_js_", "_meta_"), 0o700))

	for name, test := range map[string]struct {
		options bus.EmbeddedOptions
		says    []string
	}{
		"the port is in use": {bus.EmbeddedOptions{Dir: t.TempDir(), Listen: busy.Addr().String()},
			[]string{busy.Addr().String(), "is in use", "choose another port"}},
		"the address is not ours": {bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "203.0.113.7:4222", Token: "x"},
			[]string{"cannot listen on 203.0.113.7:4222", "choose an address"}},
		"the address is no address": {bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "4222"},
			[]string{"not host:port", bus.DefaultListen}},
		"the port is no number": {bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:nats"},
			[]string{`port "nats"`}},
		"anybody could connect": {bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "0.0.0.0:4222"},
			[]string{"0.0.0.0:4222", "user and password or a token", bus.DefaultListen}},
		"anybody could connect, short form": {bus.EmbeddedOptions{Dir: t.TempDir(), Listen: ":4222"},
			[]string{"user and password or a token"}},
		"half of a login": {bus.EmbeddedOptions{Dir: t.TempDir(), User: "crm"}, []string{"go together"}},
		"two logins": {bus.EmbeddedOptions{Dir: t.TempDir(), User: "crm", Password: "x", Token: "x"},
			[]string{"either"}},
		"no folder": {bus.EmbeddedOptions{}, []string{"no folder"}},
		"the folder is a file": {bus.EmbeddedOptions{Dir: file, Listen: "127.0.0.1:0"},
			[]string{file, "choose another data folder"}},
		"the folder is somebody else's": {bus.EmbeddedOptions{Dir: foreign, Listen: "127.0.0.1:0"},
			[]string{foreign, `"journal.db"`, "choose an empty folder"}},
		"the folder is a cluster's": {bus.EmbeddedOptions{Dir: clustered, Listen: "127.0.0.1:0"},
			[]string{clustered, "cluster", "choose an empty folder"}},
		"the folder is in use": {bus.EmbeddedOptions{Dir: inUse, Listen: "127.0.0.1:0"},
			[]string{inUse, "is in use by another Countersign"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.options.Log = discard()
			_, err := bus.StartEmbedded(test.options)
			require.Error(t, err)
			for _, part := range test.says {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

func TestAFolderThatCannotBeWrittenToIsSaidInASentence(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere: run as another user")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o500))
	_, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: dir, Listen: "127.0.0.1:0", Log: discard()})
	assert.ErrorContains(t, err, "cannot be written to")
}

func TestTheEmbeddedNATSAsksForTheLoginItWasGiven(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]bus.EmbeddedOptions{
		"user and password": {User: "crm", Password: "s3cret-word"},
		"token":             {Token: "s3cret-word"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options.Dir, options.Listen, options.Log = t.TempDir(), "0.0.0.0:0", discard()
			e, err := bus.StartEmbedded(options)
			require.NoError(t, err)
			t.Cleanup(e.Shutdown)

			_, err = nats.Connect(e.URL(), nats.Timeout(patience))
			require.ErrorIs(t, err, nats.ErrAuthorization)

			box := newOutbox(calls(t, "a", 3)...)
			r := bus.NewRelay(box, e.Endpoint(), bus.RelayConfig{}, discard())
			start(t, r)
			flush(t, r)
			assert.Equal(t, box.ids(), inStream(t, on(t, e.Endpoint())))
			assert.NotContains(t, e.Endpoint().String(), "s3cret")
		})
	}
}

func TestTheEmbeddedNATSKeepsItsStreamOverARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := embeddedIn(t, dir, "127.0.0.1:0")
	box := newOutbox(calls(t, "a", 100)...)
	r := bus.NewRelay(box, first.Endpoint(), bus.RelayConfig{}, discard())
	stop := start(t, r)
	flush(t, r)
	stop()
	first.Shutdown()
	first.Shutdown()

	second := embeddedIn(t, dir, "127.0.0.1:0")
	assert.Equal(t, box.ids(), inStream(t, on(t, second.Endpoint())))
}
