package tryout

import (
	"context"
	"strings"
	"time"

	"countersign/lines"
	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// customer is everybody that a tried call can be from: one made-up person, to whom every number belongs that does not end
// in 0, and of whom every answer is right that does not end in 0.
type customer struct{ line *session.Line }

var _ steps.Directory = customer{}

// compile makes a line with the made-up customer. Codes go to the transcript.
func compile(def *lines.Definition, region string, to *call) (line *session.Line, err error) {
	who := customer{line: &session.Line{}}
	line, err = lines.Compile(def, 0, lines.Parts{
		Directory: who, Sends: always{}, Once: always{}, Senders: lines.EveryWay(messages{to}), Region: region,
		Waits: always{},
	})
	if err == nil {
		*who.line = *line
	}
	return line, err
}

func (c customer) person() session.Customer {
	p := session.Customer{ID: "TEST", Name: "Test"}
	for _, q := range c.line.Verify {
		for q := &q; q != nil; q = q.Else {
			p.Enrolled = append(p.Enrolled, q.Step.Name())
		}
	}
	return p
}

// right says whether a made-up number or answer is right.
func right(answer string) bool { return answer != "" && !strings.HasSuffix(answer, "0") }

// ByPhone implements steps.Directory.
func (c customer) ByPhone(_ context.Context, e164 string) ([]session.Customer, error) {
	if e164 == Known || right(e164) {
		return []session.Customer{c.person()}, nil
	}
	return nil, nil
}

// ByIdentifier implements steps.Directory.
func (c customer) ByIdentifier(_ context.Context, _, value string) (session.Customer, bool, error) {
	return c.person(), right(value), nil
}

// ByKeypad implements steps.Directory.
func (c customer) ByKeypad(_ context.Context, _, keys string) ([]session.Customer, error) {
	if right(keys) {
		return []session.Customer{c.person()}, nil
	}
	return nil, nil
}

// ByID implements steps.Directory.
func (c customer) ByID(context.Context, string) (session.Customer, bool, error) {
	return c.person(), true, nil
}

// Check implements steps.Directory.
func (customer) Check(_ context.Context, _, _ string, answer session.Secret) (bool, error) {
	return right(string(answer.Reveal())), nil
}

// CheckTOTP implements steps.Directory.
func (customer) CheckTOTP(_ context.Context, _ string, code session.Secret, at time.Time) (int64, bool, error) {
	return at.Unix() / 30, right(string(code.Reveal())), nil
}

// long ago, so that a telephone may get codes.
var longAgo = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Phones implements steps.Directory.
func (customer) Phones(context.Context, string) ([]session.Phone, error) {
	return []session.Phone{{E164: Known, Since: longAgo}}, nil
}

// Emails implements steps.Directory.
func (customer) Emails(context.Context, string) ([]session.Email, error) {
	return []session.Email{{Address: "test@example.com", Since: longAgo}}, nil
}

// AddPhone implements steps.Directory.
func (customer) AddPhone(context.Context, string, string) error { return nil }

// always allows everything, once and again.
type always struct{}

// MaySend implements steps.Sends.
func (always) MaySend(context.Context, session.Sending) (bool, time.Time) { return true, time.Time{} }

// NotSent implements steps.Sends.
func (always) NotSent(context.Context, session.Sending) {}

// Use implements steps.Once.
func (always) Use(context.Context, string, time.Duration) (bool, error) { return true, nil }

// AtMost implements steps.Waits: whoever tries a draft hears what a caller who waits would.
func (always) AtMost(string) (time.Duration, bool) { return 3 * time.Minute, true }

// messages shows one-time codes to whoever tries the call: they are good in this call alone.
type messages struct{ to *call }

// Send implements steps.Sender.
func (m messages) Send(_ context.Context, message session.Message) error {
	m.to.say(Said{Kind: "message", Text: string(message.Code.Reveal())})
	return nil
}

// forgets is a journal that keeps nothing.
type forgets struct{}

// Append implements session.Journal.
func (forgets) Append(...event.Event) error { return nil }

// Sync implements session.Journal.
func (forgets) Sync(context.Context) error { return nil }
