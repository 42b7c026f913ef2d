package store

import (
	"encoding/csv"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/session"
)

// knownColumns are those of the customers CSV (design.md §3.5). notStored are accepted, so that one file will do for later versions too.
var (
	knownColumns = []string{"id", "name", "phones", "account", "pin", "birth_date", "passphrase", "totp_secret", "language"}
	notStored    = []string{"birth_date", "passphrase", "totp_secret"}
)

// What the cells must look like. An id becomes a channel variable and a SIP header.
var (
	alphanumeric    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	inID            = alphanumeric + "._@+=-"
	languagePattern = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$`)
)

const maxID, maxAccount, maxName = 64, 32, 200

// consists says whether a text has nothing but the characters allowed, and not too many of them. It runs a million times in an import.
func consists(s, allowed string, most int) bool {
	return len(s) <= most && strings.Trim(s, allowed) == ""
}

// badCell is why a row is bad. column is the cell's place in the row, or -1.
type badCell struct {
	column  int
	problem string
}

func (b *badCell) Error() string { return b.problem }

// columns tells where in a row a column stands; the names that the file does not have are missing.
type columns map[string]int

func parseHeader(header []string) (columns, error) {
	known := "the columns are " + strings.Join(knownColumns, ", ")
	at := columns{}
	for i, name := range header {
		if !utf8.ValidString(name) {
			return nil, errors.New("line 1: the file is not UTF-8: save it as UTF-8")
		}
		name = strings.ToLower(strings.TrimSpace(name))
		if strings.ContainsAny(name, ";\t") {
			return nil, fmt.Errorf("line 1: the columns must be separated by commas, %q is one column; %s", shorten(name), known)
		}
		if !slices.Contains(knownColumns, name) {
			return nil, fmt.Errorf("line 1: unknown column %q; %s", shorten(name), known)
		}
		if _, twice := at[name]; twice {
			return nil, fmt.Errorf("line 1: the column %s is there twice: remove one of them", name)
		}
		at[name] = i
	}
	if _, ok := at["id"]; !ok {
		return nil, fmt.Errorf("line 1: the column id is missing; %s", known)
	}
	return at, nil
}

// imported is a row that has been understood. What is empty leaves what is there.
type imported struct {
	id, name, language, account string
	phones                      []string
	pin                         []byte
}

// parse reads a row. The error is a *badCell.
func (c columns) parse(record []string, region string) (r imported, err error) {
	for i, cell := range record {
		if !utf8.ValidString(cell) {
			return r, &badCell{i, "the text is not UTF-8: save the file as UTF-8"}
		}
	}
	r.id, r.name, r.language = c.cell(record, "id"), c.cell(record, "name"), c.cell(record, "language")
	r.account = plain(c.cell(record, "account"))
	switch {
	case r.id == "":
		return r, c.bad("id", "the id is missing: every customer needs one")
	case !consists(r.id, inID, maxID):
		return r, c.bad("id", "id %q: use 1 to 64 of the letters A to Z, digits and . _ @ + = -", shorten(r.id))
	case utf8.RuneCountInString(r.name) > maxName:
		return r, c.bad("name", "name %q is too long: use up to %d characters", shorten(r.name), maxName)
	case strings.ContainsFunc(r.name, unicode.IsControl):
		return r, c.bad("name", "name %q has a line break, tab or other control character in it: remove it", shorten(r.name))
	case r.language != "" && !languagePattern.MatchString(r.language):
		return r, c.bad("language", "language %q: write it like en or de-AT", shorten(r.language))
	case !consists(r.account, alphanumeric, maxAccount):
		return r, c.bad("account", "account %q: use up to 32 letters A to Z and digits; spaces and dashes do not count", shorten(r.account))
	}
	if pin := c.cell(record, "pin"); pin != "" {
		if r.pin = []byte(pin); !isPIN(r.pin) {
			clear(r.pin)
			return r, c.bad("pin", "the pin must have 4 to 12 digits and nothing else")
		}
	}
	r.phones, err = c.phones(record, region)
	return r, err
}

func (c columns) phones(record []string, region string) (all []string, err error) {
	for raw := range strings.SplitSeq(c.cell(record, "phones"), ";") {
		raw = strings.TrimSpace(raw)
		if raw == "" {
			continue
		}
		e164, err := session.E164(raw, region)
		switch {
		case errors.Is(err, session.ErrNoCountry):
			return nil, c.bad("phones", "phone %q has no country code: write it like +49301234567, or say which region the numbers belong to", shorten(raw))
		case err != nil:
			return nil, c.bad("phones", "phone %q: %v; correct it or leave it out", shorten(raw), err)
		}
		all = append(all, e164)
	}
	return all, nil
}

// ignored adds the columns to found that have values in this row which are not stored.
func (c columns) ignored(record, found []string) []string {
	for _, name := range notStored {
		if c.cell(record, name) != "" && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
}

// cell is the text of a cell without the white space around it, and empty if the file does not have the column.
func (c columns) cell(record []string, name string) string {
	i, ok := c[name]
	if !ok {
		return ""
	}
	return strings.TrimSpace(record[i])
}

func (c columns) bad(name, format string, args ...any) *badCell {
	return &badCell{c[name], fmt.Sprintf(format, args...)}
}

// syntaxError words what encoding/csv found, which may have read only a part of the row.
func (c columns) syntaxError(err *csv.ParseError, cells int) *badCell {
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		return &badCell{-1, fmt.Sprintf("the row has %d cells and the header %d: put text with commas in quotes", cells, len(c))}
	case errors.Is(err, csv.ErrBareQuote):
		return &badCell{-1, `there is a " in a cell that does not begin with one: put the cell in quotes and double those in it`}
	default:
		return &badCell{-1, `a cell in quotes does not end as it should: close it with a ", and double quotes in it`}
	}
}

// shorten keeps a message on one line.
func shorten(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
