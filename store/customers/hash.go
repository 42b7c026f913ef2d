package customers

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"countersign/store/sqlite"
)

// How a credential is stored.
const (
	// SchemeHMAC is HMAC-SHA-256 under the pepper: safe as long as the pepper is secret.
	SchemeHMAC = "hmac"
	// SchemeArgon2id is argon2id over that: guessing stays expensive for a thief who has the pepper too.
	SchemeArgon2id = "argon2id"
	// SchemeSealed is AES-256-GCM under a key derived from the pepper, for secrets that must be read again to be checked.
	SchemeSealed = "sealed"
)

const (
	saltSize = 16
	hashSize = 32
	// slotWait is how long a check waits for its turn (docs/policy.md#argon2-concurrency): nearly as long as a call may
	// last. Callers hear that it takes a moment. With 5 s, a third of 200 who keyed at the same moment went to an agent
	// for nothing.
	slotWait = 140 * time.Second
)

// cost are the parameters of argon2id (docs/policy.md#how-answers-are-stored).
type cost struct {
	kib, time uint32
	threads   uint8
}

var defaultCost = cost{kib: 19 * 1024, time: 2, threads: 1}

func (c cost) String() string { return fmt.Sprintf("m=%d,t=%d,p=%d", c.kib, c.time, c.threads) }

// parseCost reads the form of String, within bounds: parameters from a database must not take all memory.
func parseCost(s string) (c cost, err error) {
	_, err = fmt.Sscanf(s, "m=%d,t=%d,p=%d", &c.kib, &c.time, &c.threads)
	if err != nil || c.kib > 1<<20 || c.time < 1 || c.time > 16 || c.threads < 1 {
		return cost{}, fmt.Errorf("stored argon2id parameters %q make no sense", s)
	}
	return c, nil
}

// credential is a stored secret.
type credential struct {
	scheme string
	salt   []byte
	params string
	hash   []byte
	// pepper is the id of the pepper under it.
	pepper []byte
}

// hasher turns secrets into credentials and checks them. It is safe for use by several goroutines.
type hasher struct {
	ring atomic.Pointer[ring]
	// scheme is that of new credentials.
	scheme string
	slots  *semaphore.Weighted
	turns  turns
	wait   time.Duration
	// dummy is checked, and dummyBox opened, for customers without such a secret.
	dummy    credential
	dummyBox sealedBox
	// argon2 is argon2.IDKey; tests count its calls.
	argon2 func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte
}

func newHasher(peppers Peppers, scheme string) *hasher {
	h := &hasher{
		scheme: scheme, argon2: argon2.IDKey,
		slots: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))), wait: slotWait,
		dummy: credential{scheme: scheme, salt: random(saltSize), params: defaultCost.String(), hash: random(hashSize)},
	}
	h.ring.Store(newRing(peppers))
	h.dummy.pepper = h.ring.Load().current.id
	h.dummyBox = h.seal("", "", random(20))
	return h
}

// keyed returns the HMAC of a secret, bound to its kind and customer, so that a hash is useless in another row. The
// caller clears it.
func (k *pepperKey) keyed(kind, customer string, secret []byte) []byte {
	mac := hmac.New(sha256.New, k.key)
	_, _ = fmt.Fprintf(mac, "countersign/credential/v1\x00%s\x00%s\x00", kind, customer) // neither can contain a NUL
	_, _ = mac.Write(secret)
	return mac.Sum(nil)
}

// credential makes a credential of the scheme for new ones.
func (h *hasher) credential(ctx context.Context, kind, customer string, secret []byte) (credential, error) {
	current := h.ring.Load().current
	keyed := current.keyed(kind, customer, secret)
	if h.scheme == SchemeHMAC {
		return credential{scheme: SchemeHMAC, salt: []byte{}, hash: keyed, pepper: current.id}, nil
	}
	defer clear(keyed)
	return h.wrap(ctx, keyed, current.id)
}

// wrap puts argon2id over an HMAC.
func (h *hasher) wrap(ctx context.Context, keyed, pepper []byte) (credential, error) {
	c := credential{scheme: SchemeArgon2id, salt: random(saltSize), params: defaultCost.String(), pepper: pepper}
	var err error
	c.hash, err = h.stretch(ctx, keyed, c)
	return c, err
}

// check compares in constant time. A plain HMAC costs as much as argon2id if that is the scheme for new credentials:
// the time must not reveal whether a secret is on file.
func (h *hasher) check(ctx context.Context, stored credential, keyed []byte) (ok bool, err error) {
	slow := stored
	if stored.scheme == SchemeHMAC {
		if slow = h.dummy; slow.scheme == SchemeHMAC {
			return subtle.ConstantTimeCompare(stored.hash, keyed) == 1, nil
		}
	}
	hash, err := h.stretch(ctx, keyed, slow)
	if err != nil {
		return false, err
	}
	defer clear(hash)
	if stored.scheme == SchemeHMAC {
		hash = keyed
	}
	return subtle.ConstantTimeCompare(stored.hash, hash) == 1, nil
}

// stretch waits for its turn and runs argon2id, or returns ErrBusy.
func (h *hasher) stretch(ctx context.Context, keyed []byte, c credential) ([]byte, error) {
	params, err := parseCost(c.params)
	if err != nil {
		return nil, err
	}
	busy := fmt.Errorf("%w: too many secrets are being checked at once", sqlite.ErrBusy)
	waiting, cancel := context.WithTimeoutCause(ctx, h.wait, busy)
	defer cancel()
	h.turns.waiting.Add(1)
	err = h.slots.Acquire(waiting, 1)
	h.turns.waiting.Add(-1)
	if err != nil {
		if errors.Is(context.Cause(waiting), sqlite.ErrBusy) {
			h.turns.refused.Add(1)
		}
		return nil, context.Cause(waiting)
	}
	h.turns.running.Add(1)
	defer h.turns.running.Add(-1)
	defer h.slots.Release(1)
	return h.argon2(keyed, c.salt, params.time, params.kib, params.threads, hashSize), nil
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails, as documented
	return b
}
