package receipt_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"countersign/session/event"
	"countersign/session/receipt"
	"countersign/session/shared"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var key = []byte(strings.Repeat("k", 32))

func TestAReceiptIsFoundOnEveryMachine(t *testing.T) {
	t.Parallel()
	store := shared.NewMemory()
	here, there := receipt.New(store, key), receipt.New(store, key)
	ref := here.Reference()
	assert.Regexp(t, `^[a-z2-7]{32}$`, ref)
	assert.NotEqual(t, ref, here.Reference())
	_, known := here.State(t.Context(), ref)
	assert.False(t, known)
	for _, c := range []struct{ told, want event.CodeState }{
		{event.CodeNotDelivered, event.CodeNotDelivered}, {event.CodeDelivered, event.CodeDelivered},
		{event.CodeNotDelivered, event.CodeDelivered}, {event.CodeDelivered, event.CodeDelivered},
	} {
		require.NoError(t, there.Put(t.Context(), ref, c.told))
		state, known := here.State(t.Context(), ref)
		assert.True(t, known)
		assert.Equal(t, c.want, state, "a message that was delivered stays delivered")
	}
}

func TestAReferenceThatIsNotOursIsNotStored(t *testing.T) {
	t.Parallel()
	store := shared.NewMemory()
	b := receipt.New(store, key)
	good := b.Reference()
	other := byte('a')
	if good[0] == 'a' {
		other = 'b'
	}
	stranger := receipt.New(store, []byte(strings.Repeat("x", 32))).Reference()
	for _, ref := range []string{"", "x", string(other) + good[1:], good + "a", good[:31], strings.ToUpper(good),
		stranger, "a.b.>"} {
		assert.False(t, b.IsOurs(ref), ref)
		assert.Error(t, b.Put(t.Context(), ref, event.CodeDelivered), ref)
	}
	all, err := store.All(t.Context(), "receipt")
	require.NoError(t, err)
	assert.Empty(t, all)
}

// noting is a store that notes how long it keeps values. Somebody else has written before its first conflicts writes.
type noting struct {
	*shared.Memory
	keeps     []time.Duration
	conflicts int
}

func (n *noting) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	return n.Update(ctx, key, value, 0, keep)
}

func (n *noting) Update(ctx context.Context, key string, value []byte, rev uint64, keep time.Duration) (uint64, error) {
	if n.conflicts--; n.conflicts >= 0 {
		return 0, shared.ErrConflict
	}
	rev, err := n.Memory.Update(ctx, key, value, rev, keep)
	if err == nil {
		n.keeps = append(n.keeps, keep)
	}
	return rev, err
}

func TestAReceiptIsKeptUntilItsCodeIsVoid(t *testing.T) {
	t.Parallel()
	store := &noting{Memory: shared.NewMemory()}
	b := receipt.New(store, key)
	ref := b.Reference()
	require.NoError(t, b.Put(t.Context(), ref, event.CodeNotDelivered))
	require.NoError(t, b.Put(t.Context(), ref, event.CodeDelivered))
	assert.Equal(t, []time.Duration{15 * time.Minute, 15 * time.Minute}, store.keeps)
}

func TestReceiptsOfOneMessageAtTheSameMomentAreTriedAgain(t *testing.T) {
	t.Parallel()
	store := &noting{Memory: shared.NewMemory(), conflicts: 2}
	b := receipt.New(store, key)
	ref := b.Reference()
	require.NoError(t, b.Put(t.Context(), ref, event.CodeDelivered))
	state, _ := b.State(t.Context(), ref)
	assert.Equal(t, event.CodeDelivered, state)
	store.conflicts = 1000
	assert.ErrorIs(t, b.Put(t.Context(), b.Reference(), event.CodeDelivered), shared.ErrConflict, "not without end")
}

// away is a store that is.
type away struct{ shared.Store }

func (away) Create(context.Context, string, []byte, time.Duration) (uint64, error) {
	return 0, errors.New("away")
}
func (away) Get(context.Context, string) ([]byte, uint64, error) { return nil, 0, errors.New("away") }

func TestAnOutageIsNoReceipt(t *testing.T) {
	t.Parallel()
	b := receipt.New(away{}, key)
	ref := b.Reference()
	assert.ErrorContains(t, b.Put(t.Context(), ref, event.CodeDelivered), "away")
	_, known := b.State(t.Context(), ref)
	assert.False(t, known)
}
