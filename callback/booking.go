package callback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

// Request is a callback that somebody wants.
type Request struct {
	// ID is that of the callback to be, a UUID of version 7, made now; "" makes one.
	ID                                string
	Customer, Line, Subject, Language string
	// Number is where to call, in E.164: "" for the first number on file. A number that is not on file needs Level 3.
	Number string
	Level  session.Level
	// From begins a window. In its stead, Soon is the window of now, at once; Place keeps the place in a queue.
	From  time.Time
	Soon  bool
	Place *Place
	Word  string
	By    event.CallbackActor
	Who   string
}

// Create books a callback.
func (b *Book) Create(ctx context.Context, r Request) (c Callback, err error) {
	if !b.Known() {
		return c, errors.New("callbacks were not read yet")
	}
	now := b.o.Now()
	c = Callback{
		ID: cmp.Or(r.ID, uuid.Must(uuid.NewV7()).String()), Customer: r.Customer, Line: r.Line, Subject: strings.TrimSpace(r.Subject),
		Language: r.Language, TZ: b.o.Windows().Zone.String(), Rules: b.o.Rules, At: now.UTC(), By: r.By, Who: r.Who,
		Place: r.Place, Level: r.Level, State: Booked, Since: now.UTC(),
	}
	if !isLine(c.Subject, mostSubject) {
		return c, ErrSubject
	}
	if c.Number, err = b.number(ctx, r); err != nil {
		return c, err
	}
	if r.Word != "" {
		if c.Word, err = b.word(ctx, r.Customer, r.Word); err != nil {
			return c, err
		}
	}
	open := b.Select(func(o *Callback) bool { return o.Customer == r.Customer && !o.State.Over() })
	if len(open) >= MostOpen {
		return c, ErrTooMany
	}
	if r.Place != nil {
		c.From, c.To = now.UTC(), now.Add(PlaceFor).UTC()
	} else if r.Soon {
		if c.From, c.To, err = b.takePlaceNow(ctx, c.ID, c.Line); err != nil {
			return c, err
		}
	} else if c.From, c.To, err = b.takePlace(ctx, c.ID, c.Line, r.From); err != nil {
		return c, err
	}
	c.Until = c.From
	c.tell(event.CallbackBooked{Callback: c.about(), By: c.By}, now)
	value, err := c.encode()
	if err != nil {
		return c, err
	}
	revision, err := b.o.Store.Create(ctx, key(c.ID), value, shared.Forever)
	if err != nil {
		return c, fmt.Errorf("book a callback: %w", err)
	}
	b.set(c, revision)
	b.publish(ctx, c)
	return b.Get(c.ID)
}

func isLine(text string, most int) bool {
	return utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, unicode.IsControl)
}

// number is where the customer is called.
func (b *Book) number(ctx context.Context, r Request) (string, error) {
	phones, err := b.o.Phones(ctx, r.Customer)
	if err != nil {
		return "", err
	}
	countries := b.o.Countries()
	onFile := func(p session.Phone) bool { return r.Number == "" || p.E164 == r.Number }
	for _, p := range phones {
		if onFile(p) && IsCalled(p.E164, countries) {
			return p.E164, nil
		}
	}
	if r.Number != "" && r.Level >= session.Strong && IsCalled(r.Number, countries) {
		return r.Number, nil
	}
	return "", ErrNumber
}

func (b *Book) word(ctx context.Context, customer, text string) (Word, error) {
	w, err := NewWord(text)
	if err != nil {
		return w, err
	}
	secret := session.NewSecret([]byte(w.Reveal()))
	defer secret.Wipe()
	switch known, err := b.o.Secret(ctx, customer, secret); {
	case err != nil:
		return Word{}, err
	case known:
		return Word{}, ErrWord
	}
	return w, nil
}

// Move moves a callback to another window. customer is "" for staff.
func (b *Book) Move(
	ctx context.Context, id, customer string, from time.Time, by event.CallbackActor,
) (c Callback, err error) {
	before, err := b.Get(id)
	if err != nil || customer != "" && before.Customer != customer {
		return c, ErrUnknown
	}
	start, end, err := b.takePlace(ctx, id, before.Line, from)
	if err != nil {
		return c, err
	}
	c, err = b.change(ctx, id, func(c *Callback) error {
		if c.State != Booked && c.State != Due {
			return ErrTooLate
		}
		now := b.o.Now()
		c.From, c.To, c.TZ, c.Rules, c.Place, c.Reminded = start, end, b.o.Windows().Zone.String(), b.o.Rules, nil, false
		c.tell(event.CallbackChanged{Callback: c.about(), By: by}, now)
		c.to(Booked, now, 0)
		c.Until = start
		return nil
	})
	if err != nil {
		b.leavePlace(ctx, id, before.Line, start)
		return c, err
	}
	if !start.Equal(before.From) {
		b.leavePlace(ctx, id, before.Line, before.From)
	}
	b.publish(ctx, c)
	return c, nil
}

// Cancel cancels a callback that is not under way. customer is "" for staff.
func (b *Book) Cancel(ctx context.Context, id, customer string, by event.CallbackActor) (c Callback, err error) {
	c, err = b.change(ctx, id, func(c *Callback) error {
		switch {
		case customer != "" && c.Customer != customer:
			return ErrUnknown
		case c.State != Booked && c.State != Due:
			return ErrTooLate
		}
		now := b.o.Now()
		c.tell(event.CallbackCancelled{Callback: c.about(), By: by}, now)
		c.to(Cancelled, now, 0)
		return nil
	})
	if err == nil {
		b.leavePlace(ctx, id, c.Line, c.From)
		b.publish(ctx, c)
	}
	return c, err
}
