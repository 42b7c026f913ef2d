package customers

import (
	"encoding/csv"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"countersign/session"
)

// knownColumns are the columns of the customers CSV with fixed names (docs/customers.md#the-file).
var knownColumns = []string{"id", "name", "phones", "account", "pin", "birth_date", "passphrase", "totp_secret",
	"language"}

// Prefixes of the columns that a company names itself.
const identifierColumn, factColumn = "id:", "fact:"

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

// columns maps the names of the columns in the file to their indexes.
type columns struct {
	at map[string]int
	// identifiers and secrets are the columns of such, in the order of the file. totp_secret is not among them: it
	// has a form of its own.
	identifiers, secrets []kindColumn
}

// kindColumn is a column of identifiers or secrets.
type kindColumn struct{ name, kind string }

func parseHeader(header []string) (columns, error) {
	known := "the columns are " + strings.Join(knownColumns, ", ") + ", id:<kind> and fact:<kind>"
	c := columns{at: map[string]int{}}
	for i, name := range header {
		if !utf8.ValidString(name) {
			return c, errors.New("line 1: the file is not UTF-8: save it as UTF-8")
		}
		name = strings.ToLower(strings.TrimSpace(name))
		if strings.ContainsAny(name, ";\t") {
			return c, fmt.Errorf("line 1: the columns must be separated by commas, %q is one column; %s", shorten(name), known)
		}
		if err := c.add(name, known); err != nil {
			return c, err
		}
		if _, twice := c.at[name]; twice {
			return c, fmt.Errorf("line 1: the column %s is there twice: remove one of them", name)
		}
		c.at[name] = i
	}
	if _, ok := c.at["id"]; !ok {
		return c, fmt.Errorf("line 1: the column id is missing; %s", known)
	}
	return c, nil
}

// add registers a column by its name.
func (c *columns) add(name, known string) error {
	identifier, isIdentifier := strings.CutPrefix(name, identifierColumn)
	fact, isFact := strings.CutPrefix(name, factColumn)
	switch {
	case isIdentifier && isNewKind(identifier):
		c.identifiers = append(c.identifiers, kindColumn{name, identifier})
	case isFact && isNewFact(fact):
		c.secrets = append(c.secrets, kindColumn{name, fact})
	case isIdentifier, isFact:
		return fmt.Errorf("line 1: the column %q cannot have this name: after the colon, use up to 32 letters a to z, "+
			"digits and _, beginning with a letter, and no name that is taken", shorten(name))
	case name == KindAccount:
		c.identifiers = append(c.identifiers, kindColumn{name, name})
	case name == KindPIN, name == KindBirthDate, name == KindPassphrase:
		c.secrets = append(c.secrets, kindColumn{name, name})
	case !slices.Contains(knownColumns, name):
		return fmt.Errorf("line 1: unknown column %q; %s", shorten(name), known)
	}
	return nil
}

// imported is a parsed row. Empty fields change nothing.
type imported struct {
	id, name, language string
	identifiers        []Identifier
	phones             []string
	// secrets are in their normal form; totp is the key.
	secrets []enrolment
	totp    []byte
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
func (c columns) parse(record []string, region string, now time.Time) (r imported, err error) {
	for i, cell := range record {
		if !utf8.ValidString(cell) {
			return r, &badCell{i, "the text is not UTF-8: save the file as UTF-8"}
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
		if value != "" {
			r.identifiers = append(r.identifiers, Identifier{Kind: column.kind, Value: value})
		}
	}
	if err := c.readSecrets(record, &r, now); err != nil {
		return r, err
	}
	r.phones, err = c.phones(record, region)
	return r, err
}

func (c columns) readSecrets(record []string, r *imported, now time.Time) error {
	for _, column := range c.secrets {
		cell := c.cell(record, column.name)
		if cell == "" {
			continue
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

func (c columns) phones(record []string, region string) (all []string, err error) {
	for raw := range strings.SplitSeq(c.cell(record, "phones"), ";") {
		raw = strings.TrimSpace(raw)
		if raw == "" {
			continue
		}
		e164, err := session.E164(raw, region)
		switch {
		case errors.Is(err, session.ErrNoCountry):
			return nil, c.bad("phones", "phone %q has no country code: write it like +49301234567, "+
				"or say which region the numbers belong to", shorten(raw))
		case err != nil:
			return nil, c.bad("phones", "phone %q: %v; correct it or leave it out", shorten(raw), err)
		}
		all = append(all, e164)
	}
	return all, nil
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

// syntaxError turns an error of encoding/csv, which may have read only a part of the row, into a *badCell.
func (c columns) syntaxError(err *csv.ParseError, cells int) *badCell {
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		return &badCell{-1, fmt.Sprintf("the row has %d cells and the header %d: put text with commas in quotes", cells,
			len(c.at))}
	case errors.Is(err, csv.ErrBareQuote):
		return &badCell{-1, `there is a " in a cell that does not begin with one: ` +
			`put the cell in quotes and double those in it`}
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
