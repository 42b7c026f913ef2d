package store

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/internal/crashtest"
	"countersign/internal/leaktest"
	"countersign/session"
)

func TestMain(m *testing.M) {
	if crashtest.Play(map[string]crashtest.Role{"journal": journalUntilKilled, "reports": reportUntilKilled, "import": importUntilKilled}) {
		return
	}
	leaktest.Main(m)
}

var testPepper = []byte("0123456789abcdef0123456789abcdef")

// deadline is a context that no healthy test outlives.
func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func newDirectory(t testing.TB, o DirectoryOptions) *Directory {
	t.Helper()
	return openDirectory(t, filepath.Join(t.TempDir(), "directory.db"), o)
}

func openDirectory(t testing.TB, path string, o DirectoryOptions) *Directory {
	t.Helper()
	if o.Pepper == nil {
		o.Pepper = testPepper
	}
	d, err := OpenDirectory(deadline(t), path, o)
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

// logBook is a slog.Handler's output that several goroutines may write and read.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func newLog() (*slog.Logger, *logBook) {
	b := &logBook{}
	return slog.New(slog.NewTextHandler(b, nil)), b
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
