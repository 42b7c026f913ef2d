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

// customers reads the answer to a lookup.
func (l *lookup) customers(body []byte) ([]session.Customer, error) {
	if !json.Valid(body) {
		return nil, endpoint.ErrNotJSON
	}
	if l.found != "" {
		v := endpoint.At(body, l.found)
		if !v.Exists() {
			return nil, fmt.Errorf("there is no %q in the answer (found)", l.found)
		}
		if !endpoint.Something(v) {
			return nil, nil
		}
	}
	v := endpoint.At(body, l.path)
	switch {
	case !v.Exists():
		return nil, fmt.Errorf("there is no %q in the answer (customers)", l.path)
	case v.Type == gjson.Null:
		return nil, nil
	case v.IsObject():
		c, err := l.fields.customer(v)
		return []session.Customer{c}, err
	case !v.IsArray():
		return nil, fmt.Errorf("%q in the answer is neither an object nor an array (customers)", l.path)
	}
	var all []session.Customer
	var failed error
	v.ForEach(func(_, one gjson.Result) bool {
		if !one.IsObject() {
			failed = errors.New("a customer in the answer is not an object")
			return false
		}
		var c session.Customer
		if c, failed = l.fields.customer(one); failed == nil {
			all = append(all, c)
		}
		return failed == nil && len(all) < maxCustomers
	})
	if failed != nil {
		return nil, failed
	}
	return all, nil
}

// customer reads one customer. Enrolled is unfiltered.
func (f Fields) customer(v gjson.Result) (c session.Customer, err error) {
	if c.ID, err = identity(v.Get(f.ID)); err != nil {
		return session.Customer{}, fmt.Errorf("a customer's %q %w (id)", f.ID, err)
	}
	if c.Name, err = words(v, f.Name); err != nil {
		return session.Customer{}, fmt.Errorf("a customer's %q %w (name)", f.Name, err)
	}
	c.Name = endpoint.Shorten(c.Name, maxName)
	if c.Language, err = words(v, f.Language); err != nil {
		return session.Customer{}, fmt.Errorf("a customer's %q %w (language)", f.Language, err)
	}
	c.Language = languageTag(c.Language)
	if c.Enrolled, err = f.enrolled(v); err != nil {
		return session.Customer{}, err
	}
	return c, nil
}

// identity reads an id, a string or a whole number.
func identity(v gjson.Result) (string, error) {
	id := v.Str
	if v.Type == gjson.Number {
		id = v.Raw
		if strings.Trim(id, "0123456789") != "" {
			return "", errors.New("is not a whole number")
		}
	}
	switch {
	case !v.Exists():
		return "", errors.New("is missing")
	case v.Type != gjson.String && v.Type != gjson.Number:
		return "", errors.New("is neither a string nor a number")
	case id == "" || strings.TrimSpace(id) != id || len(id) > maxID || !session.IsValue(id):
		return "", fmt.Errorf("is empty, longer than %d bytes, has blanks around it, or has characters that cannot go "+
			"on with a call", maxID)
	}
	return id, nil
}

func notPrintable(r rune) bool { return !unicode.IsPrint(r) }

// words reads a string that may be missing.
func words(v gjson.Result, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	found := v.Get(path)
	switch {
	case !found.Exists(), found.Type == gjson.Null:
		return "", nil
	case found.Type != gjson.String:
		return "", errors.New("is not a string")
	}
	clean := strings.Map(func(r rune) rune {
		if notPrintable(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(found.Str, " "))
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

func (f Fields) enrolled(v gjson.Result) ([]string, error) {
	all := slices.Clone(f.Always)
	if f.Enrolled != "" {
		list := v.Get(f.Enrolled)
		if list.Exists() && list.Type != gjson.Null && !list.IsArray() {
			return nil, fmt.Errorf("a customer's %q is not an array (enrolled)", f.Enrolled)
		}
		bad := false
		list.ForEach(func(_, kind gjson.Result) bool {
			bad = bad || kind.Type != gjson.String
			if isKind(kind.Str) {
				all = append(all, kind.Str)
			}
			return !bad && len(all) < maxEnrolled
		})
		if bad {
			return nil, fmt.Errorf("a customer's %q has an element that is not a string (enrolled)", f.Enrolled)
		}
	}
	for kind, path := range f.Has {
		if endpoint.Something(v.Get(path)) {
			all = append(all, kind)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// isKind reports whether a word can be our name of a kind of secret.
func isKind(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}
