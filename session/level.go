package session

import "countersign/session/event"

// Factor is the kind of proof that a step asks for (docs/policy.md#levels-and-factors).
type Factor int

const (
	// NoFactor proves nothing: a caller's number, an account number.
	NoFactor Factor = iota
	// Weak is a fact about a person that others may know, such as a date of birth.
	Weak
	// Knowledge is a secret that only the customer knows, such as a PIN.
	Knowledge
	// Possession is something that only the customer has, such as the telephone that a one-time code is sent to.
	Possession
	// TwoFactors is possession and knowledge in one: a device of the customer's that itself asks who holds it, by PIN or by
	// finger or face, such as a passkey with user verification.
	TwoFactors
)

// Level is how far the caller's identity is proven.
type Level int

const (
	// Unknown: nobody was identified.
	Unknown Level = 0
	// Identified: we know who the caller says they are.
	Identified Level = 1
	// Verified: one knowledge or possession factor, or two weak ones.
	Verified Level = 2
	// Strong: knowledge and possession together, as two factors or as one that is both.
	Strong Level = 3
)

// Status is the level as one of three words.
func (l Level) Status() event.Status {
	switch {
	case l >= Verified:
		return event.StatusVerified
	case l == Identified:
		return event.StatusIdentified
	default:
		return event.StatusNone
	}
}

// levelOf is the level of the factors proven. Without a customer it is Unknown, whatever the factors.
func levelOf(identified bool, proven []Factor) Level {
	if !identified {
		return Unknown
	}
	var weak, knowledge, possession int
	for _, f := range proven {
		switch f {
		case Weak:
			weak++
		case Knowledge:
			knowledge++
		case Possession:
			possession++
		case TwoFactors:
			knowledge++
			possession++
		}
	}
	switch {
	case knowledge > 0 && possession > 0:
		return Strong
	case knowledge > 0 || possession > 0 || weak >= 2:
		return Verified
	default:
		return Identified
	}
}
