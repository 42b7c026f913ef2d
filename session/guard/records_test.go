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

func TestAnIdentifierNamedAgainBecomesYoungerAndNoOtherDoes(t *testing.T) {
	t.Parallel()
	r := Rules{}.withDefaults()
	began := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return began.Add(time.Duration(minute) * time.Minute) }
	var c caller
	for _, n := range []naming{{at(5), "a"}, {at(1), "b"}, {at(3), "c"}, {at(9), "a"}, {at(2), "a"}} {
		c.name(r, n)
	}
	assert.Equal(t, []naming{{at(1), "b"}, {at(3), "c"}, {at(9), "a"}}, c.Named)
}

// hourReads counts how often everybody's hours are read.
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

func TestTheUsualNumbersAreReadEveryTenMinutes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	store := &hourReads{Memory: shared.NewMemory()}
	w := newWatchman(Options{
		Store: store, Rules: Rules{}.withDefaults(), Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return now },
	}, keyer{[]byte(strings.Repeat("k", keyLength))})
	look := func() int {
		w.ended("retail", false)
		w.look(t.Context(), false)
		return store.n
	}
	assert.Equal(t, 1, look())
	now = now.Add(usualEvery - time.Second)
	assert.Equal(t, 1, look())
	now = now.Add(time.Second)
	assert.Equal(t, 2, look())
	assert.Equal(t, 2, look())
}
