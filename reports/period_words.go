package reports

import (
	"slices"
	"time"
)

// PeriodWord is a period relative to a day: however late a report is made as of that day, it covers the same days.
type PeriodWord string

// Weeks are ISO weeks, Monday to Sunday; quarters are three months of the calendar. Those that begin with this are not
// over.
const (
	Today       PeriodWord = "today"
	Yesterday   PeriodWord = "yesterday"
	Last7Days   PeriodWord = "last_7_days"  // up to and with the day before
	Last30Days  PeriodWord = "last_30_days" // the same
	ThisWeek    PeriodWord = "this_week"
	LastWeek    PeriodWord = "last_week"
	ThisMonth   PeriodWord = "this_month"
	LastMonth   PeriodWord = "last_month"
	ThisQuarter PeriodWord = "this_quarter"
	LastQuarter PeriodWord = "last_quarter"
	ThisYear    PeriodWord = "this_year"
	LastYear    PeriodWord = "last_year"
)

// PeriodWords lists all of them.
func PeriodWords() []PeriodWord {
	return []PeriodWord{
		Today, Yesterday, Last7Days, Last30Days, ThisWeek, LastWeek, ThisMonth, LastMonth, ThisQuarter, LastQuarter,
		ThisYear, LastYear,
	}
}

func isPeriodWord(s string) bool { return slices.Contains(PeriodWords(), PeriodWord(s)) }

// Period is the period of the word on the day that now is in the zone.
func (w PeriodWord) Period(zone *time.Location, now time.Time) Period {
	first, last := w.days(today(now.In(zone)))
	return Period{startOfDay(first, zone), startOfDay(last+1, zone)}
}

// days are the first and the last day of the period.
func (w PeriodWord) days(now Day) (first, last Day) {
	year, month, _ := now.Utc().Date()
	quarter := (month-1)/3*3 + 1
	switch w {
	case Today:
		return now, now
	case Last7Days:
		return now - 7, now - 1
	case Last30Days:
		return now - 30, now - 1
	case ThisWeek:
		return now.monday(), now.monday() + 6
	case LastWeek:
		return now.monday() - 7, now.monday() - 1
	case ThisMonth:
		return dayOf(year, month, 1), dayOf(year, month+1, 0)
	case LastMonth:
		return dayOf(year, month-1, 1), dayOf(year, month, 0)
	case ThisQuarter:
		return dayOf(year, quarter, 1), dayOf(year, quarter+3, 0)
	case LastQuarter:
		return dayOf(year, quarter-3, 1), dayOf(year, quarter, 0)
	case ThisYear:
		return dayOf(year, 1, 1), dayOf(year, 12, 31)
	case LastYear:
		return dayOf(year-1, 1, 1), dayOf(year-1, 12, 31)
	default:
		return now - 1, now - 1
	}
}

// monday begins the day's week.
func (d Day) monday() Day { return d - (d+3)%7 }
