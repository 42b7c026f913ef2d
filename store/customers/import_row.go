package customers

import (
	"encoding/csv"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"countersign/session"
)

// What cells may contain. An id becomes a channel variable and a SIP header.
var (
	alphanumeric    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	inID            = alphanumeric + "._@+=-"
	languagePattern = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$`)
)

const maxID, maxIdentifier, maxName = 64, 32, 200

// consists reports whether a text has only allowed characters and not too many. It runs a million times in an import.
func consists(s, allowed string, most int) bool {
	return len(s) <= most && strings.Trim(s, allowed) == ""
}

// badCell says why a row is bad. column is the index of the cell, or -1.
type badCell struct {
	column  int
	problem string
}

func (b *badCell) Error() string { return b.problem }

// imported is a parsed row. Empty fields change nothing.
type imported struct {
	id, name, language string
	identifiers        []Identifier
	phones, emails     []string
	// secrets are in their normal form; totp is the key.
	secrets []enrolment
	totp    []byte
	// habit is how they like to be asked, or nil.
	habit *session.Habit
	// empty are the columns whose cells are to be emptied.
	empty []string
	// oddPhone is one that is not in its country's numbering plan, or empty.
	oddPhone string
}

// enrolment is a secret to be stored.
type enrolment struct {
	kind string
	form []byte
}

func (r imported) wipe() {
	for _, s := range r.secrets {
		clear(s.form)
	}
	clear(r.totp)
}

// secret returns the secret of a kind, or nil.
func (r imported) secret(kind string) []byte {
	for _, s := range r.secrets {
		if s.kind == kind {
			return s.form
		}
	}
	return nil
}

// identifier returns the identifier of a kind, or "".
func (r imported) identifier(kind string) string {
	for _, i := range r.identifiers {
		if i.Kind == kind {
			return i.Value
		}
	}
	return ""
}

// parse reads a row. The error is a *badCell; the caller wipes r even then.
func (c columns) parse(record []string, o ImportOptions, now time.Time) (r imported, err error) {
	for i, cell := range record {
		if !utf8.ValidString(cell) {
			return r, &badCell{i, "the text is not UTF-8: save the file as UTF-8"}
		}
	}
	for _, i := range c.unnamed {
		if cell := strings.TrimSpace(record[i]); cell != "" {
			return r, &badCell{i, fmt.Sprintf("column %d has %q here and no name in the header: name it or empty it", i+1,
				shorten(cell))}
		}
	}
	r.id, r.name, r.language = c.cell(record, "id"), c.cell(record, "name"), c.cell(record, "language")
	switch {
	case r.id == "":
		return r, c.bad("id", "the id is missing: every customer needs one")
	case !consists(r.id, inID, maxID):
		return r, c.bad("id", "id %q: use 1 to 64 of the letters A to Z, digits and . _ @ + = -", shorten(r.id))
	case utf8.RuneCountInString(r.name) > maxName:
		return r, c.bad("name", "name %q is too long: use up to %d characters", shorten(r.name), maxName)
	case strings.ContainsFunc(r.name, unicode.IsControl):
		return r, c.bad("name", "name %q has a line break, tab or other control character: remove it", shorten(r.name))
	case r.language != "" && !languagePattern.MatchString(r.language):
		return r, c.bad("language", "language %q: write it like en or de-AT", shorten(r.language))
	}
	for _, column := range c.identifiers {
		value := plain(c.cell(record, column.name))
		if !consists(value, alphanumeric, maxIdentifier) {
			return r, c.bad(column.name, "%s %q: use up to 32 letters A to Z and digits; spaces and dashes do not count",
				column.kind, shorten(value))
		}
		if right := o.Checks[column.kind]; right != nil && value != "" && !right(value) {
			return r, c.bad(column.name, "%s %q: its check digit or letter is wrong: correct it", column.kind, value)
		}
		if value != "" {
			r.identifiers = append(r.identifiers, Identifier{Kind: column.kind, Value: value})
		}
	}
	if err := c.readSecrets(record, &r, now); err != nil {
		return r, err
	}
	if o.ClearEmpty {
		for name, i := range c.at {
			if strings.TrimSpace(record[i]) == "" {
				r.empty = append(r.empty, name)
			}
		}
	}
	if err := c.readEmails(record, &r); err != nil {
		return r, err
	}
	if err := c.readHabits(record, &r); err != nil {
		return r, err
	}
	return r, c.readPhones(record, o, &r)
}

func (c columns) readSecrets(record []string, r *imported, now time.Time) error {
	for _, column := range c.secrets {
		cell := c.cell(record, column.name)
		if cell == "" {
			continue
		}
		if column.kind == KindBirthDate {
			cell = withoutMidnight(cell)
		}
		form, problem := normal(column.kind, []byte(cell), now)
		if problem != "" {
			return c.bad(column.name, "%s", problem)
		}
		r.secrets = append(r.secrets, enrolment{column.kind, form})
	}
	if cell := c.cell(record, "totp_secret"); cell != "" {
		var problem string
		if r.totp, problem = totpKey([]byte(cell)); problem != "" {
			return c.bad("totp_secret", "%s", problem)
		}
	}
	return nil
}

// midnight is what CRMs and databases put behind a day.
var midnight = regexp.MustCompile(`[T ]00:00(:00(\.0+)?)?( ?(Z|UTC|[+-]\d\d:?\d\d))?$`)

// withoutMidnight makes a day of a time at midnight. The day is as it is written, whatever the time zone.
func withoutMidnight(cell string) string {
	if len(cell) > len("2006-01-02") && len(cell) < 40 {
		return midnight.ReplaceAllString(cell, "")
	}
	return cell
}

func (c columns) readEmails(record []string, r *imported) error {
	separator := func(r rune) bool { return strings.ContainsRune(";|,\n\r", r) }
	for told := range strings.FieldsFuncSeq(c.cell(record, "emails"), separator) {
		if told = strings.TrimSpace(told); told == "" {
			continue
		}
		address, err := session.ReadEmail(told)
		if err != nil {
			return c.bad("emails", "e-mail address %q: %v; correct it or leave it out", shorten(told), err)
		}
		r.emails = append(r.emails, address)
	}
	return nil
}

func (c columns) readPhones(record []string, o ImportOptions, r *imported) error {
	for _, told := range splitPhones(c.cell(record, "phones")) {
		number := told
		if o.LostPlus && told[0] >= '1' && told[0] <= '9' {
			number = "+" + told
		}
		reading := session.ReadPhone(number, o.Region)
		e164, err := reading.Certain()
		if err == nil && o.Placeholders.Has(e164) {
			err = session.ErrPlaceholder
		}
		switch {
		case errors.Is(err, session.ErrNoCountry):
			return c.bad("phones", "phone %q has no country code: write it like +49301234567, "+
				"or say which region the numbers belong to (--region)", shorten(told))
		case errors.Is(err, session.ErrTwoReadings):
			return c.bad("phones", "phone %q can be two numbers, %s and %s: write the right one, or say that \"+\" is lost "+
				"throughout the file (--lost-plus)", shorten(told), reading.International, reading.Other)
		case err != nil:
			return c.bad("phones", "phone %q: %v; correct it or leave it out", shorten(told), err)
		}
		if !reading.Valid {
			r.oddPhone = e164
		}
		r.phones = append(r.phones, e164)
	}
	return nil
}

// splitPhones splits a cell at semicolons, bars and line breaks. The parameters of a tel: URI stay with their number.
func splitPhones(cell string) (all []string) {
	if !strings.ContainsAny(cell, ";|\n") {
		if cell != "" {
			all = []string{cell}
		}
		return all
	}
	for part := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune(";|\n\r", r) }) {
		part = strings.TrimSpace(part)
		switch {
		case part == "":
		case len(all) > 0 && (strings.Contains(part, "=") || part == "npdi"):
			all[len(all)-1] += ";" + part
		default:
			all = append(all, part)
		}
	}
	return all
}

// cell returns the trimmed text of a cell, empty if the file does not have the column.
func (c columns) cell(record []string, name string) string {
	i, ok := c.at[name]
	if !ok {
		return ""
	}
	return strings.TrimSpace(record[i])
}

func (c columns) bad(name, format string, args ...any) *badCell {
	return &badCell{c.at[name], fmt.Sprintf(format, args...)}
}

// of returns the name of the column with the identifiers of a kind.
func (c columns) of(kind string) string {
	for _, column := range c.identifiers {
		if column.kind == kind {
			return column.name
		}
	}
	return ""
}

// fit makes a row as wide as the header: spreadsheets leave empty cells at its end. blank says that nothing is in it.
func (c columns) fit(record []string) (fitted []string, blank bool, err error) {
	last := len(record)
	for last > 0 && strings.TrimSpace(record[last-1]) == "" {
		last--
	}
	switch {
	case last == 0:
		return nil, true, nil
	case last > c.width || len(record) < c.width:
		return nil, false, &badCell{-1, fmt.Sprintf(
			"the row has %d cells and the header %d: put text with separators in quotes", max(last, len(record)), c.width)}
	}
	return record[:c.width], false, nil
}

// syntaxError turns an error of encoding/csv, which may have read only a part of the row, into a *badCell.
func syntaxError(err *csv.ParseError) *badCell {
	if errors.Is(err, csv.ErrBareQuote) {
		return &badCell{-1, `there is a " in a cell that does not begin with one: ` +
			`put the cell in quotes and double those in it`}
	}
	return &badCell{-1, `a cell in quotes does not end as it should: close it with a ", and double quotes in it`}
}

// shorten keeps a message on one line.
func shorten(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
