package retention

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/retention/retentiontest"
	"countersign/store/journal"
)

func TestABootWithAClockThatIsAheadRemovesNothing(t *testing.T) {
	t.Parallel()
	o := kept(t)
	const year = 365 * day
	for _, ahead := range []time.Duration{year, year + time.Hour, year + clockWait - time.Hour, 8 * day} {
		r, err := Run(t.Context(), o.at(ahead))
		var doubts *ClockError
		require.ErrorAs(t, err, &doubts)
		assert.Contains(t, err.Error(), "--yes")
		assert.WithinDuration(t, time.Now(), doubts.Believed, time.Minute)
		assert.True(t, r.None())
	}
	assert.Empty(t, o.audited(t))
	assert.Equal(t, []string{"ancient", "old", "young"}, retentiontest.Reported(t, o.Reports))

	r, err := Run(t.Context(), o)
	require.NoError(t, err, "the clock is right again")
	assert.Equal(t, journal.Pruned{Calls: 1, Events: 2}, r.Pruned, "the young call is kept")
	assert.Equal(t, []string{"old", "young"}, retentiontest.Reported(t, o.Reports))

	_, err = Run(t.Context(), o.at(8*day))
	require.Error(t, err)
	trusted := o.at(8 * day)
	trusted.Trusted = true
	r, err = Run(t.Context(), trusted)
	require.NoError(t, err, "somebody says so")
	assert.Equal(t, 1, r.Calls)
	_, err = Run(t.Context(), o.at(8*day+time.Hour))
	require.NoError(t, err)
}

func TestADryRunDoesNotMindTheClock(t *testing.T) {
	t.Parallel()
	o := kept(t)
	before, _, err := loadClock(o.Clock)
	require.NoError(t, err)
	r, err := DryRun(t.Context(), o.reader(), o.at(8*day))
	require.NoError(t, err)
	assert.Equal(t, 2, r.Calls)
	after, _, err := loadClock(o.Clock)
	require.NoError(t, err)
	assert.Equal(t, before, after, "and it remembers nothing")
}

func TestAfterALongHolidayTheServiceRemovesAgainByItself(t *testing.T) {
	t.Parallel()
	o := kept(t)
	for age := time.Duration(0); age < clockWait; age += 6 * time.Hour {
		_, err := Run(t.Context(), o.at(21*day+age))
		require.Error(t, err)
	}
	r, err := Run(t.Context(), o.at(21*day+clockWait))
	require.NoError(t, err)
	assert.Equal(t, journal.Pruned{Calls: 2, Events: 4}, r.Pruned)
}

func TestAClockIsNotDoubtedWhereNothingIsToBeRemoved(t *testing.T) {
	t.Parallel()
	o := machine(t)
	for _, at := range []time.Duration{0, 20 * 365 * day, 20 * 365 * day} {
		o.Now = func() time.Time { return time.Unix(0, 0).Add(at) }
		r, err := Run(t.Context(), o)
		require.NoError(t, err)
		assert.True(t, r.None())
	}
}

func TestBeforeAnythingIsRememberedTheNewestRecordTells(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]func(path string) error{
		"no file":    os.Remove,
		"not a file": func(path string) error { return os.WriteFile(path, []byte("{"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := kept(t)
			require.NoError(t, forget(o.Clock))
			_, err := Run(t.Context(), o)
			var doubts *ClockError
			require.ErrorAs(t, err, &doubts)
			assert.WithinDuration(t, time.Now().Add(-89*day), doubts.Believed, time.Minute, "the young call")
			o.Trusted = true
			r, err := Run(t.Context(), o)
			require.NoError(t, err)
			assert.Equal(t, 1, r.Calls)
			info, err := os.Stat(o.Clock)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		})
	}
}

func TestHowAClockIsBelieved(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(days float64) time.Time { return start.Add(time.Duration(days * float64(day))) }
	for i, c := range []struct {
		before clock
		now    time.Time
		want   clock
	}{
		{clock{}, at(0), clock{Believed: at(0)}},
		{clock{Believed: at(0)}, at(7), clock{Believed: at(7)}},
		{clock{Believed: at(0)}, at(-400), clock{Believed: at(-400)}},
		{clock{Believed: at(0)}, at(7.1), clock{Believed: at(0), Doubted: at(7.1)}},
		{clock{Believed: at(0), Doubted: at(10)}, at(12.9), clock{Believed: at(0), Doubted: at(10)}},
		{clock{Believed: at(0), Doubted: at(10)}, at(13), clock{Believed: at(13)}},
		{clock{Believed: at(0), Doubted: at(10)}, at(1), clock{Believed: at(1)}},
		{clock{Believed: at(0), Doubted: at(400)}, at(12), clock{Believed: at(0), Doubted: at(12)}},
		{clock{Believed: at(0), Doubted: at(10)}, at(400), clock{Believed: at(0), Doubted: at(400)}},
	} {
		assert.Equal(t, c.want, c.before.look(c.now), fmt.Sprint(i))
	}
}

// events counts how often they were to be removed.
type events struct{ before []time.Time }

func (e *events) RemoveEvents(_ context.Context, before time.Time) (int, error) {
	e.before = append(e.before, before)
	return 0, nil
}

func TestAClockThatLeaptDoesNotEmptyTheStream(t *testing.T) {
	t.Parallel()
	o, e := kept(t), &events{}
	o.Events = e
	for _, ahead := range []time.Duration{8 * day, 100 * day, 300 * day} {
		_, err := Run(t.Context(), o.at(ahead))
		require.Error(t, err)
	}
	assert.Empty(t, e.before)
	_, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, e.before, 1)
	assert.WithinDuration(t, time.Now().Add(-90*day), e.before[0], time.Minute)
}
