// Package receipt remembers what a gateway says about the messages that it was given, until the calls that sent them
// ask for it: on whichever machine the receipt arrives. It names each message with a reference that it recognises, so
// that receipts of others' messages, or made-up ones, are never stored.
package receipt

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"time"

	"countersign/session/event"
	"countersign/session/shared"
)

// ErrNotTaken means that receipts are not configured.
var ErrNotTaken = errors.New("no receipts are taken: sms.receipts is not set")

// ErrUnreadable means that a request is no receipt.
var ErrUnreadable = errors.New("neither JSON nor a form")

// kept is how long a receipt is kept: longer than any code is valid.
const kept = 15 * time.Minute

// kind is the first part of a receipt's key.
const kind = "receipt"

// A reference is randomBytes of chance and macBytes that show that it is ours.
const randomBytes, macBytes = 10, 10

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Box holds the receipts of all machines. It is safe for concurrent use.
type Box struct {
	store shared.Store
	key   []byte
}

// New makes a Box. key is 32 secret bytes, the same on all machines.
func New(store shared.Store, key []byte) *Box { return &Box{store, key} }

// Reference names a message for its gateway. It is random and can be said to anybody.
func (b *Box) Reference() string {
	random := make([]byte, randomBytes)
	_, _ = rand.Read(random) // never fails
	return base32Lower.EncodeToString(append(random, b.mac(random)...))
}

func (b *Box) mac(random []byte) []byte {
	h := hmac.New(sha256.New, b.key)
	h.Write([]byte(kind))
	h.Write(random)
	return h.Sum(nil)[:macBytes]
}

// IsOurs says whether a reference is one of Reference, on any machine.
func (b *Box) IsOurs(reference string) bool {
	raw, err := base32Lower.DecodeString(reference)
	return err == nil && len(reference) == base32Lower.EncodedLen(len(raw)) && len(raw) == randomBytes+macBytes &&
		hmac.Equal(raw[randomBytes:], b.mac(raw[:randomBytes]))
}

// Put notes what the gateway says. A message that was delivered stays delivered. An error means that it could not be
// stored: the gateway may try again.
func (b *Box) Put(ctx context.Context, reference string, state event.CodeState) error {
	if !b.IsOurs(reference) {
		return errors.New("note a receipt: it is not ours")
	}
	key := kind + "." + reference
	for range 3 { // two receipts of one message at the same moment
		_, err := b.store.Create(ctx, key, []byte(state), kept)
		if !errors.Is(err, shared.ErrConflict) {
			return noted(err)
		}
		before, revision, err := b.store.Get(ctx, key)
		if err == nil && event.CodeState(before) == event.CodeDelivered {
			return nil
		}
		if err == nil {
			_, err = b.store.Update(ctx, key, []byte(state), revision, kept)
		}
		if !errors.Is(err, shared.ErrConflict) && !errors.Is(err, shared.ErrNotFound) {
			return noted(err)
		}
	}
	return noted(shared.ErrConflict)
}

func noted(err error) error {
	if err != nil {
		return fmt.Errorf("note a receipt: %w", err)
	}
	return nil
}

// State is what the gateway has said about a message; false if nothing yet, or if that cannot be known now.
func (b *Box) State(ctx context.Context, reference string) (state event.CodeState, known bool) {
	value, _, err := b.store.Get(ctx, kind+"."+reference)
	return event.CodeState(value), err == nil && len(value) > 0
}
