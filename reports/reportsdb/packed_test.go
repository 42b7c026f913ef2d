package reportsdb

import (
	"context"
	"database/sql"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATimeIsUnpackedAsItWasPacked(t *testing.T) {
	t.Parallel()
	most := int64(math.MaxInt64 >> quarterBits)
	for quarter := range Quarters {
		for _, ms := range []int64{0, 1, -1, 6000, longest, -longest, most, -most - 1, rand.Int64N(most)} {
			q, m := UnpackTime(PackTime(quarter, ms))
			require.Equal(t, quarter, q)
			require.Equal(t, ms, m)
		}
	}
	assert.Less(t, PackTime(95, 1), PackTime(0, 2), "they sort by how long calls took")
}

func TestTimesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for range 200 {
		var times []int64
		for range 1 + rand.IntN(100) {
			times = append(times, PackTime(rand.IntN(96), rand.Int64N(2*longest)-longest))
		}
		got, err := unpackTimes([]byte(packTimes(times)))
		require.NoError(t, err)
		require.Equal(t, times, got)

		list := "7" + packTimes(times) + "12" + packTimes(times[:1])
		var day []int64
		require.NoError(t, EachTime([]byte(list), func(kind int64, quarter int, ms int64) {
			assert.Equal(t, map[bool]int64{true: 7, false: 12}[len(day) < len(times)], kind)
			day = append(day, PackTime(quarter, ms))
		}))
		require.Equal(t, append(times, times[0]), day)
	}
	require.NoError(t, EachTime(nil, func(int64, int, int64) { t.Error("there is nothing") }))
}

// What a file holds stays readable: these are the numbers that docs/reports.md tells.
func TestAListOfTimesIsReadAsItIsDocumented(t *testing.T) {
	t.Parallel()
	type found struct {
		kind    int64
		quarter int
		ms      int64
	}
	var all []found
	require.NoError(t, EachTime([]byte("7[768048,95]12[-127]"), func(kind int64, quarter int, ms int64) {
		all = append(all, found{kind, quarter, ms})
	}))
	assert.Equal(t, []found{{7, 48, 6000}, {7, 95, 0}, {12, 1, -1}}, all)
}

func TestWhatIsNoListOfTimesIsNotRead(t *testing.T) {
	t.Parallel()
	for _, list := range []string{
		"7[1]8", "7(1)", "7[1;2]", "1", "[1]", "1[", "1[2", "1[2,", "1[2,]", "1[2;3]", "1[2]3", "x[2]", "1[2]]", "1[]",
		"-[1]", "1[-]",
	} {
		require.ErrorContains(t, EachTime([]byte(list), func(int64, int, int64) {}), "not a list of times", list)
	}
	for _, list := range []string{"", "1", "[", "[]", "[1", "[1,", "[1]2", "[a]", "[1][", ",1]"} {
		_, err := unpackTimes([]byte(list))
		require.ErrorContains(t, err, "not a list of times", list)
	}
}

// The views unpack times in SQL.
func TestTheViewsUnpackTimesAsWeDo(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	changes := map[int64]int{PackTime(0, 0): 1, PackTime(95, 61_000): 2, PackTime(31, -5): 1}
	require.NoError(t, r.db.InTx(deadline(t), func(ctx context.Context, tx *sql.Tx) error {
		kind, err := callKind{line: "retail", counted: true, decided: true}.find(ctx, tx)
		require.NoError(t, err)
		return changeDay(ctx, tx, dayWidth, map[int64]map[int64]int{kind: changes}, mostKept)
	}))
	assert.Equal(t, "86400000|0\n114300000|-5\n171900000|61000\n171900000|61000",
		table(t, r, "SELECT started, ms FROM verdict_times ORDER BY started, ms"))
	got := map[int64]int{}
	var list []byte
	require.NoError(t, r.DB().QueryRow("SELECT "+TimesOfDay+" FROM kinds_daily WHERE started = ?", dayWidth).Scan(&list))
	require.NoError(t, EachTime(list, func(_ int64, quarter int, ms int64) { got[PackTime(quarter, ms)]++ }))
	assert.Equal(t, changes, got)
	assert.Equal(t, "4|121995", table(t, r, "SELECT sum(calls), sum(verify_ms) FROM kinds_daily"))
}
