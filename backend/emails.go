package backend

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"countersign/backend/endpoint"
	"countersign/session"
)

// emails reads the addresses of one customer from the answer to by_id.
func (l *lookup) emails(body []byte, customer string) (all []session.Email, left notes, err error) {
	if _, err := l.read(body); err != nil { // with the same checks as any answer
		return nil, nil, err
	}
	endpoint.Each(endpoint.At(body, l.path), func(one gjson.Result) bool {
		switch id, wrong := identity(one.Get(l.fields.ID)); {
		case wrong != nil:
			return true
		case id != customer:
			err = errors.New("the answer is about another customer")
			return false
		}
		all = append(all, l.fields.emails(one, &left)...)
		return len(all) < maxPhones
	})
	return all, left, err
}

// emails reads a customer's addresses. What cannot be read is left out; left shows nothing of it.
func (f Fields) emails(v gjson.Result, left *notes) (all []session.Email) {
	var e session.Email
	if f.EmailSince != "" {
		var err error
		if e.Since, err = (since{}).read(v.Get(f.EmailSince)); err != nil {
			if endpoint.Something(v.Get(f.Email)) {
				left.add("a customer's e-mail addresses: %v (email_since)", err)
			}
			return nil
		}
	}
	add := func(text string) {
		for told := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(";|,", r) }) {
			var err error
			if e.Address, err = session.ReadEmail(strings.TrimSpace(told)); err != nil {
				left.add("an e-mail address: %v (email)", err)
				continue
			}
			all = append(all, e)
		}
	}
	switch found := v.Get(f.Email); {
	case found.IsArray():
		for _, one := range found.Array() {
			add(one.String())
		}
	case found.Type == gjson.String:
		add(found.Str)
	case endpoint.Something(found):
		left.add("%s", fmt.Sprintf("a customer's %q is neither a text nor an array (email)", f.Email))
	}
	return all
}
