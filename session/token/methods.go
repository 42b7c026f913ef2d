package token

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"countersign/session"
	"countersign/session/event"
)

// Methods of logins elsewhere, beside those of calls.
const (
	// MethodApp: the company's app, on a device that is bound to the customer.
	MethodApp event.Method = "app"
	// MethodPassword: the password of the company's website or app.
	MethodPassword event.Method = "password"
)

// ErrUnknownMethod says that a method is none of Methods, or that none was given.
var ErrUnknownMethod = errors.New("no such method")

// factors is what each method proves. A token proves nothing here: what it stands for was proven by other methods.
var factors = map[event.Method]session.Factor{
	event.MethodANI: session.NoFactor, event.MethodAccount: session.NoFactor, event.MethodPhone: session.NoFactor,
	event.MethodBirthDate: session.Weak,
	event.MethodPIN:       session.Knowledge, event.MethodPassphrase: session.Knowledge, MethodPassword: session.Knowledge,
	event.MethodSMSCode: session.Possession, event.MethodTOTP: session.Possession, MethodApp: session.Possession,
}

// Methods are those that IssueFor takes, in alphabetical order.
func Methods() []event.Method { return slices.Sorted(maps.Keys(factors)) }

// prove makes proofs of methods. Each counts once, however often it is named.
func prove(methods []event.Method) (once []event.Method, proofs []session.Proof, err error) {
	if len(methods) == 0 {
		return nil, nil, fmt.Errorf("%w: give one at least", ErrUnknownMethod)
	}
	for _, m := range methods {
		factor, ok := factors[m]
		if !ok {
			return nil, nil, ErrUnknownMethod
		}
		if slices.Contains(once, m) {
			continue
		}
		once = append(once, m)
		if factor != session.NoFactor {
			proofs = append(proofs, session.Proof{Factor: factor, Method: m})
		}
	}
	return once, proofs, nil
}
