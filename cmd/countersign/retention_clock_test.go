package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/store/journal"
)

// believed notes that the clock of a machine was right a moment ago.
func believed(t *testing.T, data string) {
	t.Helper()
	require.NoError(t, clock{Believed: time.Now()}.save(config{data: data}.clockPath()))
}

// kept opens a journal with a call that was over its time when the clock was right, and one that was not, in a folder with the settings of a first start.
func kept(t *testing.T) (config, *journal.Journal) {
	t.Helper()
	data := t.TempDir()
	oldCalls(t, data)
	oldReports(t, data)
	believed(t, data)
	cfg := defaults()
	cfg.data = data
	j, err := journal.Open(t.Context(), cfg.journalPath(), journal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close(t.Context())) })
	return cfg, j
}

func TestABootWithAClockThatIsAheadRemovesNothing(t *testing.T) {
	t.Parallel()
	cfg, j := kept(t)
	retainAt := func(ahead time.Duration) (retained, error) {
		return retainBy(t.Context(), cfg, j, "node", time.Now().Add(ahead), false)
	}
	const year = 365 * day
	for _, ahead := range []time.Duration{year, year + time.Hour, year + clockWait - time.Hour, 8 * day} {
		r, err := retainAt(ahead)
		var doubts *clockError
		require.ErrorAs(t, err, &doubts)
		assert.Contains(t, err.Error(), "--yes")
		assert.True(t, r.none())
	}
	assert.Empty(t, audited(t, cfg.data))
	assert.Equal(t, []string{"ancient", "old", "young"}, callsIn(t, cfg.data))

	r, err := retainAt(0)
	require.NoError(t, err, "the clock is right again")
	assert.Equal(t, journal.Pruned{Calls: 1, Events: 2}, r.Pruned, "the young call is kept")
	assert.Equal(t, []string{"old", "young"}, callsIn(t, cfg.data))

	_, err = retainAt(8 * day)
	require.Error(t, err)
	r, err = retainBy(t.Context(), cfg, j, "node", time.Now().Add(8*day), true)
	require.NoError(t, err, "somebody says so")
	assert.Equal(t, 1, r.Calls)
	_, err = retainAt(8*day + time.Hour)
	require.NoError(t, err)
}

func TestAfterALongHolidayTheServiceRemovesAgainByItself(t *testing.T) {
	t.Parallel()
	cfg, j := kept(t)
	for age := time.Duration(0); age < clockWait; age += 6 * time.Hour {
		_, err := retainBy(t.Context(), cfg, j, "node", time.Now().Add(21*day+age), false)
		require.Error(t, err)
	}
	r, err := retainBy(t.Context(), cfg, j, "node", time.Now().Add(21*day+clockWait), false)
	require.NoError(t, err)
	assert.Equal(t, journal.Pruned{Calls: 2, Events: 4}, r.Pruned)
}

func TestAClockIsDoubtedOnlyIfThatMattersAndSomethingIsKnown(t *testing.T) {
	t.Parallel()
	cfg := defaults()
	cfg.data = t.TempDir()
	for _, at := range []time.Duration{0, 20 * 365 * day, 20 * 365 * day} {
		r, err := retainBy(t.Context(), cfg, nil, "node", time.Unix(0, 0).Add(at), false)
		require.NoError(t, err, "there is nothing to remove")
		assert.True(t, r.none())
	}
	// Before anything was noted what is there tells.
	data := t.TempDir()
	oldCalls(t, data)
	code, stdout, stderr := countersign(t, "", "--data", data, "retention", "run")
	assert.Equal(t, exitFailed, code, stdout)
	oneSentence(t, stderr, "the clock says", "--yes")
	code, stdout, stderr = countersign(t, "", "--data", data, "retention", "run", "--yes")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "removed: journal: 1 call")
	info, err := os.Stat(filepath.Join(data, "retention.json"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
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
