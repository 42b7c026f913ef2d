package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"countersign/bus"
	"countersign/session/guard"
	"countersign/session/shared"
	"countersign/session/token"
	"countersign/store/customers"
)

// Labels of the keys derived from the pepper.
const (
	guardKey       = "guard/v1"
	receiptKey     = "receipt/v1"
	stateKey       = "state/v1"
	subjectKey     = "token subjects/v1"
	fingerprintKey = "fingerprint/v1"
	// fingerprint is the key in the bucket guard under which machines compare their peppers.
	fingerprint = "fingerprint"
)

// openTokens returns the issuer of ID&V tokens, which also redeems them.
func openTokens(
	cfg config, keys *token.Keys, state *bus.State, directory *customers.Directory,
) (*token.Issuer, error) {
	return token.New(token.Options{
		Store: state.Guard(), Keys: keys, SubjectKey: directory.PepperKey(subjectKey),
		Issuer: cfg.Tokens.Issuer, Audience: cfg.Tokens.Audience, Life: time.Duration(cfg.Tokens.Life),
	})
}

// samePepper checks that all machines have the same pepper. With different ones, each would count attempts alone.
func samePepper(ctx context.Context, state *bus.State, key func(label string) []byte) error {
	ours := pepperFingerprint(key)
	_, err := state.Guard().Create(ctx, fingerprint, ours, shared.Forever)
	if !errors.Is(err, shared.ErrConflict) {
		return err
	}
	theirs, _, err := state.Guard().Get(ctx, fingerprint)
	if err == nil && !bytes.Equal(ours, theirs) {
		return errOtherPepper
	}
	return err
}

// hasSamePepper is samePepper without writing to NATS.
func hasSamePepper(ctx context.Context, state *bus.State, key func(label string) []byte) (bool, error) {
	theirs, _, err := state.Guard().Get(ctx, fingerprint)
	if errors.Is(err, shared.ErrNotFound) { // no machine has written one
		return true, nil
	}
	return bytes.Equal(pepperFingerprint(key), theirs), err
}

// keepOlder says how long to keep what earlier versions stored in the bucket guard without saying so.
func keepOlder(rules guard.Rules) func(key string, value []byte) time.Duration {
	keep := guard.KeepOlder(rules)
	return func(key string, value []byte) time.Duration {
		if key == fingerprint {
			return shared.Forever
		}
		return keep(key, value)
	}
}

func pepperFingerprint(key func(label string) []byte) []byte {
	return []byte(hex.EncodeToString(key(fingerprintKey)[:8]))
}

var errOtherPepper = errors.New("another machine on this NATS has another pepper: " +
	"give all of them the same file (customers.pepper), " +
	"and the same tokens.key; after a change on all of them, remove the key \"fingerprint\" from the bucket guard")

// watchPepper waits for NATS and logs if another machine has another pepper.
func watchPepper(ctx context.Context, state *bus.State, d *customers.Directory, log *slog.Logger) {
	if state.Ready(ctx) != nil {
		return
	}
	if err := samePepper(ctx, state, d.PepperKey); errors.Is(err, errOtherPepper) {
		log.Error("attempts, locks and tokens do not count across machines", "err", err)
	}
}
