package customer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/session"
	"countersign/session/applink"
	"countersign/session/event"
	"countersign/steps"
)

// ErrNoPhone: the customer has no telephone on file that may get a text message.
var ErrNoPhone = errors.New("no telephone on file may get a message")

// ErrSendLimit: the limit of messages for the customer or their telephone is reached.
var ErrSendLimit = errors.New("the limit of messages is reached")

// Messages send links by text message. Any goroutine may use them.
type Messages struct {
	Links *Links
	// Brand is the company's name, which begins a message; empty for none.
	Brand string
	// Tell hands a text to the gateway (sms.Gateway), Countries are those of the telephones that it may go to; none means
	// all.
	Tell      func(ctx context.Context, to, reference string, text session.Secret) error
	Countries func() []string
	// Phones are a customer's telephones on file, Sends limits messages, as those with codes.
	Phones func(ctx context.Context, customer string) ([]session.Phone, error)
	Sends  steps.Sends
	Now    func() time.Time
}

// Send sends a link to the customer's telephone on file, in a language. Errors are ErrNoPhone, ErrSendLimit, ErrTooMany,
// and those of the gateway.
func (m *Messages) Send(ctx context.Context, link PageLink, language string) error {
	phones, err := m.Phones(ctx, link.Customer)
	if err != nil {
		return fmt.Errorf("look up the telephones: %w", err)
	}
	to := steps.Mobile(phones, m.Countries(), m.Now())
	if to == "" {
		return ErrNoPhone
	}
	counted := session.Sending{Customer: link.Customer, Way: event.WaySMS, To: to}
	if ok, _ := m.Sends.MaySend(ctx, counted); !ok {
		return ErrSendLimit
	}
	err = m.send(ctx, to, link, language, "sms_"+string(link.Purpose))
	if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		m.Sends.NotSent(context.WithoutCancel(ctx), counted)
	}
	return err
}

// send sends a link with a text.
func (m *Messages) send(ctx context.Context, to string, link PageLink, language, text string) error {
	address, err := m.Links.Make(ctx, link, link.Purpose.life())
	if err != nil {
		return err
	}
	s := shown{Language: "en"}
	if _, ok := pageTexts[text][language[:min(2, len(language))]]; ok {
		s.Language = language[:2]
	}
	words, err := s.T(text)
	if err != nil {
		return err
	}
	if m.Brand != "" {
		words = m.Brand + ": " + words
	}
	secret := session.NewSecret([]byte(words + " " + address))
	defer secret.Wipe()
	return m.Tell(ctx, to, "", secret)
}

// AppLinks ask customers on their page on behalf of calls (steps.AppLinks).
type AppLinks struct {
	*applink.Book
	Messages *Messages
}

var _ steps.AppLinks = AppLinks{}

// Ask implements steps.AppLinks.
func (a AppLinks) Ask(
	ctx context.Context, to, language string, q applink.Question, within time.Duration,
) (session.Secret, error) {
	digits, err := a.Book.Ask(ctx, q, within)
	if err != nil {
		return session.Secret{}, err
	}
	link := PageLink{Customer: q.Customer, Purpose: ForProof, Call: q.Call}
	if err := a.Messages.send(ctx, to, link, language, "sms_proof"); err != nil {
		digits.Wipe()
		return session.Secret{}, errors.Join(err, a.End(context.WithoutCancel(ctx), q.Customer, q.Call))
	}
	return digits, nil
}

// Changed implements steps.AppLinks.
func (a AppLinks) Changed(ctx context.Context, since applink.Question) bool {
	q, err := a.Look(ctx, since.Customer, since.Call)
	return errors.Is(err, applink.ErrOver) || err == nil && (q.State != since.State || q.Wrong != since.Wrong)
}
