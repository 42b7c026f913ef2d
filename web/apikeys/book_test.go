package apikeys_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/shared"
	"countersign/web/access"
	"countersign/web/apikeys"
)

var start = time.Date(2026, 11, 30, 9, 41, 7, 0, time.UTC)

// desk is two machines with a clock and a store that can be away.
type desk struct {
	here, there *apikeys.Book
	away        atomic.Bool
	reads       atomic.Int32
	memory      *shared.Memory

	mu  sync.Mutex
	now time.Time
}

func newDesk() *desk {
	d := &desk{memory: shared.NewMemory(), now: start}
	d.here, d.there = apikeys.NewBook(d, d.clock, func() []string { return []string{"screen"} }), apikeys.NewBook(d, d.clock, nil)
	return d
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) later(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

var errAway = errors.New("NATS is away")

func (d *desk) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if d.away.Load() {
		return nil, 0, errAway
	}
	return d.memory.Get(ctx, key)
}

func (d *desk) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	if d.away.Load() {
		return 0, errAway
	}
	return d.memory.Create(ctx, key, value, keep)
}

func (d *desk) Update(
	ctx context.Context, key string, value []byte, revision uint64, keep time.Duration,
) (uint64, error) {
	if d.away.Load() {
		return 0, errAway
	}
	return d.memory.Update(ctx, key, value, revision, keep)
}

func (d *desk) All(ctx context.Context, prefix string) (map[string][]byte, error) {
	d.reads.Add(1)
	if d.away.Load() {
		return nil, errAway
	}
	return d.memory.All(ctx, prefix)
}

// opens says whether a book knows the key.
func opens(t *testing.T, b *apikeys.Book, secret string) bool {
	t.Helper()
	_, ok, err := b.Find(t.Context(), secret)
	require.NoError(t, err)
	return ok
}

func TestAKeyIsFoundBySecretAndStoredWithoutIt(t *testing.T) {
	t.Parallel()
	d := newDesk()
	made, secret, err := d.here.Add(t.Context(), "shop", []access.Scope{access.Tokens})
	require.NoError(t, err)
	assert.Regexp(t, `^csk_shop_[-_0-9A-Za-z]{43}$`, secret)
	found, ok, err := d.here.Find(t.Context(), secret)
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, made.Scopes, found.Scopes)
	for _, wrong := range []string{
		"", "shop", secret + "x", secret[:len(secret)-1], strings.ToUpper(secret), strings.Replace(secret, "shop", "shoq", 1),
		"csk_shop_", "csk__" + secret, made.Sum,
	} {
		assert.False(t, opens(t, d.here, wrong), wrong)
	}
	all, err := d.memory.All(t.Context(), "apikey")
	require.NoError(t, err)
	require.Len(t, all, 1)
	for _, value := range all {
		assert.NotContains(t, string(value), secret)
	}
}

func TestARotatedKeyIsGoodForTheGraceTime(t *testing.T) {
	t.Parallel()
	d := newDesk()
	_, first, err := d.here.Add(t.Context(), "shop", []access.Scope{access.Tokens})
	require.NoError(t, err)
	_, second, err := d.here.Rotate(t.Context(), "shop", time.Hour)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	assert.True(t, opens(t, d.here, first))
	assert.True(t, opens(t, d.here, second))
	d.later(time.Hour)
	assert.False(t, opens(t, d.here, first), "the grace time is over")
	assert.True(t, opens(t, d.here, second))
	_, third, err := d.here.Rotate(t.Context(), "shop", 0)
	require.NoError(t, err)
	assert.False(t, opens(t, d.here, second), "none was given")
	assert.True(t, opens(t, d.here, third))
	for _, grace := range []time.Duration{-1, apikeys.MaxGrace + 1} {
		_, _, err = d.here.Rotate(t.Context(), "shop", grace)
		assert.ErrorIs(t, err, apikeys.ErrGrace)
	}
	_, _, err = d.here.Rotate(t.Context(), "shop", time.Hour)
	require.NoError(t, err)
	_, _, err = d.here.Rotate(t.Context(), "shop", time.Hour)
	require.NoError(t, err)
	assert.False(t, opens(t, d.here, third), "only the last one before is good")
}

func TestARevokedKeyIsOverAtOnceAndItsNameFree(t *testing.T) {
	t.Parallel()
	d := newDesk()
	_, first, err := d.here.Add(t.Context(), "shop", []access.Scope{access.Tokens})
	require.NoError(t, err)
	_, second, err := d.here.Rotate(t.Context(), "shop", time.Hour)
	require.NoError(t, err)
	require.NoError(t, d.here.Revoke(t.Context(), "shop"))
	assert.False(t, opens(t, d.here, first))
	assert.False(t, opens(t, d.here, second))
	all, err := d.here.All(t.Context())
	require.NoError(t, err)
	assert.Empty(t, all)
	assert.ErrorIs(t, d.here.Revoke(t.Context(), "shop"), apikeys.ErrNone)
	_, third, err := d.here.Add(t.Context(), "shop", []access.Scope{access.Calls})
	require.NoError(t, err)
	assert.True(t, opens(t, d.here, third))
	assert.False(t, opens(t, d.here, second))
}

func TestAnotherMachineLearnsOfItWithinSeconds(t *testing.T) {
	t.Parallel()
	d := newDesk()
	assert.False(t, d.there.Any(t.Context()))
	_, secret, err := d.here.Add(t.Context(), "shop", []access.Scope{access.Tokens})
	require.NoError(t, err)
	d.later(2 * time.Second)
	assert.True(t, opens(t, d.there, secret))
	require.NoError(t, d.here.Revoke(t.Context(), "shop"))
	d.later(2 * time.Second)
	assert.False(t, opens(t, d.there, secret))
}

func TestManyWrongKeysReadTheSharedStateOnce(t *testing.T) {
	t.Parallel()
	d := newDesk()
	for range 100 {
		assert.False(t, opens(t, d.here, "csk_shop_guess"))
	}
	assert.EqualValues(t, 1, d.reads.Load())
}

func TestKeysOutliveAnOutageForAWhile(t *testing.T) {
	t.Parallel()
	d := newDesk()
	_, secret, err := d.here.Add(t.Context(), "shop", []access.Scope{access.Tokens})
	require.NoError(t, err)
	require.True(t, opens(t, d.here, secret))
	d.away.Store(true)
	d.later(4 * time.Minute)
	assert.True(t, opens(t, d.here, secret))
	d.later(time.Minute)
	_, ok, err := d.here.Find(t.Context(), secret)
	assert.False(t, ok)
	require.ErrorIs(t, err, apikeys.ErrUnavailable)
	_, _, err = d.here.Find(t.Context(), secret)
	require.ErrorIs(t, err, apikeys.ErrUnavailable)
	d.away.Store(false)
	d.later(2 * time.Second)
	assert.True(t, opens(t, d.here, secret))
}

func TestTheFirstRequestsAtOnceAreAllAnswered(t *testing.T) {
	t.Parallel()
	d := newDesk()
	_, secret, err := d.here.Add(t.Context(), "shop", []access.Scope{access.Tokens})
	require.NoError(t, err)
	var all sync.WaitGroup
	var found atomic.Int32
	for range 50 {
		all.Go(func() {
			if _, ok, err := d.there.Find(t.Context(), secret); ok && err == nil {
				found.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 50, found.Load())
}

func TestTheDayOfTheLastUseIsNoted(t *testing.T) {
	t.Parallel()
	d := newDesk()
	_, first, err := d.here.Add(t.Context(), "shop", []access.Scope{access.Tokens})
	require.NoError(t, err)
	require.True(t, opens(t, d.here, first))
	_, _, err = d.here.Rotate(t.Context(), "shop", 48*time.Hour)
	require.NoError(t, err)
	k, err := d.here.Get(t.Context(), "shop")
	require.NoError(t, err)
	assert.Empty(t, k.Used)
	assert.Equal(t, "2026-11-30", k.OldUsed)
	d.later(24 * time.Hour)
	require.True(t, opens(t, d.there, first))
	k, err = d.here.Get(t.Context(), "shop")
	require.NoError(t, err)
	assert.Empty(t, k.Used, "nobody uses the new one yet")
	assert.Equal(t, "2026-12-01", k.OldUsed)
	assert.True(t, k.OldIsGood(d.clock()))
}

func TestScopesAreChangedAndChecked(t *testing.T) {
	t.Parallel()
	d := newDesk()
	for _, name := range []string{"", "Shop", "a_b", "a.b", "-a", "a-", strings.Repeat("a", 33), "*"} {
		_, _, err := d.here.Add(t.Context(), name, []access.Scope{access.Calls})
		assert.ErrorContains(t, err, "the name", name)
	}
	_, _, err := d.here.Add(t.Context(), "shop", nil)
	require.ErrorContains(t, err, "a scope is missing")
	_, _, err = d.here.Add(t.Context(), "shop", []access.Scope{"everything"})
	require.ErrorContains(t, err, `no scope "everything"`)
	_, _, err = d.here.Add(t.Context(), "screen", []access.Scope{access.Calls})
	require.ErrorIs(t, err, apikeys.ErrExists, "a key of the settings")
	_, secret, err := d.here.Add(t.Context(), "shop", []access.Scope{access.Calls})
	require.NoError(t, err)
	_, _, err = d.here.Add(t.Context(), "shop", []access.Scope{access.Calls})
	require.ErrorIs(t, err, apikeys.ErrExists)
	_, err = d.here.SetScopes(t.Context(), "shop", []access.Scope{access.Reports})
	require.NoError(t, err)
	k, ok, err := d.here.Find(t.Context(), secret)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, []access.Scope{access.Reports}, k.Scopes)
	_, err = d.here.SetScopes(t.Context(), "shop", nil)
	assert.Error(t, err)
	_, err = d.here.SetScopes(t.Context(), "none", []access.Scope{access.Calls})
	assert.ErrorIs(t, err, apikeys.ErrNone)
}
