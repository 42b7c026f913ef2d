package steps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/spoken"
)

// BirthDate verifies by the customer's date of birth: a weak factor. The caller keys it in the date order of the call's
// language, with a year of four or two digits.
type BirthDate struct {
	Directory Directory
	// Prompt asks for it, Again asks again.
	Prompt, Again string
	Limits        Limits
	// Speech lets the caller say it.
	Speech Speech
}

// Name implements session.Step.
func (BirthDate) Name() string { return string(event.MethodBirthDate) }

// PossibleKeys implements Selective: a date that is valid in every order.
func (BirthDate) PossibleKeys(string) string { return "010101" }

// Run implements session.Step. A customer whose date of birth is not on file is not asked for it.
func (b BirthDate) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	return keyed{
		directory: b.Directory, kind: event.MethodBirthDate, prompt: b.Prompt, again: b.Again,
		min: 6, max: 8, limits: b.Limits, speech: b.Speech,
		read: func(s *session.Session, digits session.Secret) (session.Secret, bool) {
			return readDate(digits.Reveal(), dateOrder(s.Language()), s.Now())
		},
		hear: func(language string, words []byte) []spoken.Reading {
			today := s.Now()
			return spoken.Dates(language, words, today.AddDate(-oldest, 0, 0), today.AddDate(-youngest, 0, 0))
		},
	}.run(ctx, s)
}

// dateOrder is the date order of a language, by the letters of day, month and year.
func dateOrder(language string) string {
	language = strings.ToLower(language)
	primary, _, _ := strings.Cut(language, "-")
	switch {
	case language == "en", language == "en-us":
		return "mdy"
	case primary == "zh", primary == "ja", primary == "ko", primary == "hu", primary == "lt", primary == "sv":
		return "ymd"
	default:
		return "dmy"
	}
}

// oldest is the greatest age of a customer.
const oldest = 130

// youngest is the least age of a customer whose year of birth is keyed with two digits.
const youngest = 14

// readDate reads six or eight digits as a past date, and returns it as YYYYMMDD.
func readDate(digits []byte, order string, now time.Time) (date session.Secret, ok bool) {
	yearDigits := len(digits) - 4
	if yearDigits != 2 && yearDigits != 4 {
		return session.Secret{}, false
	}
	var year, month, day int
	at := 0
	take := func(n int) (v int) {
		for _, d := range digits[at : at+n] {
			if d < '0' || d > '9' {
				ok = false
			}
			v = v*10 + int(d-'0')
		}
		at += n
		return v
	}
	ok = true
	for _, part := range order {
		switch part {
		case 'y':
			year = take(yearDigits)
		case 'm':
			month = take(2)
		case 'd':
			day = take(2)
		}
	}
	if yearDigits == 2 {
		if year += 2000; year > now.Year()-youngest {
			year -= 100
		}
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if !ok || t.Month() != time.Month(month) || t.Day() != day || !session.IsBirthDate(t, now) {
		return session.Secret{}, false
	}
	return session.NewSecret(fmt.Appendf(nil, "%04d%02d%02d", year, month, day)), true
}
