package powercut_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/powercut"
)

func write(t *testing.T, path, text string, sync bool) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	if sync {
		require.NoError(t, f.Sync())
	}
	require.NoError(t, f.Close())
}

func TestWhatWasSyncedStaysAndTheRestMayGo(t *testing.T) {
	t.Parallel()
	d, r := powercut.New(t), rand.New(rand.NewPCG(1, 2))
	seen := map[string]int{}
	for range 40 {
		kept, torn, never := filepath.Join(d.Dir, "kept"), filepath.Join(d.Dir, "torn"), filepath.Join(d.Dir, "never")
		write(t, kept, "a", true)
		write(t, torn, "a", true)
		write(t, torn, "b", false)
		write(t, never, "a", false)
		require.NoError(t, os.Rename(never, never+".new"))
		d.Cut(r)
		got := func(path string) string {
			b, err := os.ReadFile(path)
			if err != nil {
				return "gone"
			}
			return string(b)
		}
		assert.Equal(t, "a", got(kept))
		seen["torn "+got(torn)]++
		seen["never "+got(never+".new")]++
		assert.Equal(t, "gone", got(never))
		for _, path := range []string{kept, torn, never + ".new"} {
			_ = os.Remove(path)
		}
		f, err := os.Open(d.Dir)
		require.NoError(t, err)
		require.NoError(t, f.Sync())
		require.NoError(t, f.Close())
	}
	for _, what := range []string{"torn a", "torn ab", "never gone", "never a", "never "} {
		assert.Positive(t, seen[what], "%s: %v", what, seen)
	}
}
