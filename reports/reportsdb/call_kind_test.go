package reportsdb

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTimesThatAreTheSameAreAddedAndTakenAwayOneByOne(t *testing.T) {
	t.Parallel()
	times := changed(nil, map[int64]int{5: 3, -2: 1, 7: 2})
	assert.Equal(t, []int64{-2, 5, 5, 5, 7, 7}, times)
	times = changed(times, map[int64]int{5: -2, 7: -1, 6: 1})
	assert.Equal(t, []int64{-2, 5, 6, 7}, times)
	assert.Empty(t, changed(times, map[int64]int{-2: -1, 5: -1, 6: -1, 7: -1}))
}

func TestTimesAreSplitWhereTheyDiffer(t *testing.T) {
	t.Parallel()
	assert.Empty(t, split(nil, 4))
	assert.Equal(t, [][]int64{{1, 2, 3, 4}}, split([]int64{1, 2, 3, 4}, 4))
	assert.Equal(t, [][]int64{{1, 2}, {3, 4, 5}}, split([]int64{1, 2, 3, 4, 5}, 4))
	assert.Equal(t, [][]int64{{1, 2, 2, 2}, {3}}, split([]int64{1, 2, 2, 2, 3}, 4))
	assert.Equal(t, [][]int64{{7, 7, 7, 7, 7}}, split([]int64{7, 7, 7, 7, 7}, 4))
}

// What a batch costs is the rows that it writes anew, and how long these are.
func TestABusyDayIsInManyShortRows(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	const kind, calls, batch = 1, 20_000, 80
	change := func(from, to, step int64, by int) {
		t.Helper()
		changes := map[int64]int{}
		for i := from; i < to; i += step {
			changes[PackTime(0, i*7919%calls)] += by // each once, in no order
		}
		require.NoError(t, r.db.InTx(deadline(t), func(ctx context.Context, tx *sql.Tx) error {
			return changeDay(ctx, tx, 0, map[int64]map[int64]int{kind: changes}, mostKept)
		}))
	}
	_, err := r.db.Write.ExecContext(deadline(t), "PRAGMA synchronous = OFF")
	require.NoError(t, err)
	require.NoError(t, r.db.InTx(deadline(t), func(ctx context.Context, tx *sql.Tx) error {
		_, err := callKind{line: "retail", decided: true}.find(ctx, tx)
		return err
	}))
	for i := int64(0); i < calls; i += batch {
		change(i, i+batch, 1, 1)
	}
	assert.Equal(t, "20000|199990000|1",
		table(t, r, "SELECT sum(calls), sum(verify_ms), max(calls) <= 80 FROM kinds_daily"))
	assert.Equal(t, "20000|20000", table(t, r, "SELECT count(*), count(DISTINCT ms) FROM verdict_times"))
	change(0, calls, 2, -1)
	assert.Equal(t, "10000|10000",
		table(t, r, "SELECT (SELECT sum(calls) FROM kinds_daily), (SELECT count(*) FROM verdict_times)"))
	change(1, calls, 2, -1)
	assert.Equal(t, "0", table(t, r, "SELECT count(*) FROM kinds_daily"), "nothing is left")
}
