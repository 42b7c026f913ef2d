package applink_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/applink"
	"countersign/session/shared"
)

// desk is a Book whose clock the test sets.
type desk struct {
	*applink.Book
	*shared.Memory
	now atomic.Int64
}

func newDesk() *desk {
	d := &desk{Memory: shared.NewMemory()}
	d.now.Store(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC).UnixNano())
	d.Book = applink.New(d.Memory, func() time.Time { return time.Unix(0, d.now.Load()) })
	return d
}

func (d *desk) later(by time.Duration) { d.now.Add(int64(by)) }

func (d *desk) ask(t *testing.T, customer, call string) (digits string) {
	t.Helper()
	secret, err := d.Ask(t.Context(), applink.Question{Customer: customer, Call: call, Line: "retail"}, applink.Lifetime)
	require.NoError(t, err)
	require.Regexp(t, `^[0-9]{2}$`, string(secret.Reveal()))
	return string(secret.Reveal())
}

// other are digits that are not these.
func other(digits string) string {
	return strings.Map(func(r rune) rune { return '0' + (r-'0'+1)%10 }, digits)
}

func TestAnAnswerIsSeenOnEveryMachine(t *testing.T) {
	t.Parallel()
	d := newDesk()
	digits := d.ask(t, "C-1", "call-1")
	page := applink.New(d.Memory, func() time.Time { return time.Unix(0, d.now.Load()) })
	state := func(want applink.State) {
		t.Helper()
		q, err := d.Look(t.Context(), "C-1", "call-1")
		require.NoError(t, err)
		assert.Equal(t, want, q.State)
	}
	state(applink.Sent)
	q, err := page.Show(t.Context(), "C-1", "call-1")
	require.NoError(t, err)
	assert.Equal(t, "retail", q.Line)
	state(applink.Shown)
	_, err = page.Confirm(t.Context(), "C-1", "call-1", true)
	require.ErrorIs(t, err, applink.ErrOver, "not without the digits")
	_, err = page.Enter(t.Context(), "C-1", "call-1", digits)
	require.NoError(t, err)
	state(applink.Entered)
	_, err = page.Confirm(t.Context(), "C-1", "call-1", true)
	require.NoError(t, err)
	state(applink.Confirmed)
	require.NoError(t, d.End(t.Context(), "C-1", "call-1"))
	state(applink.Confirmed)
	_, err = page.Deny(t.Context(), "C-1", "call-1")
	assert.ErrorIs(t, err, applink.ErrOver, "an answer stays")
	for _, value := range []string{"call-1", "retail"} {
		all, err := d.All(t.Context(), "proof")
		require.NoError(t, err)
		for key, kept := range all {
			assert.NotContains(t, key, "C-1")
			assert.Contains(t, string(kept), value)
			assert.NotContains(t, string(kept), `"digits":"`+digits+`"`, "not kept when it is over")
		}
	}
}

func TestWrongDigitsMakeItVoid(t *testing.T) {
	t.Parallel()
	d := newDesk()
	digits := d.ask(t, "C-1", "call-1")
	for want, n := applink.Shown, 1; n <= applink.Tries; n++ {
		if n == applink.Tries {
			want = applink.Void
		}
		q, err := d.Enter(t.Context(), "C-1", "call-1", other(digits))
		require.NoError(t, err)
		assert.Equal(t, want, q.State)
	}
	_, err := d.Enter(t.Context(), "C-1", "call-1", digits)
	assert.ErrorIs(t, err, applink.ErrOver)
}

func TestAQuestionBelongsToACallAndExpires(t *testing.T) {
	t.Parallel()
	d := newDesk()
	digits := d.ask(t, "C-1", "call-1")
	_, err := d.Enter(t.Context(), "C-1", "call-2", digits)
	require.ErrorIs(t, err, applink.ErrOver, "another call")
	_, err = d.Enter(t.Context(), "C-2", "call-1", digits)
	require.ErrorIs(t, err, applink.ErrOver, "another customer")
	_, err = d.Ask(t.Context(), applink.Question{Customer: "C-1", Call: "call-2"}, applink.Lifetime)
	require.ErrorIs(t, err, applink.ErrBusy)
	d.later(applink.Lifetime)
	_, err = d.Enter(t.Context(), "C-1", "call-1", digits)
	require.ErrorIs(t, err, applink.ErrOver, "too late")
	q, err := d.Look(t.Context(), "C-1", "call-1")
	require.NoError(t, err)
	assert.Equal(t, applink.Over, q.State)
	q, err = d.Deny(t.Context(), "C-1", "call-1")
	require.NoError(t, err, "who hung up is told of all the same")
	assert.Equal(t, applink.Denied, q.State)
	_, err = d.Deny(t.Context(), "C-1", "call-1")
	require.ErrorIs(t, err, applink.ErrOver, "once")
	d.ask(t, "C-1", "call-2")
	_, err = d.Look(t.Context(), "C-1", "call-1")
	assert.ErrorIs(t, err, applink.ErrOver)
}

func TestOfManyCallsOneAsks(t *testing.T) {
	t.Parallel()
	d := newDesk()
	var won atomic.Int64
	var all sync.WaitGroup
	for _, call := range []string{"a", "b", "c", "d", "e", "f"} {
		all.Go(func() {
			if _, err := d.Ask(t.Context(), applink.Question{Customer: "C-1", Call: call}, applink.Lifetime); err == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, won.Load())
}
