package bus_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
	"countersign/session/shared"
)

// locked is an embedded NATS with keys of its own, shared state and an event in it.
func locked(t *testing.T) (e *bus.Embedded, keys bus.KeyFiles, s *bus.State) {
	t.Helper()
	dir := t.TempDir()
	keys = bus.KeyFiles{Write: filepath.Join(dir, "write.key"), Read: filepath.Join(dir, "read.key")}
	e, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: filepath.Join(dir, "nats"), Listen: "127.0.0.1:0", Keys: keys, Log: discard(),
	})
	require.NoError(t, err)
	t.Cleanup(e.Shutdown)
	s = ready(t, state(t, e.Endpoint(), bus.StateOptions{}))
	_, err = s.Lines().Put(t.Context(), "bank", "strict", by("ann", 0)) // and an event with it
	require.NoError(t, err)
	_, err = s.Guard().Put(t.Context(), "customer.x", []byte(`{"failures":5}`), shared.Forever)
	require.NoError(t, err)
	return e, keys, s
}

func with(t *testing.T, url, key string) bus.Endpoint {
	t.Helper()
	e, err := bus.External(bus.ExternalOptions{URL: url, CredentialsFile: key})
	require.NoError(t, err)
	return e
}

func TestTheKeysOfTheEmbeddedNATSAreMadeOnceForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	e, keys, _ := locked(t)
	for _, file := range []string{keys.Write, keys.Read} {
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		seed, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, strings.TrimSpace(string(seed)), string(seed), "a line end is part of the key for some clients")
	}
	assert.True(t, bus.AsksForKey(t.Context(), e.URL()))
	assert.False(t, bus.AsksForKey(t.Context(), embedded(t).URL()))
	first, err := os.ReadFile(keys.Write)
	require.NoError(t, err)
	again, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: filepath.Join(t.TempDir(), "nats"), Listen: "127.0.0.1:0", Keys: keys, Log: discard(),
	})
	require.NoError(t, err)
	again.Shutdown()
	second, err := os.ReadFile(keys.Write)
	require.NoError(t, err)
	assert.Equal(t, first, second)
	require.NoError(t, os.WriteFile(keys.Read, []byte("nonsense"), 0o600))
	_, err = bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: filepath.Join(t.TempDir(), "nats"), Listen: "127.0.0.1:0", Keys: keys, Log: discard(),
	})
	assert.ErrorContains(t, err, "is damaged")
}

func TestWithoutAKeyNobodyGetsIn(t *testing.T) {
	t.Parallel()
	e, keys, _ := locked(t)
	other := filepath.Join(t.TempDir(), "other.key")
	stranger, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: filepath.Join(t.TempDir(), "nats"), Listen: "127.0.0.1:0", Log: discard(),
		Keys: bus.KeyFiles{Write: other, Read: filepath.Join(filepath.Dir(other), "read.key")},
	})
	require.NoError(t, err)
	stranger.Shutdown()
	theirs, err := nats.NkeyOptionFromSeed(other)
	require.NoError(t, err)
	real, err := nats.NkeyOptionFromSeed(keys.Write)
	require.NoError(t, err)
	for name, o := range map[string]nats.Option{
		"nothing":          nats.Name("x"),
		"a user":           nats.UserInfo("countersign", "countersign"),
		"an empty user":    nats.UserInfo("", ""),
		"a token":          nats.Token("countersign"),
		"another's key":    theirs,
		"our key unsigned": nats.Nkey("", nil),
		"a signature of something else": func(o *nats.Options) error {
			if err := real(o); err != nil {
				return err
			}
			sign := o.SignatureCB
			o.SignatureCB = func([]byte) ([]byte, error) { return sign([]byte("something else")) }
			return nil
		},
		"an empty signature": func(o *nats.Options) error {
			if err := real(o); err != nil {
				return err
			}
			o.SignatureCB = func([]byte) ([]byte, error) { return nil, nil }
			return nil
		},
	} {
		_, err := nats.Connect(e.URL(), o)
		assert.Error(t, err, name)
	}
}

func TestTheWritersKeyMayDoEverything(t *testing.T) {
	t.Parallel()
	e, keys, _ := locked(t)
	s := ready(t, state(t, with(t, e.URL(), keys.Write), bus.StateOptions{}))
	_, err := s.Lines().Put(t.Context(), "bank", "other", by("bob", 1))
	require.NoError(t, err)
	require.NoError(t, s.Prove(t.Context()))
	require.NoError(t, s.ProveEvents(t.Context()))
}

// A screen or a CRM has the reader's key: it gets every event, from now on or from the stream.
func TestTheReadersKeyReadsEvents(t *testing.T) {
	t.Parallel()
	e, keys, s := locked(t)
	reader := with(t, e.URL(), keys.Read)
	live, err := on(t, reader).Conn().SubscribeSync("countersign.v1.*.config_changed")
	require.NoError(t, err)
	require.NoError(t, live.SetPendingLimits(-1, -1))
	js := on(t, reader)
	require.NoError(t, js.Conn().Flush())
	from := watch(t, reader, bus.WatchOptions{Since: time.Now().Add(-time.Hour)})
	require.Equal(t, []string{"line-bank.1"}, receive(t, from, 1))

	stream, err := js.Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		Durable: "crm", AckPolicy: jetstream.AckExplicitPolicy,
	})
	require.NoError(t, err)
	fetch := func() string {
		t.Helper()
		batch, err := consumer.Fetch(1, jetstream.FetchMaxWait(patience))
		require.NoError(t, err)
		msg := <-batch.Messages()
		require.NoError(t, batch.Error())
		require.NoError(t, msg.DoubleAck(t.Context()))
		return msg.Headers().Get(jetstream.MsgIDHeader)
	}
	assert.Equal(t, "line-bank.1", fetch())
	_, err = s.Lines().Put(t.Context(), "bank", "other", by("bob", 1))
	require.NoError(t, err)
	assert.Equal(t, "line-bank.2", fetch(), "the first was acknowledged")
	assert.Equal(t, []string{"line-bank.2"}, receive(t, from, 1))
	require.NoError(t, stream.DeleteConsumer(t.Context(), "crm"))
	require.Eventually(t, func() bool {
		msg, err := live.NextMsg(time.Second)
		return err == nil && strings.Contains(string(msg.Data), "line-bank.2")
	}, patience, time.Millisecond)
}

// What a reader tries, and what must be as before afterwards.
func TestTheReadersKeyChangesNothing(t *testing.T) {
	t.Parallel()
	e, keys, s := locked(t)
	const quick = 200 * time.Millisecond
	conn, err := with(t, e.URL(), keys.Read).Connect("attacker", discard())
	require.NoError(t, err)
	t.Cleanup(func() { closeAndWait(conn) })
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(patience))
	require.NoError(t, err)
	our := on(t, e.Endpoint())
	screen, err := our.Conn().SubscribeSync("countersign.v1.>")
	require.NoError(t, err)
	sequences := func() (line, guard, events uint64) {
		for name, n := range map[string]*uint64{"KV_lines": &line, "KV_guard": &guard, event.Stream: &events} {
			stream, err := our.Stream(t.Context(), name)
			require.NoError(t, err, name)
			require.NotZero(t, stream.CachedInfo().State.Msgs, name)
			*n = stream.CachedInfo().State.LastSeq
		}
		return line, guard, events
	}
	line, guard, events := sequences()
	_, err = our.CreateConsumer(t.Context(), event.Stream, jetstream.ConsumerConfig{
		Durable: "reports-1", AckPolicy: jetstream.AckExplicitPolicy,
	})
	require.NoError(t, err)

	request := func(subject string, body any) {
		text, err := json.Marshal(body)
		require.NoError(t, err)
		_, _ = conn.Request(subject, text, quick)
	}
	ask := func(subject, reply string, body any) {
		text, err := json.Marshal(body)
		require.NoError(t, err)
		_ = conn.PublishRequest(subject, reply, text)
	}
	soon := func() context.Context { // what gets no answer at all is not waited for long
		ctx, cancel := context.WithTimeout(t.Context(), quick)
		t.Cleanup(cancel)
		return ctx
	}
	for what, try := range map[string]func(){
		"apply a line":        func() { _ = conn.Publish("$KV.lines.bank", []byte(`{"version":2,"yaml":"weak"}`)) },
		"unlock a customer":   func() { _ = conn.Publish("$KV.guard.customer.x", []byte(`{}`)) },
		"forge an event":      func() { _ = conn.Publish("countersign.v1.bank.verified", []byte(`{}`)) },
		"delete the stream":   func() { _ = js.DeleteStream(soon(), event.Stream) },
		"delete a bucket":     func() { _ = js.DeleteStream(soon(), "KV_guard") },
		"purge":               func() { request("$JS.API.STREAM.PURGE."+event.Stream, nil) },
		"delete a message":    func() { request("$JS.API.STREAM.MSG.DELETE."+event.Stream, map[string]any{"seq": 1}) },
		"change the stream":   func() { request("$JS.API.STREAM.UPDATE."+event.Stream, map[string]any{"name": event.Stream}) },
		"make a stream":       func() { request("$JS.API.STREAM.CREATE.X", map[string]any{"name": "X", "subjects": []string{"x"}}) },
		"restore a stream":    func() { request("$JS.API.STREAM.RESTORE.X", map[string]any{}) },
		"read a bucket":       func() { request("$JS.API.DIRECT.GET.KV_guard", map[string]any{"seq": 1}) },
		"consume a bucket":    func() { _, _ = js.CreateConsumer(soon(), "KV_guard", jetstream.ConsumerConfig{}) },
		"ask through our own": func() { request("countersign.readers.create.x", map[string]any{"stream_name": "KV_guard"}) },
		"have an answer sent into a bucket": func() {
			ask("$JS.API.STREAM.INFO."+event.Stream, "$KV.lines.bank", nil)
			ask("$JS.API.STREAM.MSG.GET."+event.Stream, "$KV.guard.customer.x", map[string]any{"seq": 1})
		},
		"have an event sent again": func() {
			_, err := js.CreateConsumer(t.Context(), event.Stream, jetstream.ConsumerConfig{Durable: "mine"})
			require.NoError(t, err)
			ask("$JS.API.CONSUMER.MSG.NEXT."+event.Stream+".mine", "countersign.v1.bank.verified", map[string]any{"batch": 1})
			ask("$JS.API.CONSUMER.MSG.NEXT."+event.Stream+".mine", "$KV.lines.bank", map[string]any{"batch": 1})
			ask("$JS.API.CONSUMER.MSG.NEXT."+event.Stream+".mine", "$JS.API.STREAM.PURGE.KV_guard", map[string]any{"batch": 1})
		},
		"push events into a bucket": func() {
			for _, to := range []string{"$KV.lines.bank", "$JS.API.STREAM.PURGE.KV_guard", "_INBOX.x"} {
				for _, subject := range []string{"$JS.API.CONSUMER.CREATE." + event.Stream + ".push",
					"$JS.API.CONSUMER.CREATE." + event.Stream + ".push.countersign.v1.>",
					"$JS.API.CONSUMER.DURABLE.CREATE." + event.Stream + ".push", "$JS.API.CONSUMER.CREATE." + event.Stream} {
					config := map[string]any{"name": "push", "durable_name": "push", "deliver_subject": to, "ack_policy": "none"}
					request(subject, map[string]any{"stream_name": event.Stream, "config": config})
				}
			}
		},
		"take over the reports' consumer": func() {
			_, err := js.CreateOrUpdateConsumer(soon(), event.Stream, jetstream.ConsumerConfig{
				Durable: "reports-1", AckPolicy: jetstream.AckExplicitPolicy, Description: "mine",
			})
			require.Error(t, err)
		},
		"list consumers": func() {
			stream, err := js.Stream(t.Context(), event.Stream)
			require.NoError(t, err)
			for name := range stream.ConsumerNames(soon()).Name() {
				assert.Fail(t, "a name", name)
			}
		},
	} {
		try()
		require.NoError(t, conn.Flush(), what)
		require.NoError(t, our.Conn().Flush(), what)
		l, g, ev := sequences()
		assert.Equal(t, []uint64{line, guard, events}, []uint64{l, g, ev}, what)
		n, _, err := screen.Pending()
		require.NoError(t, err)
		assert.Zero(t, n, "%s: a screen saw something", what)
	}
	spy, err := conn.SubscribeSync(">")
	require.NoError(t, err)
	_, err = s.Guard().Put(t.Context(), "customer.x", []byte("6"), shared.Forever)
	require.NoError(t, err)
	_, err = spy.NextMsg(quick)
	require.Error(t, err, "it sees none of our traffic")
	stream, err := our.Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	for c := range stream.ListConsumers(t.Context()).Info() {
		assert.Empty(t, c.Config.DeliverSubject, "no push consumer was made")
		assert.NotEqual(t, "mine", c.Config.Description)
	}
	have, err := s.Lines().Get(t.Context(), "bank")
	require.NoError(t, err)
	assert.Equal(t, "strict", have.YAML)
}
