package steps

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"slices"
	"time"

	"countersign/session"
	"countersign/session/event"

	"github.com/nyaruka/phonenumbers"
)

// SMSCode verifies by a one-time code sent to a telephone on file: a possession factor. The code exists only in the run
// of the step that sent it, so it is bound to the call, the customer and the purpose.
type SMSCode struct {
	Directory Directory
	Sends     Sends
	Sender    Sender
	// Digits is the code's length, Lifetime how long it is valid; default 6 and 5 minutes (docs/policy.md#code-by-sms).
	Digits   int
	Lifetime time.Duration
	// Limits.Rejections is how many wrong entries make it invalid; default 3 (docs/policy.md#otp-entry).
	Limits Limits
	// Countries are the regions (ISO 3166) that codes may be sent to; none means all.
	Countries []string
}

const (
	// settled is how long a number must have been on file before a code is sent to it (docs/policy.md#otp-destination).
	settled = 7 * 24 * time.Hour
	// Three silences of 20 s make the minute that an SMS may take, with reminders in between (docs/policy.md#otp-entry).
	codeSilence = 20 * time.Second
	// resendKey, followed by the hash key, sends the code again; resends is how often.
	resendKey = "0"
	resends   = 2
)

// Name implements session.Step.
func (SMSCode) Name() string { return string(event.MethodSMSCode) }

// Run implements session.Step. A customer without a telephone that may receive a code is not asked.
func (c SMSCode) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	customer, identified := s.Customer()
	if !identified {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	phones, err := lookUp(ctx, s, func(ctx context.Context) ([]session.Phone, error) {
		return c.Directory.Phones(ctx, customer.ID)
	})
	if err != nil {
		return session.Outcome{}, err
	}
	to := c.destination(phones, s.Number(), s.Now())
	if to == "" {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	sent := code{to: to, digits: newCode(c.Digits), until: s.Now().Add(c.Lifetime)}
	defer sent.digits.Wipe()
	if ok, _ := c.Sends.MaySend(ctx, to); !ok {
		return session.Failed(event.ReasonSendLimit), nil
	}
	if err := c.send(ctx, s, sent); err != nil {
		return session.Outcome{}, err
	}
	s.Say("code-sent")
	limits := c.Limits
	limits.FirstDigit = codeSilence
	return question{
		prompt: "ask-code", again: "ask-code-again", min: 1, max: c.Digits, limits: limits,
		noInput: "code-reminder", evenPace: true,
		judge: func(ctx context.Context, entry session.Secret) (attempt, error) {
			return c.judge(ctx, s, &sent, entry)
		},
	}.ask(ctx, s, event.ReasonWrongAnswer)
}

// code is a one-time code that was sent.
type code struct {
	to     string
	digits session.Secret
	until  time.Time
	resent int
}

func (c SMSCode) judge(ctx context.Context, s *session.Session, sent *code, entry session.Secret) (attempt, error) {
	switch {
	case s.Now().After(sent.until):
		return over(session.Failed(event.ReasonVoid)), nil
	case string(entry.Reveal()) == resendKey:
		return c.resend(ctx, s, sent)
	case entry.Len() != c.Digits:
		return noMatch, nil
	}
	return judgeSecret(ctx, s, event.MethodSMSCode, func(context.Context) (bool, error) {
		return subtle.ConstantTimeCompare(entry.Reveal(), sent.digits.Reveal()) == 1, nil
	})
}

// resend sends the same code again. If that is not allowed (yet), the caller is simply asked again.
func (c SMSCode) resend(ctx context.Context, s *session.Session, sent *code) (attempt, error) {
	if sent.resent >= resends {
		return noMatch, nil
	}
	sent.resent++
	if ok, _ := c.Sends.MaySend(ctx, sent.to); !ok {
		return served("code-reminder-1", "ask-code-again"), nil
	}
	if err := c.send(ctx, s, *sent); err != nil {
		return attempt{}, err
	}
	return served("code-sent-again", "ask-code-again"), nil
}

func (c SMSCode) send(ctx context.Context, s *session.Session, sent code) error {
	m := session.Message{
		To: sent.to, Language: s.Language(), Line: s.Line().Name, Code: sent.digits, Lifetime: c.Lifetime,
	}
	_, err := lookUp(ctx, s, func(ctx context.Context) (struct{}, error) { return struct{}{}, c.Sender.Send(ctx, m) })
	if err != nil {
		c.Sends.NotSent(ctx, sent.to)
		return fmt.Errorf("send a code: %w", err)
	}
	s.CodeSent()
	return nil
}

// destination picks the telephone for the code: the calling one if allowed, else the first allowed one.
func (c SMSCode) destination(phones []session.Phone, calling string, now time.Time) string {
	may := slices.DeleteFunc(slices.Clone(phones), func(p session.Phone) bool {
		return now.Sub(p.Since) < settled || !c.takesCodes(p.E164)
	})
	switch {
	case len(may) == 0:
		return ""
	case slices.ContainsFunc(may, func(p session.Phone) bool { return p.E164 == calling }):
		return calling
	default:
		return may[0].E164
	}
}

// takesCodes says whether a number is, or may be, a mobile number of a country that codes may be sent to.
func (c SMSCode) takesCodes(e164 string) bool {
	n, err := phonenumbers.Parse(e164, "ZZ")
	if err != nil {
		return false
	}
	if len(c.Countries) > 0 && !slices.Contains(c.Countries, phonenumbers.GetRegionCodeForNumber(n)) {
		return false
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.UNKNOWN:
		return true // unknown: numbering plans do not cover new or fictional numbers
	default:
		return false
	}
}

// newCode draws digits without bias.
func newCode(digits int) session.Secret {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic(err) // crypto/rand never fails, as documented
	}
	return session.NewSecret(fmt.Appendf(nil, "%0*d", digits, n))
}
