package session

import "time"

// FirstBirthYear is the earliest year of birth that is taken: nobody who calls was born before.
const FirstBirthYear = 1900

// IsBirthDate says whether somebody who is alive at a time can have been born on a day.
func IsBirthDate(day, now time.Time) bool { return day.Year() >= FirstBirthYear && !day.After(now) }
