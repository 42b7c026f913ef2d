package walls_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/shared"
	"countersign/web/walls"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) later(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newBook() (*walls.Book, *clock) {
	c := &clock{now: time.Now()}
	return walls.New(shared.NewMemory(), c.Now), c
}

func TestAScreenIsPairedOnceAndRevoked(t *testing.T) {
	t.Parallel()
	b, _ := newBook()
	secret := walls.Secret()
	_, err := b.Find(t.Context(), secret)
	require.ErrorIs(t, err, walls.ErrUnknown)
	code, _, err := b.Show(t.Context(), secret, "10.0.0.1")
	require.NoError(t, err)
	_, err = b.Find(t.Context(), secret)
	require.ErrorIs(t, err, walls.ErrUnknown, "a code alone opens nothing")

	typed := strings.ToLower(code[:4] + "-" + code[4:] + " ")
	w, err := b.Pair(t.Context(), typed, walls.Wall{Name: "Hall", By: "grace", Line: "retail"})
	require.NoError(t, err)
	assert.NotContains(t, w.ID, secret)
	_, err = b.Pair(t.Context(), code, walls.Wall{Name: "Hall", By: "eve"})
	require.ErrorIs(t, err, walls.ErrCode, "once")
	got, err := b.Find(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, w, got)
	all, err := b.All(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []walls.Wall{w}, all)

	_, err = b.Revoke(t.Context(), w.ID)
	require.NoError(t, err)
	_, err = b.Find(t.Context(), secret)
	require.ErrorIs(t, err, walls.ErrUnknown)
	_, err = b.Revoke(t.Context(), w.ID)
	require.ErrorIs(t, err, walls.ErrUnknown)
}

func TestACodeEndsAfterTenMinutes(t *testing.T) {
	t.Parallel()
	b, c := newBook()
	code, until, err := b.Show(t.Context(), walls.Secret(), "10.0.0.1")
	require.NoError(t, err)
	assert.Equal(t, 10*time.Minute, until.Sub(c.Now()))
	c.later(10*time.Minute + time.Second)
	_, err = b.Pair(t.Context(), code, walls.Wall{By: "grace"})
	require.ErrorIs(t, err, walls.ErrCode)
}

func TestCodesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	b, c := newBook()
	seen := map[string]bool{}
	for i := range 20 {
		code, _, err := b.Show(t.Context(), walls.Secret(), "10.0.0.1")
		require.NoError(t, err, i)
		assert.Len(t, code, 8)
		assert.False(t, seen[code])
		assert.Equal(t, walls.Normal(code), code)
		seen[code] = true
	}
	_, _, err := b.Show(t.Context(), walls.Secret(), "10.0.0.1")
	require.ErrorIs(t, err, walls.ErrTooMany, "an address gets no more")
	code, _, err := b.Show(t.Context(), walls.Secret(), "10.0.0.2")
	require.NoError(t, err, "others do")
	for range 10 {
		_, err := b.Pair(t.Context(), "AAAAAAAA", walls.Wall{By: "eve"})
		require.ErrorIs(t, err, walls.ErrCode)
	}
	_, err = b.Pair(t.Context(), code, walls.Wall{By: "eve"})
	require.ErrorIs(t, err, walls.ErrTooMany, "even the right one")
	_, err = b.Pair(t.Context(), code, walls.Wall{By: "grace"})
	require.NoError(t, err, "others may")
	c.later(10 * time.Minute)
	_, err = b.Pair(t.Context(), code, walls.Wall{By: "eve"})
	require.ErrorIs(t, err, walls.ErrCode, "and later again")
}

func TestWrongIDsFindNothing(t *testing.T) {
	t.Parallel()
	b, _ := newBook()
	for _, id := range []string{"", "x", strings.Repeat("z", 64), strings.Repeat("a", 63) + ".", "../person.admin"} {
		_, err := b.Revoke(t.Context(), id)
		require.ErrorIs(t, err, walls.ErrUnknown, id)
	}
}
