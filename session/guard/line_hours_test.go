package guard

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/session/shared"
)

// hourReads is a Store that counts how often the hours of all processes are read.
type hourReads struct {
	*shared.Memory
	n int
}

func (h *hourReads) All(ctx context.Context, prefix string) (map[string][]byte, error) {
	if prefix == kindHours {
		h.n++
	}
	return h.Memory.All(ctx, prefix)
}

func TestTheHoursOfAllAreReadEveryTenMinutes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	store := &hourReads{Memory: shared.NewMemory()}
	m := newLineMonitor(Options{
		Store: store, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return now },
	}, keyer{[]byte(strings.Repeat("k", keyLength))}, newRulesInForce(DefaultRules()))
	reads := func() int {
		m.ended("retail", false)
		m.check(t.Context(), false)
		return store.n
	}
	assert.Equal(t, 1, reads())
	now = now.Add(readHoursEvery - time.Second)
	assert.Equal(t, 1, reads())
	now = now.Add(time.Second)
	assert.Equal(t, 2, reads())
	assert.Equal(t, 2, reads())
}
