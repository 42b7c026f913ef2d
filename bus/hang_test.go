package bus_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/internal/wiretest"
	"countersign/session"
	"countersign/session/shared"
)

// hung is shared state on a NATS that hangs until release.
func hung(t *testing.T, within time.Duration) (s *bus.State, release func()) {
	t.Helper()
	e := embedded(t)
	wire := wiretest.New(t, e.URL()[len("nats://"):])
	s = ready(t, state(t, external(t, "nats://"+wire.Address), bus.StateOptions{Within: within}))
	_, err := s.Guard().Put(t.Context(), "there", []byte("x"), shared.ByDefault)
	require.NoError(t, err)
	wire.Hold()
	release = sync.OnceFunc(wire.Release)
	t.Cleanup(release)
	return s, release
}

func took(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

func TestANATSThatHangsIsWaitedForOnceByAllCallsTogether(t *testing.T) {
	t.Parallel()
	const within = 2 * time.Second
	s, release := hung(t, within)
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			for range 5 { // the questions of one call
				_, _, err := s.Guard().Get(t.Context(), "there")
				assert.ErrorIs(t, err, bus.ErrAway)
				_, err = s.Guard().Put(t.Context(), "new", nil, shared.ByDefault)
				assert.ErrorIs(t, err, bus.ErrAway)
				_, _, err = s.Calls().Recall(t.Context(), "call")
				assert.ErrorIs(t, err, bus.ErrAway)
			}
		})
	}
	all := took(calls.Wait)
	assert.GreaterOrEqual(t, all, within*9/10)
	assert.Less(t, all, 5*within, "and not fifteen times")
	release()
	require.Eventually(t, func() bool {
		_, _, err := s.Guard().Get(t.Context(), "there")
		return err == nil
	}, patience, 10*time.Millisecond)
}

// Each question may be answered in time, and all of them together take too long.
func TestTheQuestionsOfOneCallWaitNoLongerThanItsBudget(t *testing.T) {
	t.Parallel()
	const budget = 500 * time.Millisecond
	s, _ := hung(t, time.Hour) // no single question is ever late
	ctx := session.WithStateBudget(t.Context(), budget)
	questions := 0
	all := took(func() {
		for range 20 {
			_, _, err := s.Guard().Get(ctx, "there")
			assert.ErrorIs(t, err, bus.ErrAway)
			_, err = s.Guard().Put(ctx, "new", nil, shared.ByDefault)
			assert.ErrorIs(t, err, bus.ErrAway)
			_, err = s.Guard().Create(ctx, "new", nil, shared.ByDefault)
			assert.ErrorIs(t, err, bus.ErrAway)
			_, err = s.Guard().Update(ctx, "there", nil, 1, shared.ByDefault)
			assert.ErrorIs(t, err, bus.ErrAway)
			_, err = s.Guard().All(ctx, "")
			assert.ErrorIs(t, err, bus.ErrAway)
			assert.ErrorIs(t, s.Guard().Delete(ctx, "there"), bus.ErrAway)
			questions += 6
		}
	})
	assert.GreaterOrEqual(t, all, budget)
	assert.Less(t, all, 20*budget, "%d questions", questions)
	assert.Zero(t, session.StateBudgetOf(ctx).Within(time.Second))
	assert.Equal(t, time.Second, session.StateBudgetOf(t.Context()).Within(time.Second), "others have no budget")
}
