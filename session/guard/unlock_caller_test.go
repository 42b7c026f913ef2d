package guard_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/guard"
	"countersign/session/shared"
)

func TestANumberIsUnlockedByItsOwnRulesAndStaysKnown(t *testing.T) {
	t.Parallel()
	const company, other = "+12125559000", "+12125559001"
	ctx, rules := t.Context(), guard.Rules{SharedNumbers: []guard.SharedNumber{{Number: company, CallerNames: 7}}}
	g := newGuard(t, guard.Options{Store: shared.NewMemory(), Now: newClock().Now, Rules: rules})
	for number, locked := range map[string]bool{company: false, other: true} {
		a := attempt("verified", "C-1")
		a.Caller, a.Anonymous = number, true
		g.Verified(ctx, a)
		for n := range 5 {
			a.Call = fmt.Sprint(number, n)
			g.Named(ctx, a, "account", a.Call)
		}
		was, err := g.CallerLocked(ctx, number)
		require.NoError(t, err)
		assert.Equal(t, locked, was, number)
		was, err = g.UnlockCaller(ctx, number)
		require.NoError(t, err)
		assert.Equal(t, locked, was, number)
		st := g.Caller(ctx, number)
		assert.False(t, st.Locked, number)
		assert.True(t, st.Known, "%s: somebody was verified with it", number)
	}
}
