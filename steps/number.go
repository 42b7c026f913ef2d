package steps

import (
	"context"
	"fmt"
	"strings"

	"countersign/session"
	"countersign/session/event"
)

// Number identifies by a number that the caller keys: an account, customer or tracking number, or the telephone number
// on file.
type Number struct {
	Directory Directory
	// Kind is the identifier's kind in the directory and the step's name, such as "account". "phone" is looked up as a
	// telephone number of the line's region.
	Kind string
	// Prompt asks for it, Again asks again.
	Prompt, Again string
	// Letters says that the identifiers have letters: what is keyed can fit several.
	Letters bool
	// Min and Max are its number of digits and letters, each a key.
	Min, Max int
	// Check verifies the check digit before the look-up; nil means that there is none, or that the keys do not tell it.
	Check  CheckDigit
	Limits Limits
	// ReadBack says when the number is read back for confirmation.
	ReadBack ReadBack
	// Speech lets the caller say it.
	Speech Speech
	// Conceal keeps from the caller whether a customer has the number.
	Conceal bool
}

// ReadBack says when a number is read back.
type ReadBack int

const (
	// ReadBackNever: never.
	ReadBackNever ReadBack = iota
	// ReadBackAlways: always.
	ReadBackAlways
	// ReadBackUnattested: unless the caller's own number has attestation A.
	ReadBackUnattested
)

// Name implements session.Step.
func (n Number) Name() string { return n.Kind }

// enough consecutive numbers of one length include one with a right check digit, by each check, and with a prefix that
// there is.
const enough = 2000

// PossibleKeys implements Selective: a number that is looked up.
func (n Number) PossibleKeys(region string) string {
	for length := n.Max; length >= n.Min; length-- {
		for digit := '9'; digit >= '0'; digit-- {
			if number := strings.Repeat(string(digit), length); n.possible(number, region) {
				return number
			}
		}
		for i := 0; i < enough; i++ {
			if number := n.candidate(i, length); len(number) == length && n.possible(number, region) {
				return number
			}
		}
	}
	return ""
}

// candidate is the i-th number to try. Telephone numbers differ in how they begin, check digits end a number.
func (n Number) candidate(i, length int) string {
	switch {
	case n.Kind == string(event.MethodPhone) && i < 1000:
		const rest = "2025550123014736"
		return fmt.Sprintf("%03d%s", i, rest[:max(0, min(length-3, len(rest)))])
	case n.Check != nil:
		return fmt.Sprintf("%0*d", length, i)
	}
	return ""
}

func (n Number) possible(number, region string) bool {
	if n.Check != nil && !n.Check(number) {
		return false
	}
	if n.Kind != string(event.MethodPhone) {
		return true
	}
	return session.ReadPhone(number, region).Err == nil
}

// Run implements session.Step.
func (n Number) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	hint := ""
	if n.Letters {
		hint = "letters"
	}
	return question{
		prompt: n.Prompt, hint: hint, again: n.Again, min: n.Min, max: n.Max, limits: n.Limits, say: n.saying(s),
		judge: func(ctx context.Context, digits session.Secret) (attempt, error) { return n.judge(ctx, s, digits) },
	}.ask(ctx, s, event.ReasonNotFound)
}

func (n Number) judge(ctx context.Context, s *session.Session, digits session.Secret) (attempt, error) {
	value := string(digits.Reveal())
	if n.Check != nil && !n.Check(value) {
		return noMatch, nil
	}
	if n.ReadBack == ReadBackAlways || n.ReadBack == ReadBackUnattested && s.Call().Trust != session.TrustFull {
		right, err := n.confirmed(ctx, s, digits)
		if err != nil {
			return attempt{}, err
		}
		if !right {
			return attempt{result: event.AttemptNoMatch, prompts: []string{n.Again}}, nil
		}
	}
	return n.lookUpValue(ctx, s, value)
}

// lookUpValue looks up a number that the caller gave.
func (n Number) lookUpValue(ctx context.Context, s *session.Session, value string) (attempt, error) {
	s.Named(ctx, n.Kind, value)
	if n.Letters || s.Undecided() {
		return n.tellApart(ctx, s, value)
	}
	customer, found, err := n.find(ctx, s, value)
	if err != nil {
		return attempt{}, err
	}
	if !found {
		return n.unknown(ctx, s), nil
	}
	return n.known(customer), nil
}

// known accepts a customer's number.
func (n Number) known(c session.Customer) attempt {
	out := session.IdentifiedAs(c, event.Method(n.Kind))
	out.Conceals = n.Conceal
	return accepted(out)
}

// unknown rejects a number that no customer has. The caller hears it now, or not at all.
func (n Number) unknown(ctx context.Context, s *session.Session) attempt {
	switch {
	case n.Conceal:
		out := session.Failed(event.ReasonNotFound)
		out.Conceals = true
		return over(out)
	case s.Unknown(ctx):
		return over(session.Failed(event.ReasonVelocity))
	}
	return rejected
}

// find looks up the number. A telephone number that several customers share identifies none of them.
func (n Number) find(
	ctx context.Context, s *session.Session, value string,
) (c session.Customer, found bool, err error) {
	all, err := n.all(ctx, s, value)
	if err != nil || len(all) != 1 {
		return session.Customer{}, false, err
	}
	return all[0], true, nil
}

// all finds everybody whom the number fits.
func (n Number) all(ctx context.Context, s *session.Session, value string) ([]session.Customer, error) {
	if n.Kind != string(event.MethodPhone) {
		return lookUp(ctx, s, func(ctx context.Context) ([]session.Customer, error) {
			if n.Letters {
				return n.Directory.ByKeypad(ctx, n.Kind, value)
			}
			c, found, err := n.Directory.ByIdentifier(ctx, n.Kind, value)
			if !found {
				return nil, err
			}
			return []session.Customer{c}, err
		})
	}
	reading := s.ReadPhone(value)
	s.LookedUp(reading)
	if reading.Err != nil {
		return nil, nil // not a telephone number: unknown
	}
	return lookUp(ctx, s, func(ctx context.Context) ([]session.Customer, error) {
		return n.Directory.ByPhone(ctx, reading.E164)
	})
}

// confirmed reads a number back and asks whether it is right. Silence means yes.
func (n Number) confirmed(ctx context.Context, s *session.Session, digits session.Secret) (bool, error) {
	say := func() {
		s.Say("read-back")
		s.SayDigits(digits.Reveal())
		s.Say("read-back-confirm")
	}
	for range 2 {
		key, class, err := oneKey{say: say, limits: n.Limits}.ask(ctx, s)
		say = func() { s.Say("read-back-confirm-again") }
		switch {
		case err != nil:
			return false, err
		case key == yes, class == session.NoInput:
			return true, nil
		case key == no, class == session.OptedOut:
			return false, nil
		}
	}
	return false, nil
}
