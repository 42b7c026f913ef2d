package customers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"countersign/internal/nearest"
)

// knownColumns are the columns of the customers' file with fixed names (docs/customers.md#the-file).
var knownColumns = []string{"id", "name", "phones", "account", "pin", "birth_date", "passphrase", "totp_secret",
	"language", "emails", habitColumn}

// Prefixes of the columns that a company names itself.
const identifierColumn, factColumn = "id:", "fact:"

// LeaveOut in ImportOptions.Columns leaves out a column of the file.
const LeaveOut = "-"

// columns maps the names of the columns in the file to their indexes.
type columns struct {
	at map[string]int
	// width is the number of cells of a row. unnamed are the columns without a name, which must be empty.
	width   int
	unnamed []int
	// identifiers and secrets are the columns of such, in the order of the file. totp_secret is not among them: it
	// has a form of its own.
	identifiers, secrets []kindColumn
}

// kindColumn is a column of identifiers or secrets.
type kindColumn struct{ name, kind string }

// UnknownColumnsError means that nothing was imported because columns of the file have other names than ours.
type UnknownColumnsError struct {
	Line  int
	Names []string
	// Guesses are what they may be, by their names.
	Guesses map[string]string
}

func (e *UnknownColumnsError) Error() string {
	quoted := make([]string, len(e.Names))
	for i, name := range e.Names {
		quoted[i] = fmt.Sprintf("%q", shorten(name))
	}
	text := fmt.Sprintf("line %d: unknown column %s; %s", e.Line, strings.Join(quoted, ", "), knownNames)
	for _, name := range slices.Sorted(maps.Keys(e.Guesses)) {
		text += fmt.Sprintf("; %q may be %s", name, e.Guesses[name])
	}
	return text
}

var knownNames = "the columns are " + strings.Join(knownColumns, ", ") + ", id:<kind> and fact:<kind>"

// parseHeader reads the names of the columns. mapped has our names for those of the file, or LeaveOut.
func parseHeader(header []string, line int, mapped map[string]string) (columns, error) {
	c := columns{at: map[string]int{}, width: len(header)}
	for c.width > 0 && strings.TrimSpace(header[c.width-1]) == "" {
		c.width--
	}
	unknown := &UnknownColumnsError{Line: line, Guesses: map[string]string{}}
	used := map[string]bool{}
	for i, told := range header[:c.width] {
		if !utf8.ValidString(told) {
			return c, fmt.Errorf("line %d: the file is not UTF-8: save it as UTF-8", line)
		}
		name := columnName(told)
		if ours, ok := mapped[name]; ok {
			used[name] = true
			name = columnName(ours)
		}
		if name == LeaveOut {
			continue
		}
		if name == "" {
			c.unnamed = append(c.unnamed, i)
			continue
		}
		known, err := c.add(name, line)
		switch {
		case err != nil:
			return c, err
		case !known:
			unknown.Names = append(unknown.Names, name)
			continue
		}
		if _, twice := c.at[name]; twice {
			return c, fmt.Errorf("line %d: the column %s is there twice: remove one of them", line, name)
		}
		c.at[name] = i
	}
	for name := range mapped {
		if !used[name] {
			return c, fmt.Errorf("line %d: there is no column %q to take for %s", line, shorten(name), mapped[name])
		}
	}
	if len(unknown.Names) > 0 {
		unknown.guess(c.at)
		return c, unknown
	}
	if _, ok := c.at["id"]; !ok {
		return c, fmt.Errorf("line %d: the column id is missing; %s", line, knownNames)
	}
	return c, nil
}

// name is the name of the column at an index.
func (c columns) name(at int) string {
	for name, i := range c.at {
		if i == at {
			return name
		}
	}
	return ""
}

// columnOf is the name of the column with the identifiers of a kind.
func columnOf(kind string) string {
	if kind == KindAccount {
		return kind
	}
	return identifierColumn + kind
}

func columnName(told string) string { return strings.ToLower(strings.TrimSpace(told)) }

// add registers a column by its name, if it is one of ours.
func (c *columns) add(name string, line int) (known bool, err error) {
	identifier, isIdentifier := strings.CutPrefix(name, identifierColumn)
	fact, isFact := strings.CutPrefix(name, factColumn)
	switch {
	case isIdentifier && isNewKind(identifier):
		c.identifiers = append(c.identifiers, kindColumn{name, identifier})
	case isFact && isNewFact(fact):
		c.secrets = append(c.secrets, kindColumn{name, fact})
	case isIdentifier, isFact:
		return false, fmt.Errorf("line %d: the column %q cannot have this name: after the colon, use up to 32 letters "+
			"a to z, digits and _, beginning with a letter, and no name that is taken", line, shorten(name))
	case name == KindAccount:
		c.identifiers = append(c.identifiers, kindColumn{name, name})
	case name == KindPIN, name == KindBirthDate, name == KindPassphrase:
		c.secrets = append(c.secrets, kindColumn{name, name})
	}
	return isIdentifier || isFact || slices.Contains(knownColumns, name), nil
}

// otherNames are what CRMs and spreadsheets call our columns, without spaces, dashes and underscores.
var otherNames = map[string]string{
	"customerid": "id", "customer": "id", "customernumber": "id", "customerno": "id", "clientid": "id", "contactid": "id",
	"kundennummer": "id", "kundennr": "id", "kundenid": "id",
	"fullname": "name", "customername": "name", "displayname": "name", "contactname": "name", "kundenname": "name",
	"phone": "phones", "phonenumber": "phones", "phonenumbers": "phones", "telephone": "phones", "telephones": "phones",
	"mobile": "phones", "mobilephone": "phones", "tel": "phones", "msisdn": "phones", "cell": "phones",
	"telefon": "phones", "telefonnummer": "phones", "telefonnummern": "phones", "mobil": "phones", "handy": "phones",
	"rufnummer":     "phones",
	"accountnumber": "account", "accountno": "account", "accountid": "account", "konto": "account",
	"kontonummer": "account",
	"pincode":     "pin", "passcode": "pin", "geheimzahl": "pin",
	"dob": "birth_date", "birthday": "birth_date", "birthdate": "birth_date", "dateofbirth": "birth_date",
	"geburtsdatum": "birth_date", "geburtstag": "birth_date",
	"password": "passphrase", "kennwort": "passphrase",
	"totp": "totp_secret", "totpkey": "totp_secret", "otpsecret": "totp_secret",
	"email": "emails", "emailaddress": "emails", "mail": "emails", "emailadresse": "emails", "mailadresse": "emails",
	"lang": "language", "locale": "language", "preferredlanguage": "language", "sprache": "language",
}

// guess fills in what unknown columns may be: a name from elsewhere, or one that is nearly ours and still free.
func (e *UnknownColumnsError) guess(taken map[string]int) {
	for _, name := range e.Names {
		plain := strings.NewReplacer(" ", "", "-", "", "_", "", ".", "", ":", "").Replace(name)
		ours, ok := otherNames[plain]
		if !ok {
			ours, ok = nearest.To(name, knownColumns)
		}
		if _, is := taken[ours]; ok && !is {
			e.Guesses[name] = ours
		}
	}
}
