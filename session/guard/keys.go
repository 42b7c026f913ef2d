package guard

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
)

// What a key is about. It is the first part of the key.
const (
	kindCustomer = "customer"
	kindCaller   = "caller"
	kindSends    = "sends"
	kindOnce     = "once"
	kindAlarm    = "alarm"
	kindMinutes  = "minutes"
	kindHours    = "hours"
	// These are kinds of tags inside of records.
	kindCall       = "call"
	kindIdentifier = "identifier"
)

// Lengths in bytes: of what a key is made of, and of tags inside of records, which only need to differ from a few others.
const (
	keyBytes    = 16
	tagBytes    = 10
	uniqueBytes = 5
)

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// keyer turns who and what into keys and tags that tell nothing to somebody without the secret.
type keyer struct{ secret []byte }

// key is where the record about something is kept.
func (k keyer) key(kind, value string) string { return kind + "." + k.tag(keyBytes, kind, value) }

// callTag stands for a call inside of records.
func (k keyer) callTag(call string) string { return k.tag(tagBytes, kindCall, call) }

// identifierTag stands for an identifier inside of records.
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

// unique is a word that nobody else has.
func unique() string {
	b := make([]byte, uniqueBytes)
	_, _ = rand.Read(b) // never fails
	return base32Lower.EncodeToString(b)
}
