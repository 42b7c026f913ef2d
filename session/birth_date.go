package session

import "time"

// FirstBirthYear is the earliest year of birth that is accepted.
const FirstBirthYear = 1900

// IsBirthDate says whether a day is a possible date of birth.
func IsBirthDate(day, now time.Time) bool { return day.Year() >= FirstBirthYear && !day.After(now) }
