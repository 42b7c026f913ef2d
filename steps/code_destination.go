package steps

import (
	"context"
	"errors"
	"slices"
	"time"

	"countersign/session"
	"countersign/session/event"

	"github.com/nyaruka/phonenumbers"
)

// settled is how long a number or an address must have been on file before a code is sent to it
// (docs/policy.md#otp-destination).
const settled = 7 * 24 * time.Hour

// destination is where a code can go.
type destination struct {
	way CodeWay
	// address is a telephone number (E.164) or an e-mail address.
	address string
}

// last2 are the last two digits of a telephone number, all that a caller hears of it; empty for an e-mail address.
func (d destination) last2() string {
	if d.way.Way == event.WayEmail {
		return ""
	}
	return d.address[max(0, len(d.address)-2):]
}

// tell queues what the caller hears when the code went there; before is where it went last.
func (d destination) tell(s *session.Session, before destination) {
	switch {
	case d.way.Way == event.WayEmail:
		s.Say("code-mailed")
	case d.way.Way == event.WayCall:
		s.Say("code-called")
		s.SayDigits([]byte(d.last2()))
	case before.address == d.address && before.way.Way == d.way.Way:
		s.Say("code-sent-again")
	case before.address == "":
		s.Say("code-sent")
	default:
		s.Say("code-sent-to")
		s.SayDigits([]byte(d.last2()))
	}
}

// reach is where a customer can get a code.
type reach struct {
	// usual is the destination of each way, in the line's order.
	usual []destination
	// phones are all numbers that it can go to, each the first way that reaches it.
	phones []destination
}

// maxOthers is how many other numbers a caller can choose from: a list that can be listened to.
const maxOthers = 5

// reachable looks up where a customer can get a code. A way that cannot be looked up is left out if there is another.
func (c SMSCode) reachable(ctx context.Context, s *session.Session, customer string) (r reach, err error) {
	phones, noPhones, err := tryOne(ctx, s, func(ctx context.Context) ([]session.Phone, error) {
		return c.Directory.Phones(ctx, customer)
	})
	if err != nil {
		return r, err
	}
	phones = slices.DeleteFunc(slices.Clone(phones), func(p session.Phone) bool { return s.Now().Sub(p.Since) < settled })
	failed := noPhones
	for _, way := range c.Ways {
		to := ""
		if way.Way == event.WayEmail {
			address, why, err := tryOne(ctx, s, func(ctx context.Context) (string, error) { return c.email(ctx, s, customer) })
			if err != nil {
				return r, err
			}
			to, failed = address, errors.Join(failed, why)
		} else {
			may := way.reachedOf(phones, s)
			to = way.usual(may, s.Number(), r.usual)
			r.addPhones(way, may)
		}
		if to != "" {
			r.usual = append(r.usual, destination{way, to})
		}
	}
	if len(r.usual) == 0 {
		return r, failed
	}
	return r, nil
}

// addPhones adds the numbers that a way reaches and none before it does.
func (r *reach) addPhones(way CodeWay, phones []session.Phone) {
	for _, p := range phones {
		known := slices.ContainsFunc(r.phones, func(d destination) bool { return d.address == p.E164 })
		if !known {
			r.phones = append(r.phones, destination{way, p.E164})
		}
	}
}

// email is the first address that has been on file long enough, or empty.
func (c SMSCode) email(ctx context.Context, s *session.Session, customer string) (string, error) {
	all, err := c.Directory.Emails(ctx, customer)
	for _, e := range all {
		if s.Now().Sub(e.Since) >= settled {
			return e.Address, err
		}
	}
	return "", err
}

// reachedOf are the numbers that this way reaches.
func (w CodeWay) reachedOf(phones []session.Phone, s *session.Session) []session.Phone {
	return slices.DeleteFunc(slices.Clone(phones), func(p session.Phone) bool {
		return !w.reaches(p.E164) || w.Way == event.WayCall && isCalling(s, p.E164)
	})
}

// isCalling says that a number is, or may be, the telephone of this call: it is engaged, and who answers a call to it
// is not proven to be who is calling. That its owner hides the number, or that it is not attested, changes nothing.
func isCalling(s *session.Session, e164 string) bool {
	r := s.CallerNumber()
	return e164 == r.E164 || e164 == r.International || e164 == r.Other
}

// usual picks the telephone for the code: the calling one if it is among them, else the first one that no earlier way
// uses, else the first one.
func (w CodeWay) usual(may []session.Phone, calling string, earlier []destination) string {
	is := func(number string) func(session.Phone) bool {
		return func(p session.Phone) bool { return p.E164 == number }
	}
	fresh := func(p session.Phone) bool {
		return !slices.ContainsFunc(earlier, func(d destination) bool { return d.address == p.E164 })
	}
	switch first := slices.IndexFunc(may, fresh); {
	case len(may) == 0:
		return ""
	case slices.ContainsFunc(may, is(calling)):
		return calling
	case first >= 0:
		return may[first].E164
	default:
		return may[0].E164
	}
}

// reaches says whether a number may get a code this way: of a country that codes may go to, and, as far as the
// numbering plan tells, a mobile for text messages, or a mobile or fixed line for calls. Numbers that cost the caller,
// or that anybody can rent without a telephone, get none.
func (w CodeWay) reaches(e164 string) bool {
	n, err := phonenumbers.Parse(e164, "ZZ")
	if err != nil {
		return false
	}
	if len(w.Countries) > 0 && !slices.Contains(w.Countries, phonenumbers.GetRegionCodeForNumber(n)) {
		return false
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.UNKNOWN:
		return true // unknown: numbering plans do not cover new or fictional numbers
	case phonenumbers.FIXED_LINE:
		return w.Way == event.WayCall
	default:
		return false
	}
}

// Mobile is the first of a customer's telephones that may get a text message outside of a call: of one of the countries
// (ISO 3166; none means all), and on file for long enough (docs/policy.md#otp-destination). Empty if there is none.
func Mobile(phones []session.Phone, countries []string, now time.Time) (e164 string) {
	way := CodeWay{Way: event.WaySMS, Countries: countries}
	for _, p := range phones {
		if now.Sub(p.Since) >= settled && way.reaches(p.E164) {
			return p.E164
		}
	}
	return ""
}
