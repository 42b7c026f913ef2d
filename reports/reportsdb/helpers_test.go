package reportsdb

import (
	"context"
	"testing"
	"time"
)

// deadline is a context that no healthy test outlives.
func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
