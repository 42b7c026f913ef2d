package guard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/guard"
	"countersign/session/shared"
)

var _ shared.Store = (*shared.Memory)(nil)

func TestStoredRecordsRevealNothing(t *testing.T) {
	t.Parallel()
	server := newNATS(t, t.TempDir(), "127.0.0.1:0")
	raised := &alarms{}
	g := newGuard(t, guard.Options{
		Store: bucket(t, server.URL()), Within: slowMachine, Alarm: raised.raise, Every: time.Millisecond,
	})
	stop := running(t, g)
	ctx := t.Context()
	a := attempt("0197cafe", "customer-100042")
	g.Named(ctx, a, "account", "4711471147")
	g.Try(ctx, a)
	g.StepFailed(ctx, a.Caller)
	g.MaySend(ctx, bySMS("C-1", "+49301234567"))
	_, err := g.Use(ctx, "totp 123456", time.Hour)
	require.NoError(t, err)
	for range 30 {
		g.Ended("retail", true)
	}
	require.Eventually(t, func() bool { return len(raised.seen()) > 0 }, patience, time.Millisecond,
		"the line's counts are stored before its alarm is raised")
	stop()

	conn, err := nats.Connect(server.URL(), nats.Timeout(patience))
	require.NoError(t, err)
	closed := make(chan struct{})
	conn.SetClosedHandler(func(*nats.Conn) { close(closed) })
	defer func() { conn.Close(); <-closed }()
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(patience))
	require.NoError(t, err)
	stream, err := js.Stream(ctx, "KV_guard")
	require.NoError(t, err)
	info, err := stream.Info(ctx)
	require.NoError(t, err)
	read := 0
	for n := info.State.FirstSeq; n <= info.State.LastSeq; n++ {
		msg, err := stream.GetMsg(ctx, n)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		require.NoError(t, err)
		read++
		everything := msg.Subject + " " + string(msg.Data) + fmt.Sprint(msg.Header)
		for _, clear := range []string{"4930111", "100042", "471147", "0197cafe", "301234567", "123456"} {
			assert.NotContains(t, everything, clear)
		}
	}
	assert.GreaterOrEqual(t, read, 5)
}

func TestCodesAreLimitedToThreeInTenMinutesAndTenADay(t *testing.T) {
	t.Parallel()
	c := newClock()
	nodes := twoNodes(t, c)
	began := c.Now()
	var sent []time.Duration
	for n := 0; c.Now().Before(began.Add(25 * time.Hour)); n++ {
		ok, again := nodes[n%2].MaySend(t.Context(), bySMS("C-1", "+49301234567"))
		if ok {
			sent = append(sent, c.Now().Sub(began))
		}
		require.True(t, again.After(c.Now()))
		c.set(again)
	}
	m := time.Minute
	want := []time.Duration{0, m / 2, m, 10 * m, 10*m + m/2, 11 * m, 20 * m, 20*m + m/2, 21 * m, 30 * m}
	assert.Equal(t, want, sent[:10])
	require.Greater(t, len(sent), 10)
	assert.Equal(t, 24*time.Hour, sent[10])
	ok, _ := nodes[0].MaySend(t.Context(), bySMS("C-2", "+49307654321"))
	assert.True(t, ok, "another number")
}

func TestOnlyOneOfManyUsesIsTheFirst(t *testing.T) {
	t.Parallel()
	c := newClock()
	nodes := twoNodes(t, c)
	var firsts atomic.Int32
	storm := func() {
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				first, err := nodes[i%2].Use(context.Background(), "token 1", time.Minute)
				assert.NoError(t, err)
				if first {
					firsts.Add(1)
				}
			})
		}
		all.Wait()
	}
	storm()
	assert.EqualValues(t, 1, firsts.Load())
	c.pass(time.Minute)
	storm()
	assert.EqualValues(t, 2, firsts.Load(), "the first use has expired")
}

func TestUnlockSaysWhetherThereWasALock(t *testing.T) {
	t.Parallel()
	c := newClock()
	nodes := twoNodes(t, c)
	was, err := nodes[0].Unlock(t.Context(), "100042")
	require.NoError(t, err)
	assert.False(t, was)
	for i := range 5 {
		nodes[0].Try(t.Context(), attempt(fmt.Sprint(i), "100042"))
	}
	got, err := nodes[1].Attempts(t.Context(), "100042")
	require.NoError(t, err)
	assert.Equal(t, 5, got.Failures)
	assert.True(t, got.Locked)
	assert.Equal(t, c.Now(), got.Last)
	was, err = nodes[1].Unlock(t.Context(), "100042")
	require.NoError(t, err)
	assert.True(t, was)
	assert.False(t, nodes[0].Customer(t.Context(), "100042").Locked)
}

// broken is a Store that can hang, or write and report an error.
type broken struct {
	*shared.Memory
	hangs, mute atomic.Bool
	asked       atomic.Int32
}

var errLost = errors.New("the answer was lost")

func (b *broken) wait(ctx context.Context) error {
	b.asked.Add(1)
	if !b.hangs.Load() {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (b *broken) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if err := b.wait(ctx); err != nil {
		return nil, 0, err
	}
	return b.Memory.Get(ctx, key)
}

func (b *broken) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	return b.Update(ctx, key, value, 0, keep)
}

func (b *broken) Update(
	ctx context.Context, key string, value []byte, revision uint64, keep time.Duration,
) (uint64, error) {
	if err := b.wait(ctx); err != nil {
		return 0, err
	}
	n, err := b.Memory.Update(ctx, key, value, revision, keep)
	if err == nil && b.mute.Load() {
		return 0, errLost
	}
	return n, err
}

func TestAStoreThatHangsBlocksNobody(t *testing.T) {
	t.Parallel()
	store := &broken{Memory: shared.NewMemory()}
	store.hangs.Store(true)
	c, logged := newClock(), &logLines{}
	g := newGuard(t, guard.Options{Store: store, Now: c.Now, Log: slog.New(logged)})
	ctx, a := t.Context(), attempt("call", "100042")
	began := time.Now()
	for i := range 20 {
		a.Call = fmt.Sprint(i)
		g.Try(ctx, a)
		g.Caller(ctx, a.Caller)
		g.StepFailed(ctx, a.Caller)
		g.Named(ctx, a, "account", "1")
		g.MaySend(ctx, bySMS(a.Customer, a.Caller))
		g.Ended("retail", true)
	}
	assert.True(t, g.Customer(ctx, a.Customer).Locked)
	g.Right(ctx, a)
	g.Verified(ctx, a)
	assert.False(t, g.Customer(ctx, a.Customer).Locked)
	assert.Less(t, time.Since(began), promptly)
	assert.EqualValues(t, 1, store.asked.Load())
	assert.Equal(t, 1, logged.count("WARN"))

	store.hangs.Store(false)
	running(t, g)
	require.Eventually(t, func() bool { return logged.count("available again") == 1 }, patience, time.Millisecond)
	other := newGuard(t, guard.Options{Store: store, Now: c.Now})
	assert.True(t, other.Caller(ctx, a.Caller).Locked, "the failed steps were replayed")
}

func TestAnAttemptWhoseConfirmationIsLostCountsOnce(t *testing.T) {
	t.Parallel()
	store, logged := &broken{Memory: shared.NewMemory()}, &logLines{}
	g := newGuard(t, guard.Options{Store: store, Log: slog.New(logged)})
	store.mute.Store(true)
	require.False(t, g.Try(t.Context(), attempt("call", "100042")).Locked)
	store.mute.Store(false)
	running(t, g)
	require.Eventually(t, func() bool { return logged.count("available again") == 1 }, patience, time.Millisecond)
	got, err := g.Attempts(t.Context(), "100042")
	require.NoError(t, err)
	assert.Equal(t, 1, got.Failures)
}

func TestADamagedRecordCountsAsEmpty(t *testing.T) {
	t.Parallel()
	store := shared.NewMemory()
	g := newGuard(t, guard.Options{Store: store})
	g.Try(t.Context(), attempt("call", "100042"))
	all, err := store.All(t.Context(), "customer")
	require.NoError(t, err)
	require.Len(t, all, 1)
	for k, v := range all {
		_, revision, err := store.Get(t.Context(), k)
		require.NoError(t, err)
		_, err = store.Update(t.Context(), k, bytes.TrimSuffix(v, []byte("}")), revision, 0)
		require.NoError(t, err)
	}
	assert.False(t, g.Try(t.Context(), attempt("call", "100042")).Locked)
	got, err := g.Attempts(t.Context(), "100042")
	require.NoError(t, err)
	assert.Equal(t, 1, got.Failures)
}
