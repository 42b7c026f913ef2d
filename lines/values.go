package lines

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"countersign/internal/nearest"
	"countersign/session"
)

// word is a value of one word or number. unword reads it; its error says what is expected.
type word interface{ unword(text string) error }

// Number is a dialled number of the line: exact, a prefix that ends in "*", or "*" alone for all numbers that no other
// line has.
type Number string

var numberPattern = regexp.MustCompile(`^(\*|\+?[0-9]{1,20}\*?|[A-Za-z][A-Za-z0-9._-]{0,62})$`)

func (n *Number) unword(text string) error {
	if !numberPattern.MatchString(text) {
		return fmt.Errorf("%q is not a dialled number: write it as it is dialled (\"5000\", \"+49301234\"), "+
			"its beginning (\"+49301234*\"), or \"*\" for all others", text)
	}
	*n = Number(text)
	return nil
}

// Key is a key of the telephone, or "none".
type Key string

func (k *Key) unword(text string) error {
	if text != "none" && (len(text) != 1 || !strings.Contains("0123456789*", text)) {
		return fmt.Errorf("%q is not a key: write 0 to 9 or * (# ends an entry)", text)
	}
	*k = Key(text)
	return nil
}

// code is the key as session has it, 0 for none.
func (k Key) code() byte {
	if len(k) != 1 {
		return 0
	}
	return k[0]
}

// RepeatKey is the key to hear a question again, or auto: one that means nothing else at the question.
type RepeatKey string

func (k *RepeatKey) unword(text string) error { *k = RepeatKey(text); return nil }

// ReadBack says when a number is read back to the caller: "false", "true", or "unattested", which means unless the
// caller's own number has attestation A.
type ReadBack string

func (r *ReadBack) unword(text string) error { *r = ReadBack(text); return nil }

// Digits is a range of numbers of digits.
type Digits struct{ Min, Max int }

var digitsPattern = regexp.MustCompile(`^([0-9]{1,3})(?:-([0-9]{1,3}))?$`)

func (d *Digits) unword(text string) error {
	m := digitsPattern.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%q is not a range: write 6 or 4-6", text)
	}
	d.Min, _ = strconv.Atoi(m[1])
	d.Max = d.Min
	if m[2] != "" {
		d.Max, _ = strconv.Atoi(m[2])
	}
	if d.Max < d.Min {
		return fmt.Errorf("%q runs backwards: write the smaller number first", text)
	}
	return nil
}

func (d Digits) String() string {
	if d.Min == d.Max {
		return strconv.Itoa(d.Min)
	}
	return fmt.Sprintf("%d-%d", d.Min, d.Max)
}

// Date is a day, in the line's time zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

func (d *Date) unword(text string) error {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return fmt.Errorf("%q is not a date: write it as 2026-12-25", text)
	}
	d.Year, d.Month, d.Day = t.Date()
	return nil
}

func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

func parseDestination(text string) (session.Destination, error) {
	d, err := session.ParseDestination(text)
	if err != nil {
		return d, fmt.Errorf("%q is not a destination: write <extension> <dialplan> <context>, "+
			"such as agents XML default, with letters, digits and _-.*#+@", text)
	}
	return d, nil
}

func didYouMean(written string, known []string) string {
	if k, ok := nearest.To(written, known); ok {
		return fmt.Sprintf("; did you mean %s?", k)
	}
	return ""
}
