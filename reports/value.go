package reports

import (
	"math"
	"strconv"
	"time"
)

// Day is a calendar day in no time zone: days since 1970-01-01.
type Day int64

// String writes it as 2026-11-21.
func (d Day) String() string { return d.Utc().Format(time.DateOnly) }

func (d Day) Utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

func dayOf(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// Plain is a value for programs: a bare number, or a time in RFC 3339 with the offset of its zone.
func Plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case Day:
		return v.String()
	case time.Time:
		return v.Format(time.RFC3339)
	default:
		return ""
	}
}

// Shown is a value for people.
func Shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case time.Time:
		return v.Format("2006-01-02 15:04:05 MST")
	default:
		return Plain(v)
	}
}

// Unit follows a number outside of a table.
func (k Kind) Unit() string {
	switch k {
	case Percent:
		return " %"
	case Seconds:
		return " s"
	default:
		return ""
	}
}

// percent is part of whole, or nil if there is no whole.
func percent(part, whole int64) any {
	if whole == 0 {
		return nil
	}
	return tenth(100 * float64(part) / float64(whole))
}

// seconds is the mean of n times that add up to ms, or nil if n is 0.
func seconds(ms, n int64) any {
	if n == 0 {
		return nil
	}
	return tenth(float64(ms) / 1000 / float64(n))
}

func tenth(f float64) float64 { return math.Round(f*10) / 10 }

// Float is the value as a float64, or 0 if it is not a number.
func Float(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	default:
		return 0
	}
}
