package guard

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
)

// Kinds of records: the first part of a key.
const (
	kindCustomer  = "customer"
	kindCaller    = "caller"
	kindSends     = "sends"
	kindUse       = "once"
	kindAlarm     = "alarm"
	kindMinutes   = "minutes"
	kindHours     = "hours"
	kindAnonymous = "anonymous"
	// A kind of tags inside records.
	kindIdentifier = "identifier"
)

// Lengths in bytes. Tags inside records only need to differ from a few others.
const (
	keyBytes    = 16
	tagBytes    = 10
	uniqueBytes = 5
)

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// keyer makes keys and tags that reveal nothing without the secret.
type keyer struct{ secret []byte }

// key is the Store key of a record.
func (k keyer) key(kind, value string) string { return kind + "." + k.tag(keyBytes, kind, value) }

// identifierTag stands for an identifier inside records.
func (k keyer) identifierTag(kind, value string) string {
	return k.tag(tagBytes, kindIdentifier, kind, value)
}

func (k keyer) tag(size int, parts ...string) string {
	h := hmac.New(sha256.New, k.secret)
	for _, p := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write([]byte(p))
	}
	return base32Lower.EncodeToString(h.Sum(nil)[:size])
}

// unique is a random word.
func unique() string {
	b := make([]byte, uniqueBytes)
	_, _ = rand.Read(b) // never fails
	return base32Lower.EncodeToString(b)
}
