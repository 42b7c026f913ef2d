package token

import (
	"errors"
	"fmt"
	"slices"

	"countersign/session"
	"countersign/session/event"
)

// ErrUnknownMethod: a method is not in Methods, or none was given.
var ErrUnknownMethod = errors.New("no such method")

// Methods lists the methods that IssueFor takes, in alphabetical order.
func Methods() (names []event.Method) {
	for _, m := range session.Methods() {
		if m.Login {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return names
}

// prove turns methods into proofs. Each counts once.
func prove(methods []event.Method) (once []event.Method, proofs []session.Proof, err error) {
	if len(methods) == 0 {
		return nil, nil, fmt.Errorf("%w: name at least one", ErrUnknownMethod)
	}
	for _, name := range methods {
		m, _ := session.MethodOf(name)
		if !m.Login {
			return nil, nil, ErrUnknownMethod
		}
		if slices.Contains(once, name) {
			continue
		}
		once = append(once, name)
		if m.Factor != session.NoFactor {
			proofs = append(proofs, session.Proof{Factor: m.Factor, Method: name})
		}
	}
	return once, proofs, nil
}
