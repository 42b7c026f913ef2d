package backend

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"

	"countersign/backend/endpoint"
	"countersign/session"
)

// The most that is read from an answer.
const (
	maxCustomers = 100 // the same limit as in the local directory
	maxPhones    = 20
	maxID        = 128
	maxName      = 200
	maxLanguage  = 35 // RFC 5646, section 4.4.1
	maxEnrolled  = 50
)

// found is what the answer to a lookup says.
type found struct {
	customers []session.Customer // no one twice
	unread    int                // customers without a readable id
	leftOut   notes
}

// notes say what of an answer could not be read, without showing any of it: each note once.
type notes []string

func (n *notes) add(format string, args ...any) {
	if note := fmt.Sprintf(format, args...); !slices.Contains(*n, note) {
		*n = append(*n, note)
	}
}

// read reads the answer to a lookup.
func (l *lookup) read(body []byte) (f found, err error) {
	if !json.Valid(body) {
		return found{}, endpoint.ErrNotJSON
	}
	if l.found != "" {
		switch v := endpoint.At(body, l.found); {
		case !v.Exists() && !endpoint.Silent(body):
			return found{}, fmt.Errorf("there is no %q in the answer (found)", l.found)
		case !endpoint.Something(v):
			return found{}, nil
		}
	}
	v := endpoint.At(body, l.path)
	if !v.Exists() && !endpoint.Silent(body) {
		return found{}, fmt.Errorf("there is no %q in the answer (customers)", l.path)
	}
	if v.Type != gjson.JSON && v.Type != gjson.Null && (endpoint.Something(v) || v.Type == gjson.Number) {
		return found{}, fmt.Errorf("%q in the answer is neither an object nor an array (customers)", l.path)
	}
	listed := 0
	endpoint.Each(v, func(one gjson.Result) bool {
		listed++
		f.add(l.fields, one)
		return len(f.customers) < maxCustomers
	})
	if f.unread > 0 {
		f.leftOut.add("%d of %d customers", f.unread, listed)
	}
	if f.unread > 0 && len(f.customers) == 0 {
		return found{}, errors.New("no customer in the answer can be read: " + strings.Join(f.leftOut, "; "))
	}
	return f, nil
}

// add reads one customer. One who is there already has what both have.
func (f *found) add(fields Fields, v gjson.Result) {
	c, err := fields.customer(v, &f.leftOut)
	if err != nil {
		f.unread++
		f.leftOut.add("%v", err)
		return
	}
	same := func(other session.Customer) bool { return other.ID == c.ID }
	i := slices.IndexFunc(f.customers, same)
	if i < 0 {
		f.customers = append(f.customers, c)
		return
	}
	first := &f.customers[i]
	first.Name = endpoint.OrDefault(first.Name, c.Name)
	first.Language = endpoint.OrDefault(first.Language, c.Language)
	slices.Sort(c.Enrolled)
	first.Enrolled = append(first.Enrolled, c.Enrolled...)
	slices.Sort(first.Enrolled)
	first.Enrolled = slices.Compact(first.Enrolled)
}

// customer reads one customer. Enrolled is unfiltered. Without a readable id there is an error; anything else that
// cannot be read is left out.
func (f Fields) customer(v gjson.Result, left *notes) (c session.Customer, err error) {
	switch {
	case !v.IsObject():
		return session.Customer{}, errors.New("a customer is not an object")
	case endpoint.Repeats(v):
		return session.Customer{}, errors.New("a customer has a key twice")
	}
	if c.ID, err = identity(v.Get(f.ID)); err != nil {
		return session.Customer{}, fmt.Errorf("a customer's %q %w (id)", f.ID, err)
	}
	if c.Name, err = words(v, f.Name); err != nil {
		left.add("a customer's %q %v (name)", f.Name, err)
	}
	c.Name = endpoint.Shorten(c.Name, maxName)
	if c.Language, err = words(v, f.Language); err != nil {
		left.add("a customer's %q %v (language)", f.Language, err)
	}
	if said := c.Language; said != "" {
		if c.Language = languageTag(said); c.Language == "" {
			left.add("a customer's %q is not a tag such as de or de-AT (language)", f.Language)
		}
	}
	c.Enrolled = f.enrolled(v, left)
	return c, nil
}

// identity reads an id, a string or a whole number.
func identity(v gjson.Result) (string, error) {
	id := v.Str
	if v.Type == gjson.Number {
		var whole bool
		if id, whole = endpoint.Whole(v); !whole {
			return "", errors.New("is not a whole number")
		}
	}
	switch {
	case !v.Exists(), v.Type == gjson.Null, v.Type == gjson.String && id == "":
		return "", errors.New("is missing")
	case v.Type != gjson.String && v.Type != gjson.Number:
		return "", errors.New("is neither a string nor a number")
	case strings.TrimSpace(id) != id || len(id) > maxID || !session.IsValue(id):
		return "", fmt.Errorf("is longer than %d bytes, has blanks around it, or has characters that cannot go "+
			"on with a call", maxID)
	}
	return id, nil
}

func notPrintable(r rune) bool { return !unicode.IsPrint(r) }

// words reads a text, or a number as one, that may be missing.
func words(v gjson.Result, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	value := v.Get(path)
	text := value.Str
	switch {
	case !value.Exists(), value.Type == gjson.Null:
		return "", nil
	case value.Type == gjson.Number && len(value.Raw) <= maxLanguage:
		text = value.Raw
	case value.Type != gjson.String:
		return "", errors.New("is not a string")
	}
	clean := strings.Map(func(r rune) rune {
		if notPrintable(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	return strings.TrimSpace(clean), nil
}

// languageTag returns a language tag, or "" if s cannot be one.
func languageTag(s string) string {
	s = strings.ReplaceAll(s, "_", "-")
	if len(s) > maxLanguage || strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	}) >= 0 {
		return ""
	}
	return s
}

func (f Fields) enrolled(v gjson.Result, left *notes) []string {
	all := slices.Clone(f.Always)
	if f.Enrolled != "" {
		all = append(all, f.listed(v.Get(f.Enrolled), left)...)
	}
	for kind, path := range f.Has {
		if endpoint.Something(v.Get(path)) {
			all = append(all, kind)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// listed reads a list of kinds: an array, a text with commas, semicolons or blanks, or an object with true for each.
func (f Fields) listed(v gjson.Result, left *notes) (kinds []string) {
	add := func(kind string) {
		if !isKind(kind) || len(kinds) >= maxEnrolled {
			left.add("an element of a customer's %q is not a kind of secret (enrolled)", f.Enrolled)
			return
		}
		kinds = append(kinds, kind)
	}
	switch {
	case v.Type == gjson.String:
		for _, kind := range strings.FieldsFunc(v.Str, func(r rune) bool { return strings.ContainsRune(",; ", r) }) {
			add(kind)
		}
	case v.IsObject():
		v.ForEach(func(kind, has gjson.Result) bool {
			if yes, _ := endpoint.Bool(has); yes {
				add(kind.Str)
			}
			return true
		})
	default:
		endpoint.Each(v, func(kind gjson.Result) bool {
			add(kind.Str)
			return true
		})
	}
	return kinds
}

// isKind reports whether a word can be our name of a kind of secret.
func isKind(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}
