package unlock_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/unlock"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/guard"
	"countersign/session/shared"
)

func TestWhoIsLockedUntilWhenAndWhy(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	g, err := guard.New(guard.Options{
		Store: shared.NewMemory(), Key: make([]byte, 32), Now: func() time.Time { return now },
		Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	fail := func(customer string, n int) {
		for range n {
			g.Try(t.Context(), session.Attempt{Customer: customer, Call: "c"})
		}
	}
	fail("C-4", 10)
	for range 10 { // beyond every lock that ends by itself
		now = now.Add(25 * time.Hour)
		fail("C-1", 1)
	}
	fail("C-2", 5)
	fail("C-3", 4) // not locked yet
	fail("CRM-9", 5)
	for range 5 { // somebody at the customer's telephone
		g.Try(t.Context(), session.Attempt{Customer: "C-5", Call: "c", Suggested: true, Method: event.MethodPIN})
	}
	locks, err := g.Locks(t.Context())
	require.NoError(t, err)
	all, more := unlock.Locked(locks, []string{"C-0", "C-1", "C-2", "C-3", "C-4", "C-2", "C-5"})
	until := now.Add(15 * time.Minute) // docs/policy.md#lockout
	forgotten := now.Add(30 * 24 * time.Hour)
	assert.Equal(t, []unlock.Lock{
		{Customer: "C-1", Locked: true, Failures: 10, Last: &now},
		{Customer: "C-2", Locked: true, Failures: 5, Last: &now, Until: &until},
		{
			Customer: "C-5", SuggestedOnly: true, Failures: 5, Last: &now, Until: &forgotten,
			Methods: []event.Method{event.MethodPIN},
		},
	}, all)
	assert.Equal(t, 1, more, "one of somebody else")
	_, more = unlock.Locked(locks, []string{"C-1", "C-2", "C-5", "CRM-9"})
	assert.Zero(t, more)
}
