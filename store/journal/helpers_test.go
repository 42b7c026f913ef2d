package journal

import (
	"context"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// deadline is a context that no healthy test outlives.
func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func newLog() (*slog.Logger, *logBook) {
	b := &logBook{}
	return slog.New(slog.NewTextHandler(b, nil)), b
}

// traced are the customers and channels that a file and its log hold, wherever in it.
func tracedIn(t *testing.T, path string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, file := range []string{path, path + "-wal"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, trace := range regexp.MustCompile(`(customer|channel)-[0-9]{6}`).FindAll(text, -1) {
			found[string(trace)] = true
		}
	}
	return found
}

// logBook is a slog.Handler's output that several goroutines may write and read.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
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
