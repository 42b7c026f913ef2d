package callback

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Word is a customer's word. It prints as a placeholder everywhere but in the store, which is sealed.
type Word struct{ text string }

// NewWord reads a word as a customer writes it: 3 to 20 letters and digits.
func NewWord(text string) (Word, error) {
	text = norm.NFC.String(strings.TrimSpace(text))
	n := 0
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			return Word{}, ErrWord
		}
		n++
	}
	if n < 3 || n > 20 {
		return Word{}, ErrWord
	}
	return Word{text}, nil
}

// Reveal returns the word, for the agent who has taken the callback, and for the customer.
func (w Word) Reveal() string { return w.text }

// IsZero says whether there is none.
func (w Word) IsZero() bool { return w.text == "" }

// Is says whether it is that word, in constant time.
func (w Word) Is(other Word) bool {
	return subtle.ConstantTimeCompare([]byte(w.text), []byte(other.text)) == 1
}

// Format prints a placeholder for every verb.
func (w Word) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[redacted]")) }

// LogValue keeps it out of logs.
func (w Word) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalJSON keeps it out of everything but the store.
func (w Word) MarshalJSON() ([]byte, error) { return json.Marshal("[redacted]") }

// stored is a callback as the store has it: with the word.
type stored struct {
	Callback
	Word string `json:"word,omitempty"`
}

func (c *Callback) encode() ([]byte, error) { return json.Marshal(stored{*c, c.Word.text}) }

func decode(value []byte) (Callback, error) {
	var s stored
	if err := json.Unmarshal(value, &s); err != nil {
		return Callback{}, fmt.Errorf("read a callback: %w", err)
	}
	s.Callback.Word = Word{s.Word}
	return s.Callback, nil
}
