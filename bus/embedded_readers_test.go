package bus

import (
	"context"
	"encoding/base64"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// reader asks to log in with the readers' key.
type reader struct {
	server.ClientAuthentication
	options *server.ClientOpts
	nonce   []byte
	asked   chan struct{}
	user    *server.User
}

func (r *reader) GetOpts() *server.ClientOpts    { return r.options }
func (r *reader) GetNonce() []byte               { close(r.asked); return r.nonce }
func (r *reader) RegisterUser(user *server.User) { r.user = user }

// A server listens before the readers' account is made.
func TestAReaderWhoComesEarlyWaitsForTheAccountOfThisServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e, err := StartEmbedded(EmbeddedOptions{
		Dir: filepath.Join(dir, "nats"), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
		Keys: KeyFiles{Write: filepath.Join(dir, "write.key"), Read: filepath.Join(dir, "read.key")},
	})
	require.NoError(t, err)
	t.Cleanup(e.Shutdown)
	key, err := nats.NkeyOptionFromSeed(e.options.Keys.Read)
	require.NoError(t, err)
	var o nats.Options
	require.NoError(t, key(&o))
	nonce := []byte("nonce")
	sig, err := o.SignatureCB(nonce)
	require.NoError(t, err)
	early := &reader{
		options: &server.ClientOpts{Nkey: o.Nkey, Sig: base64.RawURLEncoding.EncodeToString(sig)}, nonce: nonce,
		asked: make(chan struct{}),
	}
	login := e.login.atServer()
	let := make(chan bool)
	go func() { let <- login.Check(early) }()
	<-early.asked
	select {
	case <-let:
		t.Fatal("answered before there is an account")
	case <-time.After(10 * time.Millisecond):
	}
	login.readers = server.NewAccount("of this server")
	close(login.opened)
	require.True(t, <-let)
	assert.Equal(t, "of this server", early.user.Account.Name)
}

func TestReadersSeeEventsAgainAfterARestartInPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e, err := StartEmbedded(EmbeddedOptions{
		Dir: filepath.Join(dir, "nats"), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
		Keys: KeyFiles{Write: filepath.Join(dir, "write.key"), Read: filepath.Join(dir, "read.key")},
	})
	require.NoError(t, err)
	t.Cleanup(e.Shutdown)
	key, err := nats.NkeyOptionFromSeed(e.options.Keys.Read)
	require.NoError(t, err)
	screen, err := nats.Connect(e.URL(), key, nats.MaxReconnects(-1), nats.ReconnectWait(time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(screen.Close)
	events, err := screen.SubscribeSync(event.Subjects)
	require.NoError(t, err)
	for range 3 {
		e.mu.Lock()
		before := e.server.ID()
		e.mu.Unlock()
		require.NoError(t, e.restart())
		require.Eventually(t, func() bool {
			id := screen.ConnectedServerId()
			return id != "" && id != before && screen.Flush() == nil
		}, time.Minute, time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		ours, err := e.endpoint.dial(ctx, "test")
		require.NoError(t, err)
		require.NoError(t, ours.Publish(subjectPrefix+"bank.started", nil))
		require.NoError(t, ours.Flush())
		_, err = events.NextMsgWithContext(ctx)
		require.NoError(t, err)
		cancel()
		ours.Close()
	}
}
