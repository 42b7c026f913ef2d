package session

import (
	"fmt"
	"log/slog"
)

// Secret holds what a caller keyed. It redacts itself wherever Go might print it (fmt, slog, JSON), and its owner wipes
// it as soon as it has been checked. The zero value is an empty Secret.
//
// A Secret has one owner at a time: Channel.Collect hands it to the step, the step wipes it. It is not safe for use by
// several goroutines.
type Secret struct{ b []byte }

const redacted = "[redacted]"

// NewSecret takes ownership of b: the caller must not keep or reuse it.
func NewSecret(b []byte) Secret { return Secret{b: b} }

// Reveal returns the bytes themselves, not a copy. They are zero after Wipe.
func (s Secret) Reveal() []byte { return s.b }

// Len is the number of digits or bytes keyed.
func (s Secret) Len() int { return len(s.b) }

// Wipe overwrites the secret with zeroes. Wiping twice is harmless.
func (s Secret) Wipe() { clear(s.b) }

// Format prints the same placeholder for every verb, %#v and %x included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue keeps the secret out of slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON keeps the secret out of JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText keeps the secret out of every encoder that asks for text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
