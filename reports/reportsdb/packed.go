package reportsdb

import (
	"bytes"
	"fmt"
	"strconv"
)

// A packed time is when a call began and how long it took to its verdict, in one number: the milliseconds, shifted left
// by quarterBits, and below them the quarter hour of the day (UTC). Packed times sort by how long the calls took. The
// views kinds_daily and verdict_times document them (docs/reports.md).
const quarterBits = 7

// Quarters is how many quarter hours of a day a packed time can tell apart; a day has 96.
const Quarters = 1 << quarterBits

// PackTime packs the quarter hour in which a call began and the milliseconds to its verdict, which may be negative.
func PackTime(quarter int, ms int64) int64 { return ms<<quarterBits | int64(quarter) }

// UnpackTime reverses PackTime.
func UnpackTime(packed int64) (quarter int, ms int64) {
	return int(packed & (Quarters - 1)), packed >> quarterBits
}

// packTimes writes packed times as a JSON array, the format of kind_days.times.
func packTimes(packed []int64) string {
	body := []byte{'['}
	for i, t := range packed {
		if i > 0 {
			body = append(body, ',')
		}
		body = strconv.AppendInt(body, t, 10)
	}
	return string(append(body, ']'))
}

// unpackTimes reads what packTimes writes; package json takes five times as long.
func unpackTimes(list []byte) (packed []int64, err error) {
	if !bytes.HasPrefix(list, []byte{'['}) {
		return nil, noTimes(list)
	}
	for at := 0; ; {
		t, end, ok := nextPacked(list, at)
		if !ok {
			return nil, noTimes(list)
		}
		packed = append(packed, t)
		if at = end; list[at] == ']' {
			break
		}
	}
	if bytes.IndexByte(list, ']') != len(list)-1 {
		return nil, noTimes(list)
	}
	return packed, nil
}

// TimesOfDay is the SQL expression that joins all rows of a day of kinds_daily into one text, for EachTime.
const TimesOfDay = `group_concat(kind || times, '')`

// EachTime calls call for every call in a TimesOfDay, written as 1[2,3]4[5]: the number of a kind, and the packed times
// of its calls.
func EachTime(list []byte, call func(kind int64, quarter int, ms int64)) error {
	for at := 0; at < len(list); at++ {
		kind, end, ok := integer(list, at)
		if !ok || end == len(list) || list[end] != '[' {
			return noTimes(list)
		}
		for at = end; list[at] != ']'; at = end {
			var packed int64
			if packed, end, ok = nextPacked(list, at); !ok {
				return noTimes(list)
			}
			quarter, ms := UnpackTime(packed)
			call(kind, quarter, ms)
		}
	}
	return nil
}

// nextPacked reads the time after the [ or comma at a position, and returns the position of the comma or ] after it.
func nextPacked(list []byte, at int) (packed int64, end int, ok bool) {
	if at >= len(list) || list[at] != '[' && list[at] != ',' {
		return 0, 0, false
	}
	packed, end, ok = integer(list, at+1)
	return packed, end, ok && end < len(list) && (list[end] == ',' || list[end] == ']')
}

// integer reads a number, and returns where it ends.
func integer(text []byte, at int) (n int64, end int, ok bool) {
	minus := at < len(text) && text[at] == '-'
	if minus {
		at++
	}
	begin := at
	for ; at < len(text) && text[at] >= '0' && text[at] <= '9'; at++ {
		n = 10*n + int64(text[at]-'0')
	}
	if minus {
		n = -n
	}
	return n, at, at > begin
}

func noTimes(list []byte) error {
	return fmt.Errorf("kinds_daily: %q is not a list of times", list[:min(len(list), 40)])
}
