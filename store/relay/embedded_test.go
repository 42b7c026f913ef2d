package relay_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/store/relay"
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
		options relay.EmbeddedOptions
		says    []string
	}{
		"the port is in use":                {relay.EmbeddedOptions{Dir: t.TempDir(), Listen: busy.Addr().String()}, []string{busy.Addr().String(), "is in use", "choose another port"}},
		"the address is not ours":           {relay.EmbeddedOptions{Dir: t.TempDir(), Listen: "203.0.113.7:4222", Token: "x"}, []string{"cannot listen on 203.0.113.7:4222", "choose an address"}},
		"the address is no address":         {relay.EmbeddedOptions{Dir: t.TempDir(), Listen: "4222"}, []string{"not host:port", relay.DefaultListen}},
		"the port is no number":             {relay.EmbeddedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:nats"}, []string{`port "nats"`}},
		"anybody could connect":             {relay.EmbeddedOptions{Dir: t.TempDir(), Listen: "0.0.0.0:4222"}, []string{"0.0.0.0:4222", "user and password or a token", relay.DefaultListen}},
		"anybody could connect, short form": {relay.EmbeddedOptions{Dir: t.TempDir(), Listen: ":4222"}, []string{"user and password or a token"}},
		"half of a login":                   {relay.EmbeddedOptions{Dir: t.TempDir(), User: "crm"}, []string{"go together"}},
		"two logins":                        {relay.EmbeddedOptions{Dir: t.TempDir(), User: "crm", Password: "x", Token: "x"}, []string{"either"}},
		"no folder":                         {relay.EmbeddedOptions{}, []string{"no folder"}},
		"the folder is a file":              {relay.EmbeddedOptions{Dir: file, Listen: "127.0.0.1:0"}, []string{file, "choose another data folder"}},
		"the folder is somebody else's":     {relay.EmbeddedOptions{Dir: foreign, Listen: "127.0.0.1:0"}, []string{foreign, `"journal.db"`, "choose an empty folder"}},
		"the folder is a cluster's":         {relay.EmbeddedOptions{Dir: clustered, Listen: "127.0.0.1:0"}, []string{clustered, "cluster", "choose an empty folder"}},
		"the folder is in use":              {relay.EmbeddedOptions{Dir: inUse, Listen: "127.0.0.1:0"}, []string{inUse, "is in use by another Countersign"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.options.Log = discard()
			_, err := relay.StartEmbedded(test.options)
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
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o500))
	_, err := relay.StartEmbedded(relay.EmbeddedOptions{Dir: dir, Listen: "127.0.0.1:0", Log: discard()})
	assert.ErrorContains(t, err, "cannot be written to")
}

func TestTheEmbeddedNATSAsksForTheLoginItWasGiven(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]relay.EmbeddedOptions{
		"user and password": {User: "crm", Password: "s3cret-word"},
		"token":             {Token: "s3cret-word"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options.Dir, options.Listen, options.Log = t.TempDir(), "0.0.0.0:0", discard()
			e, err := relay.StartEmbedded(options)
			require.NoError(t, err)
			t.Cleanup(e.Shutdown)

			_, err = nats.Connect(e.URL(), nats.Timeout(patience))
			require.ErrorIs(t, err, nats.ErrAuthorization)

			box := newOutbox(calls(t, "a", 3)...)
			r := relay.New(box, e.Endpoint(), relay.Config{}, discard())
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
	r := relay.New(box, first.Endpoint(), relay.Config{}, discard())
	stop := start(t, r)
	flush(t, r)
	stop()
	first.Shutdown()
	first.Shutdown()

	second := embeddedIn(t, dir, "127.0.0.1:0")
	assert.Equal(t, box.ids(), inStream(t, on(t, second.Endpoint())))
}
