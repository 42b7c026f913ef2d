package session_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/session"
)

func TestKeysOfLetters(t *testing.T) {
	t.Parallel()
	for text, keys := range map[string]string{
		"AB-1234": "221234", "ab 1234": "221234", "12 34-56": "123456", "X": "9", "0": "0", "1": "1",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ": "22233344455566677778889999", "": "", " - ": "", "AB_1": "", "Ä1": "", "1*": "",
		"１２": "", "\xff": "", "A\x00": "", "[": "", "@": "", "`": "", "{": "", "/": "", ":": "",
	} {
		assert.Equal(t, keys, session.Keypad(text), "%q", text)
	}
	// The keypad as ITU-T E.161 draws it.
	for key, letters := range map[string]string{
		"2": "ABC", "3": "DEF", "4": "GHI", "5": "JKL", "6": "MNO", "7": "PQRS", "8": "TUV", "9": "WXYZ",
	} {
		for _, letter := range letters {
			assert.Equal(t, key, session.Keypad(string(letter)))
		}
	}
}

// FuzzKeypad: whatever a text has, its keys are digits, one for each digit or letter, and are their own keys.
func FuzzKeypad(f *testing.F) {
	for _, text := range []string{"AB-1234", "policy 7", "Ä", "*", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys := session.Keypad(text)
		assert.Empty(t, strings.Trim(keys, "0123456789"))
		assert.Equal(t, keys, session.Keypad(keys))
		assert.Equal(t, keys, session.Keypad(strings.ToLower(keys)+" -"))
		if keys != "" {
			assert.Len(t, keys, len(strings.NewReplacer(" ", "", "-", "").Replace(text)))
		}
	})
}
