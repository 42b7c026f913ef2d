package lines

import (
	"reflect"
	"strings"

	"countersign/session"
	"countersign/session/event"
)

// chosen is which field of one of several things is set, by its key.
func chosen(oneOfMany any) (kind string, value any) {
	v := reflect.ValueOf(oneOfMany)
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsNil() {
			return v.Type().Field(i).Tag.Get("yaml"), f.Interface()
		}
	}
	return "", nil
}

// asked is a Question with what all kinds have.
type asked struct {
	// kind is the key in the file, name the step's: that of the fact, or the kind.
	kind, name string
	factor     session.Factor
	orElse     string
}

func (q Question) asked() asked {
	kind, value := chosen(q)
	a := asked{kind: kind, name: kind}
	switch v := value.(type) {
	case *PIN:
		a.factor, a.orElse = session.Knowledge, v.Else
	case *BirthDate:
		a.factor, a.orElse = session.Weak, v.Else
	case *Fact:
		a.name, a.factor, a.orElse = v.Name, session.Weak, v.Else
	case *Passphrase:
		a.factor, a.orElse = session.Knowledge, v.Else
	case *SMSCode:
		a.factor, a.orElse = session.Possession, v.Else
	case *TOTP:
		a.factor, a.orElse = session.Possession, v.Else
	}
	return a
}

// standIn makes the question of a kind with its usual settings; false for kinds that need some of their own.
func standIn(kind string) (Question, bool) {
	switch event.Method(kind) {
	case event.MethodPIN:
		return Question{PIN: usual[PIN]()}, true
	case event.MethodBirthDate:
		return Question{BirthDate: usual[BirthDate]()}, true
	case event.MethodSMSCode:
		return Question{SMSCode: usual[SMSCode]()}, true
	case event.MethodTOTP:
		return Question{TOTP: usual[TOTP]()}, true
	}
	return Question{}, false
}

func usual[T any]() *T {
	v := new(T)
	if d, ok := any(v).(defaulter); ok {
		d.setDefaults()
	}
	return v
}

// find is the question that an else refers to: the one of that name in the list, or one with the usual settings.
func (v *Verify) find(name string) (q Question, at int, ok bool) {
	for i, q := range v.Questions {
		if q.asked().name == name {
			return q, i, true
		}
	}
	q, ok = standIn(name)
	return q, -1, ok
}

// promptName is the prompt that asks for a kind, unless the line names another.
func promptName(kind string) string { return "ask-" + strings.ReplaceAll(kind, "_", "-") }
