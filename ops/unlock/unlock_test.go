package unlock_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/unlock"
	"countersign/session"
	"countersign/session/guard"
	"countersign/session/shared"
	"countersign/store/audit"
)

// desk is where somebody unlocks, and what the audit log has of it.
type desk struct {
	unlock.Options
	guard   *guard.Guard
	entries []audit.Entry
	refuse  error // of the audit log
}

func newDesk(t *testing.T, rules guard.Rules) *desk {
	t.Helper()
	g, err := guard.New(guard.Options{
		Store: shared.NewMemory(), Key: make([]byte, 32), Rules: rules, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	d := &desk{guard: g}
	d.Options = unlock.Options{
		Guard: g,
		Known: func(_ context.Context, customer string) (bool, error) { return customer == "C-1", nil },
		Alias: func(customer string) string { return "alias of " + customer },
		Audit: func(_ context.Context, e audit.Entry) error {
			d.entries = append(d.entries, e)
			return d.refuse
		},
	}
	return d
}

// fail gives so many wrong answers, of which those beyond a lock do not count.
func (d *desk) fail(t *testing.T, n int) {
	t.Helper()
	for range n {
		d.guard.Try(t.Context(), session.Attempt{Customer: "C-1", Caller: "+4930123456", Call: "c"})
	}
}

func TestALockedCustomerIsUnlocked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, guard.Rules{})
	d.fail(t, 20)
	locked := d.guard.Customer(t.Context(), "C-1")
	require.True(t, locked.Locked)
	dry := d.Options
	dry.DryRun = true
	would, err := unlock.Customer(t.Context(), dry, "C-1")
	require.NoError(t, err)
	require.NotNil(t, would.Until)
	assert.WithinDuration(t, locked.Until, *would.Until, time.Second)
	assert.True(t, would.Locked)
	assert.False(t, would.Unlocked)
	assert.True(t, d.guard.Customer(t.Context(), "C-1").Locked)
	assert.Empty(t, d.entries)

	r, err := unlock.Customer(t.Context(), d.Options, "C-1")
	require.NoError(t, err)
	would.Unlocked = true
	assert.Equal(t, would, r, "what the dry run said")
	assert.False(t, d.guard.Customer(t.Context(), "C-1").Locked)
	require.Len(t, d.entries, 1)
	assert.Equal(t, audit.Entry{Action: audit.Unlocked, Object: "alias of C-1", Detail: "5 wrong answers"}, d.entries[0])

	again, err := unlock.Customer(t.Context(), d.Options, "C-1")
	require.NoError(t, err)
	assert.Equal(t, unlock.Result{Customer: "C-1"}, again, "there is nothing to unlock")
	assert.Len(t, d.entries, 1)
}

func TestNobodyIsUnlockedByAWrongID(t *testing.T) {
	t.Parallel()
	d := newDesk(t, guard.Rules{})
	d.fail(t, 20)
	for _, id := range []string{"C-2", "c-1", "C-1 ", "", "+4930123456"} {
		r, err := unlock.Customer(t.Context(), d.Options, id)
		require.ErrorIs(t, err, unlock.ErrNobody, "%q", id)
		assert.False(t, r.Unlocked)
	}
	assert.Empty(t, d.entries)
	assert.True(t, d.guard.Customer(t.Context(), "C-1").Locked)
	// a customer of the company's own system is not in the directory, and can be locked
	for range 20 {
		d.guard.Try(t.Context(), session.Attempt{Customer: "CRM-7", Call: "c"})
	}
	r, err := unlock.Customer(t.Context(), d.Options, "CRM-7")
	require.NoError(t, err)
	assert.True(t, r.Locked)
	assert.True(t, r.Unlocked)
	// and once unlocked there is nothing that tells them from a typing error
	_, err = unlock.Customer(t.Context(), d.Options, "CRM-7")
	require.ErrorIs(t, err, unlock.ErrNobody)
}

func TestWrongAnswersBeforeALockAreForgottenToo(t *testing.T) {
	t.Parallel()
	d := newDesk(t, guard.Rules{})
	d.fail(t, 2)
	r, err := unlock.Customer(t.Context(), d.Options, "C-1")
	require.NoError(t, err)
	assert.Equal(t, unlock.Result{Customer: "C-1", Failures: 2, Unlocked: true}, r)
}

func TestANumberIsUnlocked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, guard.Rules{})
	const number = "+4930123456"
	for range 100 {
		d.guard.StepFailed(t.Context(), number)
	}
	require.True(t, d.guard.Caller(t.Context(), number).Locked)
	dry := d.Options
	dry.DryRun = true
	r, err := unlock.Number(t.Context(), dry, number)
	require.NoError(t, err)
	assert.Equal(t, unlock.NumberResult{Locked: true}, r)
	assert.Empty(t, d.entries)

	r, err = unlock.Number(t.Context(), d.Options, number)
	require.NoError(t, err)
	assert.Equal(t, unlock.NumberResult{Locked: true, Unlocked: true}, r)
	assert.False(t, d.guard.Caller(t.Context(), number).Locked)
	assert.Equal(t, []audit.Entry{{Action: audit.Unlocked, Object: "number …3456"}}, d.entries)
}

func TestUnlockedStandsAlthoughTheAuditLogFails(t *testing.T) {
	t.Parallel()
	d := newDesk(t, guard.Rules{})
	d.fail(t, 3)
	d.refuse = errors.New("disk full")
	r, err := unlock.Customer(t.Context(), d.Options, "C-1")
	require.ErrorIs(t, err, d.refuse)
	assert.True(t, r.Unlocked)
	number, err := unlock.Number(t.Context(), d.Options, "+4930123456")
	require.ErrorIs(t, err, d.refuse)
	assert.True(t, number.Unlocked)
}

// awayGuard has lost its store.
type awayGuard struct{ unlock.Guard }

var errAway = errors.New("away")

func (awayGuard) Attempts(context.Context, string) (guard.Attempts, error) {
	return guard.Attempts{Failures: 3, Standing: session.Standing{Locked: true}}, nil
}
func (awayGuard) Unlock(context.Context, string) (bool, error)       { return false, errAway }
func (awayGuard) UnlockCaller(context.Context, string) (bool, error) { return false, errAway }

func TestWhatCouldNotBeUnlockedIsNotAudited(t *testing.T) {
	t.Parallel()
	d := newDesk(t, guard.Rules{})
	d.Guard = awayGuard{}
	r, err := unlock.Customer(t.Context(), d.Options, "C-1")
	require.ErrorIs(t, err, errAway)
	assert.False(t, r.Unlocked)
	number, err := unlock.Number(t.Context(), d.Options, "+4930123456")
	require.ErrorIs(t, err, errAway)
	assert.False(t, number.Unlocked)
	assert.Empty(t, d.entries)
}
