package customers

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/internal/crashtest"
	"countersign/internal/leaktest"
	"countersign/session"
)

func TestMain(m *testing.M) {
	if crashtest.Play(map[string]crashtest.Role{"import": importUntilKilled}) {
		return
	}
	leaktest.Main(m)
}

var testPepper = OnePepper([]byte("0123456789abcdef0123456789abcdef"))

// deadline is a context that no healthy test outlives.
func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func newDirectory(t testing.TB, o Options) *Directory {
	t.Helper()
	return openDirectory(t, filepath.Join(t.TempDir(), "directory.db"), o)
}

func openDirectory(t testing.TB, path string, o Options) *Directory {
	t.Helper()
	if o.Pepper.check() != nil {
		o.Pepper = testPepper
	}
	d, err := Open(deadline(t), path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// fill imports customers from CSV.
func fill(t testing.TB, d *Directory, lines ...string) {
	t.Helper()
	_, err := d.Import(deadline(t), csvOf(lines...), ImportOptions{Region: "DE"})
	require.NoError(t, err)
}

func csvOf(lines ...string) *strings.Reader {
	return strings.NewReader(strings.Join(lines, "\n") + "\n")
}

func secret(s string) session.Secret { return session.NewSecret([]byte(s)) }
