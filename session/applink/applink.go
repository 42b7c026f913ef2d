// Package applink asks a customer on their own page whether they are calling us, and tells the call what they
// answered, on whichever machine the page is served. The call speaks two digits, which the page asks for. There is one
// question at a time for a customer; it belongs to a call, and expires.
//
// The digits are no secret that proves anything: they keep somebody who did not call from answering for another call.
package applink

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"countersign/session"
	"countersign/session/shared"
)

// Errors of a Book. Any other error means that the shared state is unavailable.
var (
	// ErrBusy: another call asks this customer at the moment.
	ErrBusy = errors.New("another call asks this customer")
	// ErrOver: the question was answered, has expired, or is another call's.
	ErrOver = errors.New("this question is over")
)

// State is how far a question is.
type State string

const (
	// Sent: the customer has not looked at it yet.
	Sent State = "sent"
	// Shown: the customer sees it.
	Shown State = "shown"
	// Entered: the digits were right, and the customer is asked for a passkey.
	Entered State = "entered"
	// Confirmed: the customer says that they are calling.
	Confirmed State = "confirmed"
	// Denied: the customer says that they are not.
	Denied State = "denied"
	// Void: the digits were wrong too often.
	Void State = "void"
	// Over: the call does not wait any more.
	Over State = "over"
)

// pending says that an answer may still come.
func (s State) pending() bool { return s == Sent || s == Shown || s == Entered }

const (
	// Digits is how many digits the call speaks, Tries how often the page takes wrong ones (docs/policy.md#proof-link).
	Digits, Tries = 2, 3
	// Lifetime is the usual time for an answer.
	Lifetime = 2 * time.Minute
	// kept is how long a question stays when it is over, so that its page can say so.
	kept = 10 * time.Minute
	// writes is how often a change is tried that others changed at the same moment.
	writes = 5
)

// Question is what the customer is asked, and the answer so far.
type Question struct {
	// Customer is the customer's id, Call our id of the call.
	Customer string `json:"customer"`
	Call     string `json:"call"`
	// Line is the service line, Since when the call reached us. The caller's number is not told: it can be forged, and the
	// customer's own would look like proof.
	Line  string    `json:"line"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	State State     `json:"state"`
	// Passkey says that it was confirmed with a passkey whose device has checked who holds it.
	Passkey bool `json:"passkey,omitempty"`
	// Wrong is how often the digits were wrong.
	Wrong int `json:"wrong,omitempty"`
}

// record is what the Store keeps.
type record struct {
	Question
	Digits string `json:"digits"`
}

// Book holds the questions of all machines. Any goroutine may use it.
type Book struct {
	store shared.Store
	now   func() time.Time
}

// New makes a Book. now is the clock.
func New(store shared.Store, now func() time.Time) *Book { return &Book{store, now} }

func keyOf(customer string) string {
	sum := sha256.Sum256([]byte(customer))
	return "proof." + hex.EncodeToString(sum[:])
}

// Ask asks a customer for a time, and returns the digits, which the caller wipes. The error is ErrBusy while another
// call asks them.
func (b *Book) Ask(ctx context.Context, q Question, within time.Duration) (digits session.Secret, err error) {
	now := b.now().UTC()
	q.Until, q.State, q.Passkey, q.Wrong = now.Add(within), Sent, false, 0
	r := record{Question: q, Digits: newDigits()}
	value, err := json.Marshal(r)
	if err != nil {
		return session.Secret{}, err
	}
	for range writes {
		before, revision, err := b.get(ctx, q.Customer)
		switch {
		case err == nil && before.Call != q.Call && before.State.pending() && now.Before(before.Until):
			return session.Secret{}, ErrBusy
		case err == nil, errors.Is(err, ErrOver):
			_, err = b.store.Update(ctx, keyOf(q.Customer), value, revision, within+kept)
		}
		switch {
		case errors.Is(err, shared.ErrConflict):
			continue
		case err != nil:
			return session.Secret{}, fmt.Errorf("ask a customer: %w", err)
		}
		return session.NewSecret([]byte(r.Digits)), nil
	}
	return session.Secret{}, fmt.Errorf("ask a customer: %w", shared.ErrConflict)
}

func newDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(100))
	if err != nil {
		panic(err) // crypto/rand never fails, as documented
	}
	return fmt.Sprintf("%0*d", Digits, n)
}

// get reads what is kept for a customer; ErrOver if nothing is.
func (b *Book) get(ctx context.Context, customer string) (r record, revision uint64, err error) {
	value, revision, err := b.store.Get(ctx, keyOf(customer))
	switch {
	case errors.Is(err, shared.ErrNotFound):
		return record{}, 0, ErrOver
	case err != nil:
		return record{}, 0, err
	}
	if err := json.Unmarshal(value, &r); err != nil {
		return record{}, revision, ErrOver
	}
	return r, revision, nil
}

// Look is the question of a call, answered or not. A pending one that has expired is Over.
func (b *Book) Look(ctx context.Context, customer, call string) (Question, error) {
	r, _, err := b.get(ctx, customer)
	switch {
	case err != nil:
		return Question{}, err
	case r.Call != call:
		return Question{}, ErrOver
	case r.State.pending() && !b.now().Before(r.Until):
		r.State = Over
	}
	return r.Question, nil
}

// change changes a pending question of a call. An error of to is returned as it is.
func (b *Book) change(ctx context.Context, customer, call string, to func(*record) error) (Question, error) {
	return b.write(ctx, customer, call, func(r *record) error {
		if !r.State.pending() || !b.now().Before(r.Until) {
			return ErrOver
		}
		return to(r)
	})
}

func (b *Book) write(ctx context.Context, customer, call string, to func(*record) error) (Question, error) {
	for range writes {
		r, revision, err := b.get(ctx, customer)
		switch {
		case err != nil:
			return Question{}, err
		case r.Call != call:
			return Question{}, ErrOver
		}
		if err := to(&r); err != nil {
			return r.Question, err
		}
		if !r.State.pending() {
			r.Digits = ""
		}
		value, err := json.Marshal(r)
		if err != nil {
			return Question{}, err
		}
		_, err = b.store.Update(ctx, keyOf(customer), value, revision, max(0, r.Until.Sub(b.now()))+kept)
		if errors.Is(err, shared.ErrConflict) {
			continue
		}
		return r.Question, err
	}
	return Question{}, shared.ErrConflict
}

// Show notes that the customer sees the question.
func (b *Book) Show(ctx context.Context, customer, call string) (Question, error) {
	return b.change(ctx, customer, call, func(r *record) error {
		if r.State == Sent {
			r.State = Shown
		}
		return nil
	})
}

// Enter takes the digits that the customer has heard. The question is Entered if they were right, and Void after Tries
// wrong ones.
func (b *Book) Enter(ctx context.Context, customer, call, digits string) (Question, error) {
	return b.change(ctx, customer, call, func(r *record) error {
		switch {
		case subtle.ConstantTimeCompare([]byte(digits), []byte(r.Digits)) == 1:
			r.State = Entered
		default:
			r.State = Shown
			if r.Wrong++; r.Wrong >= Tries {
				r.State = Void
			}
		}
		return nil
	})
}

// Confirm says that the customer is calling. It takes the digits first.
func (b *Book) Confirm(ctx context.Context, customer, call string, passkey bool) (Question, error) {
	return b.change(ctx, customer, call, func(r *record) error {
		if r.State != Entered {
			return ErrOver
		}
		r.State, r.Passkey = Confirmed, passkey
		return nil
	})
}

// Deny says that the customer is not calling, also of a call that does not wait any more: whoever it was may have hung
// up.
func (b *Book) Deny(ctx context.Context, customer, call string) (Question, error) {
	return b.write(ctx, customer, call, func(r *record) error {
		if !r.State.pending() && r.State != Over {
			return ErrOver
		}
		r.State = Denied
		return nil
	})
}

// End says that the call does not wait any more. An answer stays.
func (b *Book) End(ctx context.Context, customer, call string) error {
	_, err := b.change(ctx, customer, call, func(r *record) error {
		r.State = Over
		return nil
	})
	if errors.Is(err, ErrOver) {
		return nil
	}
	return err
}
