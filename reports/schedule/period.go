package schedule

import "time"

// Period is the days of a report, relative to when it is due: however late it is made, it covers the same days.
type Period string

const (
	// Yesterday is the day before.
	Yesterday Period = "yesterday"
	// Last7Days are the seven days up to and with the day before.
	Last7Days Period = "last_7_days"
	// LastWeek is the week before, from Monday to Sunday.
	LastWeek Period = "last_week"
	// LastMonth is the month of the calendar before.
	LastMonth Period = "last_month"
)

// Periods lists all of them.
func Periods() []Period { return []Period{Yesterday, Last7Days, LastWeek, LastMonth} }

// Days are the first and the last day of the period, such as 2026-11-21, in the time zone of due.
func (p Period) Days(due time.Time) (first, last string) {
	year, month, day := due.Date()
	on := func(month time.Month, day int) string {
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	switch p {
	case LastWeek:
		monday := day - (int(due.Weekday())+6)%7
		return on(month, monday-7), on(month, monday-1)
	case LastMonth:
		return on(month-1, 1), on(month, 0)
	case Last7Days:
		return on(month, day-7), on(month, day-1)
	default:
		return on(month, day-1), on(month, day-1)
	}
}
