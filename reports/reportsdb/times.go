package reportsdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"math"
	"slices"
)

// mostKept is how many times a row of kind_days holds: as many as fit in a page of the file. SQLite reads all of a
// longer row just to find its place.
const mostKept = 80

// timesKey is a row of kind_days on a day: it holds the times of a kind from least up to the least of the next row. The
// first row of a kind has anyLeast.
type timesKey struct{ kind, least int64 }

const anyLeast = math.MinInt64

// rowsToChange finds the rows of a day that times belong to, given as [[kind, time], …], whether they contain them or
// not.
const rowsToChange = `SELECT d.kind, d.least, d.times
	FROM (
		SELECT DISTINCT value ->> 0 AS kind,
			(SELECT least FROM kind_days WHERE started = ?1 AND kind = value ->> 0 AND least <= value ->> 1
				ORDER BY least DESC LIMIT 1) AS least
		FROM json_each(?2)
	) AS c
	CROSS JOIN kind_days AS d ON d.started = ?1 AND d.kind = c.kind AND d.least = c.least`

// changeDay changes the times of kinds of calls on a day, with at most this many in a row. What it reads and writes
// grows with the changes, not with the day.
func changeDay(ctx context.Context, tx *sql.Tx, started int64, changes map[int64]map[int64]int, most int) error {
	var wanted [][2]int64
	for kind, change := range changes {
		for t := range change {
			wanted = append(wanted, [2]int64{kind, t})
		}
	}
	list, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	known, leasts := map[timesKey][]int64{}, map[int64][]int64{}
	err = eachRow(ctx, tx, func(row *sql.Rows) error {
		var key timesKey
		var times sql.RawBytes
		if err := row.Scan(&key.kind, &key.least, &times); err != nil {
			return err
		}
		leasts[key.kind] = append(leasts[key.kind], key.least)
		known[key], err = unpackTimes(times)
		return err
	}, rowsToChange, started, string(list))
	if err != nil {
		return err
	}
	byRow := map[timesKey]map[int64]int{}
	for kind, change := range changes {
		slices.Sort(leasts[kind])
		for t, n := range change {
			key := timesKey{kind, anyLeast}
			if after, found := slices.BinarySearch(leasts[kind], t); found {
				key.least = t
			} else if after > 0 {
				key.least = leasts[kind][after-1]
			}
			if byRow[key] == nil {
				byRow[key] = map[int64]int{}
			}
			byRow[key][t] = n
		}
	}
	for key, change := range byRow {
		if err := writeTimes(ctx, tx, started, key, changed(known[key], change), most); err != nil {
			return err
		}
	}
	return nil
}

// writeTimes replaces a row, by several if it is too long for one.
func writeTimes(ctx context.Context, tx *sql.Tx, started int64, key timesKey, times []int64, most int) error {
	if len(times) == 0 {
		_, err := tx.ExecContext(ctx, "DELETE FROM kind_days WHERE started = ? AND kind = ? AND least = ?", started, key.kind,
			key.least)
		return err
	}
	for _, part := range split(times, most) {
		var total int64
		for _, t := range part {
			_, ms := UnpackTime(t)
			total += ms
		}
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO kind_days (started, kind, least, calls, verify_ms, "+
			"times) VALUES (?, ?, ?, ?, ?, ?)",
			started, key.kind, key.least, len(part), total, packTimes(part))
		if err != nil {
			return err
		}
		times = times[len(part):]
		if len(times) > 0 {
			key.least = times[0]
		}
	}
	return nil
}

// split cuts sorted times, if they are more than most, into parts of at least half as many. Equal times stay together.
func split(times []int64, most int) (parts [][]int64) {
	for len(times) > most {
		end := max(most/2, 1)
		for end < len(times) && times[end] == times[end-1] {
			end++
		}
		parts, times = append(parts, times[:end]), times[end:]
	}
	if len(times) > 0 {
		parts = append(parts, times)
	}
	return parts
}

// changed adds or takes away times as often as changes say, and sorts them.
func changed(times []int64, changes map[int64]int) []int64 {
	left := maps.Clone(changes)
	times = slices.DeleteFunc(times, func(t int64) bool {
		if left[t] < 0 {
			left[t]++
			return true
		}
		return false
	})
	for t, n := range left {
		for range n {
			times = append(times, t)
		}
	}
	slices.Sort(times)
	return times
}
