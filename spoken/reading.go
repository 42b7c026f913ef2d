package spoken

import "fmt"

// maxReadings bounds how many readings of one utterance are returned.
const maxReadings = 16

// Reading is one way to understand what was said: digits, or digits and capital letters. It may be a secret, so it
// redacts itself wherever Go might print it, and its owner wipes it.
type Reading struct {
	text []byte
	// starts has a bit for each byte of text that begins a group.
	starts uint32
}

const redacted = "[redacted]"

// Reveal returns the text itself, not a copy. It is zero after Wipe.
func (r Reading) Reveal() []byte { return r.text }

// Groups returns the text in the groups in which it was said: «twenty three, double seven» is 23 and 77. Single digits
// without a pause are one group. The groups are parts of what Reveal returns, not copies.
func (r Reading) Groups() [][]byte {
	var groups [][]byte
	from := 0
	for i := 1; i <= len(r.text); i++ {
		if i == len(r.text) || r.starts&(1<<i) != 0 {
			groups = append(groups, r.text[from:i:i])
			from = i
		}
	}
	return groups
}

// Wipe overwrites the reading with zeroes. Wiping twice is harmless.
func (r Reading) Wipe() { clear(r.text) }

// Wipe wipes all of them.
func Wipe(readings []Reading) {
	for _, r := range readings {
		r.Wipe()
	}
}

// Format prints the same placeholder for every verb.
func (r Reading) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText keeps the reading out of logs, JSON and every encoder that asks for text.
func (r Reading) MarshalText() ([]byte, error) { return []byte(redacted), nil }
