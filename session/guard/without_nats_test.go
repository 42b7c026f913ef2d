package guard

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/shared"
)

// append2 is a change that appends n, in two bytes.
func append2(n int) change {
	return func(value []byte) ([]byte, time.Duration, bool) {
		return binary.BigEndian.AppendUint16(append([]byte(nil), value...), uint16(n)), shared.ByDefault, true
	}
}

// numbers reads back what append2 appended.
func numbers(value []byte) (all []int) {
	for ; len(value) > 0; value = value[2:] {
		all = append(all, int(binary.BigEndian.Uint16(value)))
	}
	return all
}

func count(from, to int) (all []int) {
	for n := from; n < to; n++ {
		all = append(all, n)
	}
	return all
}

func unavailable(log *strings.Builder) (*records, *shared.Memory) {
	store := shared.NewMemory()
	r := newRecords(store, noCopy{}, defaultTimeout, slog.New(slog.NewTextHandler(log, nil)))
	r.markAway(errors.New("no responders"))
	return r, store
}

func TestALongOutageKeepsTheNewestChangesOfARecordInOrder(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	r, store := unavailable(&log)
	const more = 3
	for n := range maxPendingChanges + more {
		r.queue("customer.one", append2(n))
	}
	r.queue("customer.two", append2(7))
	require.NoError(t, r.replayPending(t.Context()))

	value, _, err := store.Get(t.Context(), "customer.one")
	require.NoError(t, err)
	assert.Equal(t, count(more, maxPendingChanges+more), numbers(value), "the oldest are dropped")
	value, _, err = store.Get(t.Context(), "customer.two")
	require.NoError(t, err)
	assert.Equal(t, []int{7}, numbers(value), "each record has its own room")
	assert.Empty(t, r.pending)
	assert.False(t, r.isAway())
	assert.Contains(t, log.String(), "available again")
	assert.Contains(t, log.String(), fmt.Sprint("lost=", more))
}

func TestAnOutageKeepsChangesOfABoundedNumberOfRecords(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	r, store := unavailable(&log)
	for n := range maxPendingRecords + 2 {
		r.queue(fmt.Sprint("customer.", n), append2(1))
	}
	r.queue("customer.0", append2(2))
	assert.Equal(t, maxPendingRecords, len(r.pending))
	require.NoError(t, r.replayPending(t.Context()))
	value, _, err := store.Get(t.Context(), "customer.0")
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, numbers(value), "a record that is pending already may take more changes")
	_, _, err = store.Get(t.Context(), fmt.Sprint("customer.", maxPendingRecords))
	assert.ErrorIs(t, err, shared.ErrNotFound)
	assert.Contains(t, log.String(), "lost=2")
}

// meanwhile is a Store that calls do before it writes.
type meanwhile struct {
	*shared.Memory
	do func()
}

func (m *meanwhile) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	m.do()
	return m.Memory.Create(ctx, key, value, keep)
}

// failing is a Store that cannot write while it is down, and calls also then.
type failing struct {
	*meanwhile
	down *bool
	also func()
}

func (f *failing) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	if *f.down {
		f.also()
		return 0, errors.New("no responders")
	}
	return f.meanwhile.Create(ctx, key, value, keep)
}

func TestAChangeQueuedDuringAReplayIsReplayedToo(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	r, store := unavailable(&log)
	r.store = &meanwhile{store, func() { r.queue("customer.one", append2(maxPendingChanges)) }}
	for n := range maxPendingChanges {
		r.queue("customer.one", append2(n))
	}
	require.NoError(t, r.replayPending(t.Context()))
	value, _, err := store.Get(t.Context(), "customer.one")
	require.NoError(t, err)
	assert.Equal(t, count(0, maxPendingChanges+1), numbers(value))
	assert.Contains(t, log.String(), "lost=0")
}

func TestAReplayThatFailsStaysPending(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	r, store := unavailable(&log)
	down := true
	r.store = &failing{&meanwhile{store, func() {}}, &down, func() { r.queue("customer.one", append2(maxPendingChanges)) }}
	for n := range maxPendingChanges {
		r.queue("customer.one", append2(n))
	}
	require.Error(t, r.replayPending(t.Context()))
	assert.True(t, r.isAway())
	down = false
	require.NoError(t, r.replayPending(t.Context()))
	value, _, err := store.Get(t.Context(), "customer.one")
	require.NoError(t, err)
	assert.Equal(
		t, count(1, maxPendingChanges+1), numbers(value), "the oldest made room for the change that came meanwhile",
	)
	assert.Contains(t, log.String(), "lost=1")
}

// brokenStore fails every operation.
type brokenStore struct{ shared.Store }

func (brokenStore) Get(context.Context, string) ([]byte, uint64, error) {
	return nil, 0, errors.New("no time left")
}

func TestACallWithoutTimeLeftDoesNotMakeTheStoreUnavailableForOthers(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	store := shared.NewMemory()
	r := newRecords(brokenStore{store}, noCopy{}, defaultTimeout, slog.New(slog.NewTextHandler(&log, nil)))
	spent := session.WithStateBudget(t.Context(), time.Nanosecond)
	session.StateBudgetOf(spent).Spend(time.Second)
	r.write(spent, "customer.one", append2(1), append2(1))
	assert.False(t, r.isAway())
	assert.Equal(t, []int{1}, numbers(r.get(spent, "customer.one")), "the attempt counts here")
	r.store = store
	require.NoError(t, r.replayPending(t.Context()))
	value, _, err := store.Get(t.Context(), "customer.one")
	require.NoError(t, err)
	assert.Equal(t, []int{1}, numbers(value), "and everywhere soon")

	r.store = brokenStore{store}
	r.get(session.WithStateBudget(t.Context(), time.Minute), "customer.two")
	assert.True(t, r.isAway())
}
