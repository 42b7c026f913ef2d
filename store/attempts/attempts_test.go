package attempts_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
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

func TestADamagedFileIsSetAsideAndBegunAnew(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(path string) error{
		"cut short":   func(path string) error { return os.Truncate(path, 4096) },
		"overwritten": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("x"), 8192), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, file := deadline(t), filepath.Join(t.TempDir(), "attempts.db")
			a, err := attempts.Open(ctx, file, attempts.Options{})
			require.NoError(t, err)
			require.NoError(t, a.Write(ctx, map[string]guard.Copied{"customer.one": {Value: []byte("1")}}))
			require.NoError(t, a.Close())
			require.NoError(t, damage(file))

			var log bytes.Buffer
			a, err = attempts.Open(ctx, file, attempts.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			require.NoError(t, err)
			all, err := a.All(ctx, 10)
			require.NoError(t, err)
			assert.Empty(t, all)
			require.NoError(t, a.Write(ctx, map[string]guard.Copied{"customer.two": {Value: []byte("2")}}))
			require.NoError(t, a.Close())
			assert.Contains(t, log.String(), file+" is")
			assert.Contains(t, log.String(), "set_aside=attempts.db.damaged-")
			aside, err := filepath.Glob(file + ".damaged-*")
			require.NoError(t, err)
			assert.Len(t, aside, 1)
		})
	}
}
