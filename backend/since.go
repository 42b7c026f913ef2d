package backend

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"countersign/backend/endpoint"
)

var (
	errNoDate    = errors.New("since when it is on file is missing")
	errNotADate  = errors.New("since when it is on file cannot be read; see since_layout")
	errAmbiguous = errors.New("since when it is on file may be read in two ways; name its layout in since_layout")
)

// since reads times, or days, since when a number is on file.
type since struct {
	layout string // Go's; empty: none
}

// times are the unambiguous ways to write a time: ISO 8601 as databases and languages write it, and HTTP's.
var times = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700",
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -0700 MST", "2006-01-02T15:04Z07:00", "20060102T150405Z0700",
	time.RFC1123, time.RFC1123Z,
}

// days are those to write a day, or a time without its zone, which counts as the end of its day.
var days = []string{
	time.DateOnly, "20060102", "2006-01-02Z07:00", "2006/01/02", "2006-01-02T15:04:05", time.DateTime, "2006-01-02T15:04",
	"2006-01-02 15:04", "20060102T150405", "20060102150405",
}

var (
	// ambiguous is a date with the year at its end: its day and month cannot be told apart.
	ambiguous = regexp.MustCompile(`^\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})\b`)
	// dotNet is how .NET and SAP write a time in JSON: milliseconds since 1970, and perhaps a zone, which changes nothing.
	dotNet = regexp.MustCompile(`^\\?/Date\((-?\d{1,16})([+-]\d{4})?\)\\?/$`)
)

// read returns a time, or the end of a day.
func (s since) read(v gjson.Result) (time.Time, error) {
	text := strings.TrimSpace(v.Str)
	if v.Type == gjson.Number {
		text, _ = endpoint.Whole(v)
		if text == "" {
			text, _, _ = strings.Cut(v.Raw, ".") // seconds with a fraction
		}
	}
	if !endpoint.Something(v) || text == "" {
		return time.Time{}, errNoDate
	}
	at, err := s.parse(text)
	if err == nil && at.Year() < 1900 {
		return time.Time{}, errNoDate // how .NET, Go and SQL Server write none
	}
	return at, err
}

func (s since) parse(text string) (time.Time, error) {
	if s.layout != "" {
		at, err := time.Parse(s.layout, text)
		if i := strings.LastIndexByte(text, ' '); err != nil && i > 0 { // the time of the day does not matter
			at, err = time.Parse(s.layout, text[:i])
		}
		if err != nil {
			return time.Time{}, errNotADate
		}
		return endOfDay(at), nil
	}
	if found := dotNet.FindStringSubmatch(text); found != nil {
		n, err := strconv.ParseInt(found[1], 10, 64)
		if err != nil {
			return time.Time{}, errNotADate
		}
		return time.UnixMilli(n).UTC(), nil
	}
	for _, layout := range times {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	for _, layout := range days {
		if at, err := time.Parse(layout, text); err == nil {
			return endOfDay(at), nil
		}
	}
	if ambiguous.MatchString(text) {
		return time.Time{}, errAmbiguous
	}
	return unix(text)
}

func endOfDay(at time.Time) time.Time {
	year, month, day := at.Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, at.Location())
}

// unix reads seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size: as seconds they
// are after 1973 and before 5138.
func unix(text string) (time.Time, error) {
	const first, beyond = 100_000_000, 100_000_000_000
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil, n < first:
		return time.Time{}, errNotADate
	case n < beyond:
		return time.Unix(n, 0).UTC(), nil
	case n < beyond*1e3:
		return time.UnixMilli(n).UTC(), nil
	case n < beyond*1e6:
		return time.UnixMicro(n).UTC(), nil
	default:
		return time.Unix(0, n).UTC(), nil
	}
}

// layoutOf turns a layout with YYYY, MM and DD into Go's.
func layoutOf(layout string) (string, error) {
	if layout == "" {
		return "", nil
	}
	for _, part := range []string{"YYYY", "MM", "DD"} {
		if strings.Count(layout, part) != 1 {
			return "", errors.New("since_layout: it must have YYYY, MM and DD once each, such as DD.MM.YYYY")
		}
	}
	if rest := strings.NewReplacer("YYYY", "", "MM", "", "DD", "").Replace(layout); strings.Trim(rest, " ./-") != "" {
		return "", errors.New("since_layout: between YYYY, MM and DD it may have only blanks, dots, slashes and dashes")
	}
	return strings.NewReplacer("YYYY", "2006", "MM", "1", "DD", "2").Replace(layout), nil
}
