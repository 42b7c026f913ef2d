package attempts_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/leaktest"
	"countersign/session/guard"
	"countersign/store/attempts"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestRecordsAreKeptUntilTheyAreForgotten(t *testing.T) {
	t.Parallel()
	ctx, file := deadline(t), filepath.Join(t.TempDir(), "attempts.db")
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	o := attempts.Options{Now: func() time.Time { return now }}
	a, err := attempts.Open(ctx, file, o)
	require.NoError(t, err)
	require.NoError(t, a.Write(ctx, map[string]guard.Copied{
		"customer.one": {Value: []byte("1")}, "customer.two": {Value: []byte("2"), Unsent: true},
		"caller.three": {Value: []byte("3")},
	}))
	now = now.Add(time.Hour)
	require.NoError(t, a.Write(ctx, map[string]guard.Copied{"customer.one": {Value: []byte("1a")}, "caller.three": {}}))
	require.NoError(t, a.Close())

	a, err = attempts.Open(ctx, file, o)
	require.NoError(t, err)
	defer func() { assert.NoError(t, a.Close()) }()
	for key, want := range map[string]string{"customer.one": "1a", "customer.two": "2", "caller.three": "",
		"no.such": ""} {
		value, err := a.Read(ctx, key)
		require.NoError(t, err, key)
		assert.Equal(t, want, string(value), key)
	}
	all, err := a.All(ctx, 1)
	require.NoError(t, err)
	assert.Equal(t, map[string]guard.Copied{"customer.two": {Value: []byte("2"), Unsent: true}}, all, "unsent ones first")

	require.NoError(t, a.Prune(ctx, now.Add(time.Second)))
	all, err = a.All(ctx, 10)
	require.NoError(t, err)
	assert.Equal(t, map[string]guard.Copied{"customer.two": {Value: []byte("2"), Unsent: true}}, all,
		"never before it is sent")
}
