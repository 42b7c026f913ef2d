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

	"countersign/session/shared"
)

// append2 is a change that appends n, in two bytes.
func append2(n int) change {
	return func(value []byte) ([]byte, time.Duration, bool) {
		return binary.BigEndian.AppendUint16(append([]byte(nil), value...), uint16(n)), shared.ByDefault, true
	}
}

// numbers are what append2 has appended.
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

func awayLedger(log *strings.Builder) (*ledger, *shared.Memory) {
	store := shared.NewMemory()
	l := newLedger(store, opWithin, slog.New(slog.NewTextHandler(log, nil)))
	l.goAway(errors.New("no responders"))
	return l, store
}

func TestALongOutageOwesTheNewestChangesOfARecordInTheirOrder(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	l, store := awayLedger(&log)
	const more = 3
	for n := range owedEach + more {
		l.owe("customer.one", append2(n))
	}
	l.owe("customer.two", append2(7))
	require.NoError(t, l.settle(t.Context()))

	value, _, err := store.Get(t.Context(), "customer.one")
	require.NoError(t, err)
	assert.Equal(t, count(more, owedEach+more), numbers(value), "what does not fit is the oldest")
	value, _, err = store.Get(t.Context(), "customer.two")
	require.NoError(t, err)
	assert.Equal(t, []int{7}, numbers(value), "one record takes no room from another")
	assert.Empty(t, l.owed)
	assert.False(t, l.isAway())
	assert.Contains(t, log.String(), "back", "and says so")
	assert.Contains(t, log.String(), fmt.Sprint("lost=", more))
}

func TestAnOutageOwesSoManyRecordsAndNoMore(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	l, store := awayLedger(&log)
	for n := range owedMost + 2 {
		l.owe(fmt.Sprint("customer.", n), append2(1))
	}
	l.owe("customer.0", append2(2))
	assert.Equal(t, owedMost, len(l.owed))
	require.NoError(t, l.settle(t.Context()))
	value, _, err := store.Get(t.Context(), "customer.0")
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, numbers(value), "a record that is owed already may be owed more")
	_, _, err = store.Get(t.Context(), fmt.Sprint("customer.", owedMost))
	assert.ErrorIs(t, err, shared.ErrNotFound)
	assert.Contains(t, log.String(), "lost=2")
}

// meanwhile is a Store that does something else before it writes.
type meanwhile struct {
	*shared.Memory
	do func()
}

func (m *meanwhile) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	m.do()
	return m.Memory.Create(ctx, key, value, keep)
}

// failing is a Store that does something else and then fails to write, as long as it is down.
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

func TestWhatIsOwedWhileADebtIsPaidIsPaidToo(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	l, store := awayLedger(&log)
	l.store = &meanwhile{store, func() { l.owe("customer.one", append2(owedEach)) }}
	for n := range owedEach {
		l.owe("customer.one", append2(n))
	}
	require.NoError(t, l.settle(t.Context()))
	value, _, err := store.Get(t.Context(), "customer.one")
	require.NoError(t, err)
	assert.Equal(t, count(0, owedEach+1), numbers(value))
	assert.Contains(t, log.String(), "lost=0")
}

func TestADebtThatCannotBePaidIsOwedStill(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	l, store := awayLedger(&log)
	down := true
	l.store = &failing{&meanwhile{store, func() {}}, &down, func() { l.owe("customer.one", append2(owedEach)) }}
	for n := range owedEach {
		l.owe("customer.one", append2(n))
	}
	require.Error(t, l.settle(t.Context()))
	assert.True(t, l.isAway())
	down = false
	require.NoError(t, l.settle(t.Context()))
	value, _, err := store.Get(t.Context(), "customer.one")
	require.NoError(t, err)
	assert.Equal(t, count(1, owedEach+1), numbers(value), "the oldest made room for what came meanwhile")
	assert.Contains(t, log.String(), "lost=1")
}
